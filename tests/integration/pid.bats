#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro pid: numbers through the levels.

load common
load seen

setup() { common_setup; }
teardown() { stop_boxes; common_teardown; }

# A box with a second one inside; DEEP is a process there, by its number here. It is found by its
# argument, which no other test has.
start_two() { # NAME
	SECONDS_UNIQUE=$((100000 + $$ * 100 + RANDOM % 100))
	start_box "$1" sh -c "unshare -Urpf sh -c 'echo ready; sleep $SECONDS_UNIQUE; :'; :"
	eventually find_deep
}

find_deep() {
	DEEP=$(pgrep -f "^sleep $SECONDS_UNIQUE\$" -n) && [ "$(wc -w <"/proc/$DEEP/status" 2>/dev/null)" -gt 0 ] &&
		[ "$(nspid "$DEEP" | wc -w)" = 3 ]
}

nspid() {
	sed -n 's/^NSpid:\t//p' "/proc/$1/status" | tr '\t' ' '
}

@test "the number of a process at each level, with namespace and name" {
	levels() {
		local name
		name=$(unique web)
		start_two "$name"
		run "${RUNNER[@]}" "$INRO" pid "$DEEP"
		echo "$output"
		[[ "${lines[0]}" =~ LEVEL\ +NS\ +PID\ +PGID\ +SID\ NAME ]]
		[ "${#lines[@]}" = 4 ]
		[ "$("${RUNNER[@]}" "$INRO" pid --json "$DEEP" | jq -r '[.levels[].pid] | join(" ")')" = "$(nspid "$DEEP")" ]
		"${RUNNER[@]}" "$INRO" pid --json "$DEEP" |
			jq -e --arg name "$name" '.levels[1].name == $name and .levels[1].level == 1'
		[ "$("${RUNNER[@]}" "$INRO" pid --json "$BOX" | jq '.levels[1].ns')" = \
			"$(readlink "/proc/$BOX/ns/pid" | tr -dc 0-9)" ]
	}
	for_each_user levels
}

@test "both ways, and between two namespaces" {
	both() {
		local name numbers inner
		name=$(unique web)
		start_two "$name"
		read -ra numbers <<<"$(nspid "$DEEP")"
		[ "$("${RUNNER[@]}" "$INRO" pid "$name:${numbers[1]}")" = "$DEEP" ]
		[ "$("${RUNNER[@]}" "$INRO" pid --in "$name" "$DEEP")" = "${numbers[1]}" ]
		[ "$("${RUNNER[@]}" "$INRO" pid --from "$name" "${numbers[1]}")" = "$DEEP" ]
		inner=/proc/$DEEP/ns/pid
		[ "$("${RUNNER[@]}" "$INRO" pid --from "$name" --in "$inner" "${numbers[1]}")" = "${numbers[2]}" ]
		[ "$("${RUNNER[@]}" "$INRO" pid --from "$inner" --in "$name" "${numbers[2]}")" = "${numbers[1]}" ]
	}
	for_each_user both
}

@test "who has no number there is a dash, and the status 1" {
	none() {
		local name
		name=$(unique web)
		start_two "$name"
		run "${RUNNER[@]}" "$INRO" pid --in "$name" $$ "$BOX"
		[ "$status" = 1 ]
		[ "$output" = "-"$'\n'1 ]
		run "${RUNNER[@]}" "$INRO" pid --in "$name" --json $$
		[ "$status" = 1 ]
		[ "$(jq -c '.pids' <<<"$output")" = "[{\"given\":$$,\"pid\":null}]" ]
	}
	for_each_user none
}

@test "many at once, from standard input" {
	many() {
		local name
		name=$(unique web)
		start_two "$name"
		run "${RUNNER[@]}" "$INRO" pid --in "$name" <<<"$BOX $DEEP
			$BOX"
		[ "$status" = 0 ]
		[ "${#lines[@]}" = 3 ]
		[ "${lines[0]} ${lines[2]}" = "1 1" ]
		yes "$BOX" | head -5000 | "${RUNNER[@]}" "$INRO" pid --in "$name" >numbers
		[ "$(sort numbers | uniq -c | tr -s ' ')" = " 5000 1" ]
		refuses "no PID" -- "${RUNNER[@]}" "$INRO" pid --in "$name" <<<"12 x"
		[ "$("${RUNNER[@]}" "$INRO" pid "$BOX" "$DEEP" | tail -1)" = "$(nspid "$DEEP")" ]
	}
	for_each_user many
}

@test "process groups, sessions and threads" {
	local name
	name=$(unique web)
	RUNNER=("${AS_USER[@]}")
	SECONDS_UNIQUE=$((100000 + $$ * 100 + RANDOM % 100))
	start_box "$name" setsid -w sh -c "echo ready; sleep $SECONDS_UNIQUE; :"
	eventually pgrep -f "^sleep $SECONDS_UNIQUE\$" >/dev/null
	sleeper=$(pgrep -n -f "^sleep $SECONDS_UNIQUE\$")
	group=$(ps -o pgid= -p "$sleeper" | tr -d ' ')
	[ "$("$INRO" pid --group "$sleeper")" = "$group" ]
	[ "$("${RUNNER[@]}" "$INRO" pid --in "$name" --group "$sleeper")" = "$("${RUNNER[@]}" "$INRO" pid --in "$name" "$group")" ]
	[ "$("$INRO" pid --session "$sleeper")" = "$(ps -o sid= -p "$sleeper" | tr -d ' ')" ]
	# A kernel thread has none.
	if [ "$(cat /proc/2/comm 2>/dev/null)" = kthreadd ]; then
		run "$INRO" pid --group 2 "$sleeper"
		[ "$status" = 1 ]
		[ "$output" = $'-\n'"$group" ]
	fi
	python3 -c 'import threading, time
threading.Thread(target=time.sleep, args=(60,)).start()
time.sleep(60)' &
	local process=$!
	two_threads() { [ "$(find "/proc/$process/task" -mindepth 1 -maxdepth 1 | wc -l)" = 2 ]; }
	eventually two_threads
	thread=$(basename "$(find "/proc/$process/task" -mindepth 1 -maxdepth 1 ! -name "$process")")
	run "$INRO" pid --json "$thread"
	kill "$process"
	echo "$output"
	[ "$(jq '.levels[0].pid' <<<"$output")" = "$process" ]
	[ "$(jq '.levels[0].tid' <<<"$output")" = "$thread" ]
}

@test "of a process of others there are the numbers, and why no more" {
	needs_root
	run as_user "$INRO" pid $$
	[ "$status" = 0 ]
	[[ "${lines[0]} ${lines[1]}" == *"could not look at 1 process of others; as root it can"* ]]
	[ "$(as_user "$INRO" pid --json $$ 2>/dev/null | jq '.levels[-1].pid')" = "$(nspid $$ | awk '{ print $NF }')" ]
	# The number alone needs no more rights.
	run as_user "$INRO" pid $$ $$
	[ "$output" = "$(nspid $$)"$'\n'"$(nspid $$)" ]
	run "$INRO" pid $$
	[[ "$output" != *"could not"* ]]
}

@test "refusals" {
	refuses "no process" -- "$INRO" pid 4194303
	refuses "is a namespace" "inro ls" -- "$INRO" pid /proc/self/ns/pid
	refuses "called" -- "$INRO" pid --in no-such-name 1
	refuses "either" -- "$INRO" pid --group --session 1
	refuses "is a namespace" -- "$INRO" pid --group /proc/self/ns/pid
	# A sibling cannot be translated to: nothing has a number there.
	local a b
	a=$(unique a) b=$(unique b)
	RUNNER=(env)
	start_box "$a" sh -c 'echo ready; sleep 60'
	start_box "$b" sh -c 'echo ready; sleep 60'
	run "$INRO" pid --from "$a" --in "$b" 1
	[ "$status $output" = "1 -" ]
}
