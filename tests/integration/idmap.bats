#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Who is who inside: --map, -r, -u, --groups; as root and as an ordinary user.

load common

setup() { common_setup; }
teardown() { common_teardown; }

own_id() {
	as_user id -u
}

map='set -- $(cat /proc/self/uid_map); echo "$*"; set -- $(cat /proc/self/gid_map); echo "$*"; cat /proc/self/setgroups'

@test "an ordinary user keeps its id" {
	run as_user "$INRO" run sh -c "id -u; $map"
	[ "$status" = 0 ]
	[ "${lines[0]}" = "$(own_id)" ]
	[ "${lines[1]}" = "$(own_id) $(own_id) 1" ]
	[ "${lines[3]}" = deny ]
}

@test "an ordinary user is root with -r, or any id with -u" {
	run as_user "$INRO" run -r sh -c "id -u; id -g"
	[ "$output" = $'0\n0' ]
	run as_user "$INRO" run -u 7:8 sh -c 'id -u; id -g; touch file; stat -c %u:%g file'
	[ "$output" = $'7\n8\n7:8' ]
	[ "$(stat -c %u file)" = "$(own_id)" ]
}

@test "the last word about the map counts" {
	run as_user "$INRO" run -r --map own id -u
	[ "$output" = "$(own_id)" ]
	run as_user "$INRO" run -r --no-map-root id -u
	[ "$output" = "$(own_id)" ]
}

@test "an ordinary user gets no id that it does not own" {
	run as_user "$INRO" run --map 0:5:1 true
	[ "$status" = 125 ]
	[[ "$output" == *"user id 5 is neither the caller's own"* ]]
	run as_user "$INRO" run --map own -u 5 true
	[ "$status" = 125 ]
	[[ "$output" == *"user id 5 does not exist in the container"* ]]
	run as_user "$INRO" run --groups 5 true
	[ "$status" = 125 ]
	[[ "$output" == *"--map auto"* ]]
}

@test "without subordinate ids --map auto says how to get them" {
	needs_root
	run as_user "$INRO" run --map auto true
	[ "$status" = 125 ]
	[[ "$output" == *"/etc/subuid has no line"*"usermod --add-subuids"* ]]
}

# A private mount namespace with a user that has subordinate ids.
with_subids() {
	unshare -m --propagation private bash -c '
		scratch=$1
		shift
		echo "root:x:0:0::/root:/bin/sh
ann:x:12345:12345::/:/bin/sh" > "$scratch/passwd"
		echo "ann:300000:65536" > "$scratch/subuid"
		echo "12345:400000:65536" > "$scratch/subgid"
		for file in passwd subuid subgid; do
			mount --bind "$scratch/$file" "/etc/$file" || exit 99
		done
		exec env USER=ann setpriv --reuid 12345 --regid 12345 --clear-groups "$scratch/inro" "$@"' - "$SCRATCH" "$@"
}

@test "--map auto: subordinate ids through newuidmap" {
	needs_root
	[ -u /usr/bin/newuidmap ] && [ -e /etc/subuid ] || skip "newuidmap is not installed (package uidmap)"
	run with_subids run --map auto sh -c "id -u; $map"
	[ "$status" = 0 ]
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = "0 12345 1 1 300000 65536" ]
	[ "${lines[2]}" = "0 12345 1 1 400000 65536" ]
	[ "${lines[3]}" = allow ]
	run with_subids run --map 0:300000:10 --map gid:0:400000:10 -u 3:4 --groups 5,6 sh -c 'id -u; id -G'
	[ "$status" = 0 ]
	[ "$output" = $'3\n4 5 6' ]
	run with_subids run --map 0:300000:70000 true
	[ "$status" = 125 ]
	[[ "$output" == *"user id 365536 is neither"*"(300000-365535)"*"--add-subuids 365536-369999 ann"* ]]
}

@test "root maps 0 to 65535 to themselves and drops its groups" {
	needs_root
	run setpriv --groups 4,27 "$INRO" run sh -c "id -G; $map"
	[ "$status" = 0 ]
	[ "${lines[0]}" = 0 ]
	[ "${lines[1]}" = "0 0 65536" ]
	run setpriv --groups 4,27 "$INRO" run --groups keep id -G
	[ "$output" = "0 4 27" ]
	run "$INRO" run -u 5:6 --groups 7,8 sh -c 'id -u; id -G'
	[ "$output" = $'5\n6 7 8' ]
	run "$INRO" run -u 100000 true
	[ "$status" = 125 ]
}

@test "root takes other ids than the host's with --map auto and --nestable" {
	needs_root
	for option in "--map auto" --nestable; do
		run "$INRO" run $option sh -c 'id -u; set -- $(cat /proc/self/uid_map); echo $1 $3; [ $2 -ge 65536 ]'
		[ "$status" = 0 ]
		[ "$output" = $'0\n0 65536' ]
	done
}

@test "without a new user namespace the ids are the host's" {
	needs_root
	run "$INRO" run --ns -user -u 5 sh -c 'id -u; wc -l < /proc/self/uid_map; grep -c 4294967295 /proc/self/uid_map'
	[ "$status" = 0 ]
	[ "$output" = $'5\n1\n1' ]
	run "$INRO" run --ns -user -r true
	[ "$status" = 125 ]
	[[ "$output" == *"needs a new user namespace"* ]]
}

@test "a container in a container in a container" {
	# The current directory is what all of them see.
	cp "$INRO" inro
	for who in "" -r "-u 7"; do
		run as_user ./inro run $who --nestable ./inro run --nestable ./inro run id -u
		echo "$output"
		[ "$status" = 0 ]
	done
	needs_root
	run ./inro run --nestable ./inro run --nestable ./inro run id -u
	[ "$status" = 0 ]
	[ "$output" = 0 ]
	refuses CAP_SETFCAP --nestable -- ./inro run --cap-drop all --seccomp off ./inro run id -u
}

@test "names are no ids" {
	run as_user "$INRO" run -u root true
	[ "$status" = 125 ]
	[[ "$output" == *"'root' is no number"*"id -u NAME"* ]]
	for bad in -1 4294967295 1:x 1:2:3 "" 0x1 +1; do
		run as_user "$INRO" run -u "$bad" true
		[ "$status" = 125 ]
	done
}
