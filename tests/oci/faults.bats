#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every system call of a verb is made to fail, one after the other, and then to be its process's last.
# A failing one ends the verb with its status and a text that says what it was, and leaves nothing; where
# a call has a second way, or may fail, the verb goes on. After a kill, `delete --force` leaves nothing.

load common
load ../integration/faults

setup() {
	oci_setup
	needs_root
	faults_setup
	# The host has its part in what is left: this finds the test's own.
	export ID INRO_OCI
	mkdir source
}
teardown() { oci_teardown; }

# What cannot fail, or is called before main(); the rest is what the trace shows.
PASSED=" arch_prctl brk exit_group futex getegid geteuid getgid getpid getppid getrandom gettid getuid mprotect rseq"
PASSED+=" rt_sigreturn set_robust_list set_tid_address sched_yield restart_syscall "
# A hook is forked where clone3 is forbidden.
CLOSED=${CLOSED/ clone3 / }

state_of_the_host() {
	cat /proc/self/mountinfo
	find /sys/fs/cgroup -type d -name "$ID*" 2>/dev/null
	# The program, traced ones too; and the commands of the containers, which have the id as an argument.
	pgrep -f "$SCRATCH/inro-oci|$ID-" 2>/dev/null
	find "$SCRATCH" -not -path "$SCRATCH/trace*" -not -path "$SCRATCH/*said*" | sort
}

oci_quietly() {
	timeout -k 1 20 "$INRO_OCI" --root "$SCRATCH/states" "$@" </dev/null >"$SCRATCH/said-other" 2>&1
}

# traced STRACE-OPTIONS… -- VERB ARGUMENTS…: the tracer is nobody's parent, and stays with what goes on.
traced() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	timeout -k 1 20 strace -D -f -qqq "${options[@]}" "$INRO_OCI" --root "$SCRATCH/states" "$@" </dev/null \
		>"$SCRATCH/said" 2>&1
}

# ---- what is done: before, the verb that the fault hits, and after ----

before_create() { :; }
verb_create() { traced "$@" -- create --pid-file "$SCRATCH/said-pid" "$ID"; }
after_create() { delete_if "$1"; }

before_run() { :; }
verb_run() { traced "$@" -- run "$ID"; }
# It removes what it made itself, or says that it could not.
after_run() {
	[ -n "$(ls "$SCRATCH/states")" ] || return 0
	grep -E "warning: cannot remove the (state|cgroup)" "$SCRATCH/said" >/dev/null || echo "its state is there, and it does not say so"
	delete_if 0
}

before_start() { oci_quietly create "$ID"; }
verb_start() { traced "$@" -- start "$ID"; }
after_start() { delete_if 0; }

before_exec() { :; }
verb_exec() { traced "$@" -- exec "$ID" sh -c 'exit 0' "$ID-exec"; }
after_exec() { :; }

before_delete() { oci_quietly create "$ID"; }
verb_delete() { traced "$@" -- delete --force "$ID"; }
after_delete() { [ "$1" = 0 ] || delete_if 0; }

before_kill() { oci_quietly create "$ID"; }
verb_kill() { traced "$@" -- kill "$ID" KILL; }
after_kill() { delete_if 0; }

before_state() { :; }
verb_state() { traced "$@" -- state "$ID"; }
after_state() { :; }

delete_if() { # STATUS
	[ "$1" != 0 ] || oci_quietly delete --force "$ID" || echo "delete --force: $(cat "$SCRATCH/said-other")"
}

# ---- the faults ----

# try CALL N VERB STATUS
try() {
	local call=$1 n=$2 verb=$3 expected=$4 code=0 text
	"before_$verb"
	"verb_$verb" -o /dev/null -e "trace=$call" -e "inject=$call:error=EPERM:when=$n" || code=$?
	text=$(grep -v -e '^strace: ' -e '^inro-oci: warning: ' "$SCRATCH/said")
	"after_$verb" "$code" | sed "s/^/$verb, $call $n: /"
	case $code in
	0)
		# The runtime's own file is copied where it cannot be mounted read-only.
		[[ "$CLOSED" != *" $call "* || "$verb $call" = "exec mount_setattr" ]] ||
			echo "$verb, $call $n: went on without it"
		return
		;;
	"$expected") ;;
	*)
		# The fault may have hit the command, which is a shell.
		[[ "$verb" = @(run|exec) && "$text" != "inro-oci "* && "$CLOSED" != *" $call "* ]] ||
			echo "$verb, $call $n: status $code: $text"
		return
		;;
	esac
	if [[ -z "$text" && $call = write ]]; then
		return
	fi
	if [[ "$text" != "inro-oci $verb: "*": "* ]]; then
		echo "$verb, $call $n: says '$text'"
	elif [[ "$text" == *$'\n'* && "$text" != *"Try 'inro-oci $verb --help'."* ]]; then
		echo "$verb, $call $n: says more than one line: $text"
	fi
}

# The same for a kill.
try_kill() { # CALL N VERB
	local call=$1 n=$2 verb=$3
	"before_$verb"
	# What it was killed by is nothing that the shell needs to tell.
	{ "verb_$verb" -o /dev/null -e "trace=$call" -e "inject=$call:signal=KILL:when=$n"; } 2>/dev/null
	[ "$verb" = exec ] || delete_if 0 | sed "s/^/$verb, $call $n: /"
}

# swept FEW PARTS TRY VERB STATUS
swept() {
	local verb=$4
	"before_$verb"
	"verb_$verb" -o "$SCRATCH/trace" || echo "$verb without a fault: $(cat "$SCRATCH/said")"
	"after_$verb" 0
	while pgrep -f "strace.*$SCRATCH/trace" >/dev/null; do sleep 0.02; done
	mapfile -t CALLS < <(awk '{ sub(/\(.*/, "", $2) } $2 ~ /^[a-z]/ { print $2 }' "$SCRATCH/trace" | sort -u)
	for i in "${!CALLS[@]}"; do
		[[ "$PASSED" != *" ${CALLS[i]} "* ]] || unset "CALLS[i]"
	done
	sweep "$@"
}

faults() {
	local name
	for name in create run start exec delete kill state; do
		export -f before_$name verb_$name after_$name
	done
	export -f swept state_of_the_host oci_quietly traced delete_if try try_kill
	export PASSED
	in_isolation swept "$@"
}

# Much of what a document can ask for, with hooks.
rich() { # COMMAND…
	config 'c["process"]["args"].append("'"$ID"'-init")
c["process"]["user"] = {"uid": 5, "gid": 6, "additionalGids": [7]}
c["linux"]["resources"]["pids"] = {"limit": 100}
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["kexec_load"], "action": "SCMP_ACT_ERRNO"}]}
c["mounts"] += [{"destination": "/mnt/a", "type": "bind", "source": "'"$PWD"'/source", "options": ["rbind", "ro"]},
	{"destination": "/mnt/b", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=700"]}]
c["hooks"] = {name: [{"path": "'"$PWD"'/rootfs/bin/true"}] for name in
	("createRuntime", "createContainer", "poststart", "poststop")}' \
		-- "$@"
}

@test "each call of create fails" {
	rich sh -c 'sleep 1000; true'
	faults 4 2 try create 1
}

@test "each call of run fails" {
	rich sh -c 'exit 0'
	faults 4 2 try run 1
}

@test "each call of start, kill, delete and state fails" {
	rich sh -c 'sleep 1000; true'
	faults 4 2 try start 1
	faults 4 2 try kill 1
	faults 4 2 try delete 1
	oci create "$ID"
	faults 4 2 try state 1
}

@test "each call of exec fails" {
	rich sh -c 'sleep 1000; true'
	oci create "$ID"
	oci start "$ID"
	faults 4 2 try exec 255
}

@test "each call of create and run is the last of its process" {
	rich sh -c 'sleep 1000; true'
	faults 2 2 try_kill create
	rich sh -c 'exit 0'
	faults 2 2 try_kill run
}

@test "each call of start, exec and delete is the last of its process" {
	rich sh -c 'sleep 1000; true'
	faults 2 1 try_kill start
	faults 2 1 try_kill delete
	oci create "$ID"
	oci start "$ID"
	faults 2 1 try_kill exec
}
