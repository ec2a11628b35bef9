#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Another process in a container that is there.

load common
setup() {
	oci_setup
	needs_root
}
teardown() { oci_teardown; }

# A container that waits to be killed, from config.json as CHANGE leaves it.
running() {
	config "$1" -- sleep 1000
	oci create "$ID"
	oci start "$ID"
}

@test "exec: output, status, the container's own namespaces and process" {
	running 'c["process"]["env"] += ["A=1"]; c["process"]["user"]["additionalGids"] = [5]; c["process"]["cwd"] = "/tmp"'
	run oci exec "$ID" sh -c 'echo "$A $HOME $(pwd) $(id -G)"; exit 7'
	[ "$status" = 7 ]
	[ "$output" = "1 /root /tmp 0 5" ]
	for kind in pid mnt net ipc uts; do
		[ "$(oci exec "$ID" readlink /proc/self/ns/$kind)" = "$(oci exec "$ID" readlink /proc/1/ns/$kind)" ]
	done
	run oci exec "$ID" sh -c 'kill -TERM $$; sleep 5'
	[ "$status" = 143 ]
	oci exec "$ID" grep -q 'NoNewPrivs:.1' /proc/self/status
	[ "$(oci exec "$ID" grep CapBnd /proc/self/status)" = "$(oci exec "$ID" grep CapBnd /proc/1/status)" ]
}

@test "exec: options change what the container has" {
	running ''
	run oci exec -u 1000:1001 -g 7 -g 8 -e B=2 -e B=3 --cwd /tmp "$ID" sh -c 'id -u; id -g; id -G; echo $B; pwd; umask'
	[ "$output" = $'1000\n1001\n1001 7 8\n3\n/tmp\n0022' ]
	oci exec --cap CAP_SYS_ADMIN "$ID" grep 'CapEff:.*0000000020200420' /proc/self/status
	oci exec "$ID" grep 'CapEff:.*0000000020000420' /proc/self/status
	# Another user than root keeps nothing over exec that is not inheritable.
	run oci exec -u 1000 --cap CAP_SYS_ADMIN "$ID" grep 'CapEff:.0000000000000000' /proc/self/status
	[ "$status" = 0 ]
	[[ "$output" == *"--cap: user 1000 gets CAP_SYS_ADMIN for set-user-ID programs"* ]]
	STATUS=255 oci_refuses "is no user id" -- exec -u -1 "$ID" true
	STATUS=255 oci_refuses "is no user id" -- exec -u 4294967296 "$ID" true
	STATUS=255 oci_refuses "No such file" -- exec --cwd /nowhere "$ID" true
	STATUS=255 oci_refuses "not an absolute path" -- exec --cwd tmp "$ID" true
}

@test "exec: capabilities for a user, where the container has made them inheritable" {
	running 'c["process"]["capabilities"]["inheritable"] = c["process"]["capabilities"]["bounding"]'
	run oci exec -u 1000 --cap CAP_KILL "$ID" grep 'CapEff:.0000000000000020' /proc/self/status
	[ "$status" = 0 ]
	[ "${#lines[@]}" = 1 ]
}

@test "exec: a process object; what it leaves out is the container's" {
	running 'c["process"]["env"] += ["A=1"]; c["process"]["user"] = {"uid": 3, "gid": 4}'
	echo '{"args": ["sh", "-c", "id -u; id -g; echo $A; pwd"], "cwd": "/tmp"}' >process.json
	run oci exec --process process.json "$ID"
	[ "$output" = $'3\n4\n1\n/tmp' ]
	echo '{"args": ["sh", "-c", "id -u; id -G; echo $A"], "cwd": "/", "env": ["A=2", "PATH=/bin"],
		"user": {"uid": 0, "gid": 0, "additionalGids": [9]}, "rlimits": [{"type": "RLIMIT_CORE", "soft": 0, "hard": 0}]}' \
		>process.json
	run oci exec --process process.json "$ID"
	[ "$output" = $'0\n0 9\n2' ]
	STATUS=255 oci_refuses "--process" -- exec --process process.json "$ID" true
	echo '{"cwd": "/"}' >process.json
	STATUS=255 oci_refuses "args" -- exec --process process.json "$ID"
	STATUS=255 oci_refuses "cannot be empty" -- exec "$ID"
}

@test "exec: failures have the engines' words and status 255" {
	running ''
	STATUS=255 oci_refuses 'executable file not found in $PATH' -- exec "$ID" nothere
	STATUS=255 oci_refuses 'No such file or directory' -- exec "$ID" /nowhere/x
	STATUS=255 oci_refuses 'Permission denied' -- exec "$ID" /etc/passwd
	STATUS=255 oci_refuses 'does not exist' -- exec nothing true
	oci kill "$ID" KILL
	until [ "$(state_of "$ID" status)" = stopped ]; do sleep 0.02; done
	STATUS=255 oci_refuses 'cannot exec in a stopped container' -- exec "$ID" true
}

@test "exec --detach: the pid file is there, and the process outlives the runtime" {
	running ''
	oci exec -d --pid-file pid "$ID" sleep 777
	[ "$(wc -l <pid)" = 0 ]
	pid=$(cat pid)
	[ "$(tr '\0' ' ' </proc/"$pid"/cmdline)" = "sleep 777 " ]
	[ "$(readlink /proc/"$pid"/ns/pid)" = "$(readlink /proc/"$(state_of "$ID" pid)"/ns/pid)" ]
	# One that cannot be executed leaves nothing.
	rm pid
	STATUS=255 oci_refuses 'not found' -- exec -d --pid-file pid "$ID" nothere
	[ ! -e pid ]
	oci delete -f "$ID"
	[ ! -e /proc/"$pid" ]
}

@test "exec: into a created container, and into one with a user namespace" {
	config 'c["linux"]["namespaces"].append({"type": "user"})
for k in ("uidMappings", "gidMappings"): c["linux"][k] = [{"containerID": 0, "hostID": 100000, "size": 65536}]' -- sleep 1000
	chmod 711 "$SCRATCH"
	oci create "$ID"
	run oci exec -u 7 "$ID" sh -c 'id -u; cat /proc/self/uid_map'
	echo "$output"
	[ "$status" = 0 ]
	[ "${lines[0]}" = 7 ]
	[[ "${lines[1]}" =~ 100000\ +65536$ ]]
}

@test "exec: a terminal of the container's own" {
	running ''
	run oci exec -t "$ID" sh -c 'tty; stty size' </dev/null
	[ "$status" = 0 ]
	[[ "${lines[0]}" == /dev/pts/* ]]
	STATUS=255 oci_refuses "console" -- exec -d -t "$ID" true
}

@test "exec: the container's filter holds there, too" {
	running 'c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW",
		"syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 33}]}'
	oci exec "$ID" grep -q 'Seccomp:.2' /proc/self/status
	run oci exec "$ID" mkdir /tmp/x
	[ "$status" = 1 ]
	[[ "$output" == *"Numerical argument out of domain"* ]]
}

@test "exec: the cgroups of init as they are now, and one below" {
	local groups pid sub hierarchy
	running ''
	pid=$(state_of "$ID" pid)
	[ "$(oci exec "$ID" cat /proc/self/cgroup)" = "$(oci exec "$ID" cat /proc/1/cgroup)" ]
	oci exec -d --pid-file epid "$ID" sleep 1000
	[ "$(cat /proc/"$(cat epid)"/cgroup)" = "$(cat /proc/"$pid"/cgroup)" ]
	grep -q "$ID" /proc/"$pid"/cgroup || skip "the container has no cgroup"
	# Init moves below its own, as systemd does, in every hierarchy.
	for hierarchy in $(python3 -c 'import json, sys
place = json.load(open(sys.argv[1]))["cgroup"]
print(*[p for p in [place.get("v2")] + place.get("v1", []) if p])' "$SCRATCH/states/$ID/state.json"); do
		mkdir "$hierarchy/below" "$hierarchy/below/more"
		if [ -e "$hierarchy/below/cpuset.cpus" ]; then
			for sub in below below/more; do
				cat "$hierarchy/cpuset.cpus" >"$hierarchy/$sub/cpuset.cpus"
				cat "$hierarchy/cpuset.mems" >"$hierarchy/$sub/cpuset.mems"
			done
		fi
		echo "$pid" >"$hierarchy/below/cgroup.procs"
	done
	oci exec -d --pid-file epid "$ID" sleep 1000
	[ "$(cat /proc/"$(cat epid)"/cgroup)" = "$(cat /proc/"$pid"/cgroup)" ]
	oci exec -d --cgroup more --pid-file epid "$ID" sleep 1000
	[ "$(cat /proc/"$(cat epid)"/cgroup)" = "$(sed 's|below|below/more|' /proc/"$pid"/cgroup)" ]
	STATUS=255 oci_refuses "leads out of the container's cgroup" -- exec --cgroup ../.. "$ID" true
	STATUS=255 oci_refuses "there is no such cgroup" -- exec --cgroup nothing "$ID" true
	run oci exec --cgroup more/../../../.. "$ID" true
	[ "$status" = 255 ]
}

# Init moves itself between the moment at which its group is looked up and that of the clone.
@test "exec: a cgroup that just then takes no processes is chosen again" {
	[ "${INRO_TEST_BUILD:-}" != build-asan ] || skip "the program as it is released is what is tried"
	running ''
	! grep -q "^0::/$" /proc/"$(state_of "$ID" pid)"/cgroup || skip "the container has no cgroup of v2"
	strace -f -o /dev/null -e inject=clone3:error=EBUSY:when=1000 true 2>/dev/null ||
		skip "strace may not trace here"
	# The first clone is refused, the second is not.
	run strace -f -qqq -o trace -e trace=clone3 -e inject=clone3:error=EBUSY:when=1 \
		"$INRO_OCI" --root "$SCRATCH/states" exec "$ID" echo there
	echo "$output"
	[ "$output" = there ]
	[ "$(grep -c CLONE_INTO_CGROUP trace)" -ge 2 ]
	run strace -f -qqq -o trace -e trace=clone3 -e inject=clone3:error=EBUSY \
		"$INRO_OCI" --root "$SCRATCH/states" exec "$ID" echo there
	echo "$output"
	[ "$status" = 255 ]
	[[ "$output" == *"hands on controllers"* ]]
}

@test "the runtime's own file cannot be written from inside" {
	# The container has no dynamic linker.
	! ldd "$INRO_OCI" >ldd.out 2>&1 || skip "needs the program as it is released, a static one"
	before=$(sha256sum "$INRO_OCI")
	# The container's command is the runtime itself, stopped at a FIFO.
	mkfifo rootfs/fifo
	config 'c["root"]["readonly"] = False
for s in ("bounding", "effective", "permitted"): c["process"]["capabilities"][s] += ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE"]' \
		-- /proc/self/exe --log /fifo state x
	oci create "$ID"
	oci start "$ID"
	until [ "$(oci exec "$ID" readlink /proc/1/exe)" != /proc/1/exe ]; do sleep 0.02; done
	run oci exec "$ID" sh -c 'echo overwritten >/proc/1/exe'
	echo "$output"
	[ "$status" != 0 ]
	[[ "$output" == *"Read-only file system"* ]]
	# And so for what exec leaves there while it runs.
	oci exec -d "$ID" /proc/self/exe --log /fifo state y
	run oci exec "$ID" sh -c 'for p in /proc/[0-9]*; do echo x >$p/exe; done'
	[[ "$output" == *"Read-only file system"* ]]
	[ "$before" = "$(sha256sum "$INRO_OCI")" ]
}
