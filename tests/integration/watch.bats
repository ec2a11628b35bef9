#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro watch: what comes and goes.

load common
load seen

setup() { common_setup; }
teardown() {
	[ -n "${BATS_TEST_COMPLETED:-}" ] || tail -n 40 how seen
	[ -z "${WATCHER:-}" ] || kill "$WATCHER" 2>/dev/null || true
	stop_boxes
	common_teardown
}

start_watch() { # WORDS…
	"${RUNNER[@]}" "$INRO" watch "$@" >seen 2>how &
	WATCHER=$!
	eventually grep -q "inro watch: by" how
}

saw() {
	grep -q -- "$1" seen
}

comes_and_goes() { # WORDS…
	local name
	name=$(unique box)
	start_watch "$@"
	start_box "$name" sh -c 'sleep 0.1 & echo ready; sleep 1.5'
	eventually saw "new .*pid:\[$(readlink "/proc/$BOX/ns/pid" | tr -dc 0-9)\]"
	eventually saw "start $BOX "
	eventually saw "end  *$BOX ($name:1)"
	eventually saw "gone .*pid:\[[0-9]*\] $name"
	kill "$WATCHER"
	wait "$WATCHER" || true
}

@test "namespaces and processes, by scans" {
	by_scans() { comes_and_goes --scan --interval 100ms; }
	for_each_user by_scans
}

@test "namespaces and processes, by the kernel's events: short-lived ones, too" {
	needs_root
	RUNNER=(env)
	comes_and_goes
	grep -q "kernel's events" how || skip "the kernel's process events are not heard here"
	start_watch -t pid --json
	unshare -pf --kill-child sh -c 'sleep 0.01'
	eventually saw namespace-gone
	eventually saw '"event": "process-start".*"pids": \[[0-9]*, 1\]'
	jq -es 'map(select(.event == "namespace-new" and .kind == "pid")) | length >= 1' seen
}

# The kernel gives the lowest number that is free: between two scans often that of one that has just gone.
@test "a namespace that takes the number of another is told apart by scans" {
	needs_root
	local first second number
	RUNNER=(env)
	start_watch --scan --interval 1s -t uts
	unshare -u sleep 61 3>&- &
	first=$!
	number() { readlink "/proc/$1/ns/uts" | tr -dc 0-9; }
	eventually eval '[ "$(number $first)" != "$(number self)" ]'
	number=$(number $first)
	eventually saw "new .*uts:\[$number\] $first "
	kill -KILL $first
	wait $first || true
	sleep 0.1
	unshare -u sleep 61 3>&- &
	second=$!
	eventually saw "gone .*uts:\[$number\]"
	eventually eval 'saw "new .*uts:\[$(number $second)\] $second "'
	kill -KILL $second
	kill "$WATCHER"
	wait "$WATCHER" || true
}

@test "setns and unshare are found by a scan" {
	moves() {
		start_watch --interval 100ms -t uts --json
		"${RUNNER[@]}" sh -c 'sleep 0.5; exec unshare -Uu sleep 60' &
		local mover=$!
		eventually saw "\"process-move\".*\"kinds\": \"uts\".*\"pid\": $mover"
		kill $mover "$WATCHER"
		wait $mover "$WATCHER" || true
	}
	for_each_user moves
}

@test "--count ends it, --no-processes tells of namespaces alone" {
	RUNNER=(env)
	start_watch --scan --interval 100ms --count 2 --no-processes
	start_box "$(unique box)" sh -c 'echo ready; sleep 1'
	wait "$WATCHER"
	[ "$(wc -l <seen)" = 2 ]
	fails grep -q start seen
	refuses "no time" -- "$INRO" watch --interval never
	refuses "no operands" -- "$INRO" watch x
}
