#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Life and death: signals, ends, records, detached containers and the verbs about them.

bats_require_minimum_version 1.5.0
load common

setup() {
	common_setup
	export XDG_RUNTIME_DIR="$SCRATCH/work"
	NAME="t$$-$BATS_TEST_NUMBER"
}

teardown() {
	# What a failed test left running, and the records that ended ones keep.
	for dir in /run/inro "$XDG_RUNTIME_DIR/inro"; do
		record="$dir/$NAME"
		[ -f "$record" ] || continue
		if ! grep -q '^ended ' "$record"; then
			kill -KILL "$(sed -n 's/^pid //p' "$record")" "$(sed -n 's/^monitor //p' "$record")" || true
		fi
		rm -f "$dir/logs/$(sed -n 's/^id //p' "$record")".* "$record"
	done
	common_teardown
}

# Wait until the command succeeds.
until_ok() {
	for _ in $(seq 500); do
		"$@" && return
		sleep 0.02
	done
	return 1
}

is_named() {
	[[ "$("${RUNNER[@]}" "$INRO" ps -q)" == *"$NAME"* ]]
}

state_dir() {
	if [ "$1" = env ] && is_root; then echo /run/inro; else echo "$XDG_RUNTIME_DIR/inro"; fi
}

ends_by_signal() {
	"${RUNNER[@]}" "$INRO" run -q --name "$NAME" sleep 100 3>&- &
	local pid=$! status=0
	until_ok is_named
	kill -TERM $pid
	wait $pid || status=$?
	[ "$status" = 143 ]
	fails is_named
}
@test "a signal that PID 1 would drop ends the container" { for_each_user ends_by_signal; }

passes_signals() {
	"${RUNNER[@]}" "$INRO" run -q --name "$NAME" sh -c \
		'trap "exit 9" TERM; touch ready; while :; do sleep 0.02; done' 3>&- &
	local pid=$! status=0
	until_ok test -e ready
	kill -TERM $pid
	wait $pid || status=$?
	rm -f ready
	[ "$status" = 9 ]
}
@test "a signal that PID 1 takes is passed on" { for_each_user passes_signals; }

dies_with_inro() {
	"${RUNNER[@]}" "$INRO" run -q --name "$NAME" sleep 100 3>&- &
	local pid=$! inner
	until_ok is_named
	inner=$(sed -n 's/^pid //p' "$(state_dir "$1")/$NAME")
	kill -KILL $pid
	wait $pid || true
	until_ok fails kill -0 "$inner" 2>/dev/null
	# The record is what is left, and the next call removes it (another test's may have been that).
	fails is_named
	[ ! -e "$(state_dir "$1")/$NAME" ]
}
@test "a container dies with inro, and the next call cleans up" { for_each_user dies_with_inro; }

names_are_unique() {
	"${RUNNER[@]}" "$INRO" run -q --name "$NAME" sleep 100 3>&- &
	local pid=$!
	until_ok is_named
	refuses "$NAME" "in use" -- "$1" "$INRO" run -q --name "$NAME" true
	kill -TERM $pid
	wait $pid || true
	"$1" "$INRO" run -q --name "$NAME" true
}
@test "a name can be used once at a time" { for_each_user names_are_unique; }

@test "a name is no number and no path" {
	for name in 12 .x a/b 'a b' '' -x; do
		refuses name -- "$INRO" run --name="$name" true
	done
}

detached() {
	local status=0
	[ "$("$1" "$INRO" run -q -d --name "$NAME" sh -c 'echo out; echo err >&2; exit 7' 3>&-)" = "$NAME" ]
	"$1" "$INRO" wait "$NAME" || status=$?
	[ "$status" = 7 ]
	[ "$("$1" "$INRO" logs "$NAME" 2>/dev/null)" = out ]
	[ "$("$1" "$INRO" logs "$NAME" 2>&1 >/dev/null)" = err ]
	[[ "$("$1" "$INRO" ps -a)" == *"$NAME"*"status 7"* ]]
	fails is_named
	# An ended one gives its name away.
	"$1" "$INRO" run -q --name "$NAME" true
	[[ "$("$1" "$INRO" ps -a)" != *"$NAME"* ]]
}
@test "--detach keeps output and status for logs, wait and ps" { for_each_user detached; }

follows() {
	"$1" "$INRO" run -q -d --name "$NAME" sh -c 'for i in 1 2 3; do echo $i; sleep 0.1; done' 3>&- >/dev/null
	[ "$("$1" "$INRO" logs -f "$NAME")" = "$(printf '1\n2\n3')" ]
	[ "$("$1" "$INRO" logs --tail 1 "$NAME")" = 3 ]
	[[ "$("$1" "$INRO" logs --timestamps --tail 1 "$NAME")" =~ ^20[0-9-]+T[0-9:.]+Z\ 3$ ]]
}
@test "logs follows, and shows the tail" { for_each_user follows; }

follows_from_within_a_line() {
	rm -f go shown
	"$1" "$INRO" run -q -d --name "$NAME" sh -c 'echo first; until [ -e go ]; do sleep 0.02; done' 3>&- >/dev/null
	until_ok grep -qs first "$(state_dir "$1")"/logs/*.log
	log=$(ls "$(state_dir "$1")/logs/$(sed -n 's/^id //p' "$(state_dir "$1")/$NAME")".log)
	# As the monitor has it while it writes: a reader may see any part of a line.
	printf '2026-01-01T00:00:00.000000000Z stdout F sec' >>"$log"
	[ "$("$1" "$INRO" logs --tail 1 "$NAME")" = first ]
	"$1" "$INRO" logs -f "$NAME" >shown 3>&- &
	until_ok grep -q first shown
	printf 'ond\n' >>"$log"
	touch go
	wait $!
	[ "$(cat shown)" = $'first\nsecond' ]
}
@test "logs follows from within a line" { for_each_user follows_from_within_a_line; }

bounded() {
	"$1" "$INRO" run -q -d --name "$NAME" seq 600000 3>&- >/dev/null
	"$1" "$INRO" wait "$NAME"
	[ "$("$1" "$INRO" logs --tail 1 "$NAME")" = 600000 ]
	[ "$(cat "$(state_dir "$1")"/logs/* | wc -c)" -le $((2 * 1024 * 1024 * 4)) ]
}
@test "kept output is bounded" { for_each_user bounded; }

forgotten() {
	"$1" "$INRO" run -q -d --rm --name "$NAME" sleep 0.2 3>&- >/dev/null
	"$1" "$INRO" wait "$NAME" || true
	[[ "$("$1" "$INRO" ps -a)" != *"$NAME"* ]]
}
@test "--rm forgets a detached container" { for_each_user forgotten; }

start_fails() {
	refuses "/no/such" -- "$1" "$INRO" run -q -d --name "$NAME" --rootfs /no/such true
	run -127 "$1" "$INRO" run -q -d --name "$NAME" /no/such
	[[ "$("$1" "$INRO" ps -a)" != *"$NAME"* ]]
}
@test "a detached container that cannot start says so" { for_each_user start_fails; }

monitor_killed() {
	"$1" "$INRO" run -q -d --name "$NAME" sleep 100 3>&- >/dev/null
	local record inner monitor
	record="$(state_dir "$1")/$NAME"
	inner=$(sed -n 's/^pid //p' "$record")
	monitor=$(sed -n 's/^monitor //p' "$record")
	kill -KILL "$monitor"
	until_ok fails kill -0 "$inner" 2>/dev/null
	until_ok fails kill -0 "$monitor" 2>/dev/null
	[[ "$("$1" "$INRO" ps -a)" != *"$NAME"* ]]
	[ ! -e "$record" ]
}
@test "a detached container dies with its monitor" { for_each_user monitor_killed; }

as_json() {
	"$1" "$INRO" run -q -d --name "$NAME" sh -c 'exit 3 # "quoted"' 3>&- >/dev/null
	"$1" "$INRO" wait "$NAME" || true
	"$1" "$INRO" ps -a --json | jq -e --arg name "$NAME" '.containers[] | select(.name == $name) |
		.status == 3 and .state == "ended" and .pid == null and .detached == true and (.command | contains("\"quoted\""))'
}
@test "ps --json" {
	command -v jq >/dev/null || skip "needs jq"
	for_each_user as_json
}

@test "verbs about a container that is not there" {
	for verb in wait logs; do
		refuses "$NAME" -- "$INRO" $verb "$NAME"
		refuses "inro $verb: needs the name" -- "$INRO" $verb
	done
}


# The directory of records shared with a PID namespace in which its numbers are others' processes.
shared_directory() {
	"$1" "$INRO" run -d -q --name "$NAME" sleep 1000
	"$1" unshare -Ucpf --mount-proc --kill-child sh -c '
		sleep 1000 & sleep 1000 &
		"$0" ps -a --json | jq -e --arg name "$1" ".containers[] | select(.name == \$name) |
			.state == \"elsewhere\" and .pid == null" >/dev/null || exit 3
		for words in "enter $1 true" "wait $1" "run --name $1 true"; do
			if "$0" $words 2>said; then exit 4; fi
			grep -q "another PID namespace" said || { cat said; exit 5; }
		done
		"$0" run -q true
	' "$INRO" "$NAME"
	"$1" "$INRO" ps -q | grep -qx "$NAME"
	"$1" "$INRO" kill --wait -s KILL "$NAME"
}
@test "records of another PID namespace are neither believed nor removed" { for_each_user shared_directory; }
