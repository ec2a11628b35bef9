#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro sees the containers of inro-oci, and those of other engines under the names that they have there.

load common
setup() { oci_setup; }
teardown() {
	[ -z "$SLEEPER" ] || kill "$SLEEPER"
	oci_teardown
}

# A process that is really there, in the state directory of crun for a user ("$1": in front of inro), and
# a name of Podman's for it.
prepare_podman() {
	export XDG_RUNTIME_DIR=$PWD/user XDG_DATA_HOME=$PWD/data
	local id=ab12345678cdef900123456789abcdef0123456789abcdef0123456789abcdef start
	mkdir -p "user/crun/$id" data/containers/storage/overlay-containers
	"$@" sleep 1000 3>&- &
	SLEEPER=$!
	until grep -q sleep "/proc/$SLEEPER/comm"; do sleep 0.02; done
	start=$(sed 's/.*) //' "/proc/$SLEEPER/stat" | cut -d' ' -f20)
	echo "{\"pid\": $SLEEPER, \"process-start-time\": $start, \"bundle\": \"/nowhere\"}" >"user/crun/$id/status"
	echo "[{\"id\": \"$id\", \"names\": [\"pretty_name\"]}]" \
		>data/containers/storage/overlay-containers/containers.json
	chmod -R a+rX data
	chmod -R 700 user
	! is_root || chown -R 65534:65534 user
}

@test "names: containers of inro-oci" {
	needs_root
	local pid
	export INRO_OCI_ROOT="$SCRATCH/states"
	config -- sh -c 'sleep 200; true'
	oci create "$ID"
	oci start "$ID"
	pid=$(state_of "$ID" pid)
	[ "$("$INRO" pid "$ID:1")" = "$pid" ]
	"$INRO" ps | grep -E "^$ID +$pid +running, of inro-oci"
	"$INRO" ps -q | grep -x "$ID"
	[ "$("$INRO" ps --json | python3 -c 'import json, sys
print([c["engine"] for c in json.load(sys.stdin)["containers"] if c["name"] == sys.argv[1]][0])' "$ID")" = inro-oci ]
	[ "$("$INRO" enter "$ID" cat /etc/passwd)" = "$(cat rootfs/etc/passwd)" ]
	"$INRO" tree | grep "$ID"
	"$INRO" ls "$ID" | grep sleep
	"$INRO" kill -KILL "$ID:1"
	until [ "$(state_of "$ID" status)" = stopped ]; do sleep 0.02; done
	# It has ended: its name is nobody's.
	run "$INRO" pid "$ID:1"
	[ "$status" = 125 ]
	[ -z "$("$INRO" ps -q | grep -x "$ID")" ]
}

@test "names: of Podman, for an ordinary user" {
	local runner=()
	if is_root; then
		runner=("${AS_USER[@]}")
	fi
	prepare_podman "${runner[@]}"
	[ "$("${runner[@]}" "$INRO" ps -q)" = pretty_name ]
	"${runner[@]}" "$INRO" ps | grep -E "^pretty_name +$SLEEPER +running, of podman +sleep 1000"
	"${runner[@]}" "$INRO" same pretty_name ab1234 pid
	# The same user as root of a user namespace, as in `podman unshare`.
	[ "$("${runner[@]}" "$INRO" unshare -r "$INRO" ps -q)" = pretty_name ]
	run "${runner[@]}" "$INRO" pid prety_name
	[[ "$output" == *'did you mean "pretty_name"'* ]]
	"${runner[@]}" "$INRO" kill pretty_name
	until ! kill -0 "$SLEEPER" 2>/dev/null; do sleep 0.02; done
	SLEEPER=""
	[ -z "$("${runner[@]}" "$INRO" ps -q)" ]
}
