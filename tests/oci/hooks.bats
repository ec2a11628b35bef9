#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Hooks: when they run, where, with what, and what follows when they fail.

load common
setup() { oci_setup; }
teardown() { oci_teardown; }

# A program for hooks: writes its name and what it was given into a file.
make_hook() {
	mkdir -p said
	cat >hook <<-END
		#!/bin/sh
		cat >$PWD/said/\$1
		echo "\$1 \${HOOKED-none} \$(readlink /proc/self/ns/mnt)" >>$PWD/said/order
		[ -z "\$2" ] || exit "\$2"
	END
	chmod 755 hook
}

# hooks_of NAME… : Python that sets one hook for each.
hooks_of() {
	local name
	for name in "$@"; do
		printf 'c.setdefault("hooks", {})["%s"] = [{"path": "%s/hook", "args": ["hook", "%s"]}]\n' "$name" \
			"$PWD" "$name"
	done
}

member() {
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1])).get(sys.argv[2]))' "said/$1" "$2"
}

@test "hooks: in order, each on its side, with the state as it is then" {
	needs_root
	local host pid
	make_hook
	config "$(hooks_of prestart createRuntime createContainer poststart poststop)" -- sleep 100
	HOOKED=yes oci create "$ID"
	pid=$(state_of "$ID" pid)
	HOOKED=yes oci start "$ID"
	oci kill "$ID" KILL
	until [ "$(state_of "$ID" status)" = stopped ]; do sleep 0.02; done
	HOOKED=yes oci delete "$ID"
	cat said/order
	[ "$(cut -d' ' -f1,2 said/order)" = "$(printf '%s yes\n' prestart createRuntime createContainer poststart poststop)" ]
	host=$(readlink /proc/self/ns/mnt)
	[ "$(grep -c -F "$host" said/order)" = 4 ]
	! grep createContainer said/order | grep -F "$host"
	for name in prestart createRuntime createContainer; do
		[ "$(member $name status)" = creating ]
		[ "$(member $name pid)" = "$pid" ]
	done
	[ "$(member poststart status)" = running ]
	[ "$(member poststart pid)" = "$pid" ]
	[ "$(member poststop status)" = stopped ]
	[ "$(member poststop pid)" = None ]
	[ "$(member poststop id)" = "$ID" ]
	[ "$(member poststop bundle)" = "$PWD" ]
	# Some hooks look for this with patterns.
	grep -F "\"id\":\"$ID\",\"status\":\"creating\",\"pid\":$pid,\"bundle\":\"$PWD\"" said/prestart
}

@test "hooks: startContainer inside, right before the command" {
	needs_root
	config 'c["hooks"] = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c",
		"cat >/tmp/state; echo $HELLO >/tmp/env"]}]}
c["process"]["env"].append("HELLO=inside")
c["mounts"].append({"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})' -- sh -c 'cat /tmp/state /tmp/env'
	run oci run "$ID"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *'"status":"created","pid":1,'*"}inside" ]]
}

@test "hooks: what the createContainer hook mounts below the bundle's root is there" {
	needs_root
	mkdir given
	echo present >given/file
	mkdir rootfs/given
	config "c['hooks'] = {'createContainer': [{'path': '/bin/sh', 'args': ['sh', '-c',
		'test -e rootfs/proc/self && mount --bind given rootfs/given']}]}" -- cat /given/file
	run oci run "$ID"
	echo "$output"
	[ "$output" = present ]
	[ -z "$(ls rootfs/given)" ]
}

@test "hooks: a failure before the start leaves nothing, and poststop hooks run" {
	needs_root
	local name
	make_hook
	for name in prestart createRuntime createContainer; do
		rm -rf said && mkdir said
		config "$(hooks_of $name poststop)
c['hooks']['$name'][0]['args'].append('3')" -- sleep 100
		oci_refuses "hook #1 ($name) $PWD/hook: exited with status 3" -- create "$ID"
		[ -z "$(oci list -q)" ]
		[ -e said/poststop ]
		oci_refuses "exited with status 3" -- run "$ID"
		[ -z "$(oci list -q)" ]
	done
}

@test "hooks: a failing poststart hook stops the container" {
	needs_root
	make_hook
	config "$(hooks_of poststart)
c['hooks']['poststart'][0]['args'].append('3')" -- sleep 100
	oci create "$ID"
	oci_refuses "hook #1 (poststart)" "exited with status 3" -- start "$ID"
	[ "$(state_of "$ID" status)" = stopped ]
	oci delete "$ID"
	oci_refuses "hook #1 (poststart)" "exited with status 3" -- run "$ID"
	[ -z "$(oci list -q)" ]
}

@test "hooks: a failing startContainer hook fails the start" {
	needs_root
	config 'c["hooks"] = {"startContainer": [{"path": "/bin/false"}]}' -- sleep 100
	oci create "$ID"
	oci_refuses "hook #1 (startContainer) /bin/false: exited with status 1" -- start "$ID"
	until [ "$(state_of "$ID" status)" = stopped ]; do sleep 0.02; done
}

@test "hooks: poststop ones that fail only warn" {
	needs_root
	make_hook
	config "$(hooks_of poststop)
c['hooks']['poststop'] = [{'path': '/bin/false'}] + c['hooks']['poststop']" -- true
	oci create "$ID"
	run oci delete "$ID"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"hook #1 (poststop) /bin/false: exited with status 1"* ]]
	[ -e said/poststop ]
}

@test "hooks: one that takes too long is ended" {
	needs_root
	config 'c["hooks"] = {"createRuntime": [{"path": "/bin/sleep", "args": ["sleep", "1000"], "timeout": 1}]}' -- true
	oci_refuses "longer than its timeout of 1 s" -- run "$ID"
	[ -z "$(oci list -q)" ]
}

@test "hooks: one may ask for the state, and a daemon of its is not waited for" {
	needs_root
	config "c['hooks'] = {'createRuntime': [{'path': '/bin/sh', 'args': ['sh', '-c',
		'$INRO_OCI --root $SCRATCH/states state $ID >asked; sleep 1000 & echo \$! >daemon']}]}" -- true
	oci create "$ID"
	kill "$(cat daemon)"
	cat asked
	grep -q '"status": *"creating"' asked
}

@test "hooks: whoever asks finds it creating until its command runs, in the foreground too" {
	needs_root
	local name verb
	for verb in create run; do
		config "for n in ('prestart', 'createRuntime', 'createContainer', 'poststart'):
	c.setdefault('hooks', {})[n] = [{'path': '/bin/sh', 'args': ['sh', '-c',
		'cd $PWD; $INRO_OCI --root $SCRATCH/states state $ID >asked.' + n]}]" -- true
		rm -f asked.*
		oci "$verb" "$ID"
		[ "$verb" = run ] || oci start "$ID"
		for name in prestart createRuntime createContainer; do
			echo "$verb, $name: $(cat "asked.$name")"
			grep -q '"status": *"creating"' "asked.$name"
		done
		# Its command may have ended by then.
		grep -qE '"status": *"(running|stopped)"' asked.poststart
		[ "$verb" = run ] || oci delete -f "$ID"
	done
}

# A hook that does what the shell is told.
hook_that() { # NAME SCRIPT [TIMEOUT]
	printf 'c.setdefault("hooks", {})["%s"] = [{"path": "/bin/sh", "args": ["sh", "-c", """%s"""]%s}]\n' "$1" "$2" \
		"${3:+, \"timeout\": $3}"
}

@test "hooks: whichever takes too long is ended, with what it has started and does not listen" {
	needs_root
	local name
	for name in prestart createRuntime createContainer; do
		config "$(hook_that $name "trap '' TERM; sleep 98765; true # $ID-hook" 1)" -- true
		oci_refuses "hook #1 ($name) /bin/sh: was killed, since it took longer than its timeout of 1 s" -- create "$ID"
		[ -z "$(oci list -q)" ]
		fails pgrep -f "$ID-hook|sleep 98765"
	done
	config "$(hook_that startContainer "sleep 98765; true # $ID-hook" 1)" -- true
	oci create "$ID"
	oci_refuses "hook #1 (startContainer) /bin/sh: was killed, since it took longer than its timeout of 1 s" -- start "$ID"
	oci delete -f "$ID"
	config "$(hook_that poststart "sleep 98765; true # $ID-hook" 1)" -- sleep 1000
	oci create "$ID"
	oci_refuses "hook #1 (poststart) /bin/sh: was killed, since it took longer than its timeout of 1 s" -- start "$ID"
	oci delete "$ID"
	config "$(hook_that poststop "sleep 98765; true # $ID-hook" 1)" -- true
	oci create "$ID"
	run oci delete "$ID"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"hook #1 (poststop) /bin/sh: was killed, since it took longer than its timeout of 1 s"* ]]
	[ -z "$(oci list -q)" ]
	fails pgrep -f "$ID-hook|sleep 98765"
}

@test "hooks: one that reads nothing, closes its descriptors, writes much or is killed" {
	needs_root
	# More than a pipe holds.
	config "$(hook_that createRuntime "exec <&- >&- 2>&-; exit 0")
c['annotations'] = {'much': 'x' * 200000}" -- true
	oci run "$ID"
	config "$(hook_that createRuntime "exit 0")
c['annotations'] = {'much': 'x' * 200000}" -- true
	oci run "$ID"
	config "$(hook_that createRuntime "exec <&-; head -c 300000 /dev/zero | tr '\\\\0' x; exit 4")" -- true
	run oci create "$ID"
	[ "$status" = 1 ]
	[[ "$output" == *"exited with status 4"* ]]
	config "$(hook_that createRuntime 'kill -KILL $$')" -- true
	oci_refuses "hook #1 (createRuntime) /bin/sh: was killed by signal 9" -- create "$ID"
	config 'c["hooks"] = {"createRuntime": [{"path": "/nowhere/hook"}]}' -- true
	oci_refuses "/nowhere/hook" "No such file or directory" -- create "$ID"
	[ -z "$(oci list -q)" ]
}

@test "hooks: one that hangs goes with a create that is killed" {
	needs_root
	local creator
	config "c['hooks'] = {'createRuntime': [{'path': '$(command -v python3)', 'args': ['python3', '-c',
		'import time; open(\"$PWD/here\", \"w\"); time.sleep(1000)', '$ID-hook']}]}" -- sleep 1000
	"$INRO_OCI" --root "$SCRATCH/states" create "$ID" 3>&- &
	creator=$!
	until [ -e here ]; do sleep 0.02; done
	[ "$(state_of "$ID" status)" = creating ]
	kill -KILL "$creator"
	wait "$creator" || true
	oci delete --force "$ID"
	[ -z "$(ls "$SCRATCH/states")" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "$ID*" 2>/dev/null)" ]
	while pgrep -f "$ID-hook" >/dev/null; do sleep 0.02; done
}
