#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# inro unshare: what is new and what is not, ids, files that hold, and how it ends.

load common

setup() {
	common_setup
	# Nobody else sleeps for so long.
	export NAP=1000.$$
}
teardown() {
	umount "$SCRATCH"/work/held-* 2>/dev/null || true
	common_teardown
}

# The links of /proc/PID/ns that differ from this shell's, as one line of names.
changed() { # COMMAND...
	local links=(cgroup ipc mnt net pid pid_for_children time time_for_children user uts) i inside
	# By one process: PID 1, where its children are in a new PID namespace.
	mapfile -t inside < <("$@" ls -l /proc/self/ns 2>/dev/null | sed '1d; s/.* //')
	for i in "${!links[@]}"; do
		[ "$(readlink "/proc/self/ns/${links[i]}")" = "${inside[i]}" ] || printf '%s ' "${links[i]}"
	done
}

@test "only the chosen namespaces are new, the process is the same" {
	check() {
		[ "$(changed "$1" "$INRO" unshare -U --uts)" = "user uts " ]
		[ "$(changed "$1" "$INRO" unshare -Un)" = "net user " ]
		[ "$(changed "$1" "$INRO" unshare -c --time)" = "time time_for_children user " ]
		[ "$(changed "$1" "$INRO" unshare -r -iCm)" = "cgroup ipc mnt user " ]
		[ "$(changed "$1" "$INRO" unshare -rp)" = "pid_for_children user " ]
		[ "$(changed "$1" "$INRO" unshare -rpf)" = "pid pid_for_children user " ]
	}
	for_each_user check
	"${AS_USER[@]}" sh -c 'echo $$ >&2; exec "$0" unshare -U sh -c "echo \$\$"' "$INRO" >own 2>before
	cmp own before
}

@test "a new host name stays inside" {
	check() {
		[ "$("$1" "$INRO" unshare -ru sh -c 'hostname inside; hostname')" = inside ]
	}
	before=$(hostname)
	for_each_user check
	[ "$(hostname)" = "$before" ]
}

@test "a fork makes the command PID 1, with a procfs that shows it alone" {
	check() {
		[ "$("$1" "$INRO" unshare -rpf sh -c 'echo $$')" = 1 ]
		[ "$("$1" "$INRO" unshare -rpf --mount-proc sh -c 'cd /proc; echo [0-9]*')" = 1 ]
	}
	for_each_user check
}

@test "an ordinary user is told to add the user namespace" {
	refuses "--user (-U)" "--map-root-user (-r)" -- as_user "$INRO" unshare -u true
}

@test "ids: root, oneself, another; groups and setgroups" {
	check() {
		[ "$("$1" "$INRO" unshare -r id -u)" = 0 ]
		[ "$("$1" "$INRO" unshare -c id -u)" = "$("$1" id -u)" ]
		[ "$("$1" "$INRO" unshare --map-user 33 --map-group 44 sh -c 'echo $(id -u):$(id -g)')" = 33:44 ]
		[ "$("$1" "$INRO" unshare --map-user root id -u)" = 0 ]
		[ "$("$1" "$INRO" unshare -r cat /proc/self/setgroups)" = deny ]
		[ "$("$1" "$INRO" unshare -U id -u)" = 65534 ]
		refuses "no user of this system" -- "$1" "$INRO" unshare --map-user nobody-here true
		refuses "does not have that id" -- "$1" "$INRO" unshare -r -S 5 true
	}
	for_each_user check
}

# $1 is util-linux's words; the maps must be the same.
same_maps() {
	[ "$("$INRO" unshare "$@" cat /proc/self/uid_map /proc/self/gid_map)" = \
		"$(unshare "$@" cat /proc/self/uid_map /proc/self/gid_map)" ]
}

@test "root's maps are those of util-linux" {
	needs_root
	same_maps -r
	[ "$("$INRO" unshare --map-users 1000,0,10 cat /proc/self/uid_map | tr -s ' ')" = " 0 1000 10" ]
	[ "$("$INRO" unshare --map-users 0:1000:10 cat /proc/self/uid_map | tr -s ' ')" = " 0 1000 10" ]
	[ "$("$INRO" unshare -U --map-users all --map-groups all cat /proc/self/gid_map)" = "$(cat /proc/self/gid_map)" ]
	[ "$("$INRO" unshare --map-users 0:1000:10 --map-user 5 cat /proc/self/uid_map | tr -s ' ' | tr '\n' ,)" = \
		" 5 0 1, 0 1000 5, 6 1005 4," ]
	[ "$("$INRO" unshare --map-users 0:0:1000 --map-groups 0:0:1000 -S 7 -G 8 sh -c 'id -u; id -g; id -G')" = $'7\n8\n8' ]
	refuses "overlap" -- "$INRO" unshare --map-users 0:0:5 --map-users 3:9:5 true
	refuses "neither INNER:OUTER:COUNT" -- "$INRO" unshare --map-users 0:0 true
}

@test "a user namespace that belongs to somebody else" {
	needs_root
	"$INRO" unshare --owner 1234:1234 --uts sleep $NAP &
	child=$!
	until grep -q sleep /proc/$child/cmdline; do sleep 0.02; done
	[ "$("$INRO" unshare --owner 1234:1234 -f --uts --map-users 0:0:9 sh -c 'hostname x; cat /proc/self/uid_map' | tr -s ' ')" = " 0 0 9" ]
	# Only its owner may enter it without more rights.
	setpriv --reuid 1234 --regid 1234 --clear-groups nsenter --preserve-credentials --user=/proc/$child/ns/user true || skip "this nsenter cannot"
	kill $child
}

@test "what keeps somebody else's user namespace from being made" {
	needs_root
	inside() { "$INRO" unshare -U --map-users 0:0:9 --map-groups 0:0:9 "$@"; }
	refuses "may not become that user" setresuid -- inside "$INRO" unshare --owner 10:1 true
	refuses "a limit is reached" -- inside sh -c \
		'echo 0 >/proc/sys/user/max_user_namespaces; exec "$0" unshare --owner 1:1 true' "$INRO"
}

@test "a namespace held by a file, made or there already, is joined by it" {
	needs_root
	touch held-a
	"$INRO" unshare --uts=held-a hostname inside
	[ "$(nsenter --uts=held-a hostname)" = inside ]
	"$INRO" unshare --mount=held-b --user=held-c -f true
	nsenter --mount=held-b true
	# Before it has a process, and with one.
	"$INRO" unshare --pid=held-d true
	[ "$(nsenter --pid=held-d sh -c 'echo $$')" = 1 ]
	"$INRO" unshare -f --pid=held-e true
	refuses "Is a directory" -- "$INRO" unshare --uts=/tmp true
}

@test "clocks: seconds, spans, below zero; without a time namespace refused" {
	check() {
		boot=$(cut -d. -f1 /proc/uptime)
		[ "$("$1" "$INRO" unshare -rT --boottime 86400 cut -d. -f1 /proc/uptime)" -ge $((boot + 86400)) ]
		[ "$("$1" "$INRO" unshare -rfT --boottime 2d cut -d. -f1 /proc/uptime)" -ge $((boot + 172800)) ]
		refuses "add --time" -- "$1" "$INRO" unshare -r --monotonic 5 true
		refuses "negative" -- "$1" "$INRO" unshare -rT --boottime -99999999 true
	}
	for_each_user check
}

@test "root, working directory, propagation, environment" {
	[ "$("$INRO" unshare -w /usr pwd)" = /usr ]
	[ "$(A=1 B=2 "$INRO" unshare --whitelist-env A,C /usr/bin/env)" = A=1 ]
	[ -z "$("$INRO" unshare --clear-env /usr/bin/env)" ]
	refuses "nowhere" -- "$INRO" unshare -w /nowhere true
	refuses "none of slave" -- "$INRO" unshare --propagation x true
	check() {
		# Around it a mount namespace whose mounts are shared, whatever the host's are.
		shared=("$1" unshare -rm --propagation shared)
		"${shared[@]}" grep -q shared: /proc/self/mountinfo
		fails "${shared[@]}" "$INRO" unshare -rm grep shared: /proc/self/mountinfo
		"${shared[@]}" "$INRO" unshare -rm --propagation slave grep -q master: /proc/self/mountinfo
		"$1" "$INRO" unshare -rm -R /usr -w /bin /bin/true || [ ! -x /usr/bin/true ]
	}
	for_each_user check
}

@test "capabilities are kept where asked" {
	check() {
		[ "$("$1" "$INRO" unshare -c --keep-caps grep CapAmb /proc/self/status | tr -d '0\t')" != CapAmb: ]
		[ "$("$1" "$INRO" unshare -c grep CapAmb /proc/self/status | tr -d '0\t')" = CapAmb: ]
	}
	for_each_user check
}

@test "an interpreter of its own (binfmt_misc)" {
	local output
	check() {
		output=$("$1" "$INRO" unshare -r --mount-binfmt ls /proc/sys/fs/binfmt_misc 2>&1) || {
			[[ $output == *6.7* || $output == *"no such file system"* ]]
			skip "no binfmt_misc in user namespaces here"
		}
		[[ $output == *register* ]]
		printf x >prog.own
		chmod 755 prog.own
		[ "$("$1" "$INRO" unshare -r -l ':own:E::own::/bin/echo:' ./prog.own hi)" = "./prog.own hi" ]
	}
	for_each_user check
}

@test "ends as the command does, by its signal too; 125, 126, 127" {
	for fork in -U -Uf; do
		run "$INRO" unshare $fork sh -c 'exit 7'
		[ "$status" = 7 ]
		run "$INRO" unshare $fork sh -c 'kill -TERM $$'
		[ "$status" = 143 ]
		run "$INRO" unshare $fork no-such-command
		[ "$status" = 127 ]
		[[ $output == *"not found in PATH"* ]]
		run "$INRO" unshare $fork /etc/passwd
		[ "$status" = 126 ]
		run "$INRO" unshare $fork --setuid -1 true
		[ "$status" = 125 ]
	done
}

@test "signals: ignored by default, forwarded where asked, and the child goes with inro" {
	"${AS_USER[@]}" "$INRO" unshare -rf sh -c 'trap "exit 9" TERM; echo up >/dev/null; : >ready; while :; do sleep 0.05; done' &
	pid=$!
	until [ -e ready ]; do sleep 0.02; done
	kill -TERM $pid
	sleep 0.2
	kill -0 $pid
	child=$(pgrep -P $pid)
	kill -KILL $pid $child
	wait $pid || true
	rm ready

	"${AS_USER[@]}" "$INRO" unshare -r --forward-signals sh -c 'trap "exit 9" TERM; : >ready; while :; do sleep 0.05; done' &
	pid=$!
	until [ -e ready ]; do sleep 0.02; done
	kill -TERM $pid
	run wait $pid
	wait $pid || [ $? = 9 ]
	rm ready

	"${AS_USER[@]}" "$INRO" unshare -rp --kill-child --mount-proc sh -c ': >ready; exec sleep $NAP' &
	pid=$!
	until [ -e ready ]; do sleep 0.02; done
	child=$(pgrep -P $pid)
	kill -KILL $pid
	until ! kill -0 "$child" 2>/dev/null || grep -q '^State:.Z' /proc/"$child"/status; do sleep 0.02; done
}

@test "a procfs that is refused is explained" {
	refuses "PID namespace" "--fork" -- as_user "$INRO" unshare -r --mount-proc true
}

@test "a shell with --pid but without --fork is warned at a terminal" {
	output=$(script -qec "$INRO unshare -rp </dev/null" /dev/null </dev/null) || true
	[[ $output == *"Cannot fork"*"--fork (-f)"* ]]
	[ -z "$("$INRO" unshare -rp true 2>&1)" ]
}
