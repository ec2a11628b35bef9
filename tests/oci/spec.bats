#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# spec: the config.json to start from.

load common
setup() { oci_setup; }
teardown() { oci_teardown; }

@test "spec: a document, where and under which name" {
	oci spec
	python3 -m json.tool config.json >/dev/null
	mkdir there
	oci spec -b there
	cmp config.json there/config.json
	oci spec --bundle=there --config other.json
	cmp config.json there/other.json
	[ "$(ls there)" = $'config.json\nother.json' ]
}

@test "spec: it overwrites nothing, and needs the directory" {
	echo mine >config.json
	oci_refuses "config.json" "File exists" "remove it first" -- spec
	[ "$(cat config.json)" = mine ]
	ln -s nowhere link.json
	oci_refuses "File exists" -- spec -f link.json
	[ ! -e nowhere ]
	oci_refuses "nodir" "No such file" -- spec -b nodir
	oci_refuses "too many words" -- spec word
}

@test "spec --rootless: the ids of who asks" {
	oci spec --rootless
	python3 - <<-'END'
		import json, os
		c = json.load(open("config.json"))["linux"]
		assert c["uidMappings"] == [{"containerID": 0, "hostID": os.geteuid(), "size": 1}], c
		assert c["gidMappings"] == [{"containerID": 0, "hostID": os.getegid(), "size": 1}], c
		assert {"type": "user"} in c["namespaces"], c
	END
}
