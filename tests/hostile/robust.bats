#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro where something is missing, full, forged, or killed: it works, or says why it does not.

load common

# What inro keeps, made empty for the test.
own_state() {
	export XDG_RUNTIME_DIR="$PWD/runtime"
	mkdir -m 700 runtime
	! is_root || chown 65534 runtime
}

@test "CVE-2022-31214: records are believed only as far as they can be proven" {
	own_state
	as_user "$INRO" run -d --name real sleep 60
	local state="$XDG_RUNTIME_DIR/inro" i
	put() { as_user tee "$state/$1" >/dev/null; }
	# Of another process, of none, no record at all, with words for the terminal.
	printf 'inro 1\nid 0123456789abcdef\npid 1\npid-start 0\ncommand x\ndone\n' | put forged1
	printf 'inro 1\nid ../../../../x\npid 1\ndone\n' | put forged2
	head -c 100000 /dev/urandom | put forged3
	as_user mkfifo "$state/forged4"
	as_user ln -s /etc/passwd "$state/forged5"
	printf 'inro 1\nid 0123456789abcdef\ndetached 1\nended 1\nended 99999999999999999\nend 77\nstatus 9999\ncommand \\x1b]0;evil\\x07\\x9b31m\ndone\n' |
		put forged6
	run timeout 20 "${AS_USER[@]}" "$INRO" ps -a
	[ "$status" = 0 ]
	has real
	lacks forged1
	lacks $'\e'
	run timeout 20 "${AS_USER[@]}" "$INRO" ps -a --json
	[ "$status" = 0 ]
	lacks $'\e'
	for i in 1 2 3 4 5 6; do
		timeout 20 "${AS_USER[@]}" "$INRO" run --name "forged$i" true
	done
	[ -e /etc/passwd ]
	as_user "$INRO" kill -s KILL real
	run timeout 20 "${AS_USER[@]}" "$INRO" wait real
	[ "$status" = 137 ]
}

@test "a directory of records that others may write, or that is a link, is not used" {
	own_state
	make_victim
	for kind in open link file; do
		rm -rf runtime/inro
		case $kind in
		open) as_user mkdir -m 777 runtime/inro ;;
		link) as_user ln -s "$PWD/victim" runtime/inro ;;
		file) as_user touch runtime/inro ;;
		esac
		refuses "records" -- as_user "$INRO" run --name x true
		as_user "$INRO" run true
	done
	victim_untouched
}

@test "killed at any moment, it leaves nothing that the next call does not remove" {
	own_state
	local i pid
	for i in $(seq 150); do
		"${AS_USER[@]}" "$INRO" run --name victim sleep 1000.125 3>&- &
		pid=$!
		sleep "0.0$((i % 15))"
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" || true
	done
	until_true eval '! pgrep -f "sleep 1000.125"'
	as_user "$INRO" run --name victim true
	as_user "$INRO" ps -a
	[ -z "$(find "$XDG_RUNTIME_DIR/inro" -type f)" ]
}

@test "closed standard descriptors stay harmless" {
	check() {
		"$1" "$INRO" run -q ./attacker descriptors <&- >out
		[ "$(cat out)" = "0 1 2 " ]
		"$1" "$INRO" run -q true <&- >&- 2>&-
		"$1" "$INRO" run -q --init true <&- >&- 2>&-
	}
	for_each_user check
}

@test "too few descriptors, too little memory: an error, and nothing is run half" {
	local n
	for n in 3 4 6 8 12 16 20 24; do
		run bash -c "ulimit -n $n; exec \"\$@\"" bash "${AS_USER[@]}" "$INRO" run -q sh -c 'echo through'
		[[ "$output" = through || "$status" = 125 || "$status" = 127 ]]
	done
	for n in 1000 2000 4000 6000 10000; do
		run bash -c "ulimit -v $n; exec \"\$@\"" bash "$INRO" run -q sh -c 'echo through'
		[ "$status" != 0 ] || [ "$output" = through ]
	done
}

@test "a full or read-only /run, a read-only /tmp, no /proc, no /dev" {
	needs_root
	unshare -m sh -e -c "mount -t tmpfs -o nr_inodes=1 full /run
		'$INRO' run -q true
		! '$INRO' run -q --name x true 2>/dev/null
		mount -o remount,ro /run
		'$INRO' run -q true"
	refuses "no procfs" -- unshare -m sh -c "umount -l /proc; exec '$INRO' run -q true"
	refuses "no procfs" -- unshare -m sh -c "mount -t tmpfs fake /proc; exec '$INRO' run -q true"
	refuses "/dev/null" -- unshare -m sh -c "mount -t tmpfs empty /dev; exec '$INRO' run -q true"
}

@test "odd files of --config are refused in words, not by a crash" {
	refused() {
		run timeout 20 "$INRO" run --config file
		[ "$status" = 125 ]
		has "inro run: "
	}
	printf 'hostname: &a x\numask: *a\ncommand: [true]\n' >file && refused
	printf 'hostname: "a\\0b"\ncommand: [true]\n' >file && refused
	printf 'command: true\n' >file && refused
	printf 'config: file\ncommand: [true]\n' >file && refused
	printf '? [a]\n: b\n' >file && refused
	printf '!!python/object:x {y: 1}\n' >file && refused
	printf '\377\376\000a' >file && refused
	head -c 200000 /dev/zero | tr '\0' '[' >file && refused
	head -c 20000000 /dev/zero | tr '\0' 'a' >file && refused
	{ printf 'command: ['; yes 'x,' | head -5000; printf 'x]\n'; } >file && refused
	run timeout 20 "$INRO" run --args 3 3</dev/zero
	[ "$status" = 125 ]
}
