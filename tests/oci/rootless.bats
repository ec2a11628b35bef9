#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# An ordinary user, as engines of such a user's call us: with a user namespace of the container's own and
# one id; and as root of a user namespace that the engine has entered before, with one id and with many.

load common
setup() {
	oci_setup
	! is_root || chown -R 65534:65534 rootfs
	export XDG_RUNTIME_DIR="$PWD/runtime"
	mkdir -m 777 "$XDG_RUNTIME_DIR"
	HOLDER=
	AS=("${AS_USER[@]}")
	KIND=plain
}
teardown() {
	oci_teardown
	leave_namespace
	[ -z "$LISTENER" ] || kill "$LISTENER" 2>/dev/null || true
}

leave_namespace() {
	[ -n "$HOLDER" ] || return 0
	{ kill -KILL "$HOLDER"; wait "$HOLDER"; } 2>/dev/null || true
	HOLDER=
}

oci() {
	"${AS[@]}" "$INRO_OCI" "$@" 3>&-
}

# What an engine stays in: a user namespace with a mount namespace.
enter_namespace() { # UNSHARE-OPTIONS…
	"${AS_USER[@]}" unshare -U -m "$@" sh -c ': >here; exec sleep 1000' 3>&- &
	HOLDER=$!
	until [ -e here ]; do
		kill -0 "$HOLDER" || return 1
		sleep 0.02
	done
	AS=("${AS_USER[@]}" nsenter -t "$HOLDER" -U -m --preserve-credentials "--wd=$PWD")
}

# each FUNCTION: call it once for each way in which an ordinary user's engine may call us.
each() {
	local kind
	for kind in plain one many; do
		KIND=$kind
		AS=("${AS_USER[@]}")
		rm -f here
		case $kind in
		one) enter_namespace -r ;;
		many) many_ids || continue ;;
		esac
		echo "as $kind:"
		"$1"
		[ -z "$(oci list -q)" ]
		leave_namespace
	done
}

# With subordinate ids; root writes what newuidmap would. Fails where the user has none.
many_ids() {
	local file
	if ! is_root; then
		grep -q "^$(id -un):" /etc/subuid && grep -q "^$(id -un):" /etc/subgid || return 1
		enter_namespace -r --map-auto
		return
	fi
	enter_namespace
	for file in uid_map gid_map; do
		printf '0 65534 1\n1 200000 65536\n' | dd of="/proc/$HOLDER/$file" bs=4096 status=none
	done
}

# Of the user's own id only, or, as root of a namespace, as that: config.json for COMMAND…
document() { # CHANGE COMMAND…
	local change=$1
	shift
	SPEC=()
	[ "$KIND" != plain ] || SPEC=(--rootless)
	config "$change" -- "$@"
	chmod 644 config.json
}

NO_CGROUP="the container has no cgroup of its own, since this user may make no cgroup there"

output_and_status() {
	document '' sh -c 'id -u; id -g; hostname; echo $$; exit 7'
	run oci run "$ID"
	echo "$output"
	[ "$status" = 7 ]
	[[ "$output" == *$'0\n0\ninro\n1' ]]
}
@test "rootless: run" { each output_and_status; }

whole_life() {
	document '' sh -c 'sleep 1000; true' "$ID-command"
	oci create --pid-file pid "$ID" >out 2>&1
	cat out
	[ "$(state_of "$ID" status)" = created ]
	oci_refuses "already exists" -- create "$ID"
	# Not yet started it is undumpable, and who is not root where it was made may not look at it.
	if [ "$KIND" = plain ]; then
		STATUS=255 oci_refuses "to see the namespaces of a process takes the right to trace it" -- exec "$ID" id -u
	else
		run_unwarned oci exec "$ID" id -u
		[ "$output" = 0 ]
	fi
	oci start "$ID"
	[ "$(state_of "$ID" status)" = running ]
	[ "$(state_of "$ID" pid)" = "$(cat pid)" ]
	run_unwarned oci exec "$ID" sh -c 'cat /proc/1/cmdline | tr "\0" " "; exit 9'
	[ "$status" = 9 ]
	[[ "$output" == *"$ID-command"* ]]
	STATUS=255 oci_refuses 'executable file not found in $PATH' -- exec "$ID" nothere
	oci exec --detach --pid-file pid "$ID" sleep 1000
	[ "$(tr '\0' ' ' <"/proc/$(cat pid)/cmdline")" = "sleep 1000 " ]
	oci_refuses "not stopped" -- delete "$ID"
	oci kill "$ID" KILL
	until [ "$(state_of "$ID" status)" = stopped ]; do sleep 0.02; done
	[ ! -e "/proc/$(cat pid)" ]
	oci delete "$ID"
	oci_refuses "does not exist" -- state "$ID"
	oci run --detach "$ID" >out 2>&1
	oci delete --force "$ID"
	fails pgrep -f "$ID-command"
	rm -f pid
	# Nobody said where: it is the user's own directory.
	[ -d "$XDG_RUNTIME_DIR/inro-oci" ]
	[ -z "$(ls "$XDG_RUNTIME_DIR/inro-oci")" ]
}
@test "rootless: create, start, state, exec, kill, delete" { each whole_life; }

terminals() {
	document 'c["process"]["terminal"] = True' sh -c 'tty; stat -c %u /dev/console; test -t 0; echo $?'
	oci_refuses "console socket" -- create "$ID"
	rm -f socket taken
	: >listener
	# As who has the tests' python3, which an ordinary user may not.
	python3 - 3>&- >taken 2>listener <<-'END' &
		import array, os, socket, sys
		listener = socket.socket(socket.AF_UNIX)
		listener.bind("socket")
		os.chmod("socket", 0o666)
		listener.listen(1)
		print("ready", file=sys.stderr, flush=True)
		connection, _ = listener.accept()
		_, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
		master = array.array("i", control[0][2])[0]
		data = b""
		while True:
		    try:
		        part = os.read(master, 4096)
		    except OSError:
		        break
		    if not part:
		        break
		    data += part
		sys.stdout.buffer.write(data)
	END
	LISTENER=$!
	until grep -q ready listener; do
		kill -0 "$LISTENER"
		sleep 0.02
	done
	oci create --console-socket socket "$ID" >out 2>&1
	oci start "$ID"
	wait "$LISTENER"
	cat taken
	[ "$(tr -d '\r' <taken)" = $'/dev/pts/0\n0\n0' ]
	oci delete --force "$ID"
	document '' sleep 1000
	oci run --detach "$ID" >out 2>&1
	run_unwarned oci exec --tty "$ID" sh -c 'tty; test -t 1; echo $?' </dev/null
	[ "$(tr -d '\r' <<<"$output")" = $'/dev/pts/0\n0' ]
	oci delete --force "$ID"
}
@test "rootless: terminals" { each terminals; }

with_hooks() {
	cat >hook <<-END
		#!/bin/sh
		cat >/dev/null
		echo "\$1 \$(id -u)" >>$PWD/order
		exit "\${2:-0}"
	END
	chmod 755 hook
	rm -f order
	: >order
	chmod 666 order
	document "c['hooks'] = {name: [{'path': '$PWD/hook', 'args': ['hook', name]}]
		for name in ('prestart', 'createRuntime', 'createContainer', 'poststart', 'poststop')}" true
	oci run "$ID" >out 2>&1
	cat out order
	[ "$(cut -d' ' -f1 order | tr '\n' ' ')" = "prestart createRuntime createContainer poststart poststop " ]
	if [ "$KIND" != plain ]; then
		[ "$(grep -c ' 0$' order)" = 5 ]
	fi
	document "c['hooks'] = {'createContainer': [{'path': '$PWD/hook', 'args': ['hook', 'createContainer', '3']}]}" true
	oci_refuses "hook #1 (createContainer) $PWD/hook: exited with status 3" -- run "$ID"
}
@test "rootless: hooks" { each with_hooks; }

without_cgroups() {
	document '' sh -c 'sleep 1000; true' "$ID-command"
	oci run --detach "$ID" >out 2>&1
	grep "^inro-oci: warning: $NO_CGROUP: it cannot be paused" out
	oci_refuses "has no cgroup that can be frozen" -- pause "$ID"
	oci_refuses "has no cgroup" -- ps "$ID"
	oci_refuses "has no cgroup" -- update --pids-limit 5 "$ID"
	oci_refuses "has no cgroup" -- events --stats "$ID"
	oci delete --force "$ID"
	# A limit is not dropped in silence.
	document 'c["linux"]["resources"] = {"pids": {"limit": 5}}' true
	oci_refuses "cannot set pids.limit, since this user may make no cgroup there" "Delegate=yes" -- run "$ID"
	oci_refuses "cannot set pids.limit, since cgroups are disabled" -- --cgroup-manager=disabled run "$ID"
	document '' true
	oci --cgroup-manager=disabled run "$ID" >out 2>&1
	fails grep cgroup out
}
cgroups_if_none() {
	document '' true
	oci run "$ID" >out 2>&1
	# Where its login session was given cgroups, there are some.
	grep -q "$NO_CGROUP" out || return 0
	without_cgroups
}
@test "rootless: no cgroup, and what is lost" { each cgroups_if_none; }

refused() {
	document 'c["linux"]["devices"] = [{"path": "/dev/nothing", "type": "c", "major": 1, "minor": 3}]' true
	oci_refuses "/dev/nothing" "the host has no such node, and no node can be made here" -- run "$ID"
	document 'c["linux"]["sysctl"] = {"kernel.pid_max": "1000"}' true
	oci_refuses "kernel.pid_max" "not in a separate kernel namespace" -- run "$ID"
	document 'c["process"]["oomScoreAdj"] = -1000' true
	oci_refuses "out-of-memory score" "Permission denied" "ask for a higher number" -- run "$ID"
	document 'c["process"]["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 1 << 30, "hard": 1 << 30}]' true
	oci_refuses "nofile" "CAP_SYS_RESOURCE" -- run "$ID"
	document 'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "user"] + [{"type": "user"}]
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 3000000000, "size": 3}]' true
	oci_refuses "linux.uidMappings" "user id 3000000000" -- run "$ID"
	if [ "$KIND" = plain ]; then
		document 'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "user"]
del c["linux"]["uidMappings"], c["linux"]["gidMappings"]' true
		oci_refuses "linux.namespaces" "only within a new user namespace" -- run "$ID"
	fi
	if [ "$KIND" = many ]; then
		return
	fi
	document 'c["process"]["user"] = {"uid": 1000, "gid": 1000}' true
	oci_refuses "1000" "user namespace" -- run "$ID"
	document 'c["process"]["user"]["additionalGids"] = [5]' id
	run oci run "$ID"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"warning: process.user.additionalGids are left out"* ]]
}
@test "rootless: what is refused, and why" { each refused; }

nested() {
	[ "$KIND" = many ] || return 0
	# The first ids are two lines of the engine's own namespace.
	document 'c["linux"]["namespaces"].append({"type": "user"})
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = [{"containerID": 0, "hostID": 0, "size": 1000}]
c["process"]["user"] = {"uid": 7, "gid": 8, "additionalGids": [9]}' sh -c 'id -u; id -G; wc -l </proc/self/uid_map'
	run_unwarned oci run "$ID"
	[ "$output" = $'7\n8 9\n2' ]
	document 'c["process"]["user"] = {"uid": 1000, "gid": 1000, "additionalGids": [5]}' sh -c 'id -u; id -G'
	run_unwarned oci run "$ID"
	[ "$output" = $'1000\n1000 5' ]
}
@test "rootless: subordinate ids, and a user namespace of the container's own in the engine's" { each nested; }

killed() {
	local delay
	document '' sh -c 'sleep 1000; true' "$ID-command"
	for delay in 0.001 0.002 0.004 0.008 0.016; do
		"${AS[@]}" timeout -s KILL "$delay" "$INRO_OCI" create "$ID" >out 2>&1 3>&- || true
		oci delete --force "$ID"
		[ -z "$(oci list -q)" ]
		fails pgrep -f "$ID-command"
	done
}
@test "rootless: a killed create leaves what delete removes" { each killed; }
