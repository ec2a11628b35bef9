#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro ls: the namespaces of a host, and the processes of one.

load common
load seen

setup() { common_setup; }
teardown() { stop_boxes; common_teardown; }

ns_of() { # PID KIND
	readlink "/proc/$1/ns/$2" | tr -dc 0-9
}

@test "ls lists what the links of processes say" {
	listed() {
		RUNNER=("${RUNNER[@]}")
		"${RUNNER[@]}" "$INRO" ls -qrn -o NS,TYPE >list
		for kind in cgroup ipc mnt net pid time user uts; do
			grep -qx "$(ns_of self $kind) $kind" list
		done
	}
	for_each_user listed
}

@test "a container's namespaces have its name" {
	named() {
		local name
		name=$(unique web)
		start_box "$name" sh -c 'echo ready; exec sleep 60'
		run "${RUNNER[@]}" "$INRO" ls -q --name "$name" --json
		[ "$(jq -r '[.namespaces[].type] | sort | join(",")' <<<"$output")" = mnt,pid,user,uts ]
		[ "$(jq '[.namespaces[].pid] | unique | .[0]' <<<"$output")" = "$BOX" ]
		[ "$(jq -r '.namespaces[0].command' <<<"$output")" = "sleep 60" ]
		[ "$(jq -r '.namespaces[] | select(.type == "pid") | .nprocs' <<<"$output")" = 1 ]
		# Its parent and owner, and the tree of them.
		"${RUNNER[@]}" "$INRO" ls -qrn -t pid --name "$name" -o PARENT,OWNER >relations
		read -r parent owner <relations
		[ "$parent" = "$(ns_of self pid)" ]
		"${RUNNER[@]}" "$INRO" ls -q --tree -t pid | grep "─.*$name"
		"${RUNNER[@]}" "$INRO" ls -q --tree=owner -t uts | grep "─.*$name"
		# -p: what a process is in, by any target.
		"${RUNNER[@]}" "$INRO" ls -qrn -p "$name" -o NS,TYPE | grep -qx "$owner user"
		"${RUNNER[@]}" "$INRO" ls -qrn -p "$name:1" -o TYPE >kinds
		[ "$(wc -l <kinds)" = 8 ]
	}
	for_each_user named
}

@test "ls TARGET lists the processes of one namespace, with both numbers" {
	members() {
		local name
		name=$(unique web)
		start_box "$name" sh -c 'sleep 61 & echo ready; wait'
		for target in "$name" "$BOX" "$("${RUNNER[@]}" "$INRO" ls -qrn -t pid --name "$name" -o NS)"; do
			run "${RUNNER[@]}" "$INRO" ls -q --json "$target"
			echo "$output"
			[ "$(jq -c '[.processes[] | select(.command == "sleep 61") | .inside]' <<<"$output")" = '[2]' ]
			[ "$(jq '.processes[] | select(.inside == 1) | .pid' <<<"$output")" = "$BOX" ]
			[ "$(jq '.processes | length' <<<"$output")" = 2 ]
		done
		run "${RUNNER[@]}" "$INRO" ls -q --json -t uts "$BOX"
		[ "$(jq '.processes | length' <<<"$output")" = 2 ]
		refuses "one kind" -- "${RUNNER[@]}" "$INRO" ls -t uts,pid "$BOX"
	}
	for_each_user members
}

@test "--all finds what only a thread, a descriptor or another's mount holds" {
	needs_root
	cat >descriptor.py <<'PYTHON'
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
own = os.open("/proc/self/ns/net", os.O_RDONLY)
assert libc.unshare(0x40000000) == 0
held = os.open("/proc/self/ns/net", os.O_RDONLY)
assert libc.setns(own, 0) == 0
print(os.fstat(held).st_ino, flush=True)
time.sleep(60)
PYTHON
	cat >thread.py <<'PYTHON'
import ctypes, os, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def elsewhere():
    assert libc.unshare(0x04000000) == 0
    print(os.stat("/proc/thread-self/ns/uts").st_ino, flush=True)
    time.sleep(60)
threading.Thread(target=elsewhere).start()
PYTHON
	# A network namespace that nobody is in.
	python3 descriptor.py >number &
	local holder=$! number
	eventually test -s number
	number=$(cat number)
	"$INRO" ls -qrn -t net -o NS >usual
	fails grep -qx "$number" usual
	run "$INRO" ls -qrn --all -t net -o NS,HELD,PID
	echo "$output"
	grep -x "$number fd $holder" <<<"$output"
	kill $holder
	wait $holder || true
	# A thread elsewhere than its process.
	python3 thread.py >number2 &
	holder=$!
	eventually test -s number2
	run "$INRO" ls -qrn --all -t uts -o NS,HELD
	grep -x "$(cat number2) thread" <<<"$output"
	kill -9 $holder
	wait $holder || true
}

@test "a name of ip netns is one, with its path" {
	needs_root
	command -v ip >/dev/null || skip "needs ip"
	local name
	name=$(unique net)
	ip netns add "$name" 2>/dev/null || skip "ip netns may not add a name here"
	run "$INRO" ls -qrn -t net --persistent --name "$name" -o NPROCS,NAME,PATH
	ip netns delete "$name"
	[ "$output" = "0 $name /run/netns/$name" ]
}

@test "columns, headings and shapes" {
	[ "$("$INRO" ls -q -o TYPE,NS -t pid | head -1 | tr -s ' ')" = "TYPE NS" ]
	[ "$("$INRO" ls -qn -t uts -o TYPE -p $$)" = uts ]
	[ "$("$INRO" ls -qJ -t uts -p $$ | jq -r '.namespaces[0] | keys_unsorted | join(" ")')" = \
		"ns type nprocs pid user name command" ]
	[ "$("$INRO" ls -q --output-all -J -p $$ -t pid | jq '.namespaces[0] | length')" -ge 15 ]
	[ "$("$INRO" ls -qrn -o +PARENT -t pid -p $$ | wc -w)" -ge 8 ]
	"$INRO" ls --list-columns | grep -q "NPROCS .*processes"
	refuses "no column" list-columns -- "$INRO" ls -o NSX
	refuses "such kind\|kind" -- "$INRO" ls -t nonsense || refuses nonsense -- "$INRO" ls -t nonsense
}

@test "what an ordinary user may not see is counted and said, and the rest shown" {
	needs_root
	run as_user "$INRO" ls -t pid
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"could not look at "*" processes of others; as root it can"* ]]
	[[ "$output" == *"$(as_user readlink /proc/self/ns/pid | tr -dc 0-9)"* ]]
	run as_user "$INRO" ls -qt pid
	[[ "$output" != *"could not"* ]]
}

@test "by user" {
	needs_root
	"${AS_USER[@]}" sleep 62 &
	SLEEPER=$!
	eventually grep -q '^Uid:.65534' "/proc/$SLEEPER/status"
	run "$INRO" ls -qrn --user nobody -t pid -o NS
	kill "$SLEEPER"
	[[ "$output" == *"$(ns_of self pid)"* ]]
	refuses "no user" -- "$INRO" ls --user no-such-user
}

@test "odd names of commands do no harm to the terminal, nor to JSON" {
	odd() {
		local name
		name=$(unique odd)
		mkdir "$1"
		cp "$(command -v sleep)" "$1/"$'s\e[31m\nl"\xff'
		start_box "$name" sh -c "echo ready; exec $1/s* 60"
		eventually grep -q 60 "/proc/$BOX/cmdline"
		run "${RUNNER[@]}" "$INRO" ls -q --name "$name" -t pid
		[[ "$output" != *$'\e'* && "${#lines[@]}" = 2 ]]
		"${RUNNER[@]}" "$INRO" ls -qJ --name "$name" | jq -e . >/dev/null
		run "${RUNNER[@]}" "$INRO" tree "$name"
		[[ "$output" != *$'\e'* ]]
		"${RUNNER[@]}" "$INRO" tree -J "$name" | jq -e . >/dev/null
	}
	for_each_user odd
}

@test "processes that end while they are listed, and zombies" {
	needs_root
	# A storm of short-lived ones, and one that is not waited for.
	bash -c 'exec 2>/dev/null; while :; do for i in 1 2 3 4 5 6 7 8; do /bin/true & done; wait; done' &
	local storm=$!
	python3 -c 'import os, time
if os.fork() == 0: os._exit(0)
time.sleep(60)' &
	local parent=$!
	for _ in {1..20}; do
		"$INRO" ls -q >/dev/null
		"$INRO" tree -q >/dev/null
	done
	shows_zombie() { "$INRO" tree -q "$parent" | grep -q "(ended)"; }
	eventually shows_zombie
	kill $storm $parent
	wait
}

# 300 PID and UTS namespaces of 8 processes each, until standard input ends; bench/listings.py makes more.
crowd() {
	cat >crowd.py <<'PYTHON'
import ctypes, os, signal, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def dies_with_parent():
    libc.prctl(1, signal.SIGKILL)
for i in range(300):
    if os.fork() == 0:
        dies_with_parent()
        assert libc.unshare(0x20000000 | 0x04000000) == 0
        if os.fork() == 0:
            dies_with_parent()
            for j in range(7):
                if os.fork() == 0:
                    time.sleep(600)
            os.write(1, b"x")
            time.sleep(600)
        os.wait()
        os._exit(0)
sys.stdin.read()
PYTHON
	exec python3 crowd.py
}

@test "a crowd: many processes in many namespaces" {
	needs_root
	mkfifo in out
	(crowd) <in >out &
	local all=$!
	exec 8>in 9<out
	read -r -N 300 -t 60 _ <&9
	[ "$("$INRO" ls -qrn -t pid -o NPROCS | grep -cx 8)" -ge 300 ]
	[ "$("$INRO" ls -qrn -t uts -o NPROCS | grep -cx 9)" -ge 300 ]
	[ "$("$INRO" ls -qrn | wc -l)" -ge 600 ]
	[ "$("$INRO" tree -q | wc -l)" -lt 300 ]
	[ "$("$INRO" tree -qa | wc -l)" -gt 2700 ]
	exec 8>&- 9<&-
	wait $all
}
