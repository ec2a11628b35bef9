#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --init: inro's own PID 1.

bats_require_minimum_version 1.5.0
load common

setup() { common_setup; }
teardown() { common_teardown; }

# Wait until FILE has the text; bounded, so that a failure is one.
await() {
	local i
	for i in $(seq 200); do
		grep -qs "$2" "$1" && return 0
		sleep 0.05
	done
	return 1
}

@test "PID 1 is inro's, the command is its child" {
	check() {
		run "$1" "$INRO" run --init sh -c 'echo $$; cat /proc/1/comm; readlink /proc/self/fd/3 || echo closed'
		echo "$output"
		[ "$status" = 0 ]
		[ "${lines[0]}" = 2 ]
		[ "${lines[1]}" = inro-init ]
		[ "${lines[2]}" = closed ]
	}
	for_each_user check
}

@test "the status is the command's" {
	check() {
		local expected
		for expected in 0 1 42 255; do
			run "$1" "$INRO" run --init sh -c "exit $expected"
			[ "$status" = "$expected" ]
		done
		run "$1" "$INRO" run --init sh -c 'kill -KILL $$'
		[ "$status" = 137 ]
		run "$1" "$INRO" run --init --report sh -c 'kill -TERM $$'
		[ "$status" = 143 ]
		[[ "$output" == *SIGTERM* ]]
		run -127 "$1" "$INRO" run --init no-such-program
		[[ "$output" == *no-such-program*"not found"* ]]
		run "$1" "$INRO" run --init /etc/passwd
		[ "$status" = 126 ]
	}
	for_each_user check
}

@test "nothing inside can trace it, read it or change it" {
	check() {
		run "$1" "$INRO" run --init sh -c 'cat /proc/1/environ || cat /proc/1/exe || cat /proc/1/mem || ls -L /proc/1/fd/3'
		[ "$status" != 0 ]
		run "$1" "$INRO" run --init sh -c 'echo x > /proc/1/exe'
		[ "$status" != 0 ]
		run "$1" "$INRO" run --init sh -c 'kill -9 1; kill -STOP 1; sleep 0.1; exit 7'
		[ "$status" = 7 ]
	}
	for_each_user check
}

@test "orphans are reaped" {
	check() {
		run "$1" "$INRO" run --init sh -c '
			i=0; while [ $i -lt 50 ]; do (true & true &); i=$((i+1)); done
			i=0; while [ $i -lt 100 ]; do
				grep -lsq "^State:.Z" /proc/[0-9]*/status || exit 0
				sleep 0.05; i=$((i+1))
			done; exit 1'
		echo "$output"
		[ "$status" = 0 ]
	}
	for_each_user check
}

@test "signals to inro reach the command" {
	local status=0
	"$INRO" run --init sh -c 'trap "echo got; exit 9" USR1; echo ready; while :; do sleep 0.05; done' > out &
	await out ready
	kill -USR1 $!
	wait $! || status=$?
	[ "$status" = 9 ]
	grep -q got out
}

@test "what is left gets TERM, time, and then KILL" {
	check() {
		rm -f out
		run "$1" "$INRO" run --init --drain 1m sh -c '
			sh -c "trap \"echo term > out; exit\" TERM; echo ready > ready; while :; do sleep 0.05; done" &
			while [ ! -e ready ]; do sleep 0.05; done; rm ready; exit 6'
		[ "$status" = 6 ]
		[ "$(cat out)" = term ]
		run "$1" "$INRO" run --init --drain 50ms sh -c 'trap "" TERM; sleep 1000 & exit 8'
		[ "$status" = 8 ]
		run "$1" "$INRO" run --init --drain 0 sh -c 'trap "" TERM; sleep 1000 & exit 8'
		[ "$status" = 8 ]
	}
	for_each_user check
}

@test "when inro is killed the container drains and ends" {
	"$INRO" run --init sh -c '
		sh -c "trap \"echo term > out; exit\" TERM; echo ready > ready; while :; do sleep 0.05; done" &
		exec sleep 1000' &
	local inro=$! init
	await ready ready
	init=$(pgrep -P $inro)
	kill -KILL $inro
	wait $inro || true
	await out term
	for i in $(seq 100); do
		[ -d /proc/$init ] || break
		sleep 0.05
	done
	[ ! -d /proc/$init ]
}

@test "a terminal: Ctrl-C reaches the command, and what it stops comes back" {
	command -v script > /dev/null || skip "script is not installed (package bsdutils)"
	run script -qec "$INRO run --init sh -c 'kill -TSTP \$\$; echo back; exit 5'" /dev/null
	[ "$status" = 5 ]
	[[ "$output" == *back* ]]
	command -v expect > /dev/null || skip "expect is not installed"
	run expect -c "
		set timeout 30
		spawn $INRO run --init sh -c \"trap 'exit 42' INT; echo ready; while :; do sleep 0.05; done\"
		expect ready { send \"\\003\" }
		expect eof
		lassign [wait] pid id os code
		exit \$code"
	[ "$status" = 42 ]
}

@test "usage" {
	refuses --drain "needs --init" -- "$INRO" run --drain 5s true
	refuses --drain "no time span" -- "$INRO" run --init --drain soon true
	refuses --init "PID namespace" -- "$INRO" run --init --ns -pid true
	run "$INRO" run --init --argv0 other sh -c 'echo $0'
	[ "$output" = other ]
}
