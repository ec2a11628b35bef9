#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What goes wrong while namespaces are looked at: processes that end, numbers that are used again,
# links that may not be seen, a /proc that counts differently, a kernel that lacks a kind.

load common
load seen

setup() { common_setup; }
teardown() {
	[ -z "${HELPER:-}" ] || kill -KILL "$HELPER" 2>/dev/null || true
	umount "$SCRATCH"/work/full "$SCRATCH"/work/held* 2>/dev/null || true
	stop_boxes
	common_teardown
}

# A process that is not waited for; its PID is $ZOMBIE. HELPER is its parent.
start_zombie() {
	python3 -c 'import os, time
pid = os.fork()
if pid == 0: os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(pid, flush=True)
time.sleep(60)' >zombie 3>&- &
	HELPER=$!
	eventually test -s zombie
	ZOMBIE=$(cat zombie)
}

@test "processes end while they are listed in full, or one namespace is" {
	needs_root
	local name i
	name=$(unique storm)
	RUNNER=(env)
	start_box "$name" sh -c 'echo ready; while :; do for i in 1 2 3 4 5 6 7 8; do /bin/true & done; wait; done'
	for i in {1..15}; do
		"$INRO" ls -q --all >/dev/null
		"$INRO" ls -q "$name" >/dev/null
		"$INRO" ls -q -t uts "$name" >/dev/null
		"$INRO" tree -q "$name" >/dev/null
		"$INRO" ls -qrn "$name" -J | jq -e '[.processes[].inside] | index(1) != null' >/dev/null
	done
}

@test "a number that is used again is not taken for the process that had it" {
	needs_root
	# In a PID namespace of its own nobody else takes the number.
	cat >again.sh <<'SH'
set -e
"$INRO" run -d --rm --name "$NAME" --ns pid,mnt,uts,user sleep 600
pid=$("$INRO" ls -qrn -t pid --name "$NAME" -o PID)
monitor=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
inode=$(python3 -c 'import os, sys; print(os.fstat(os.pidfd_open(int(sys.argv[1]))).st_ino)' "$pid")
kill -KILL "$monitor" "$pid"
while [ -e "/proc/$pid" ]; do sleep 0.02; done
for _ in 1 2 3 4 5 6 7 8 9 10; do
	echo $((pid - 1)) >/proc/sys/kernel/ns_last_pid
	sleep 600 &
	[ $! != "$pid" ] || break
	kill -KILL $!
done
[ $! = "$pid" ] || { echo "no such number again"; exit 3; }
for words in "kill -s KILL $NAME" "enter $NAME true" "ls $NAME" "tree $NAME" "pid --in $NAME 1" "keep -t $NAME x"; do
	if "$INRO" $words >out 2>&1; then echo "inro $words: should have failed"; cat out; exit 1; fi
	grep -q "$NAME" out || { cat out; exit 1; }
done
# Named together with its pidfd's inode, it is the one that had the number first.
if "$INRO" enter -t "$pid:$inode" -u true 2>/dev/null; then echo "entered another"; exit 1; fi
# Nor is it shown under the name.
[ -z "$("$INRO" ls -qrn --name "$NAME")" ]
grep -q sleep "/proc/$pid/comm"
SH
	run env INRO="$INRO" NAME="$(unique again)" "$INRO" unshare -pf --mount-proc --kill-child sh again.sh
	echo "$output"
	[ "$status" = 0 ]
}

@test "a zombie has a number and no namespaces: each verb says so" {
	start_zombie
	for words in "ls $ZOMBIE" "ls -t uts $ZOMBIE" "ls -p $ZOMBIE" "same $ZOMBIE $$" "kill --all $ZOMBIE" \
		"keep -t $ZOMBIE x" "enter $ZOMBIE true" "pid --in $ZOMBIE 1" "pid $ZOMBIE:1" "run --join uts=$ZOMBIE true"; do
		# Words of their own.
		# shellcheck disable=SC2086
		refuses "process has ended; a zombie has no namespaces" -- "$INRO" $words
	done
	"$INRO" tree -q "$ZOMBIE" | grep -q "(ended)"
	[ "$("$INRO" pid --json "$ZOMBIE" | jq '.levels[0].pid')" = "$ZOMBIE" ]
	# It has ended: there is nothing to wait for.
	"$INRO" kill --wait "$ZOMBIE"
}

@test "a PID namespace whose PID 1 has ended" {
	needs_root
	"$INRO" unshare -f --pid=held-dead true
	[ -z "$("$INRO" ls -qrn ./held-dead)" ]
	"$INRO" tree -q ./held-dead | grep -q ", 0 processes"
	run "$INRO" pid --in ./held-dead $$
	[ "$status $output" = "1 -" ]
	run "$INRO" pid --from ./held-dead 1
	[ "$status $output" = "1 -" ]
	"$INRO" kill --all --wait ./held-dead
	run "$INRO" same ./held-dead $$
	[ "$status" = 1 ]
	refuses "no process 1 in the PID namespace" -- "$INRO" pid ./held-dead:1
	refuses "no process 1 in the PID namespace" -- "$INRO" kill ./held-dead:1
	refuses "PID 1 has ended" -- "$INRO" run --join pid=./held-dead true
	refuses "PID 1 has ended" -- "$INRO" enter -t ./held-dead -p --mount-proc true
	# It is there, as one without processes.
	[ "$("$INRO" ls -qrn -t pid -P -o NS,NPROCS,NSFS | grep -c "^$(stat -c %i held-dead) 0 $PWD/held-dead$")" = 1 ]
}

@test "a container that ends while it is waited for, signalled and entered" {
	each() {
		local name
		name=$(unique gone)
		start_box "$name" sh -c 'echo ready; exec sleep 60'
		kill -KILL "$BOX"
		eventually test ! -e "/proc/$BOX"
		refuses "$name" -- "${RUNNER[@]}" "$INRO" kill "$name"
		refuses "$name" -- "${RUNNER[@]}" "$INRO" enter "$name" true
		refuses "no process $BOX" -- "${RUNNER[@]}" "$INRO" tree "$BOX"
	}
	for_each_user each
}

@test "threads in other namespaces than their process" {
	needs_root
	cat >thread.py <<'PYTHON'
import ctypes, os, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def elsewhere():
    assert libc.unshare(0x04000000) == 0
    print(threading.get_native_id(), os.stat("/proc/thread-self/ns/uts").st_ino, flush=True)
    time.sleep(60)
threading.Thread(target=elsewhere).start()
PYTHON
	python3 thread.py >told 3>&- &
	HELPER=$!
	eventually test -s told
	read -r tid uts <told
	# The process is where it was, the thread elsewhere; both can be named.
	fails "$INRO" same -q "$tid" "$HELPER" uts
	"$INRO" same -q "$tid" "$HELPER" mnt
	"$INRO" same -q "$HELPER" $$ uts
	[ "$("$INRO" ls -qrn -p "$tid" -t uts --all -o NS,HELD,PID)" = "$uts thread $HELPER" ]
	[ "$("$INRO" enter -t "$tid" -u readlink /proc/self/ns/uts)" = "uts:[$uts]" ]
	[ "$("$INRO" pid --json "$tid" | jq -c '[.levels[0].pid, .levels[0].tid]')" = "[$HELPER,$tid]" ]
}

@test "what others' processes are in is not told, and the rest is" {
	needs_root
	local name
	name=$(unique mine)
	RUNNER=(env)
	start_box "$name" sh -c 'echo ready; exec sleep 60'
	for words in "ls -t pid" "ls --all -t pid,uts" "tree" "tree -t uts" "ls -t uts -n $(stat -Lc %i /proc/self/ns/uts)"; do
		# Words of their own.
		# shellcheck disable=SC2086
		run as_user "$INRO" $words
		echo "$words: $status $output"
		[ "$status" = 0 ]
		[[ "$words" == tree || "$output" == *"could not look at "*" of others; as root it can"* ]]
		[[ "$words" == tree* || "$output" != *"$name"* ]]
	done
	for words in "ls $BOX" "same $BOX $$" "keep -t $BOX x" "enter $BOX true" "ls -p $BOX"; do
		# Words of their own.
		# shellcheck disable=SC2086
		refuses "takes the right to trace it" "root" -- as_user "$INRO" $words
	done
	refuses "another user's" -- as_user "$INRO" kill "$BOX"
}

@test "hidepid: what is hidden is said, by every listing" {
	needs_root
	under() { # HIDEPID WORDS
		"$INRO" unshare -m sh -c 'mount -t proc -o hidepid='"$1"' proc /proc &&
			exec setpriv --reuid 65534 --regid 65534 --clear-groups "$0" '"$2" "$INRO" 2>&1
	}
	for mode in invisible ptraceable; do
		for words in "ls -t pid" tree "ls -t uts $(stat -Lc %i /proc/self/ns/uts)"; do
			output=$(under $mode "$words")
			echo "$mode, $words: $output"
			[[ "$output" == *"mounted with hidepid: processes of others are hidden; as root they are seen"* ]]
		done
	done
	# These only may not be looked at, and can be counted.
	output=$(under noaccess "ls -t pid")
	[[ "$output" != *hidepid* && "$output" == *"could not look at "*" of others"* ]]
	# Where nothing is hidden, nothing is said.
	[[ "$(under off "ls -t pid")" != *hidepid* ]]
}

@test "a /proc of another PID namespace: root looks at a procfs of its own" {
	needs_root
	cat >inside.sh <<'SH'
set -e
# What is kept there under numbers of this namespace is nobody else's to believe, or to sweep.
mount -t tmpfs none /run
sleep 600 & sleeper=$!
"$INRO" ls -rn -t pid -o NPROCS,PID 2>note >list
grep -q "/proc was mounted for another PID namespace than inro's own: shown is what there is in its own" note
read -r n first <list
[ "$n" = 3 ] && [ "$first" = 1 ]
"$INRO" tree "$sleeper" 2>note | grep -q "sleep 600"
grep -q "another PID namespace" note
"$INRO" ls -qrn 1 -J | jq -e '[.processes[].pid] | index(1) != null' >/dev/null
[ "$("$INRO" pid --json "$sleeper" | jq -c '[.levels[].pid]')" = "[$sleeper]" ]
"$INRO" unshare -rf --map-users 0:0:100 true
"$INRO" run -d --rm --name "$NAME" --ns pid,mnt,uts,user sleep 600
[ "$("$INRO" enter "$NAME" sh -c 'echo $PPID')" = 0 ]
"$INRO" ps | grep -q "$NAME"
"$INRO" kill -s KILL --wait "$NAME"
[ "$("$INRO" enter "$sleeper" -w pwd)" = "$PWD" ]
"$INRO" kill --wait "$sleeper" & wait "$sleeper" || [ $? = 143 ]
if "$INRO" enter 30000 true 2>note; then exit 1; fi
grep -q "mount a procfs of this one" note
SH
	run env INRO="$INRO" NAME="$(unique far)" "$INRO" unshare -pmf --kill-child bash -x inside.sh
	echo "$output"
	[ "$status" = 0 ]
}

@test "a /proc of another PID namespace: who cannot make one finds processes by pidfd, or is told" {
	as_user unshare -Urpf true || skip "user namespaces are forbidden here"
	cat >inside.sh <<'SH'
set -e
sleep 600 & sleeper=$!
"$INRO" ls -rn -t pid -o NPROCS 2>note >list
grep -q "/proc was mounted for another PID namespace than inro's own: its PIDs are shown" note
"$INRO" tree "$sleeper" 2>note >drawn
grep -q "another PID namespace than inro's own: its PIDs are shown" note
[ "$(grep -c "sleep 600" drawn)" = 1 ] && [ "$(wc -l <drawn)" = 2 ]
"$INRO" pid --json "$sleeper" 2>/dev/null | jq -e --argjson pid "$sleeper" '.levels[1].pid == $pid' >/dev/null
[ "$("$INRO" enter "$sleeper" -w pwd)" = "$PWD" ]
"$INRO" unshare -rf --map-users 0:0:1 true
# What needs the numbers of this namespace is refused rather than answered wrongly.
for words in "ls $sleeper" "pid --group $sleeper"; do
	if "$INRO" $words 2>note; then exit 1; fi
	grep -q "/proc was mounted for another PID namespace.*mount a procfs" note
done
# A PID 1 is looked at under the number that it has there. (It is a shell that waits: one that forks
# blocks SIGTERM for a moment, and what is blocked is not dropped.)
if "$INRO" kill 1 2>note; then exit 1; fi
grep -q "PID 1 of its namespace and has no handler" note
SH
	run as_user env INRO="$INRO" unshare -Urpf --kill-child dash -c 'bash -x inside.sh; exit $?'
	echo "$output"
	[ "$status" = 0 ]
}

@test "root of a user namespace has no names to look up, but all else" {
	as_user unshare -Ur true || skip "user namespaces are forbidden here"
	run as_user unshare -Ur "$INRO" ls -qrn -t user -o NS
	echo "$output"
	[ "$status" = 0 ]
	as_user unshare -Ur "$INRO" tree -q >/dev/null
	refuses "is called" -- as_user unshare -Ur "$INRO" enter no-such-name true
}

# Its capabilities do not reach the mount namespace, which is still the parent's.
@test "root of a user namespace alone runs containers" {
	as_user unshare -Ur true || skip "user namespaces are forbidden here"
	[ "$(as_user unshare -Ur "$INRO" run -q id -u)" = 0 ]
	[ "$(as_user unshare -Ur "$INRO" run -q -v "$PWD:/here" --overlay sh -c 'touch /usr/x && ls /here/..' | grep -c here)" = 1 ]
	[ "$(as_user unshare -Urm "$INRO" run -q id -u)" = 0 ]
	! is_root || [ "$(unshare -Ur "$INRO" run -q id -u)" = 0 ]
}

# Give COMMAND a /proc/self/ns without links to time namespaces, and refuse to make any.
without_time() { # COMMAND…
	cat >lacks.seccomp <<'TEXT'
default allow
foreign allow
errno EINVAL unshare if low32(arg0) & 0x80 == 0x80
errno EINVAL clone3
TEXT
	"$INRO" run -q --preset none --seccomp ./lacks.seccomp "$INRO" unshare -m sh -c 'mount -t tmpfs none /mnt
		for kind in cgroup ipc mnt net pid pid_for_children user uts; do
			ln -s "$(readlink /proc/self/ns/$kind)" "/mnt/$kind" || exit
		done
		mount --bind /mnt /proc/$$/ns && exec "$@"' sh "$@"
}

@test "a kind that the kernel lacks is left out, and said where it was asked for" {
	needs_root
	without_time true || skip "a directory of /proc cannot be covered here"
	run without_time "$INRO" ls -qrn -t time,uts -o TYPE
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *uts* && "$output" == *"this kernel has no namespaces of kind time"* ]]
	run without_time "$INRO" ls -qrn -o TYPE
	[ "$status" = 0 ]
	[[ "$output" == *uts* && "$output" != *time* ]]
	for words in "unshare -T true" "unshare -Tuf true" "run --ns all true" "keep $(unique x) time"; do
		# Words of their own.
		# shellcheck disable=SC2086
		refuses "this kernel has no namespaces of kind time" "leave them out" -- without_time "$INRO" $words
	done
}

@test "odd names: commands, mounts of namespaces, and what watch tells of them" {
	needs_root
	local name odd
	odd=$'held\e[31m\n"x\\'
	touch "$odd"
	"$INRO" unshare "--net=$odd" true
	number=$(stat -c %i "$odd")
	run "$INRO" ls -qrn -t net -P -o NS,NSFS
	echo "$output"
	[[ "$output" != *$'\e'* ]]
	[ "$(grep -c "^$number [^ ]*held[^ ]*$" <<<"$output")" = 1 ]
	[ "$("$INRO" ls -qJ -t net -P -o NS,NSFS | jq -r --argjson ns "$number" '.namespaces[] | select(.ns == $ns) | .nsfs')" = "$PWD/$odd" ]
	[ "$("$INRO" enter "./$odd" readlink /proc/self/ns/net)" = "net:[$number]" ]
	umount "$odd"
	refuses "no namespace" -- "$INRO" enter "./$odd" true
	[[ "$output" != *$'\e'* ]]

	cp "$(command -v sleep)" "$odd-sleep"
	"$INRO" watch --all --scan --interval 100ms >seen 2>how 3>&- &
	HELPER=$!
	eventually grep -q "inro watch: by" how
	"./$odd-sleep" 0.7
	eventually grep -q "start.*-sleep 0.7" seen
	fails grep -q $'\e' seen
	kill "$HELPER"
	wait "$HELPER" || true
}

@test "a name can be kept where the directory of names has room for it, or nothing is left" {
	needs_root
	local NAP=1000.$$
	mkdir full
	mount -t tmpfs -o size=4k,nr_inodes=4 held-full full 2>/dev/null || skip "a tmpfs cannot be mounted here"
	chown 65534:65534 full
	chmod 700 full
	for name in a b c d; do
		run as_user env XDG_RUNTIME_DIR="$PWD/full" "$INRO" keep $name user
		[ "$status" = 0 ] || break
	done
	[ "$status" = 125 ] && [[ $output == *"No space left"* ]]
	# What could not be kept left no holder and no half a name behind.
	[[ "$(as_user env XDG_RUNTIME_DIR="$PWD/full" "$INRO" keep --list)" != *"$name"* ]]
	fails pgrep -f "inro-holder.*$name"
	# A container whose record cannot be written is ended.
	for i in 1 2 3 4 5; do as_user touch "full/filler$i" 2>/dev/null || true; done
	run timeout 10 "${AS_USER[@]}" env XDG_RUNTIME_DIR="$PWD/full" "$INRO" run --name x sleep "$NAP"
	echo "$output"
	[ "$status" = 125 ] && [[ $output == *"No space left"* ]]
	fails pgrep -fx "sleep $NAP"
	for name in a b c d; do as_user env XDG_RUNTIME_DIR="$PWD/full" "$INRO" drop $name 2>/dev/null || true; done
	umount full
}
