#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro enter: targets of every form, what is taken on of them, and how it ends.

load common

setup() {
	common_setup
	# Nobody else sleeps for so long.
	export NAP=1000.$$
}
teardown() {
	[ -z "${TARGET:-}" ] || kill -KILL "$TARGET" 2>/dev/null || true
	wait 2>/dev/null || true
	umount "$SCRATCH"/work/held "$SCRATCH"/work/dead 2>/dev/null || true
	common_teardown
}

# A sleeping process in namespaces of its own; its PID here is $TARGET.
start_target() { # RUNNER WORDS OF UNSHARE...
	local runner=$1
	shift
	rm -f ready
	"$runner" "$INRO" unshare -pf --kill-child --mount-proc -u "$@" \
		sh -c 'hostname target; cd /usr; : >'"$PWD"'/ready; export MARK=here; exec sleep $NAP' 3>&- &
	until [ -e ready ]; do sleep 0.02; done
	until TARGET=$(pgrep -fx "sleep $NAP" -n) && [ -n "$TARGET" ]; do sleep 0.02; done
}

stop_target() {
	kill -KILL "$TARGET"
	wait || true
	TARGET=
}

@test "a process: all of its namespaces, a new PID inside, and it goes on" {
	check() {
		start_target "$1" -r
		[ "$("$1" "$INRO" enter "$TARGET" hostname)" = target ]
		inner=$("$1" "$INRO" enter "$TARGET" sh -c 'echo $$')
		[ "$inner" -gt 1 ]
		[ "$("$1" "$INRO" enter "$TARGET" cat /proc/1/comm)" = sleep ]
		[ "$("$1" "$INRO" enter "$TARGET" id -u)" = 0 ]
		run "$1" "$INRO" enter "$TARGET" sh -c 'kill -KILL $$'
		[ "$status" = 137 ]
		kill -0 "$TARGET"
		stop_target
	}
	for_each_user check
}

@test "one kind alone, from a file: the same PID, no fork" {
	needs_root
	start_target env
	[ "$("$INRO" enter --uts=/proc/"$TARGET"/ns/uts hostname)" = target ]
	[ "$("$INRO" enter -u=/proc/"$TARGET"/ns/uts hostname)" = target ]
	[ "$("$INRO" enter -t "$TARGET" -u hostname)" = target ]
	sh -c 'echo $$ >&2; exec "$0" enter -t "$1" -u sh -c "echo \$\$"' "$INRO" "$TARGET" >own 2>before
	cmp own before
	[ "$("$INRO" enter -t "$TARGET" -u readlink /proc/self/ns/mnt)" = "$(readlink /proc/self/ns/mnt)" ]
	inode=$(readlink /proc/"$TARGET"/ns/uts | tr -dc 0-9)
	[ "$("$INRO" enter "$inode" hostname)" = target ]
	[ "$("$INRO" enter "uts:[$inode]" hostname)" = target ]
	stop_target
}

@test "by the number that is never used again, and a process by its pidfd's inode" {
	needs_root
	start_target env
	nsid=$("$INRO" ls -qrn -t uts -p "$TARGET" -o NSID)
	[ "$nsid" != - ] || skip "namespaces have no such number before Linux 6.18"
	[ "$("$INRO" enter "--uts=:$nsid" hostname)" = target ]
	refuses "has the number 1$nsid" -- "$INRO" enter "--uts=:1$nsid" hostname
	inode=$(python3 -c 'import os, sys; print(os.fstat(os.pidfd_open(int(sys.argv[1]))).st_ino)' "$TARGET")
	[ "$("$INRO" enter -t "$TARGET:$inode" -u hostname)" = target ]
	refuses "" -- "$INRO" enter -t "$TARGET:$((inode + 1))" -u hostname
	stop_target
}

@test "several targets of different kinds" {
	needs_root
	start_target env
	touch held
	"$INRO" unshare --net=held true
	net=$("$INRO" enter ./held readlink /proc/self/ns/net)
	[ "$("$INRO" enter -t "$TARGET" -t ./held -u -n sh -c 'hostname; readlink /proc/self/ns/net')" = $'target\n'"$net" ]
	[ "$("$INRO" enter -t uts="$TARGET" -t net=./held sh -c 'hostname; readlink /proc/self/ns/net')" = $'target\n'"$net" ]
	[ "$("$INRO" enter --uts="$TARGET" --net=./held sh -c 'hostname; readlink /proc/self/ns/net')" = $'target\n'"$net" ]
	umount held
	stop_target
}

@test "what the target has is taken on where asked" {
	check() {
		start_target "$1" -r
		[ "$("$1" "$INRO" enter "$TARGET" -w pwd)" = /usr ]
		[ "$("$1" "$INRO" enter "$TARGET" pwd)" = / ]
		[ "$("$1" "$INRO" enter "$TARGET" -W/etc pwd)" = /etc ]
		[ "$("$1" "$INRO" enter "$TARGET" -e printenv MARK)" = here ]
		[ "$("$1" "$INRO" enter "$TARGET" --follow=root,wd,env,ids,caps,nnp sh -c 'pwd; echo $MARK; id -u')" = $'/usr\nhere\n0' ]
		[ "$("$1" "$INRO" enter "$TARGET" -S follow -G follow id -g)" = 0 ]
		[ "$("$1" "$INRO" enter "$TARGET" --no-new-privs grep NoNewPrivs /proc/self/status | tr -dc 0-9)" = 1 ]
		stop_target
	}
	for_each_user check
}

@test "ids and capabilities of a target that is not root" {
	needs_root
	for words in "" "--ns mnt,pid"; do
		# Words of their own.
		# shellcheck disable=SC2086
		"$INRO" run -d --rm --name "enter-$$" $words -u 1000 --cap-add net_raw sleep "$NAP" >/dev/null
		TARGET=$(pgrep -fx "sleep $NAP" -n)
		"$INRO" enter "enter-$$" --follow=ids,caps,nnp sh -c 'id -u; grep -E "^(Cap|NoNew)" /proc/self/status' >mine
		{ echo 1000; grep -E "^(Cap|NoNew)" /proc/"$TARGET"/status; } >its
		cmp mine its
		"$INRO" kill -s KILL -w "enter-$$"
	done
	TARGET=
}

@test "the target's cgroup is joined" {
	needs_root
	start_target env
	mine=$("$INRO" enter "$TARGET" -c cat /proc/self/cgroup)
	[ "$mine" = "$(cat /proc/"$TARGET"/cgroup)" ]
	stop_target
}

@test "the user namespace above, and the network of a socket" {
	needs_root
	start_target env -r
	[ "$("$INRO" enter -t "$TARGET" --user-parent -u hostname)" = target ]
	stop_target
	command -v python3 >/dev/null || skip "no python3 to hold a socket"
	start_target env -n
	"$INRO" enter -t "$TARGET" -n python3 -c 'import socket,time; s=socket.socket(); print(s.fileno(), flush=True); time.sleep(1000)' >fd 3>&- &
	holder=$!
	until [ -s fd ]; do sleep 0.05; done
	[ "$("$INRO" enter -t $holder -N "$(cat fd)" readlink /proc/self/ns/net)" = "$(readlink /proc/"$TARGET"/ns/net)" ]
	refuses "no socket" -- "$INRO" enter -t $holder -N 1 true
	kill $holder
	stop_target
}

@test "as nsenter: the same words give the same" {
	needs_root
	start_target env
	for words in "-m -u" "-a" "-p -m" "-F -p" "-n -w" "-r -w -m" "-u --preserve-credentials" "-i -S 5 -G 6"; do
		mine=$("$INRO" enter -t "$TARGET" $words sh -c 'hostname; pwd; id; readlink /proc/$$/ns/mnt; true')
		theirs=$(nsenter -t "$TARGET" $words sh -c 'hostname; pwd; id; readlink /proc/$$/ns/mnt; true')
		echo "$words: $mine / $theirs"
		[ "$mine" = "$theirs" ]
	done
	stop_target
}

@test "a procfs of the namespace that was entered" {
	check() {
		start_target "$1" -r
		[ "$("$1" "$INRO" enter -t "$TARGET" -U -p --mount-proc cat /proc/1/comm)" = sleep ]
		stop_target
	}
	for_each_user check
}

@test "signals reach the command, and it dies with inro" {
	start_target as_user -r
	"${AS_USER[@]}" "$INRO" enter "$TARGET" sh -c 'trap "exit 9" TERM; : >'"$PWD"'/up; while :; do sleep 0.05; done' 3>&- &
	pid=$!
	until [ -e up ]; do sleep 0.02; done
	kill -TERM $pid
	code=0
	wait $pid || code=$?
	[ "$code" = 9 ]
	rm up
	"${AS_USER[@]}" "$INRO" enter "$TARGET" sh -c ': >'"$PWD"'/up; exec sleep $NAP' 3>&- &
	pid=$!
	until [ -e up ] && child=$(pgrep -P $pid); do sleep 0.02; done
	kill -KILL $pid
	until ! kill -0 "$child" 2>/dev/null || grep -q '^State:.Z' /proc/"$child"/status; do sleep 0.02; done
	stop_target
}

@test "a fresh terminal when interactive" {
	start_target as_user -r
	output=$(script -qec "${AS_USER[*]} $INRO enter $TARGET sh -c 'test -t 0 && test -t 1 && echo fresh; stty size'" /dev/null </dev/null)
	[[ $output == *fresh* ]]
	stop_target
}

@test "what cannot be entered says why" {
	refuses "there is no process" -- "$INRO" enter 4194303 true
	refuses "is called" -- "$INRO" enter no-such-name true
	refuses "no target" -- "$INRO" enter
	refuses "of which process" -- "$INRO" enter -m
	refuses "neither a user id nor follow" -- "$INRO" enter 1 -S x true
	run "$INRO" enter $$ no-such-command
	[ "$status" = 127 ]
	# A parent that never waits for its child.
	sh -c 'true & exec sleep 60' 3>&- &
	local parent=$! zombie
	for _ in $(seq 500); do
		zombie=$(pgrep -P "$parent" || true)
		[ -n "$zombie" ] && grep -q '^State:.Z' "/proc/$zombie/status" && break
		sleep 0.02
	done
	refuses "$zombie" -- "$INRO" enter "$zombie" true
	kill "$parent"
	wait "$parent" || true
}

@test "another user's process is not to be seen" {
	needs_root
	start_target env
	refuses "right to trace" "run as root" -- as_user "$INRO" enter "$TARGET" true
	stop_target
}

@test "a PID namespace whose PID 1 has ended" {
	needs_root
	"$INRO" unshare -f --pid=dead true
	refuses "PID 1 has ended" -- "$INRO" enter ./dead true
	umount dead
}
