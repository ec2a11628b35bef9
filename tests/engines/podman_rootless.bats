#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Podman as an ordinary user with this runtime; what is tested lies in podman.bash.

ROOTLESS=1
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

@test "--userns keep-id" {
	gives 0 "uid=1000" -- prun --userns keep-id bb id
	gives 0 "uid=1234" -- prun --userns keep-id:uid=1234,gid=1234 bb id
	dir=$(mktemp -d)
	chown 1000:1000 "$dir"
	prun --userns keep-id -v "$dir:/data" bb touch /data/file
	[ "$(stat -c %u "$dir/file")" = 1000 ]
}

@test "--userns host, auto, nomap" {
	gives 0 "uid=0(root)" -- prun --userns host bb id
	gives 0 "uid=0(root)" -- prun --userns auto bb id
	gives 0 "uid=" -- prun --userns nomap bb id
}

@test "host network, so /sys is bound" {
	gives 0 lo -- podman run --rm --network=host "${limits[@]}" bb ls /sys/class/net
}
