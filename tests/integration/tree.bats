#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro tree: the picture.

load common
load seen

setup() { common_setup; export LC_ALL=C.UTF-8; }
teardown() { stop_boxes; common_teardown; }

# Three PID namespaces inside each other, a sleeper at the bottom.
start_levels() { # NAME
	start_box "$1" sh -c "unshare -Urpf sh -c \"unshare -Urpf sh -c 'echo ready; sleep 600; :'; :\"; :"
	eventually in_tree "$1" "sleep 600$"
}

in_tree() { # NAME TEXT
	"${RUNNER[@]}" "$INRO" tree "$1" | grep -q "$2"
}

@test "three levels: each process with its number at every level" {
	levels() {
		local name line
		name=$(unique h1)
		start_levels "$name"
		run "${RUNNER[@]}" "$INRO" tree "$name"
		echo "$output"
		[[ "${lines[0]}" == *"PID "*"1 "*"2 "*"3  $name pid:["*"], "*" processes in 3 namespaces" ]]
		[[ "${lines[1]}" == "$BOX  1 "*"sh -c unshare"* ]]
		line=$(grep 'sleep 600$' <<<"$output" | tail -1)
		[[ "$line" =~ ^\ *[0-9]+\ +[0-9]+\ +[0-9]+\ +2\ +╰.*╰\ └─\ sleep\ 600$ ]]
		# What it says of the numbers is what the kernel says.
		read -ra numbers <<<"${line%%╰*}"
		[ "${numbers[*]}" = "$(sed -n 's/^NSpid:\t//p' "/proc/${numbers[0]}/status" | tr '\t' ' ')" ]
		[ "$(grep -c '╭ pid:\[' <<<"$output")" = 2 ]
	}
	for_each_user levels
}

@test "it begins at a process, a container, or a namespace" {
	begins() {
		local name ns
		name=$(unique h1)
		start_levels "$name"
		"${RUNNER[@]}" "$INRO" tree "$name:1" | grep -q 'sleep 600$'
		"${RUNNER[@]}" "$INRO" tree "$BOX" | grep -q 'sleep 600$'
		ns=$("${RUNNER[@]}" "$INRO" ls -qrn --name "$name" -t pid -o NS)
		"${RUNNER[@]}" "$INRO" tree "pid:[$ns]" | grep -q 'sleep 600$'
		"${RUNNER[@]}" "$INRO" tree -t uts "$name" | head -1 | grep -q "$name uts:\["
		"${RUNNER[@]}" "$INRO" tree -q | grep -q "╭ $name pid:\["
		"${RUNNER[@]}" "$INRO" tree -q -t uts | grep -q "╭ $name uts:\["
	}
	for_each_user begins
}

@test "JSON has it all" {
	needs_root
	local name
	name=$(unique h1)
	RUNNER=(env)
	start_levels "$name"
	"$INRO" tree --json "$name" >json
	[ "$(jq -r .kind json)" = pid ]
	[ "$(jq '[.. | objects | select(.command? == "sleep 600")] | .[0].pids | length' json)" = 4 ]
	[ "$(jq '[.. | objects | select(.enters? == true)] | length' json)" = 2 ]
	"$INRO" tree -qJ | jq -e --arg name "$name" '[.. | objects | select(.name? == $name)] | length == 1'
}

@test "what is alike is shown once" {
	local name i
	name=$(unique fold)
	RUNNER=(env)
	start_box "$name" sh -c 'for i in 1 2 3 4 5; do sleep 601 & done; echo ready; wait'
	# All five have to have executed it.
	eventually in_tree "$name" '─ sleep 601 × 5'
	run "$INRO" tree "$name"
	echo "$output"
	[ "$(grep -c 'sleep 601' <<<"$output")" = 2 ]
	[[ "$output" == *"└─ sleep 601 × 5"* ]]
	[ "$("$INRO" tree --all "$name" | grep -c 'sleep 601$')" = 5 ]
}

@test "containers that are alike fold to one and their names" {
	needs_root
	local name i
	name=$(unique fold)
	RUNNER=(env)
	for i in 1 2 3 4 5 6; do
		start_box "$name-$i" sh -c 'sleep 602 & echo ready; wait'
	done 2>/dev/null
	run "$INRO" tree -q
	echo "$output"
	grep -q "╭ $name-[1-6] pid:\[" <<<"$output"
	grep -q "⋯ [0-9]* more like it: .*$name-" <<<"$output"
	[ "$(grep -c "$name-[1-6] pid:\[" <<<"$output")" -lt 6 ]
	[ "$("$INRO" tree -qa | grep -c "$name-[1-6] pid:\[")" = 6 ]
}

@test "who came from outside is said to have joined" {
	needs_root
	local name
	name=$(unique box)
	RUNNER=(env)
	start_box "$name" sh -c 'echo ready; exec sleep 60'
	nsenter -t "$BOX" -p sleep 603 &
	eventually in_tree "$name" "sleep 603"
	"$INRO" tree -q | grep -q "□ pid:\[[0-9]*\] joined  sleep 603\|□ $name pid:\[[0-9]*\] joined  sleep 603"
	kill %% 2>/dev/null || true
}

@test "colours on a terminal, not where NO_COLOR is set, nor in a pipe" {
	command -v script >/dev/null || skip "needs script(1)"
	colours() { script -qec "$*" /dev/null </dev/null | grep -q $'\e\['; }
	unset NO_COLOR
	colours "$INRO tree -q $$"
	NO_COLOR=1 fails colours "$INRO tree -q $$"
	fails grep -q $'\e' <("$INRO" tree -q $$)
	grep -q $'\e\[' <("$INRO" tree -q --color=always $$)
	refuses "auto, always" -- "$INRO" tree --color=sometimes
}

@test "lines fit the terminal, unless they are wanted whole" {
	command -v script >/dev/null || skip "needs script(1)"
	local name long
	name=$(unique long)
	RUNNER=(env)
	long=$(printf 'x%.0s' {1..300})
	start_box "$name" sh -c 'echo ready; sleep 604; :' "$long"
	fits() { script -qec "stty cols 60; NO_COLOR=1 $INRO tree $* $name" /dev/null </dev/null | tr -d '\r' | wc -L; }
	[ "$(fits)" -le 60 ]
	[ "$(fits -u)" -gt 300 ]
}

@test "--ascii, and a locale without UTF-8" {
	run env "$INRO" tree -q --ascii
	[ "$status" = 0 ]
	fails grep -qP '[\x80-\xff]' <("$INRO" tree -q --ascii $$)
	fails grep -qP '[\x80-\xff]' <(LC_ALL=C "$INRO" tree -q $$)
}

@test "an ordinary user sees where namespaces begin that are not its own" {
	needs_root
	local name
	name=$(unique h1)
	RUNNER=(env)
	start_levels "$name"
	run as_user "$INRO" tree
	echo "$output"
	[ "$status" = 0 ]
	grep -q '╭ pid:\[?\]' <<<"$output"
}

@test "refusals" {
	refuses "no process" -- "$INRO" tree 4194303
	refuses "one kind" -- "$INRO" tree -t pid,uts
	refuses "one target" -- "$INRO" tree 1 2
}

@test "beginning with a process it names the namespace, also where PID 1's may not be seen" {
	names() {
		run "${RUNNER[@]}" sh -c 'exec "$0" tree $$' "$INRO"
		echo "$output"
		[[ ${lines[0]} == *"$(readlink /proc/self/ns/pid), 1 process" ]]
	}
	for_each_user names
}

@test "as root of a user namespace" {
	# The records of the host's root are not for it to see.
	inside() { "${RUNNER[@]}" "$INRO" unshare -rpf --mount-proc "$INRO" "$@"; }
	looks() {
		[[ $(inside tree 1) == *"  1  $INRO tree 1" ]]
		[ "$(inside ps --quiet)" = "" ]
		inside keep --list
		inside pid 1
		inside enter 1 true
	}
	RUNNER=("${AS_USER[@]}")
	looks
}
