#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers in namespaces that exist already: --join.

load common

setup() { common_setup; }

teardown() {
	if [ -n "${TARGET:-}" ]; then
		kill -KILL "$TARGET" 2>/dev/null || true
		wait 2>/dev/null || true
	fi
	common_teardown
}

# Start a process in namespaces of its own; TARGET is the one inside of them.
start_target() { # COMMAND that makes them and executes the rest, in the background
	local i
	"$@" sh -c 'echo $$ >ready; exec sleep 1000' 3>&- &
	TARGET=$!
	for ((i = 0; i < 100; i++)); do
		[ ! -s ready ] || break
		sleep 0.05
	done
	# unshare --fork stays in front of it.
	[ ! -s "/proc/$TARGET/task/$TARGET/children" ] ||
		TARGET=$(tr -d ' ' <"/proc/$TARGET/task/$TARGET/children")
}

link() {
	readlink "/proc/$TARGET/ns/$1"
}

@test "root joins one kind and makes the others, a user namespace among them" {
	needs_root
	start_target unshare --uts --ipc --net
	[ "$("$INRO" run --join "uts=$TARGET" readlink /proc/self/ns/uts)" = "$(link uts)" ]
	[ "$("$INRO" run --join "ipc=/proc/$TARGET/ns/ipc" readlink /proc/self/ns/ipc)" = "$(link ipc)" ]
	[ "$("$INRO" run --net "$TARGET" readlink /proc/self/ns/net)" = "$(link net)" ]
	local number
	number=$(link net | tr -dc 0-9)
	[ "$("$INRO" run --ns -user --net "$number" readlink /proc/self/ns/net)" = "$(link net)" ]
	fails [ "$("$INRO" run --join "uts=$TARGET" readlink /proc/self/ns/user)" = "$(link user)" ]
}

@test "root joins a PID namespace: the command is a new process in it, and inro is not" {
	needs_root
	start_target unshare --pid --fork --kill-child
	[ "$("$INRO" run --join "pid=$TARGET" readlink /proc/self/ns/pid)" = "$(link pid)" ]
	[ "$("$INRO" run --join "pid=$TARGET" sh -c 'echo $$')" -gt 1 ]
	kill -0 "$TARGET" # its end does not end the others
}

@test "root of a user namespace joins a PID namespace which that owns, though there is no way back" {
	"${AS_USER[@]}" unshare --user true || skip "user namespaces are forbidden here"
	run as_user unshare --user --map-root-user sh -c '
		unshare --pid --fork --kill-child sh -c "echo >ready; exec sleep 1000" 3>&- &
		until [ -e ready ]; do sleep 0.05; done
		target=$(tr -d " " <"/proc/$!/task/$!/children")
		[ "$("$1" run --preset none --join "pid=$target" readlink /proc/self/ns/uts)" = "$(readlink /proc/self/ns/uts)" ] &&
			"$1" run --preset none --join "pid=$target" sh -c "echo is \$\$"
		status=$?
		kill -KILL $!
		exit $status' sh "$INRO"
	echo "$output"
	[ "$status" = 0 ]
	[ "$(echo "$output" | tail -n 1 | tr -dc 0-9)" -gt 1 ]
}

@test "an ordinary user joins what its own user namespace owns" {
	"${AS_USER[@]}" unshare --user true || skip "user namespaces are forbidden here"
	start_target "${AS_USER[@]}" unshare --user --map-root-user --net --uts --pid --fork --kill-child
	run as_user "$INRO" run --join "user=$TARGET" --join "net=$TARGET" --join "pid=$TARGET" \
		sh -c 'readlink /proc/self/ns/user /proc/self/ns/net /proc/self/ns/pid; [ $$ -gt 1 ]'
	[ "$status" = 0 ]
	[[ "$output" == *"$(link user)"*"$(link net)"*"$(link pid)"* ]]
	refuses "user namespace" -- as_user "$INRO" run --join "net=$TARGET" true
}

@test "a dead PID namespace is called so" {
	needs_root
	mkdir hold && mount --bind hold hold && mount --make-private hold && : >hold/pid
	unshare --pid=hold/pid --fork true
	refuses "PID 1 has ended" -- "$INRO" run --join pid=hold/pid true
	umount hold/pid
	umount hold
}

@test "targets that are none" {
	check() {
		refuses "no process 4194304" -- "$1" "$INRO" run --join uts=4194304 true
		refuses "no-such-name" -- "$1" "$INRO" run --join net=no-such-name true
		refuses "no namespace" -- "$1" "$INRO" run --join uts=/dev/null true
		refuses "KIND=TARGET" -- "$1" "$INRO" run --join web true
	}
	for_each_user check
	needs_root
	start_target unshare --mount
	refuses "mount namespace" -- "$INRO" run --join "mnt=$TARGET" true
}
