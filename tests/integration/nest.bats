#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro nest: levels, numbers, the picture, and nothing left.

load common

setup() {
	common_setup
	# Nobody else sleeps for so long.
	export NAP=1000.$$
}
teardown() { common_teardown; }

@test "five boxes, one in the other" {
	check() {
		LANG=C run "$1" "$INRO" nest 5
		[ "$status" = 0 ]
		[ "$(grep -c 'level [1-5] ' <<<"$output")" = 5 ]
		[[ $output == *"> 5 > 4 > 3 > 2 > 1"* ]]
		[[ $output == *"5 PIDs"*"4 PIDs"*"3 PIDs"*"2 PIDs"*"1 PID "* ]]
	}
	for_each_user check
}

@test "the command is PID 1 at the bottom, and N at the top" {
	check() {
		[ "$("$1" "$INRO" nest 4 -q sh -c 'echo $$; cat /proc/1/comm')" = $'1\nsh' ]
		[ "$("$1" "$INRO" nest 3 --uts -q hostname)" = h3 ]
		levels=$("$1" "$INRO" nest 3 --json)
		[[ $levels == *', 3, 2, 1]'* ]]
	}
	before=$(hostname)
	for_each_user check
	[ "$(hostname)" = "$before" ]
}

@test "a procfs for each level, gone afterwards" {
	check() {
		chmod 777 .
		counts=$("$1" "$INRO" nest 5 -q --procfs "$PWD/levels" \
			sh -c 'for i in 1 2 3 4 5; do set -- '"$PWD"'/levels/$i/[0-9]*; echo $#; done')
		[ "$counts" = $'5\n4\n3\n2\n1' ]
		[ ! -e levels ]
		fails grep -F "$PWD" /proc/self/mountinfo
	}
	for_each_user check
}

@test "as many levels as the kernel allows, and the reason beyond" {
	# Nested already, there are fewer.
	check() {
		run "$1" "$INRO" nest 32 --table true
		if [ "$status" = 0 ]; then
			[[ $output == *"level 32"* ]]
		else
			[[ $output == *"only "*" more here"* ]]
		fi
		refuses "32 PID namespaces" -- "$1" "$INRO" nest 33
		refuses "more here" -- "$1" "$INRO" nest 20 -q "$INRO" nest 20
	}
	for_each_user check
}

@test "ends as the command does; a signal that PID 1 would drop ends it" {
	check() {
		run "$1" "$INRO" nest 3 -q sh -c 'exit 7'
		[ "$status" = 7 ]
		run "$1" "$INRO" nest 2 -q no-such-command
		[ "$status" = 127 ]
		run timeout -s TERM 1 "${RUNNER[@]}" "$INRO" nest 3 -q sleep $NAP
		[ "$status" = 124 ]
	}
	for_each_user check
	fails pgrep -fx "sleep $NAP"
	refuses "how many" -- "$INRO" nest
	refuses "how many" -- "$INRO" nest many
}

@test "all levels go with inro" {
	"${AS_USER[@]}" "$INRO" nest 3 -q sleep $NAP 3>&- &
	pid=$!
	until pgrep -fx "sleep $NAP" >/dev/null; do sleep 0.02; done
	kill -KILL $pid
	for _ in $(seq 100); do pgrep -fx "sleep $NAP" >/dev/null || return 0; sleep 0.05; done
	false
}

@test "Ctrl-C the moment that the picture is there" {
	# The command has yet to be executed then, and holds signals back.
	cat >press.py <<-'END'
		import os, pty, sys, time
		for _ in range(30):
		    pid, terminal = pty.fork()
		    if pid == 0:
		        os.execvp(sys.argv[1], sys.argv[1:])
		    seen = b""
		    while seen.count(b"\n") < 6:
		        seen += os.read(terminal, 4096)
		    os.write(terminal, b"\x03")
		    _, status = os.waitpid(pid, 0)
		    if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != 2:
		        sys.exit(f"it went on: {status}")
		    os.close(terminal)
	END
	check() { "${RUNNER[@]}" env "PATH=/usr/bin:$PATH" python3 press.py "$INRO" nest 1 sleep 3; }
	for_each_user check
}
