#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every system call of a start is made to fail, one after the other, in the program as it is
# released. Each time inro must end, say which step it was and why, and leave nothing behind: no
# mount, no process, no record, no file. Where a call has a second way, or may fail, the run goes on.

load common

setup() {
	common_setup
	mkdir -m 777 source run layer
	export XDG_RUNTIME_DIR="$PWD/run"
	[ "${INRO_TEST_BUILD:-}" != build-asan ] || skip "the program as it is released is what is tried"
	if ! strace -f -o /dev/null -e inject=chdir:error=EPERM:when=1000 true 2>/dev/null; then
		skip "strace may not trace here"
	fi
}
teardown() { common_teardown; }

# The calls that do something; reading, waiting and memory are tried by others.
CALLS=(capset chdir clone3 close_range dup3 epoll_create1 epoll_ctl eventfd2 execve execveat fchdir fchmod fchown
	fcntl fsconfig fsmount fsopen ftruncate getdents64 getgroups ioctl keyctl landlock_create_ruleset
	landlock_add_rule landlock_restrict_self link linkat memfd_create mkdir mkdirat mknodat mmap mount_setattr
	move_mount newfstatat open openat openat2 open_tree openat pidfd_open pidfd_send_signal pipe2 pivot_root
	prctl prlimit64 read readlinkat renameat renameat2 rt_sigaction rt_sigprocmask sched_setaffinity seccomp
	sendmsg recvmsg setdomainname setgid setgroups sethostname setns setpriority setresgid setresuid setsid
	signalfd4 socket socketpair statmount statx symlinkat timerfd_create umount2 unlinkat unshare write)

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

state_of_the_host() {
	cat /proc/self/mountinfo
	find /run/inro "$XDG_RUNTIME_DIR" -type f 2>/dev/null
	# The image of the program is in the scratch directory: these are its processes alone.
	pgrep -f "$SCRATCH/inro" 2>/dev/null
	find "$SCRATCH" -not -path "$SCRATCH/trace*" | sort
}

# try CALL N OPTIONS...: one run in which the Nth CALL of each process fails; prints what is wrong.
try() {
	local call=$1 n=$2 code=0 text
	shift 2
	text=$("${RUNNER[@]}" timeout -k 1 20 strace -f -qqq -o /dev/null -e "trace=$call" \
		-e "inject=$call:error=EPERM:when=$n" "$SCRATCH/inro" run -q "$@" sh -c 'exit 0' </dev/null 2>&1) || code=$?
	text=$(grep -v '^strace: ' <<<"$text")
	case $code in
	0)
		[[ "$CLOSED" != *" $call "* ]] || echo "$call $n: went on without it"
		return
		;;
	125 | 126 | 127) ;;
	*)
		echo "$call $n: status $code: $text"
		return
		;;
	esac
	# The fault may have hit the command, whose loader makes such calls too.
	if [[ "$text" != "inro run: "* && " mmap newfstatat openat read write " == *" $call "* && $code = 127 ]]; then
		return
	fi
	# Or it was the message that could not be written.
	if [[ -z "$text" && $call = write ]]; then
		return
	fi
	if [[ "$text" != "inro run: "*": "* ]]; then
		echo "$call $n: says '$text'"
	elif [[ "$text" == *$'\n'* && "$text" != *"Try 'inro run --help'."* ]]; then
		echo "$call $n: says more than one line: $text"
	fi
}

all_faults() { # OPTIONS...
	local call n count before after
	: >"$SCRATCH/trace"
	chmod 666 "$SCRATCH/trace"
	"${RUNNER[@]}" strace -f -qqq -o "$SCRATCH/trace" "$SCRATCH/inro" run -q "$@" sh -c 'exit 0' </dev/null
	before=$(state_of_the_host)
	for call in "${CALLS[@]}"; do
		# The most that one process makes of it; what the command itself calls does not count.
		count=$(awk -v call="$call" '
			$2 ~ "^" call "\\(" && !ours[$1] { n[$1]++ }
			/ execve(at)?\([^"]*"[^"]*\/sh", .* = 0$/ { ours[$1] = 1 }
			END { for (p in n) if (n[p] > m) m = n[p]; print m + 0 }' "$SCRATCH/trace")
		# All of the first ones; of calls in a long walk, some.
		for ((n = 1; n <= count; n += n < 24 ? 1 : count / 8)); do
			try "$call" "$n" "$@"
			# What could not be removed is removed by the next.
			[ "$call" != unlinkat ] || "${RUNNER[@]}" "$SCRATCH/inro" run -q true
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

faults() { # OPTIONS...
	local wrong
	export -f all_faults state_of_the_host try
	export SCRATCH CLOSED
	wrong=$(isolated bash -c "$(declare -p CALLS RUNNER)"'; all_faults "$@"' bash "$@" 2>&1)
	echo "$wrong"
	[ -z "$wrong" ]
}

plain() { faults; }
@test "each call of a plain start" { for_each_user plain; }

files() {
	faults --overlay --tmpfs /mnt/a --ro "$PWD/source:/mnt/a/b" --file /tmp/x=text --symlink /tmp/l=x --hide /usr/share
}
@test "each call of a start with an overlay and mounts" { for_each_user files; }

@test "each call of a start with joined namespaces, as root" {
	needs_root
	RUNNER=(env)
	faults --join net=/proc/self/ns/net --join uts=/proc/self/ns/uts
}

process() {
	faults --hostname box --init --landlock require --ulimit nofile=64 --umask 027 --oom-score-adj 500
}
@test "each call of a start with much about the process" { for_each_user process; }
