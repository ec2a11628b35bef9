#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# features: what engines ask before they write a config.json.

load common
setup() { oci_setup; }
teardown() { oci_teardown; }

@test "features: one line of JSON, for everybody" {
	run oci features
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 1 ]
	python3 - "$output" <<-'END'
		import json, sys
		f = json.loads(sys.argv[1])
		assert (f["ociVersionMin"], f["ociVersionMax"]) == ("1.0.0", "1.3.0"), f
		assert "createRuntime" in f["hooks"], f
		assert {"ro", "rro", "rbind", "rslave"} <= set(f["mountOptions"]), f
		assert {"pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"} == set(f["linux"]["namespaces"]), f
		assert set(f["linux"]["seccomp"]["supportedFlags"]) <= set(f["linux"]["seccomp"]["knownFlags"]), f
	END
	oci_refuses "too many words" -- features more
}

# The floor of kernels, 6.1, has them all: a flag that is not told would be one that is asked wrongly.
@test "features: the filter flags of this kernel" {
	oci features >f.json
	python3 - <<-'END'
		import json
		seccomp = json.load(open("f.json"))["linux"]["seccomp"]
		assert seccomp["supportedFlags"] == seccomp["knownFlags"], seccomp
	END
}
