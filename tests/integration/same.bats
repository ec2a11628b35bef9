#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro same: who shares what.

load common
load seen

setup() { common_setup; }
teardown() { stop_boxes; common_teardown; }

@test "kind by kind, and by exit status" {
	compares() {
		local name
		name=$(unique box)
		start_box "$name" sh -c 'echo ready; sleep 60'
		"${RUNNER[@]}" sleep 60 &
		local outside=$!
		eventually grep -q sleep "/proc/$outside/comm"
		run "${RUNNER[@]}" "$INRO" same --json "$name" "$outside"
		[ "$status" = 1 ]
		[ "$(jq -r '[.kinds[] | select(.shared | not) | .kind] | join(",")' <<<"$output")" = mnt,pid,user,uts ]
		[ "$(jq -r '.kinds[] | select(.kind == "pid") | .a' <<<"$output")" = "$(readlink "/proc/$BOX/ns/pid" | tr -dc 0-9)" ]
		run "${RUNNER[@]}" "$INRO" same "$name" "$outside" net ipc
		[ "$status" = 0 ]
		[ "${#lines[@]}" = 3 ]
		run "${RUNNER[@]}" "$INRO" same -q "$name" "$outside" uts
		[ "$status$output" = 1 ]
		run "${RUNNER[@]}" "$INRO" same "$name" "$name:1"
		[ "$status" = 0 ]
		[ "$(grep -c yes <<<"$output")" = 8 ]
		# A file is one kind; that one is compared.
		run "${RUNNER[@]}" "$INRO" same "/proc/$BOX/ns/uts" "$name"
		[ "$status" = 0 ]
		[ "${#lines[@]}" = 2 ]
		refuses "both have only: uts" -- "${RUNNER[@]}" "$INRO" same "/proc/$BOX/ns/uts" "$name" net
		kill "$outside"
	}
	for_each_user compares
}

@test "what it cannot tell is 125" {
	refuses "two targets" -- "$INRO" same $$
	refuses "no process" -- "$INRO" same $$ 4194303
	needs_root
	sleep 60 &
	refuses "run as root" -- as_user "$INRO" same $! $! net
	kill $!
}
