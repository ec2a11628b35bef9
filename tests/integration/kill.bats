#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro kill: signals into namespaces.

load common
load seen

setup() { common_setup; }
teardown() { stop_boxes; common_teardown; }

# It is gone, or a zombie that its parent has yet to look at.
ended() {
	case $(sed -n 's/^State:\t\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) in
	''|Z|X) ;;
	*) return 1 ;;
	esac
}

@test "by PID in a namespace" {
	by_pid() {
		local name
		name=$(unique box)
		start_box "$name" sh -c 'sleep 620 & echo ready; wait; exec sleep 621'
		"${RUNNER[@]}" "$INRO" kill "$name:2"
		eventually grep -q 621 "/proc/$BOX/cmdline"
	}
	for_each_user by_pid
}

@test "a PID 1 without a handler drops it: that is said, and the status is 1" {
	drops() {
		local name
		name=$(unique box)
		start_box "$name" sh -c 'echo ready; exec sleep 60'
		# The shell has a handler for INT until then.
		eventually grep -qx sleep "/proc/$BOX/comm"
		run "${RUNNER[@]}" "$INRO" kill "$name"
		echo "$output"
		[ "$status" = 1 ]
		[[ "$output" == *"PID 1"*"no handler for SIGTERM"*"-s KILL"* ]]
		run "${RUNNER[@]}" "$INRO" kill --quiet -s INT "$name"
		[ "$status$output" = 1 ]
		[ -e "/proc/$BOX" ]
		"${RUNNER[@]}" "$INRO" kill -s KILL --wait "$name"
		ended "$BOX"
	}
	for_each_user drops
}

@test "a PID 1 that ignores it, and one that has a handler" {
	local name
	RUNNER=(env)
	name=$(unique box)
	start_box "$name" sh -c 'trap "" HUP; trap "exit 0" TERM; sleep 60 & echo ready; wait'
	run "$INRO" kill -s HUP "$name"
	[ "$status" = 1 ]
	[[ "$output" == *"ignores SIGHUP"* ]]
	run "$INRO" kill --wait "$name"
	[ "$status$output" = 0 ]
}

@test "--wait waits for those that do not drop it" {
	local name other
	RUNNER=(env)
	name=$(unique box)
	start_box "$name" sh -c 'echo ready; exec sleep 60'
	eventually grep -qx sleep "/proc/$BOX/comm"
	# It takes a while to end.
	bash -c 'trap "sleep 0.3; exit" TERM; echo >up; while :; do sleep 0.05; done' 3>&- &
	other=$!
	eventually test -s up
	run "$INRO" kill --wait "$name" "$other"
	[ "$status" = 1 ]
	ended "$other"
	[ -e "/proc/$BOX" ]
	"$INRO" kill -s KILL "$name"
	wait "${BOXES[-1]}" || true
}

@test "--timeout ends with SIGKILL what does not end by itself" {
	times_out() {
		local name
		name=$(unique box)
		start_box "$name" sh -c 'echo ready; exec sleep 60'
		"${RUNNER[@]}" "$INRO" kill -q --timeout 100ms "$name"
		ended "$BOX"
	}
	for_each_user times_out
}

@test "--all reaches every process of a namespace, and of those below" {
	reaches() {
		local name
		name=$(unique box)
		start_box "$name" sh -c 'trap "echo got >>told; : " USR1
			for i in 1 2 3; do sh -c "trap \"echo got >>told\" USR1; while :; do sleep 0.05; done" & done
			unshare -Urpf sh -c "trap \"echo got >>told\" USR1; echo ready; while :; do sleep 0.05; done" &
			while :; do sleep 0.05; done'
		sleep 0.3
		"${RUNNER[@]}" "$INRO" kill --all -s USR1 "$name" || true
		told() { [ "$(wc -l <told 2>/dev/null)" -ge 4 ]; }
		eventually told
		rm -f told
		# And then its end.
		"${RUNNER[@]}" "$INRO" kill --all --timeout 200ms "$name"
		ended "$BOX"
	}
	for_each_user reaches
}

@test "--all refuses the caller's own namespace" {
	refuses "that of inro itself" -- "$INRO" kill --all $$
}

@test "targets that are none" {
	refuses "no process" -- "$INRO" kill 4194303
	refuses "namespace, not a process" "--all" -- "$INRO" kill /proc/self/ns/uts
	refuses "no signal" -- "$INRO" kill -s NONSENSE 1
	refuses "needs a target" -- "$INRO" kill
	needs_root
	sleep 60 &
	refuses "another user's" -- as_user "$INRO" kill $!
	# -9 as the shell's own kill has it.
	"$INRO" kill -9 $!
	eventually ended $!
}

@test "from inside not even SIGKILL reaches PID 1: that is said" {
	check() {
		run "$1" "$INRO" unshare -rpf --mount-proc sh -c '
			trap "" USR1
			for signal in KILL STOP; do "$0" kill -s $signal --wait 1 && exit 1; done
			"$0" kill -q -s KILL 1 && exit 2
			"$0" kill -s USR1 1 && exit 3
			sleep 600 & "$0" kill -s KILL --wait $! || exit 4
			echo still here' "$INRO"
		echo "$status $output"
		[ "$status" = 0 ]
		[ "$(grep -c 'even SIG.* from inside' <<<"$output")" = 2 ]
		[[ $output == *"ignores SIGUSR1"*"still here" ]]
		[[ $output != *"-s KILL ends"* ]]
	}
	for_each_user check
}
