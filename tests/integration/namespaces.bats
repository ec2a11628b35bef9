#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Which namespaces are new, and which are the caller's.

load common

setup() { common_setup; }
teardown() {
	[ -z "${HOLDER:-}" ] || kill -KILL "$HOLDER" 2>/dev/null || true
	common_teardown
}

KINDS="cgroup ipc mnt net pid time user uts"

# The namespaces that the command has of its own: RUNNER OPTIONS... -> "ipc mnt ..."
new_ones() {
	local runner=$1 kind inside own=""
	shift
	inside=$("$runner" "$INRO" run -q "$@" sh -c 'cd /proc/self/ns && for kind; do readlink "$kind"; done' sh $KINDS)
	for kind in $KINDS; do
		[[ "$inside" == *"$("$runner" readlink "/proc/self/ns/$kind")"* ]] || own="$own $kind"
	done
	echo "${own# }"
}

all_but_time() {
	[ "$(new_ones "$1")" = "cgroup ipc mnt net pid user uts" ]
}
@test "all but time by default" { for_each_user all_but_time; }

all_of_them() {
	[ "$(new_ones "$1" --ns all)" = "cgroup ipc mnt net pid time user uts" ]
}
@test "all of them" { for_each_user all_of_them; }

all_but_one() {
	local kind
	for kind in ipc net uts cgroup; do
		[[ " $(new_ones "$1" --ns "-$kind") " != *" $kind "* ]]
	done
}
@test "each can be left out" { for_each_user all_but_one; }

only_some() {
	[ "$(new_ones "$1" --ns mnt,uts,user)" = "mnt user uts" ]
	[ "$(new_ones "$1" --ns mnt,user,time)" = "mnt time user" ]
}
@test "a list says which" { for_each_user only_some; }

@test "without a user namespace, for root" {
	needs_root
	[ "$(new_ones env --ns -user)" = "cgroup ipc mnt net pid uts" ]
	[ "$(new_ones env --ns none)" = "" ]
}

@test "without a user namespace, for a user: refused with the way out" {
	refuses "add user" -- as_user "$INRO" run --ns pid,mnt true
	refuses "add user" -- as_user "$INRO" run --ns -user true
}

the_last_counts() {
	[ "$(new_ones "$1" --ns all --ns mnt,user)" = "mnt user" ]
}
@test "a later list wins" { for_each_user the_last_counts; }

pid_one() {
	[ "$("$1" "$INRO" run -q sh -c 'echo $$')" = 1 ]
	[ "$("$1" "$INRO" run -q --ns -pid sh -c 'echo $$')" != 1 ]
}
@test "the command is PID 1 of its namespace" { for_each_user pid_one; }

sees_nobody() {
	[ "$("$1" "$INRO" run -q sh -c 'echo /proc/[0-9]*')" = /proc/1 ]
}
@test "no process of the host is seen" { for_each_user sees_nobody; }

names_it() {
	[ "$("$1" "$INRO" run -q --hostname box uname -n)" = box ]
	[ "$(uname -n)" != box ]
	[ "$("$1" "$INRO" run -q --hostname box --domainname yp cat /proc/sys/kernel/domainname)" = yp ]
}
@test "a host name of its own" { for_each_user names_it; }

@test "a host name without a namespace for it is refused" {
	refuses hostname uts -- "$INRO" run --ns -uts --hostname box true
}

moves_the_clock() {
	local here there
	here=$(cut -d. -f1 /proc/uptime)
	there=$("$1" "$INRO" run -q --ns all --boottime 1000000s cut -d. -f1 /proc/uptime)
	[ $((there - here)) -ge 999990 ] && [ $((there - here)) -le 1000600 ]
	[[ "$("$1" "$INRO" run -q --monotonic 500h cat /proc/self/timens_offsets)" == *monotonic*1800000* ]]
}
@test "the clock of a time namespace is offset" { for_each_user moves_the_clock; }

joins_uts() {
	local pid other
	"${RUNNER[@]}" "$INRO" run -q --hostname first sh -c 'echo up >up; exec sleep 100' 3>&- &
	pid=$!
	HOLDER=$pid
	for _ in $(seq 500); do [ -s up ] && break; sleep 0.02; done
	rm -f up
	# inro's child is the container's PID 1.
	other=$(pgrep -P "$pid" | tail -n 1)
	if is_root && [ "${RUNNER[*]}" = env ]; then
		[ "$(env "$INRO" run -q --join "uts=$other" uname -n)" = first ]
	fi
	[ "$("${RUNNER[@]}" "$INRO" run -q --join "user=$other" --join "uts=$other" uname -n)" = first ]
	kill -KILL "$pid"
	wait "$pid" || true
}
@test "a namespace can be joined" { for_each_user joins_uts; }

# The one who holds it is asked for the name before and after.
names_joined() {
	local pid
	"$INRO" unshare -u sh -c 'echo up >up; exec sleep 100' 3>&- &
	pid=$!
	HOLDER=$pid
	for _ in $(seq 500); do [ -s up ] && break; sleep 0.02; done
	rm -f up
	[ "$("$INRO" run -q --join "uts=$pid" --hostname there uname -n)" = there ]
	[ "$("$INRO" run -q --ns -user --join "uts=$pid" --domainname yp cat /proc/sys/kernel/domainname)" = yp ]
	[ "$("$INRO" enter -t "$pid" -u uname -n)" = there ]
	[ "$(uname -n)" != there ]
	kill -KILL "$pid"
	wait "$pid" || true
}
@test "the name of a namespace that is joined" {
	needs_root
	names_joined
}

@test "the name of the caller's own is not changed, however it is joined" {
	refuses --hostname "the caller's own" -- "$INRO" run --join uts=/proc/self/ns/uts --hostname box true
	refuses --domainname "the caller's own" -- "$INRO" run --join uts=$$ --domainname box true
	[ "$(uname -n)" != box ]
}

@test "offsets of a time namespace that is joined are refused" {
	refuses --boottime "joined" -- "$INRO" run --join time=/proc/self/ns/time --boottime 1h true
	refuses --monotonic "joined" -- "$INRO" run --join time=/proc/self/ns/time --monotonic 1h true
}

@test "joining what is none" {
	refuses --join nokind -- "$INRO" run --join nokind=1 true
	refuses --join -- "$INRO" run --join uts true
	refuses 999999999 -- "$INRO" run --join uts=999999999 true
	refuses "holds no uts namespace" net -- "$INRO" run --join uts=/proc/self/ns/net true
}

@test "kinds that are none" {
	refuses --ns nokind -- "$INRO" run --ns nokind true
}

loopback_only() {
	[ "$("$1" "$INRO" run -q sh -c 'ls /sys/class/net')" = lo ]
	[ "$("$1" "$INRO" run -q cat /sys/class/net/lo/operstate)" != down ]
	[ "$("$1" "$INRO" run -q --net host readlink /proc/self/ns/net)" = "$(readlink /proc/self/ns/net)" ]
	"$1" "$INRO" run -q --net host cat /etc/resolv.conf >resolv
	cmp resolv /etc/resolv.conf
}
@test "the network is loopback alone, or the host's" { for_each_user loopback_only; }
