#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What the experiments of the tour promise beyond what its documents show: every kind, every level.

load ../integration/common

setup() {
	common_setup
	# Nobody else sleeps for so long.
	export NAP=1000.$$
}
teardown() { common_teardown; }

# Which kinds differ between this shell and the command, which prints the links it has.
changed() { # COMMAND [ARG...]
	local before after kind
	before=$(readlink /proc/self/ns/{cgroup,ipc,mnt,net,pid_for_children,time_for_children,user,uts})
	after=$("$@" readlink /proc/self/ns/{cgroup,ipc,mnt,net,pid_for_children,time_for_children,user,uts})
	for kind in cgroup ipc mnt net pid time user uts; do
		grep -qxF "$(grep "^$kind:" <<<"$before")" <<<"$after" || printf '%s ' "$kind"
	done
}

@test "3: leaving each kind, by its name and by its letter, changes that kind alone" {
	check() {
		local row kind word
		for row in "cgroup --cgroup -C" "ipc --ipc -i" "mnt --mount -m" "net --net -n" "time --time -T" \
			"uts --uts -u"; do
			kind=${row%% *}
			for word in ${row#* }; do
				[ "$(changed "$1" "$INRO" unshare -U "$word")" = "$(sort <<<"$kind"$'\n'user | xargs) " ]
				[ "$1" != env ] || [ "$(changed "$1" "$INRO" unshare "$word")" = "$kind " ]
			done
		done
		[ "$(changed "$1" "$INRO" unshare -U)" = "user " ]
		[ "$(changed "$1" "$INRO" unshare --user)" = "user " ]
		[ "$(changed "$1" "$INRO" unshare -CimnuTU)" = "cgroup ipc mnt net time user uts " ]
		# Nobody is in a PID namespace before its first process, so that has no link to read.
		for word in -p --pid; do
			[ "$("$1" "$INRO" unshare -U $word -f sh -c 'echo $$')" = 1 ]
		done
	}
	for_each_user check
}

@test "2, 3: the PID stays, whatever is joined or left, but for a PID namespace" {
	check() {
		run "$1" sh -c 'echo $$; exec "$0" unshare -r -Cimnu sh -c "echo \$\$"' "$INRO"
		[ "${#lines[@]}" = 2 ]
		[ "${lines[0]}" = "${lines[1]}" ]
		run "$1" sh -c '"$0" unshare -r -u sleep $NAP & until [ "$(readlink /proc/$!/ns/uts)" != \
			"$(readlink /proc/$$/ns/uts)" ] && grep -q sleep /proc/$!/comm; do sleep 0.02; done
			sh -c "echo \$\$; exec \"\$0\" enter $! --uts --user sh -c \"echo \\\$\\\$\"" "$0"
			kill $!' "$INRO"
		echo "$output"
		[ "${lines[0]}" = "${lines[1]}" ]
	}
	for_each_user check
}

@test "4: inro same answers as device and inode do, for every kind" {
	check() {
		run "$1" sh -c '"$0" unshare -r -u -n sleep $NAP & until grep -q sleep /proc/$!/comm; do sleep 0.02; done
			for kind in cgroup ipc mnt net pid time user uts; do
				[ "$(stat -L -c %d:%i /proc/$!/ns/$kind)" = "$(stat -L -c %d:%i /proc/$$/ns/$kind)" ]
				inodes=$?
				"$0" same -q $$ $! $kind
				echo $kind $inodes $?
			done
			kill $!' "$INRO"
		echo "$output"
		[ "$(awk '$2 != $3' <<<"$output")" = "" ]
		[ "$(awk '$2 == 1 { print $1 }' <<<"$output" | xargs)" = "net user uts" ]
	}
	for_each_user check
}

@test "7, 13: with PID 1 ends who entered, and who is in a namespace below" {
	check() {
		mkfifo -m 666 hold
		"${RUNNER[@]}" "$INRO" unshare -rpf --mount-proc sh -c \
			"\"$INRO\" unshare -pf sleep ${NAP}1 & read x <hold" >/dev/null 2>&1 3>&- &
		until inner=$(pgrep -fx "sleep ${NAP}1"); do sleep 0.02; done
		first=$(ps -o ppid= -p "$(ps -o ppid= -p "$inner" | tr -d ' ')" | tr -d ' ')
		"${RUNNER[@]}" "$INRO" enter "$first" sleep "${NAP}2" >/dev/null 2>&1 3>&- &
		entered=$!
		until pgrep -fx "sleep ${NAP}2"; do sleep 0.02; done
		echo >hold
		status=0
		wait $entered || status=$?
		[ $status = 137 ]
		for _ in $(seq 100); do pgrep -f "sleep $NAP" || break; sleep 0.05; done
		fails pgrep -fx "sleep ${NAP}[12]"
		rm hold
	}
	chmod 777 .
	for_each_user check
}

@test "12: at each level all PIDs and those below it, at every depth" {
	check() {
		local n=8
		run "$1" "$INRO" nest $n --json true
		for level in $(seq $n); do
			# The PID 1 of a level has one number more than there are levels above it.
			line=$(grep "\"level\": $level," <<<"$output")
			pids=$(sed 's/.*"pids": \[[0-9]*, \([0-9, ]*\)\].*/\1/' <<<"$line")
			[ "$pids" = "$(seq -s ', ' "$level" -1 1)" ]
			[[ $line == *"\"n\": $((n - level + 1)),"* ]]
		done
	}
	for_each_user check
}
