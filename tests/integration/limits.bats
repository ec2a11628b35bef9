#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Limits and accounting. What needs a cgroup is tried where the caller may make one, whichever
# version the host has; where it may not, the refusal is. tests/vm/cgroup_v2 has the rest.

load common

setup() { common_setup; }
teardown() { common_teardown; }

# May this user limit memory here? Otherwise the refusal must say why and what to do.
needs_cgroup() {
	"$@" "$INRO" run -m 64M -- true 2>/dev/null && return
	refuses --memory cgroup -- "$@" "$INRO" run -m 64M -- true
	skip "no cgroup may be made here"
}

# Run inro, and look whether it left a cgroup.
clean_run() {
	local status=0 pid
	"$INRO" run "$@" &
	pid=$!
	wait $pid || status=$?
	[ -z "$(find /sys/fs/cgroup -name "inro-$pid-*" 2>/dev/null)" ] || return 99
	return $status
}

eat='x=y; while :; do x=$x$x; done'

@test "--memory ends what takes more" {
	needs_cgroup env
	run clean_run -m 16M --report -- sh -c "$eat"
	echo "$status: $output"
	[ "$status" = 137 ]
	[[ "$output" == *out-of-memory* ]]
	[[ "$output" == *"whole container"* ]]
}

@test "--memory ends what takes more under --init, too" {
	needs_cgroup env
	run clean_run -m 16M --init --report -- sh -c "$eat"
	echo "$status: $output"
	[ "$status" = 137 ]
	[[ "$output" == *out-of-memory* ]]
}

@test "--memory leaves alone what takes less" {
	needs_cgroup env
	clean_run -m 64M --memory-swap 96M -- true
	clean_run -m 64M -m unlimited -- true
}

@test "--pids-limit refuses further processes" {
	needs_cgroup env
	run clean_run --pids-limit 5 -- sh -c 'for i in 1 2 3 4 5 6; do sleep 5 & done; echo all'
	echo "$status: $output"
	[ "$status" != 0 ]
	[[ "$output" == *[Ff]ork* && "$output" != *all* ]]
}

@test "--cpu-time ends it, all processes counted together" {
	needs_cgroup env
	run clean_run --cpu-time 200ms --report -- sh -c 'for i in 1 2; do while :; do :; done & done; wait'
	echo "$status: $output"
	[ "$status" = 124 ]
	[[ "$output" == *cpu-time* ]]
}

@test "--cpus and --cpu-weight are set" {
	needs_cgroup env
	clean_run --cpus 0.5 --cpu-weight 50 -- true
	clean_run --cpus 1.25 --cpu-shares 2048 -- true
}

@test "--accounting counts what nobody waited for" {
	needs_cgroup env
	run clean_run --accounting --report -- sh -c 'i=0; while [ $i -lt 50000 ]; do i=$((i+1)); done & sleep 1'
	echo "$status: $output"
	[ "$status" = 0 ]
	[[ "$output" == *"whole container"* ]]
}

@test "inside, its own cgroup is the root" {
	needs_cgroup env
	run clean_run -m 64M --pids-limit 20 -- cat /proc/self/cgroup
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" != *inro* ]]
}

@test "what a killed inro left is removed by the next" {
	needs_cgroup env
	"$INRO" run -m 64M -- sleep 100 &
	local pid=$!
	until [ -n "$(find /sys/fs/cgroup -name "inro-$pid-*")" ]; do
		kill -0 $pid
	done
	kill -9 $pid
	wait $pid || true
	"$INRO" run -m 64M -- true
	[ -z "$(find /sys/fs/cgroup -name "inro-$pid-*")" ]
}

@test "without the right to a cgroup the reason and the way out are told" {
	needs_root
	as_user "$INRO" run -m 64M -- true 2>/dev/null && skip "this user has a delegated cgroup"
	for option in '-m 64M' '--pids-limit 9' '--cpus 1' '--cpu-time 5s' '--accounting'; do
		# shellcheck disable=SC2086
		refuses cgroup 'systemd-run --user --scope -p Delegate=yes' -- as_user "$INRO" run $option -- true
	done
}

@test "values that make no sense are refused" {
	refuses --memory -- "$INRO" run -m 64Q -- true
	refuses --memory 1M -- "$INRO" run -m 4K -- true
	refuses --memory-swap -- "$INRO" run --memory-swap 64M -- true
	refuses --cpus -- "$INRO" run --cpus 0 -- true
	refuses --pids-limit -- "$INRO" run --pids-limit 0 -- true
	refuses --timeout -- "$INRO" run --timeout soon -- true
	refuses --ulimit nofile -- "$INRO" run --ulimit files=3 -- true
	refuses --ulimit soft -- "$INRO" run --ulimit nofile=9:3 -- true
}

timeouts() {
	run "$@" "$INRO" run --timeout 100ms --report -- sleep 100
	echo "$status: $output"
	[ "$status" = 124 ]
	[[ "$output" == *timed-out* ]]
	# A handler gets the signal first, and may still say something; the status is 124 all the same.
	run "$@" "$INRO" run --timeout 300ms -- sh -c 'trap "echo bye; exit 3" TERM; while :; do sleep 0.1; done'
	echo "$status: $output"
	[ "$status" = 124 ]
	[[ "$output" == *bye* ]]
	# One that goes on regardless is killed.
	run "$@" "$INRO" run --timeout 300ms --kill-after 100ms -- sh -c 'trap : TERM; while :; do sleep 0.1; done'
	[ "$status" = 124 ]
	run "$@" "$INRO" run --timeout 60s -- sh -c 'exit 7'
	[ "$status" = 7 ]
}

@test "--timeout: TERM, then KILL, status 124" {
	for_each_user timeouts
}

ulimits() {
	run "$@" "$INRO" run --ulimit nofile=50:60 --ulimit core=0 -- sh -c 'ulimit -n; ulimit -Hn; ulimit -c'
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *$'50\n60\n0' ]]
}

@test "--ulimit sets soft and hard limits" {
	for_each_user ulimits
}

@test "--ulimit above the inherited hard limit tells who may raise it" {
	ulimit -n 256
	refuses nofile 'inherited one (256)' CAP_SYS_RESOURCE -- as_user "$INRO" run --ulimit nofile=512 -- true
}

@test "a limit of nothing is not what --require-limits asks for" {
	needs_cgroup env
	limits() { "$INRO" run --require-limits "$@" true; }
	limits --timeout 9 -m 64M --pids-limit 9
	refuses "a limit of time is missing" -- limits --timeout 0 -m 64M --pids-limit 9
	refuses "a limit of time is missing" -- limits --cpu-time unlimited -m 64M --pids-limit 9
	refuses "a limit is missing: --memory" -- limits --timeout 9 -m unlimited --pids-limit 9
	refuses "a limit is missing: --pids-limit" -- limits --timeout 9 -m 64M --pids-limit max
	# The last word counts.
	limits --timeout 0 --timeout 9 -m max -m 64M --pids-limit 9
}
