#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What process and the parts of linux that are one process's own become.

load common
setup() {
	oci_setup
	needs_root
}
teardown() { oci_teardown; }

@test "capabilities as given; warnings for what cannot be" {
	config 'p = c["process"]; p["user"] = {"uid": 1000, "gid": 1000}
p["capabilities"] = {"bounding": ["CAP_KILL", "CAP_CHOWN"], "permitted": ["CAP_KILL"], "inheritable": ["CAP_KILL"],
	"ambient": ["CAP_KILL", "CAP_CHOWN", "CAP_TIME_TRAVEL"]}' -- grep Cap /proc/self/status
	run oci run "$ID"
	[ "$status" = 0 ]
	[[ "$output" == *"ambient: CAP_CHOWN is left out"* ]]
	[[ "$output" == *"CAP_TIME_TRAVEL"* ]]
	[[ "$output" =~ CapInh:.0000000000000020 ]]
	[[ "$output" =~ CapPrm:.0000000000000020 ]]
	[[ "$output" =~ CapEff:.0000000000000020 ]]
	[[ "$output" =~ CapBnd:.0000000000000021 ]]
	[[ "$output" =~ CapAmb:.0000000000000020 ]]
	config 'del c["process"]["capabilities"]' -- grep CapBnd:.0000000000000000 /proc/self/status
	oci run "$ID"
}

@test "environment: the last of a name, HOME of the container's passwd, sockets" {
	echo 'web:x:7:7::/srv/web:/bin/sh' >>rootfs/etc/passwd
	config 'c["process"]["env"] = ["PATH=/bin", "A=1", "A=2", "HOME="]; c["process"]["user"]["uid"] = 7' -- env
	run oci run "$ID"
	[[ "$output" == *$'A=2\nHOME=/srv/web'* ]]
	[[ "$output" != *A=1* ]]
	config '' -- sh -c 'echo $LISTEN_FDS $LISTEN_PID; cat <&3'
	echo hello >socket
	run env LISTEN_FDS=1 "$INRO_OCI" --root "$SCRATCH/states" run "$ID" 3<socket
	[ "$output" = $'1 1\nhello' ]
	# Those of another process are not handed on.
	run env LISTEN_FDS=1 LISTEN_PID=1 "$INRO_OCI" --root "$SCRATCH/states" run "$ID" 3<socket
	[[ "$output" != *hello* ]]
}

@test "ids, groups, umask" {
	config 'c["process"]["user"] = {"uid": 3, "gid": 4, "additionalGids": [8, 9], "umask": 0o77}' -- \
		sh -c 'id -u; id -G; umask'
	run oci run "$ID"
	[ "$output" = $'3\n4 8 9\n0077' ]
	config '' -- sh -c 'id -G; umask'
	(umask 0; oci run "$ID" >out)
	[ "$(cat out)" = $'0\n0022' ]
}

@test "groups where the user namespace denies setgroups: left out, and said; one that it does not map" {
	local dir="$SCRATCH/user" user=(env "XDG_RUNTIME_DIR=$SCRATCH/user" "${AS_USER[@]}" "$INRO_OCI")
	SPEC=(--rootless)
	config 'c["process"]["user"]["additionalGids"] = [8]
for s in "uid", "gid": c["linux"][s + "Mappings"][0]["hostID"] = 65534' -- sleep 1000
	SPEC=()
	mkdir -m 777 "$dir"
	"${user[@]}" create "$ID" 2>said || { cat said; false; }
	grep "process.user.additionalGids are left out" said
	"${user[@]}" start "$ID"
	[ "$("${user[@]}" exec "$ID" id -u)" = 0 ]
	[ "$("${user[@]}" exec -g 9 "$ID" id -u)" = 0 ]
	"${user[@]}" delete -f "$ID"
	config "c['linux']['namespaces'].append({'type': 'user'})
c['linux']['uidMappings'] = c['linux']['gidMappings'] = [{'containerID': 0, 'hostID': 0, 'size': 1}]
c['process']['user']['additionalGids'] = [5]" -- true
	oci_refuses "process.user.additionalGids: group id 5 does not exist" "linux.gidMappings" -- run "$ID"
	config "c['linux']['namespaces'].append({'type': 'user'})
c['linux']['uidMappings'] = c['linux']['gidMappings'] = [{'containerID': 0, 'hostID': 0, 'size': 1}]
c['process']['user']['uid'] = 1" -- true
	oci_refuses "process.user.uid: user id 1 does not exist" "linux.uidMappings" -- run "$ID"
}

@test "limits, score for the out-of-memory killer, scheduling" {
	config 'p = c["process"]; p["oomScoreAdj"] = 321
p["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 100, "hard": 200}, {"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]
p["scheduler"] = {"policy": "SCHED_BATCH", "nice": 7}
p["ioPriority"] = {"class": "IOPRIO_CLASS_IDLE", "priority": 0}' -- \
		sh -c 'ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj; cut -d" " -f19,41 /proc/self/stat'
	run oci run "$ID"
	[ "$output" = $'100\n200\n321\n7 3' ]
	config '' -- cat /proc/self/oom_score_adj
	run oci run "$ID"
	[ "$output" = "$(cat /proc/self/oom_score_adj)" ]
	config 'c["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 1 << 40, "hard": 1 << 40}]' -- true
	oci_refuses "nofile" "not permitted" -- run "$ID"
}

@test "the runtime's own CPUs are not the container's" {
	[ "$(nproc)" -gt 1 ] || skip "needs two CPUs"
	config '' -- nproc
	run taskset -c "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" "$INRO_OCI" --root "$SCRATCH/states" run "$ID"
	[ "$output" -gt 1 ]
}

@test "execution domain, also for exec" {
	config 'c["linux"]["personality"] = {"domain": "LINUX32"}' -- sleep 1000
	oci create "$ID"
	oci start "$ID"
	run oci exec "$ID" cat /proc/self/personality
	[ "$output" = 00000008 ]
}

@test "sysctls of the container's own namespaces, and of no others" {
	before=$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)
	config 'c["linux"]["sysctl"] = {"net.ipv4.ip_unprivileged_port_start": "42", "kernel.msgmax": "4096",
	"kernel.domainname": "example.org", "net/ipv4/conf/lo/forwarding": "1"}' -- \
		sh -c 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax /proc/sys/kernel/domainname
		cat /proc/sys/net/ipv4/conf/lo/forwarding'
	run oci run "$ID"
	[ "$output" = $'42\n4096\nexample.org\n1' ]
	[ "$(cat /proc/sys/net/ipv4/ip_unprivileged_port_start)" = "$before" ]
	config 'c["linux"]["sysctl"] = {"vm.swappiness": "1"}' -- true
	oci_refuses "vm.swappiness" "not in a separate kernel namespace" -- run "$ID"
	config 'c["linux"]["sysctl"] = {"net.ipv4.ip_forward": "1"}
c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]' -- true
	oci_refuses "net.ipv4.ip_forward" "not allowed in the hosts net namespace" -- run "$ID"
}

@test "a label that the host cannot apply ends the start" {
	[ ! -e /sys/module/apparmor ] || skip "needs a host without AppArmor"
	config 'c["process"]["apparmorProfile"] = "docker-default"' -- true
	oci_refuses "apparmor" "not supported" -- run "$ID"
	config 'c["process"]["apparmorProfile"] = "unconfined"' -- true
	oci run "$ID"
	config 'c["process"]["selinuxLabel"] = "a:b:c:s0"' -- true
	oci_refuses "selinux" -- run "$ID"
}

@test "a session keyring of the container's own, shared with exec" {
	grep -q . /proc/keys || skip "this kernel has no keys"
	config '' -- sleep 1000
	oci create "$ID"
	oci start "$ID"
	oci exec -d "$ID" sleep 1000
	# Both are in one, which is on the host's list as every key of root's is.
	[ "$(grep -c "_ses.$ID" /proc/keys)" = 1 ]
	oci delete -f "$ID"
	config 'c["linux"]["maskedPaths"] = []' -- grep -c "_ses.$ID-" /proc/keys
	run oci run --no-new-keyring "$ID-2"
	[ "$output" = 0 ]
	run oci run "$ID-2"
	[ "$output" = 1 ]
}

# One descriptor is handed over, 3. At the next numbers stand the runtime's own: its log, the states.
one_fd() {
	"$INRO_OCI" --root "$SCRATCH/states" --log "$SCRATCH/log" "$@" 3</dev/null 4>&- 5>&- 6>&- 7>&-
}

@test "a descriptor that was not handed over is none of the runtime's" {
	needs_root
	config -- sh -c 'readlink /proc/self/fd/3; for i in 4 5 6; do [ ! -e /proc/$$/fd/$i ] || exit 1; done'
	run one_fd run --preserve-fds 1 "$ID"
	echo "$status: $output"
	[ "$status" = 0 ]
	[ "$output" = /dev/null ]
	run one_fd run --preserve-fds 2 "$ID"
	[ "$status" = 1 ]
	[[ "$output" == *"--preserve-fds"*"descriptor 4 is not open"* ]]
	LISTEN_FDS=2 run one_fd run "$ID"
	[ "$status" = 1 ]
	[[ "$output" == *"descriptor 4 is not open"* ]]
	config -- sleep 100
	oci create "$ID"
	run one_fd exec --preserve-fds 3 "$ID" true
	[ "$status" = 255 ]
	[[ "$output" == *"descriptor 4 is not open"* ]]
	run one_fd exec --preserve-fds 4294967295 "$ID" true
	[ "$status" = 255 ]
	[[ "$output" == *"not open"* ]]
	[ "$(one_fd exec --preserve-fds 1 "$ID" readlink /proc/self/fd/3)" = /dev/null ]
}
