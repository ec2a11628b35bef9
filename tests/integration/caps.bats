#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Capabilities, no_new_privs, --disable-userns.

load common

setup() { common_setup; }
teardown() { common_teardown; }

# The sets as the command has them, in the order of /proc/PID/status: Inh Prm Eff Bnd Amb.
sets() {
	"$1" "$INRO" run "${@:2}" sed -n 's/^Cap...:[[:space:]]*0*\([0-9a-f]\)/\1/p' /proc/self/status | tr '\n' ' '
}

@test "none where none is given" {
	check() {
		[ "$(sets "$1")" = "0 0 0 0 0 " ]
		[ "$(sets "$1" --map-root)" = "0 0 0 0 0 " ]
		[ "$(sets "$1" --new-privs)" = "0 0 0 0 0 " ]
		[ "$(sets "$1" --cap-add net_raw,chown --cap-drop all)" = "0 0 0 0 0 " ]
	}
	for_each_user check
}

@test "root gets them without an inheritable set" {
	check() {
		[ "$(sets "$1" --map-root --cap-add NET_RAW --cap-add cap_chown)" = "0 2001 2001 2001 0 " ]
		[ "$(sets "$1" --map-root --cap-drop all --cap-add ALL --cap-drop net_raw,1 | cut -d' ' -f1,5)" = "0 0" ]
	}
	for_each_user check
}

@test "a user gets them over exec" {
	[ "$(sets as_user --cap-add net_raw)" = "2000 2000 2000 2000 2000 " ]
	if is_root; then
		[ "$(sets env -u 1000 --cap-add net_raw)" = "2000 2000 2000 2000 2000 " ]
		[ "$(sets env -u 1000 --cap-add net_raw --new-privs)" = "2000 2000 2000 2000 2000 " ]
		[ "$(sets env -u 1000 --cap-add net_raw --ns=-user)" = "2000 2000 2000 2000 2000 " ]
	fi
}

@test "they count for what the user namespace owns" {
	check() {
		"$1" "$INRO" run --map-root --cap-add sys_admin hostname inside
		fails "$1" "$INRO" run --map-root hostname inside
		fails "$1" "$INRO" run --map-root --cap-add sys_admin --seccomp none date -s 12:00
	}
	for_each_user check
}

@test "what cannot be given is refused" {
	check() {
		refuses "no capability 'NET_RAV'" "CAP_NET_RAW" -- "$1" "$INRO" run --cap-add NET_RAV true
		refuses "last capability" -- "$1" "$INRO" run --cap-add 63 true
	}
	for_each_user check
	refuses "user namespace" -- as_user "$INRO" run --ns=-user --cap-add net_raw true
}

@test "no_new_privs, unless asked otherwise" {
	check() {
		[ "$("$1" "$INRO" run sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status)" = 1 ]
		[ "$("$1" "$INRO" run --new-privs sed -n 's/^NoNewPrivs:[[:space:]]*//p' /proc/self/status)" = 0 ]
	}
	for_each_user check
}

@test "no user namespaces inside, also for root of the container" {
	check() {
		local before
		before=$(cat /proc/sys/user/max_user_namespaces)
		# Without a filter, so that it is the limit that refuses.
		run "$1" "$INRO" run --map-root --cap-add ALL --cap-drop sys_resource --seccomp none \
			--disable-userns sh -c 'echo 100 >/proc/sys/user/max_user_namespaces; unshare -U true'
		[ "$status" != 0 ]
		[[ "$output" == *"No space left on device"* ]]
		[ "$(cat /proc/sys/user/max_user_namespaces)" = "$before" ]
		refuses CAP_SYS_RESOURCE -- "$1" "$INRO" run --disable-userns --cap-add sys_resource true
		refuses nestable -- "$1" "$INRO" run --disable-userns --nestable true
	}
	for_each_user check
}
