#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Cgroups of containers: where they are, what they limit, and the verbs about them. Here the controllers
# are on v1, wherever the host has them so; tests/vm does it on v2.

load common
setup() { oci_setup; needs_root; CG="inro-test-$ID"; }
teardown() {
	oci_teardown
	find /sys/fs/cgroup -depth -type d -name "$CG*" -exec rmdir {} + 2>/dev/null || true
}

# The directory of the container's group that has a controller; v2's on a host of v2 alone.
group() {
	local pid line
	pid=$(state_of "$ID" pid)
	line=$(grep -E "^[0-9]+:([a-z_,]*,)?$1(,[a-z_,]*)?:" "/proc/$pid/cgroup")
	if [ -n "$line" ]; then
		echo "/sys/fs/cgroup/$(cut -d: -f2 <<<"$line")$(cut -d: -f3- <<<"$line")"
	else
		line=$(grep '^0::' "/proc/$pid/cgroup")
		v2_mount
		echo "$V2${line#0::}"
	fi
}

v2_mount() {
	V2=/sys/fs/cgroup
	[ "$(stat -f -c %T "$V2")" = cgroup2fs ] || V2=/sys/fs/cgroup/unified
}

needs_v1() {
	[ -d "/sys/fs/cgroup/$1" ] || skip "no controller $1 of cgroup v1"
}

# Nobody else's groups are named so.
nothing_left() {
	[ -z "$(find /sys/fs/cgroup -name "$1")" ]
}

created() {
	config "c['linux']['cgroupsPath'] = '/$CG/box'; $1" -- "${@:2}"
	oci create "$ID"
}

@test "limits are those of config.json, and go with the container" {
	needs_v1 memory
	created "c['linux']['resources'] = {
		'memory': {'limit': 67108864, 'swap': 67108864, 'reservation': 33554432, 'swappiness': 7},
		'cpu': {'shares': 512, 'quota': 50000, 'period': 100000, 'cpus': '0'},
		'pids': {'limit': 17}}" sleep 100
	[ "$(cat "$(group memory)/memory.limit_in_bytes")" = 67108864 ]
	[ "$(cat "$(group memory)/memory.soft_limit_in_bytes")" = 33554432 ]
	[ "$(cat "$(group memory)/memory.swappiness")" = 7 ]
	[ "$(cat "$(group cpu)/cpu.shares")" = 512 ]
	[ "$(cat "$(group cpu)/cpu.cfs_quota_us")" = 50000 ]
	[ "$(cat "$(group cpu)/cpu.cfs_period_us")" = 100000 ]
	[ "$(cat "$(group cpuset)/cpuset.cpus")" = 0 ]
	[ "$(cat "$(group pids)/pids.max")" = 17 ]
	[[ "$(group pids)" == */"$CG/box" ]]
	oci delete -f "$ID"
	nothing_left box
}

@test "without a path the group has the container's name" {
	config -- sleep 100
	oci create "$ID"
	[[ "$(group pids)" == */"$ID" ]]
	oci delete -f "$ID"
	nothing_left "$ID"
}

@test "a path that climbs stays where it may be" {
	config "c['linux']['cgroupsPath'] = '/../../$CG/../../$CG/x'" -- sleep 100
	oci create "$ID"
	[[ "$(group pids)" == */"$CG/x" ]]
	oci delete -f "$ID"
}

@test "run removes what it made, and so does a start that fails" {
	config "c['linux']['cgroupsPath'] = '/$CG/box'" -- true
	oci run "$ID"
	nothing_left "$CG"
	config "c['linux']['cgroupsPath'] = '/$CG/box'" -- /no/such/command
	! oci run "$ID"
	nothing_left "$CG"
}

@test "a group with processes of others is refused" {
	local dir
	created "" sleep 100
	config "c['linux']['cgroupsPath'] = '/$CG/box'" -- true
	run oci create "$ID-2"
	echo "$output"
	[ "$status" != 0 ]
	[[ "$output" == *"cgroup is not empty"* ]]
	[ "$(state_of "$ID" status)" = created ]
}

@test "a group above one of others is refused, and theirs go on" {
	local other="$ID"
	created "" sleep 1000
	oci start "$other"
	ID="$other-above"
	config "c['linux']['cgroupsPath'] = '/$CG'" -- true
	oci_refuses "container's cgroup is not empty" -- create "$ID"
	[ "$(state_of "$other" status)" = running ]
	oci delete -f "$other"
}

@test "devices: the rules, and what every container may use" {
	created "c['linux']['resources'] = {'devices': [
		{'allow': False, 'access': 'rwm'}, {'allow': True, 'type': 'c', 'major': 1, 'minor': 11, 'access': 'r'}]}
c['root']['readonly'] = False
for kind in ('bounding', 'effective', 'permitted'): c['process']['capabilities'][kind].append('CAP_MKNOD')
" sh -c 'cd /tmp
		mknod null c 1 3 && cat null && echo null
		mknod mem c 1 1 && echo made
		cat mem 2>&1
		mknod kmsg c 1 11
		dd if=kmsg of=/dev/null count=1 bs=8192 2>/dev/null && echo kmsg
		echo x >kmsg' >/dev/null
	oci delete -f "$ID"
	run oci run "$ID"
	echo "$output"
	[[ "$output" == *null* && "$output" == *made* && "$output" == *kmsg* ]]
	[[ "$output" == *"can't open 'mem': Operation not permitted"* ]]
	[[ "$output" == *"can't create kmsg: Operation not permitted"* ]]
}

@test "a limit of memory that is too low says so" {
	needs_v1 memory
	config "c['linux']['resources'] = {'memory': {'limit': 8192, 'swap': 8192}}" -- true
	run oci run "$ID"
	echo "$output"
	[ "$status" != 0 ]
	[[ "$output" == *"out of memory; the limit is 8192"* ]]
}

@test "a container is killed by its limit of memory; events tell it" {
	needs_v1 memory
	created "c['linux']['resources'] = {'memory': {'limit': 33554432, 'swap': 33554432}}" \
		sh -c 'sleep 1; dd if=/dev/zero of=/dev/null bs=200M count=1; sleep 1'
	oci start "$ID"
	timeout 20 "$INRO_OCI" --root "$SCRATCH/states" events --interval 60s "$ID" >events
	cat events
	grep -q "^{\"type\":\"oom\",\"id\":\"$ID\"}$" events
}

@test "events --stats" {
	created "" sh -c 'sleep 100'
	oci start "$ID"
	oci events --stats "$ID" | python3 -c '
import json, sys
e = json.load(sys.stdin)
assert e["type"] == "stats" and e["id"] == sys.argv[1]
d = e["data"]
assert d["cpu"]["usage"]["total"] > 0
assert d["pids"]["current"] >= 1, d["pids"]
assert d["memory"]["usage"]["usage"] > 0 and d["memory"]["raw"]
' "$ID"
	oci kill "$ID" KILL
	until [ "$(state_of "$ID" status)" = stopped ]; do sleep 0.02; done
	oci_refuses "not running" -- events --stats "$ID"
}

@test "pause, resume" {
	created "" sh -c 'while :; do echo x >>/tmp/count; sleep 0.05; done'
	oci start "$ID"
	oci pause "$ID"
	[ "$(state_of "$ID" status)" = paused ]
	oci_refuses "not running" -- pause "$ID"
	oci resume "$ID"
	[ "$(state_of "$ID" status)" = running ]
	oci_refuses "not paused" -- resume "$ID"
	oci pause "$ID"
	oci delete -f "$ID"
	nothing_left box
}

@test "ps" {
	created "" sh -c 'sleep 1000 & sleep 1000 & wait'
	oci start "$ID"
	until [ "$(oci ps --format json "$ID" | tr , '\n' | wc -l)" = 3 ]; do sleep 0.05; done
	oci ps --format json "$ID" | python3 -c '
import json, sys
pids = json.load(sys.stdin)
assert int(sys.argv[1]) in pids and pids == sorted(pids)' "$(state_of "$ID" pid)"
	run oci ps "$ID"
	echo "$output"
	[[ "${lines[0]}" == *PID* ]]
	[ "${#lines[@]}" = 4 ]
	run oci ps "$ID" -o pid,args
	[ "$(grep -c 'sleep 1000' <<<"$output")" -ge 2 ]
	oci_refuses "PID" -- ps "$ID" -o comm
}

@test "kill --all reaches every process" {
	created "c['linux']['namespaces'] = [n for n in c['linux']['namespaces'] if n['type'] != 'pid']
c['mounts'] = [m for m in c['mounts'] if m['type'] != 'proc']" sh -c 'sleep 1000 & exec sleep 1000'
	oci start "$ID"
	until [ "$(oci ps --format json "$ID" | tr , '\n' | wc -l)" = 2 ]; do sleep 0.05; done
	oci kill --all "$ID" KILL
	until [ "$(oci ps --format json "$ID")" = "[]" ]; do sleep 0.05; done
}

# It may do so where it can write to its groups, and beside v2, too.
@test "what a freezer of v1 holds is killed and deleted" {
	local freezer
	needs_v1 freezer
	created "" sleep 1000
	oci start "$ID"
	freezer=$(group freezer)
	mkdir "$freezer/below"
	echo "$(state_of "$ID" pid)" >"$freezer/below/cgroup.procs"
	echo FROZEN >"$freezer/below/freezer.state"
	oci delete -f "$ID"
	nothing_left box
	created "" sleep 1000
	oci start "$ID"
	echo FROZEN >"$(group freezer)/freezer.state"
	[ "$(state_of "$ID" status)" = paused ]
	oci kill "$ID" KILL
	until [ "$(state_of "$ID" status)" = stopped ]; do sleep 0.02; done
	oci delete "$ID"
	nothing_left box
}

@test "the kill of an init whose PID namespace is somebody else's ends all that is in the container" {
	local owner="$ID" pid
	created "" sleep 1000
	oci start "$owner"
	pid=$(state_of "$owner" pid)
	ID="$owner-joined"
	config "c['linux']['cgroupsPath'] = '/$CG/joined'
for n in c['linux']['namespaces']:
    if n['type'] == 'pid': n['path'] = '/proc/$pid/ns/pid'" -- sh -c 'sleep 1000 & exec sleep 1000'
	oci create "$ID"
	oci start "$ID"
	until [ "$(oci ps --format json "$ID" | tr , '\n' | wc -l)" = 2 ]; do sleep 0.05; done
	oci kill "$ID" KILL
	until [ "$(oci ps --format json "$ID")" = "[]" ]; do sleep 0.05; done
	[ "$(state_of "$owner" status)" = running ]
	oci delete -f "$ID"
	oci delete -f "$owner"
}

@test "update: options, files, both spellings; kept for the next one" {
	local updating
	needs_v1 memory
	created "c['linux']['resources'] = {'memory': {'limit': 67108864, 'swap': 67108864}, 'pids': {'limit': 17}}" sleep 100
	oci start "$ID"
	oci update --pids-limit 30 --cpu-share 256 --cpu-quota 30000 "$ID"
	[ "$(cat "$(group pids)/pids.max")" = 30 ]
	[ "$(cat "$(group cpu)/cpu.shares")" = 256 ]
	[ "$(cat "$(group cpu)/cpu.cfs_quota_us")" = 30000 ]
	echo '{"memory": {"limit": 100663296, "swap": 134217728}}' | oci update --resources=- "$ID"
	[ "$(cat "$(group memory)/memory.limit_in_bytes")" = 100663296 ]
	echo '{"memory": {"limit": 50331648, "swap": 50331648}}' | oci update --resources - "$ID"
	[ "$(cat "$(group memory)/memory.limit_in_bytes")" = 50331648 ]
	[ "$(cat "$(group pids)/pids.max")" = 30 ]
	echo '{"pids": {"limit": -1}}' >resources.json
	oci update --resources resources.json "$ID"
	[ "$(cat "$(group pids)/pids.max")" = max ]
	oci update --memory -1 "$ID"
	[ "$(cat "$(group memory)/memory.limit_in_bytes")" -gt 1000000000000 ]
	oci update --memory 64M --memory-swap 64M "$ID"
	[ "$(cat "$(group memory)/memory.limit_in_bytes")" = 67108864 ]
	# What is refused changes nothing.
	oci_refuses "cpuset" -- update --pids-limit 5 --cpuset-cpus 5000 "$ID"
	[ "$(cat "$(group pids)/pids.max")" = max ]
	oci_refuses "memory" -- update --memory 128M --memory-swap 64M "$ID"
	oci_refuses "number" -- update --pids-limit x "$ID"
	oci_refuses "No such file" -- update --resources no.json "$ID"
	echo '{"pids": {"limit": 5}} {}' >bad.json
	oci_refuses "something follows behind" -- update --resources bad.json "$ID"
	echo '{"pids": {"limit": 5}, "pids": {"limit": 6}}' >bad.json
	oci_refuses "'pids' stands twice" -- update --resources bad.json "$ID"
	[ "$(cat "$(group pids)/pids.max")" = max ]
	# Nobody has to wait while they are read.
	mkfifo slow
	oci update --resources slow "$ID" &
	updating=$!
	oci delete --force "$ID"
	: >slow
	! wait "$updating"
}

@test "update: Intel RDT needs a class of the container's" {
	created "" sleep 100
	oci_refuses "the container has no linux.intelRdt" -- update --l3-cache-schema "L3:0=f" "$ID"
	oci_refuses "--mem-bw-schema" -- update --mem-bw-schema "MB:0=20" "$ID"
}

@test "disabled: no group, unless a limit needs one" {
	config -- cat /proc/self/cgroup
	run oci --cgroup-manager=disabled run "$ID"
	[ "$status" = 0 ]
	[[ "$output" != *"$ID"* ]]
	config "c['linux']['resources'] = {'pids': {'limit': 5}}" -- true
	oci_refuses "pids.limit" "disabled" -- --cgroup-manager=disabled run "$ID"
	config "c['linux']['resources'] = {'pids': {'limit': -1}, 'memory': {'limit': -1}}" -- true
	oci --cgroup-manager=disabled run "$ID"
}
