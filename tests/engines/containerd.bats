#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# containerd with this runtime, spoken to by ctr.

load common
load containerd

setup_file() {
	containerd_start
}

teardown_file() {
	[ ! -e $C/pid ] || containerd_stop
}

teardown() {
	local id
	[ -e $C/pid ] || return 0
	for id in $(ctr container ls -q); do
		ctr task kill -s KILL "$id" >/dev/null 2>&1 || true
		ctr task rm -f "$id" >/dev/null 2>&1 || true
		eventually ctr container rm "$id"
	done
}

limit_of() { # PID
	local path
	path=$(sed -n 's/^.*:memory:\(.*\)/memory\1/p; s/^0::\(.*\)/\1/p' "/proc/$1/cgroup" | head -1)
	[ "$(cat /sys/fs/cgroup/"$path"/memory.max /sys/fs/cgroup/"$path"/memory.limit_in_bytes 2>/dev/null)" = 67108864 ]
}

running() { # ID
	crun_of -d "$IMAGE" "$1" sleep 1000
}

@test "runs a command, and gives its status" {
	gives 0 hello -- crun_of --rm "$IMAGE" a echo hello
	gives 7 -- crun_of --rm "$IMAGE" b sh -c 'exit 7'
}

@test "what is not there is said in the words that are looked for" {
	gives "" "executable file" "not found in \$PATH" -- crun_of --rm "$IMAGE" a no-such-command
	[ "$status" != 0 ]
}

@test "exec, with its status" {
	running a
	gives 0 inside -- ctr task exec --exec-id x a echo inside
	gives 9 -- ctr task exec --exec-id y a sh -c 'exit 9'
	gives 0 "uid=1234" -- ctr task exec --exec-id z --user 1234 a id
}

@test "a terminal" {
	gives 0 /dev/pts/0 -- script -qec "ctr -a $C/sock run -t --rm --runc-binary $RUNTIME $IMAGE a tty" /dev/null
	running b
	gives 0 /dev/pts/ -- script -qec "ctr -a $C/sock task exec -t --exec-id x b tty" /dev/null
}

@test "ls and ps" {
	running a
	gives 0 RUNNING -- ctr task ls
	pid=$(ctr task ls | awk '$1 == "a" { print $2 }')
	gives 0 "$pid" -- ctr task ps a
}

@test "kill, and what is told of the end" {
	running a
	ctr task kill -s KILL a
	eventually bash -c "command ctr -a $C/sock task ls | grep -q STOPPED"
	gives 0 "exit code 137" -- ctr task rm a
}

@test "pause and resume" {
	running a
	ctr task pause a
	gives 0 PAUSED -- ctr task ls
	ctr task resume a
	gives 0 RUNNING -- ctr task ls
	gives 0 -- ctr task exec --exec-id x a true
}

@test "limits and metrics" {
	needs_controller memory
	crun_of -d --memory-limit 67108864 "$IMAGE" a sleep 1000
	# ctr makes no cgroup mount: the limit is looked for where the container is.
	pid=$(ctr task ls | awk '$1 == "a" { print $2 }')
	limit_of "$pid"
	gives 0 memory -- ctr task metrics a
}

@test "a read-only root, capabilities, privileges, seccomp" {
	gives 1 Read-only -- crun_of --rm --read-only "$IMAGE" a touch /x
	gives 0 "Seccomp:	2" -- crun_of --rm --seccomp "$IMAGE" b grep Seccomp: /proc/self/status
	gives 0 "Seccomp:	0" -- crun_of --rm --privileged "$IMAGE" c grep Seccomp: /proc/self/status
}

@test "the host's network, a mount" {
	gives 0 lo -- crun_of --rm --net-host "$IMAGE" a ls /sys/class/net
	dir=$(mktemp -d)
	echo there >"$dir/file"
	gives 0 there -- crun_of --rm --mount "type=bind,src=$dir,dst=/mnt,options=rbind:ro" "$IMAGE" b cat /mnt/file
}

@test "many at once" {
	local i pids=()
	for i in 1 2 3 4 5 6 7 8 9 10; do
		crun_of --rm "$IMAGE" "m$i" true 3>&- &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
	done
}
