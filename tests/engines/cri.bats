#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Pods of containerd with this runtime, made as a kubelet makes them: over the CRI socket.

load common
load containerd

setup_file() {
	containerd_start
}

teardown_file() {
	[ ! -e $C/pid ] || containerd_stop
}

teardown() {
	[ -z "${pod:-}" ] || cri end "$pod"
}

@test "a pod, a container in it, exec, its end" {
	pod=$(cri pod one)
	id=$(cri container "$pod" a 0 sh -c 'trap "exit 5" TERM; while :; do sleep 0.1; done')
	gives 0 running -- cri state "$id"
	gives 0 set -- cri exec "$id" sh -c 'echo $X'
	gives 3 -- cri exec "$id" sh -c 'exit 3'
	cri stop "$id"
	gives 0 "exited 5" -- cri state "$id"
}

@test "what is not there does not start, and it is said" {
	pod=$(cri pod two)
	gives 1 "no-such-command" "not found" -- cri container "$pod" a 0 no-such-command
}

@test "two containers of a pod share its namespaces" {
	pod=$(cri pod three)
	a=$(cri container "$pod" a 0 sleep 1000)
	b=$(cri container "$pod" b 0 sleep 1000)
	for kind in ipc uts net; do
		[ "$(cri exec "$a" readlink /proc/self/ns/$kind)" = "$(cri exec "$b" readlink /proc/self/ns/$kind)" ]
	done
	[ "$(cri exec "$a" readlink /proc/self/ns/mnt)" != "$(cri exec "$b" readlink /proc/self/ns/mnt)" ]
}

@test "a limit, and another one" {
	needs_controller memory
	pod=$(cri pod four)
	a=$(cri container "$pod" a 67108864 sleep 1000)
	limit='cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true'
	gives 0 67108864 -- cri exec "$a" sh -c "$limit"
	cri update "$a" 33554432
	gives 0 33554432 -- cri exec "$a" sh -c "$limit"
	[ "${SYSTEMD_CGROUP:-}" = true ] || return 0
	systemctl daemon-reload
	gives 0 33554432 -- cri exec "$a" sh -c "$limit"
	gives 0 33554432 -- systemctl show -p MemoryMax "cri-containerd-$a.scope"
	gives 0 "/kubepods.slice/" -- systemctl show -p ControlGroup "cri-containerd-$a.scope"
	cri end "$pod"
	pod=
	gives 0 "LoadState=not-found" -- systemctl show -p LoadState "cri-containerd-$a.scope"
}
