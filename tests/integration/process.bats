#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the command is as a process: its environment, descriptors, priorities, signals.

load common

setup() { common_setup; }
teardown() { common_teardown; }

status_of() { # FIELD RUNNER OPTIONS...: a line of the command's /proc/self/status
	local field=$1
	shift
	"$1" "$INRO" run "${@:2}" sed -n "s/^$field:[[:space:]]*//p" /proc/self/status
}

@test "the file mode mask is 022, or what is asked for" {
	check() {
		[ "$(umask 077 && status_of Umask "$1")" = 0022 ]
		[ "$(status_of Umask "$1" --umask 027)" = 0027 ]
	}
	for_each_user check
	refuses --umask "'9'" -- "$INRO" run --umask 9 true
}

@test "signals that the caller ignores or blocks are as new" {
	check() {
		[ "$(trap '' HUP TERM USR1; status_of SigIgn "$1")" = 0000000000000000 ]
		[ "$(status_of SigBlk "$1")" = 0000000000000000 ]
	}
	for_each_user check
}

@test "nice value, policy, class, score, CPUs" {
	check() {
		local cpu
		cpu=$(sed -n 's/^Cpus_allowed_list:[[:space:]]*//p' /proc/self/status)
		cpu=${cpu%%[-,]*}
		[ "$(status_of Cpus_allowed_list "$1" --cpu-affinity "$cpu")" = "$cpu" ]
		[ "$("$1" "$INRO" run --nice 7 --sched batch cut -d' ' -f19,41 /proc/self/stat)" = "7 3" ]
		[ "$("$1" "$INRO" run --oom-score-adj 500 cat /proc/self/oom_score_adj)" = 500 ]
		[ "$("$1" "$INRO" run --ionice idle ionice)" = idle ]
		refuses "CPUs" "none of these" -- "$1" "$INRO" run --cpu-affinity 8000 true
	}
	for_each_user check
	refuses "set the nice value to -5" CAP_SYS_NICE "ulimit -e" -- as_user "$INRO" run --nice -5 true
	refuses "out-of-memory" CAP_SYS_RESOURCE -- as_user "$INRO" run --oom-score-adj -5 true
}

@test "a raised priority, which takes the host's capability" {
	needs_root
	setpriv --dump | grep -q 'Capability bounding.*sys_nice' || skip "needs CAP_SYS_NICE"
	[ "$("$INRO" run --nice -5 cut -d' ' -f19 /proc/self/stat)" = "-5" ]
}

@test "the execution domain" {
	check() {
		[ "$("$1" "$INRO" run --personality linux32,addr-no-randomize cat /proc/self/personality)" = 00040008 ]
	}
	for_each_user check
	refuses --personality solaris -- "$INRO" run --personality solaris true
}

@test "the environment is clean, and what is asked for" {
	check() {
		local out
		out=$(SECRET=1 LC_TIME=C TERM=vt100 "$1" "$INRO" run env)
		[[ "$out" != *SECRET* ]]
		[[ "$out" == *TERM=vt100* && "$out" == *LC_TIME=C* && "$out" == *container=inro* ]]
		out=$(SECRET=1 "$1" "$INRO" run -e SECRET -e A=b=c -e MISSING --unset-env TERM env)
		[[ "$out" == *SECRET=1* && "$out" == *A=b=c* && "$out" != *MISSING* && "$out" != *TERM=* ]]
		out=$(SECRET=1 "$1" "$INRO" run --env-all env)
		[[ "$out" == *SECRET=1* && "$out" == *container=inro* ]]
	}
	for_each_user check
	printf '# comment\nA="b c"\nB\n' >file
	[ "$(B=2 "$INRO" run --env-file file sh -c 'echo "$A $B"')" = '"b c" 2' ]
	printf 'A=1\nB C=2\n' >file
	refuses --env-file "line 2" -- "$INRO" run --env-file file true
	refuses --env-file "No such file" -- "$INRO" run --env-file missing true
}

@test "descriptors: none but the standard ones, and those passed on" {
	check() {
		# The directory that ls reads is the one further descriptor.
		[ "$("$1" "$INRO" run ls /proc/self/fd 7</dev/null 42</dev/null | tr '\n' ' ')" = "0 1 2 3 " ]
		# Two that change places.
		[ "$("$1" "$INRO" run --pass-fd 9:8 --pass-fd 8:9 sh -c 'cat <&8; cat <&9' 9<<<nine 8<<<eight)" = $'nine\neight' ]
		[ "$("$1" "$INRO" run --preserve-fds 1 sh -c 'cat <&3' 3<<<three)" = three ]
		[ "$("$1" "$INRO" run --init --pass-fd 9:4 sh -c 'cat <&4' 9<<<nine)" = nine ]
	}
	for_each_user check
	refuses --pass-fd "900 is not open" -- "$INRO" run --pass-fd 900 true
	refuses --pass-fd "init's own" -- "$INRO" run --init --pass-fd 0:3 true
}

@test "a session keyring of its own" {
	grep -q . /proc/keys 2>/dev/null || skip "this kernel has no keys, or hides them"
	# The caller's session keyring is not the command's: its serial number does not show inside.
	check() {
		local before
		before=$("$1" sed -n 's/ .*_ses.*//p' /proc/keys | sort)
		"$1" "$INRO" run -v /proc/keys:/tmp/keys cat /tmp/keys >/dev/null || return 0
		[ "$("$1" "$INRO" run -v /proc/keys:/tmp/keys sed -n 's/ .*_ses.*//p' /tmp/keys | sort)" != "$before" ]
	}
	check env
}

@test "--info-fd, --block-fd and --sync-fd, as drivers use them" {
	check() {
		mkfifo info block sync
		chmod 666 info block sync
		exec 8<>block
		"${RUNNER[@]}" "$INRO" run --info-fd 5 --block-fd 6 --sync-fd 7 touch ran 6<block 7>sync 5>info 8<&- &
		exec 9<sync
		# The end of file comes although the child still waits.
		cat info >json
		grep -q '"child-pid": [0-9]*,' json
		grep -q '"pid-namespace": 40265[0-9]*' json
		[ ! -e ran ]
		"$1" test -e "/proc/$(sed -n 's/.*child-pid": \([0-9]*\).*/\1/p' json)/ns/net"
		exec 8>&-
		# And this one when the container has ended.
		cat <&9
		exec 9<&-
		wait $!
		[ -e ran ]
		rm -f info block sync json ran
	}
	for_each_user check
	refuses --block-fd "not open" -- "$INRO" run --block-fd 900 true
}

@test "the container dies with inro, whoever it runs as" {
	dies() {
		local pid
		"$@" cat fifo &
		pid=$!
		# The read end is open once the command runs; end of file on write means that it is gone.
		exec 8>fifo
		kill -KILL "$pid"
		wait "$pid" 2>/dev/null || true
		for _ in $(seq 200); do
			printf x >&8 2>/dev/null || return 0
			sleep 0.05
		done
		return 1
	}
	trap '' PIPE
	mkfifo -m 666 fifo
	dies "$INRO" run
	exec 8>&-
	if is_root; then
		dies "$INRO" run -u 1000 --cap-add net_raw
		exec 8>&-
		dies "$INRO" run --ns=-user -u 1000 --cap-add net_raw
		exec 8>&-
	fi
}
