#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro keep and drop: namespaces under a name, without a process.

load common

setup() {
	common_setup
	mkdir -m 700 "$SCRATCH/run"
	is_root && chown 65534:65534 "$SCRATCH/run"
	# Nobody else sleeps for so long.
	export NAP=1000.$$
	NAME=test-$$-$BATS_TEST_NUMBER
	AS_USER+=(env "XDG_RUNTIME_DIR=$SCRATCH/run")
}
teardown() {
	! is_root || "$INRO" drop --force "$NAME" 2>/dev/null || true
	as_user "$INRO" drop --force "$NAME" 2>/dev/null || true
	common_teardown
}

# An ordinary user's other kinds belong to a user namespace.
kinds() {
	[ "$1" = env ] && echo "${@:2}" || echo user "${@:2}"
}

@test "kept, joined again and again, dropped" {
	check() {
		# Words of their own.
		# shellcheck disable=SC2046
		"$1" "$INRO" keep "$NAME" $(kinds "$1" uts net)
		"$1" "$INRO" enter "$NAME" hostname kept
		[ "$("$1" "$INRO" enter "$NAME" hostname)" = kept ]
		[[ $("$1" "$INRO" keep --list) == *"$NAME"*net*uts* ]]
		"$1" "$INRO" drop "$NAME"
		[[ $("$1" "$INRO" keep --list) != *"$NAME"* ]]
		refuses "no container, kept namespace" -- "$1" "$INRO" enter "$NAME" true
		refuses "no namespaces are kept" -- "$1" "$INRO" drop "$NAME"
	}
	for_each_user check
}

@test "a PID namespace waits for its first process, and takes none after it" {
	check() {
		# Words of their own.
		# shellcheck disable=SC2046
		"$1" "$INRO" keep "$NAME" $(kinds "$1" pid)
		[ "$("$1" "$INRO" enter "$NAME" sh -c 'echo $$')" = 1 ]
		refuses "its PID 1 has ended" -- "$1" "$INRO" enter "$NAME" true
		# As the kernel puts it.
		[[ $output != *"allocate memory"* ]]
		"$1" "$INRO" drop "$NAME"
	}
	for_each_user check
}

@test "with a small init it takes processes one after the other, and orphans" {
	check() {
		# Words of their own.
		# shellcheck disable=SC2046
		"$1" "$INRO" keep --init "$NAME" $(kinds "$1" pid mnt)
		"$1" "$INRO" enter "$NAME" true
		[ "$("$1" "$INRO" enter "$NAME" cat /proc/1/comm)" = inro-holder ]
		"$1" "$INRO" enter "$NAME" sh -c 'sleep $NAP </dev/null >/dev/null 2>&1 3>&- &'
		[ "$("$1" "$INRO" enter "$NAME" sh -c 'ps -o ppid= -p $(pgrep -x sleep)' | tr -d ' ')" = 1 ]
		refuses "would end with its init" "--force" -- "$1" "$INRO" drop "$NAME"
		"$1" "$INRO" drop --force "$NAME"
		fails pgrep -fx "sleep $NAP"
	}
	for_each_user check
}

@test "what is kept is whole as soon as it is told" {
	# A holder that has yet to arrange its descriptors was refused, or lacked some, every fifth time.
	check() {
		# Words of their own.
		# shellcheck disable=SC2046
		"$1" sh -ec 'inro=$1 name=$2 && shift 2
			for i in $(seq 50); do
				"$inro" keep --init "$name" "$@"
				"$inro" enter "$name" sh -ec "hostname kept; [ -e /proc/\$\$ ]; [ ! -e /proc/4 ]"
				"$inro" drop "$name"
			done' sh "$INRO" "$NAME" $(kinds "$1" pid mnt uts)
	}
	for_each_user check
}

@test "those of a process outlive it" {
	check() {
		rm -f ready
		"$1" "$INRO" unshare -ru sh -c 'hostname theirs; : >ready; exec sleep $NAP' 3>&- &
		until [ -e ready ] && pid=$(pgrep -n -fx "sleep $NAP"); do sleep 0.02; done
		"$1" "$INRO" keep -t "$pid" "$NAME"
		kill "$pid"
		wait || true
		[ "$("$1" "$INRO" enter "$NAME" hostname)" = theirs ]
		"$1" "$INRO" drop "$NAME"
	}
	for_each_user check
}

@test "run --join finds it" {
	needs_root
	"$INRO" keep "$NAME" net
	net=$("$INRO" enter "$NAME" readlink /proc/self/ns/net)
	[ "$("$INRO" run --join net="$NAME" readlink /proc/self/ns/net)" = "$net" ]
}

@test "names that are taken, or are none" {
	check() {
		"$1" "$INRO" keep "$NAME" user
		refuses "the name is taken" "inro drop" -- "$1" "$INRO" keep "$NAME" user
		"$1" "$INRO" drop "$NAME"
		for name in a/b 123 .x "$(printf 'x%.0s' {1..65})" $'new\nline'; do
			refuses "this is no name" -- "$1" "$INRO" keep "$name" user
		done
		refuses "no kind of namespace" -- "$1" "$INRO" keep "$NAME" nose
		refuses "under which name" -- "$1" "$INRO" keep
	}
	for_each_user check
	refuses "add user to the kinds" -- as_user "$INRO" keep "$NAME" net
}

@test "a name of ip netns is entered, and not taken" {
	needs_root
	command -v ip >/dev/null || skip "no iproute2"
	ip netns add "$NAME"
	run "$INRO" enter "$NAME" readlink /proc/self/ns/net
	[ "$output" = "$(ip netns exec "$NAME" readlink /proc/self/ns/net)" ]
	run "$INRO" keep "$NAME" net
	[ "$status" = 125 ]
	[[ $output == *"ip netns has that name"* ]]
	ip netns delete "$NAME"
}

@test "a holder that has ended is told, and cleaned up" {
	as_user "$INRO" keep "$NAME" user
	holder=$(as_user "$INRO" keep --list --json | sed -n 's/.*"holder": \([0-9]*\).*/\1/p')
	kill -KILL "$holder"
	# It ends a moment later.
	until [ ! -e "/proc/$holder/fd/10" ] && ! grep -q '^State:.[RSD]' "/proc/$holder/status" 2>/dev/null; do
		sleep 0.02
	done
	refuses "has ended" "inro drop" -- as_user "$INRO" enter "$NAME" true
	as_user "$INRO" drop "$NAME"
	[ -z "$(ls "$SCRATCH/run/inro/ns")" ]
}

@test "a mount namespace that is kept does not keep its directory from being shown to a container" {
	needs_root
	"$INRO" keep "$NAME" mnt
	[ "$("$INRO" run --rootfs / echo seen)" = seen ]
	[ "$("$INRO" run -v /run:/mnt ls -d "/mnt/inro/ns/$NAME")" = "/mnt/inro/ns/$NAME" ]
	"$INRO" drop "$NAME"
}

@test "what an ordinary user may not keep" {
	for words in pid uts --init\ pid; do
		# Words of their own.
		# shellcheck disable=SC2086
		refuses "not permitted" "add user to the kinds" -- as_user "$INRO" keep "$NAME" $words
	done
}
