#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman as root with this runtime; what is tested lies in podman.bash.

load common
load podman

setup_file() {
	podman_setup_file
}

setup() {
	podman_setup
}

teardown() {
	podman_teardown
}

@test "runs a command" {
	p_run
}

@test "exit statuses of run: 125, 126, 127, a signal" {
	p_exit_codes
}

@test "exit statuses of exec" {
	p_exec_exit_codes
}

@test "a bridge network: the host and another container reach what listens there" {
	podman run -d --name a "${limits[@]}" bb sh -c 'echo found >/tmp/index.html; exec httpd -f -h /tmp'
	ip=$(podman inspect -f '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}' a)
	eventually busybox wget -qO- "http://$ip/"
	gives 0 found -- podman run --rm "${limits[@]}" bb wget -qO- "http://$ip/"
}

@test "standard input" {
	p_stdin
}

@test "standard output and error are two" {
	p_streams
}

@test "a terminal, of the caller's size" {
	p_terminal
}

@test "a shell at a terminal" {
	p_terminal_talks
}

@test "exec with a terminal" {
	p_exec_terminal
}

@test "attach" {
	p_attach
}

@test "logs" {
	p_logs
}

@test "stop, by a signal and by force" {
	p_stop
}

@test "kill" {
	p_kill
}

@test "restart" {
	p_restart
}

@test "create, start, start again" {
	p_create_start
}

@test "pause and unpause" {
	p_pause
}

@test "ps and top" {
	p_ps_top
}

@test "healthcheck" {
	p_healthcheck
}

@test "--init" {
	p_init
}

@test "--read-only" {
	p_read_only
}

@test "--cap-add, --cap-drop" {
	p_caps
}

@test "--privileged" {
	p_privileged
}

@test "no-new-privileges" {
	p_nnp
}

@test "seccomp: the default, none, a profile of one's own" {
	p_seccomp
}

@test "masked and read-only paths" {
	p_masks
}

@test "--user, --group-add" {
	p_users
}

@test "directory, environment, host name, umask, limits, sysctl" {
	p_process
}

@test "--tmpfs, --shm-size" {
	p_tmpfs
}

@test "volumes and binds" {
	p_volumes
}

@test "devices" {
	p_devices
}

@test "pods" {
	p_pod
}

@test "namespaces of another container and of the host" {
	p_join
}

@test "kube play" {
	p_kube
}

@test "cp and commit" {
	p_commit_cp_mount
}

@test "--preserve-fds" {
	p_preserve_fds
}

@test "nothing is left over" {
	p_left_over
}

@test "limits" {
	needs_controller memory
	gives 0 67108864 -- prun -m 64m bb sh -c \
		'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true'
	gives 0 33 -- prun --pids-limit 33 bb sh -c \
		'cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; true'
	pstart a -m 64m bb sleep 1000
	podman update -m 32m a
	gives 0 33554432 -- podman exec a sh -c \
		'cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null; true'
	gives 0 a -- podman stats --no-stream --format '{{.Name}}'
}

# It takes 200 MB and no more, whether it is limited or not.
@test "what takes too much memory is killed" {
	needs_controller memory
	gives 137 -- prun -m 16m --memory-swap 16m bb \
		dd if=/dev/zero of=/dev/null bs=200M count=1
}

@test "devices that are not allowed cannot be opened" {
	[ -z "$without_cgroups" ] || skip "no cgroup, no rules"
	[ -c /dev/fuse ] || skip "no /dev/fuse on this host"
	gives 1 "ermitted" -- prun --cap-add mknod bb sh -c 'mknod /tmp/d c 10 229 && cat /tmp/d'
	gives 0 -- prun --cap-add mknod bb sh -c 'mknod /tmp/z c 1 5 && head -c 1 /tmp/z'
}

@test "--userns auto" {
	grep -q '^containers:' /etc/subuid || skip "no subordinate ids for containers"
	gives 0 -- prun --userns auto bb sh -c 'read in out n </proc/self/uid_map; [ $in = 0 ] && [ $out != 0 ]'
}

@test "--uidmap, and a volume with an idmapped mount" {
	dir=$(mktemp -d)
	chmod 777 "$dir"
	gives 0 "0     100000" -- prun --uidmap 0:100000:5000 bb cat /proc/self/uid_map
	prun --uidmap 0:100000:5000 -v "$dir:/data:idmap" bb touch /data/file
	[ "$(stat -c %u "$dir/file")" = 0 ]
}

@test "-v :U, overlay" {
	dir=$(mktemp -d)
	gives 0 1234 -- prun --user 1234 -v "$dir:/data:U" bb stat -c %u /data
	gives 0 -- prun -v "$dir:/data:O" bb touch /data/gone
	[ ! -e "$dir/gone" ]
}
