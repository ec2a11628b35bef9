#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Landlock as a second wall.

load common

setup() {
	common_setup
	"$INRO" run --landlock require true 2>/dev/null || skip "this kernel has no Landlock"
}
teardown() { common_teardown; }

@test "the rules follow the mounts" {
	check() {
		"$1" "$INRO" run --landlock require sh -c '
			echo 1 >here && cat here && rm here && echo 2 >/tmp/there && echo 3 >/dev/null && ls / >/dev/null'
		fails "$1" "$INRO" run --landlock require sh -c 'echo 1 >/etc/there' 2>/dev/null
		"$1" "$INRO" run --landlock auto --init sh -c 'echo 1 >here && rm here'
	}
	for_each_user check
}

@test "nothing can be mounted, so not with --nestable" {
	refuses nestable -- "$INRO" run --landlock require --nestable true
	"$INRO" run --landlock auto --nestable true
	fails "$INRO" run --landlock require --map-root --cap-add ALL --seccomp none mount -t tmpfs x /tmp
}

@test "only the named paths" {
	check() {
		"$1" "$INRO" run --landlock-path /usr --landlock-path /bin --landlock-path /lib --landlock-path /lib64 \
			--landlock-path /dev:rw --landlock-path "$PWD:rw" sh -c '
				echo 1 >here && rm here && ! cat /etc/passwd && ! echo 2 >/tmp/there' 2>/dev/null
		refuses "/is/not/there" -- "$1" "$INRO" run --landlock-path /is/not/there true
	}
	for_each_user check
	refuses "absolute" -- "$INRO" run --landlock-path usr true
	refuses "'q' is no mode" -- "$INRO" run --landlock-path /usr:q true
}

@test "processes outside are out of reach, also without a PID namespace" {
	local pid
	run as_user "$INRO" run --ns=-pid --landlock-scope signal true
	[ "$status" = 0 ] || skip "this kernel's Landlock has no scopes"
	"${AS_USER[@]}" sleep 1000 3>&- &
	pid=$!
	as_user "$INRO" run --ns=-pid sh -c "kill -0 $pid"
	fails as_user "$INRO" run --ns=-pid --landlock-scope signal sh -c "kill -0 $pid"
	kill "$pid"
}
