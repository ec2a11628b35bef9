#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The terminal: nothing may be typed into that of the caller.

load common

# Words of inro run; what is typed into is standard input.
typed() {
	run script -qec "$1" /dev/null </dev/null
	echo "$1: $output"
	# Refused, or tried in vain.
	[[ "$output" = *"terminal yes"* || "$output" = *"inro run: "* ]]
	lacks DONE
}

@test "CVE-2017-5226, CVE-2019-10063, CVE-2023-28100: nothing can be typed into a shared terminal" {
	local options words profile="$PWD/profile"
	printf 'default allow\nforeign allow\n' >"$profile"
	check() {
		words=("$@")
		for options in "" "--seccomp off" "--seccomp strict" "--seccomp $profile" "--preset none" "--nestable" \
			"-r --cap-add ALL --seccomp off" "--init" "--init --seccomp off" "--preset none --new-privs"; do
			typed "${words[*]} $INRO run -q --tty share $options ./attacker type"
		done
	}
	! is_root || check env
	check "${AS_USER[@]}"
}

@test "CVE-2017-5226: nor where only /dev/tty leads to it" {
	local options
	for options in "" "--seccomp off" "--preset none"; do
		typed "'$INRO' run -q --tty share $options sh -c './attacker type </dev/tty' </dev/null 2>&1 | cat"
	done
}

@test "CVE-2017-5226: by default the caller's terminal cannot even be opened" {
	local options
	for options in "" "--tty none" "--seccomp off" "--preset none" "--tty none --preset none --ns none"; do
		run script -qec "'$INRO' run -q $options sh -c ': </dev/tty && echo OPEN' </dev/null 2>/dev/null | cat" /dev/null </dev/null
		lacks OPEN
	done
	run script -qec "'$INRO' run -q --tty none sh -c 'for fd in 0 1 2; do [ ! -t \$fd ] || echo TERMINAL; done'" /dev/null </dev/null
	lacks TERMINAL
}
