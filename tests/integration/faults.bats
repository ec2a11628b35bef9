#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every system call of a start is made to fail, one after the other, in the program as it is
# released. Each time inro must end, say which step it was and why, and leave nothing behind: no
# mount, no process, no record, no file. Where a call has a second way, or may fail, the run goes on.

load common
load faults

setup() {
	common_setup
	mkdir -m 777 source run layer
	export XDG_RUNTIME_DIR="$PWD/run"
	faults_setup
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
	# What could not be removed is removed by the next.
	[ "$call" != unlinkat ] || "${RUNNER[@]}" "$SCRATCH/inro" run -q true
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
	"${RUNNER[@]}" strace -f -qqq -o "$SCRATCH/trace" "$SCRATCH/inro" run -q "$@" sh -c 'exit 0' </dev/null
	sweep 24 8 try "$@"
}

faults() { # OPTIONS...
	export -f all_faults state_of_the_host try
	in_isolation all_faults "$@"
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
