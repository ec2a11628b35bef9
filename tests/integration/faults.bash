# SPDX-License-Identifier: Apache-2.0
# Loaded by the tests in which system calls fail, or kill, one after the other, in the programs as they
# are released. A test has a trace of what happens when nothing fails in $SCRATCH/trace, a function that
# does the same with one fault and prints what is wrong, and a function state_of_the_host.

faults_setup() {
	[ "${INRO_TEST_BUILD:-}" != build-asan ] || skip "the program as it is released is what is tried"
	if ! strace -f -o /dev/null -e inject=chdir:error=EPERM:when=1000 true 2>/dev/null; then
		skip "strace may not trace here"
	fi
	: >"$SCRATCH/trace"
	chmod 666 "$SCRATCH/trace"
}

# What must never go on without: SECURITY.md's "restrictions fail closed".
CLOSED=" capset clone3 landlock_restrict_self mount_setattr move_mount pivot_root seccomp setgroups setresgid setresuid umount2 "

# A private /run and mount table, so that what other tests do at the same time is not seen.
isolated() {
	if is_root; then
		unshare -m --propagation private bash -c 'mount -t tmpfs none /run && "$@"' bash "$@"
	else
		"$@"
	fi
}

# The most that one process makes of CALL in the trace; what the command itself calls does not count.
most_of() { # CALL
	awk -v call="$1" '
		$2 ~ "^" call "\\(" && !ours[$1] { n[$1]++ }
		/ execve(at)?\([^"]*"[^"]*\/sh", .* = 0$/ { ours[$1] = 1 }
		END { for (p in n) if (n[p] > m) m = n[p]; print m + 0 }' "$SCRATCH/trace"
}

# sweep FEW PARTS TRY ARGUMENTS…: TRY CALL N ARGUMENTS… for each of CALLS: the first FEW times that it is
# made, then in as many PARTS of what is a long walk.
sweep() {
	local few=$1 parts=$2 try=$3 call n count before after
	shift 3
	before=$(state_of_the_host)
	for call in "${CALLS[@]}"; do
		count=$(most_of "$call")
		for ((n = 1; n <= count; n += n < few ? 1 : (count + parts - 1) / parts)); do
			"$try" "$call" "$n" "$@"
			for _ in $(seq 100); do
				after=$(state_of_the_host)
				[ "$after" != "$before" ] || break
				sleep 0.02
			done
			if [ "$after" != "$before" ]; then
				echo "$call $n: left behind:"
				diff <(echo "$before") <(echo "$after")
				before=$after
			fi
		done
	done
}

# in_isolation FUNCTION ARGUMENTS…: it must print nothing. What it calls must be exported.
in_isolation() {
	local wrong
	export -f most_of sweep
	export SCRATCH CLOSED
	wrong=$(isolated bash -c "$(declare -p CALLS RUNNER 2>/dev/null)"$'\n''"$@"' bash "$@" 2>&1) || wrong+=" status $?"
	echo "$wrong"
	[ -z "$wrong" ]
}
