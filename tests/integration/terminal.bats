#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The terminal: tests/unit/tty has what needs a hand at the keyboard.

load common

setup() {
	common_setup
	export XDG_RUNTIME_DIR="$SCRATCH/work"
	command -v script >/dev/null || skip "needs script(1)"
}
teardown() { common_teardown; }

# Run a command line on a terminal; what it shows, without carriage returns.
on_terminal() {
	script -qec "$1" /dev/null </dev/null 2>&1 3>&- | tr -d '\r'
	return "${PIPESTATUS[0]}"
}

fresh() {
	run on_terminal "${RUNNER[*]} $INRO run -q sh -c 'tty; stat -c %t:%T /dev/console; for fd in 0 1 2; do test -t \$fd || exit 20; done; exit 3'"
	echo "$status: $output"
	[ "$status" = 3 ]
	[[ "$output" == */dev/pts/0* ]]
	[[ "$output" == *88:0* ]]
}
@test "a fresh terminal of the container's own, and a console" { for_each_user fresh; }

none() {
	run on_terminal "${RUNNER[*]} $INRO run -q --tty none sh -c 'for fd in 0 1 2; do test -t \$fd && exit 20; done; (: </dev/tty) 2>/dev/null && exit 21; echo out; echo err >&2; exit 3'"
	echo "$status: $output"
	[ "$status" = 3 ]
	[[ "$output" == *out* && "$output" == *err* ]]
}
@test "--tty none hands no terminal in" { for_each_user none; }

shared() {
	run on_terminal "tty; ${RUNNER[*]} $INRO run -q --tty share sh -c 'test -t 0 || exit 20; exit 3'"
	[ "$status" = 3 ]
}
@test "--tty share hands the caller's in" { for_each_user shared; }

apart() {
	[ "$("$1" "$INRO" run -q sh -c 'echo out; echo err >&2' 2>/dev/null)" = out ]
	[ "$("$1" "$INRO" run -q sh -c 'echo out; echo err >&2' 2>&1 >/dev/null)" = err ]
	[ "$(echo in | "$1" "$INRO" run -q cat)" = in ]
}
@test "without a terminal, the descriptors are the caller's" { for_each_user apart; }

forced() {
	run "$1" "$INRO" run -q -it sh -c 'test -t 0 && test -t 1 && exit 3' </dev/null
	[ "$status" = 3 ]
}
@test "-it makes one in any case" { for_each_user forced; }

whole() {
	[ "$(on_terminal "${RUNNER[*]} $INRO run -q seq 100000" | tail -n 1)" = 100000 ]
	[ "$(on_terminal "${RUNNER[*]} $INRO run -q seq 100000" | wc -l)" = 100000 ]
	[ "$(on_terminal "${RUNNER[*]} $INRO run -q --tty none seq 100000" | wc -l)" = 100000 ]
}
@test "nothing is lost at the end" { for_each_user whole; }

@test "a terminal mode that is none" {
	refuses auto share -- "$INRO" run --tty maybe true
}
