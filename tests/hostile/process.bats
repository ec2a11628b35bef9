#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What of the host's a process of a container could hold, become, overwrite or reach.

load common

@test "CVE-2024-21626: nothing of the host's is open inside, and no working directory is outside" {
	make_victim
	check() {
		local options
		for options in "" "--init" "--ns=-pid" "--preset agent --no-guard-project" "--overlay" "--timeout 20" "-r"; do
			# shellcheck disable=SC2086
			run "$1" bash -c 'exec 7<victim 9<victim/file 30</ 3<&-; exec "$@"' bash "$INRO" run -q $options ./attacker descriptors
			echo "$options: $output"
			[ "$output" = "0 1 2 " ]
		done
		local number
		for number in 3 4 5 6 7 8 9 10 11 12 13 14 15 20 30; do
			run "$1" sh -c 'exec 7<victim 9</; exec "$@"' sh "$INRO" run -q -w "/proc/self/fd/$number" sh -c 'pwd; cat file; cat victim/file'
			[[ "$status" = 125 || "$output" = /* ]]
			lacks untouched
		done
		for dir in /proc/1/root /proc/self/cwd /usr/.. ../../../../../../../../..; do
			run "$1" "$INRO" run -q -w "$dir" sh -c 'pwd; ls -d usr >/dev/null || pwd'
			[[ "$output" = / || "$output" = "$PWD"* || "$status" = 125 ]]
		done
	}
	for_each_user check
	victim_untouched
}

@test "CVE-2024-21626: a working directory that is gone, or out of reach, is nowhere" {
	check() {
		mkdir -m 777 gone
		run "$1" sh -c 'cd gone && rmdir ../gone && exec "$@"' sh "$INRO" run -q sh -c 'cd .. && pwd'
		[ "$status" = 0 ]
		[ "$output" != "$PWD" ]
		mkdir -m 777 gone
		refuses "no current directory" -- "$1" sh -c 'cd gone && rmdir ../gone && exec "$@"' sh "$INRO" run -v .:/x true
	}
	for_each_user check
}

@test "CVE-2016-9962: who sees a container start can neither trace it nor reach the host through it" {
	needs_root
	background "$INRO" run --name "watcher$$" --cap-add SYS_PTRACE,DAC_OVERRIDE,DAC_READ_SEARCH \
		--seccomp off ./attacker watch "$INRO" >seen
	local pid i
	pid=${PIDS[-1]}
	until_true "$INRO" ps
	until_true pgrep -P "$pid" attacker
	for i in $(seq 60); do
		"$INRO" run -q --join "pid=watcher$$" true || [ "$i" != 1 ]
		"$INRO" run -q --join "pid=watcher$$" --join "user=watcher$$" true || [ "$i" != 1 ]
	done
	kill -0 "$pid"
	[ ! -s seen ]
}

@test "CVE-2016-9962: inro's PID 1 cannot be traced or looked into by the command" {
	check() {
		run "$1" "$INRO" run --init -- ./attacker trace 1
		has "seize no"
		run "$1" "$INRO" run --init sh -c 'readlink /proc/1/exe /proc/1/cwd /proc/1/root /proc/1/fd/3; cat /proc/1/environ; head -c1 /proc/1/mem'
		lacks /
	}
	run as_user "$INRO" run --init -- ./attacker trace 1
	has "seize no"
	if is_root; then
		run "$INRO" run --init -- ./attacker trace 1
		has "seize no"
	fi
}

@test "CVE-2019-5736: neither inro nor inro-init can be overwritten from inside" {
	make_root root
	sha256sum "$INRO" >before
	! is_root || chown 65534 "$INRO"
	check() {
		local script
		for script in "#!/proc/self/exe" "#!/proc/self/exe run" "#!/proc/1/exe"; do
			printf '%s\n' "$script" >root/evil
			chmod 755 root/evil
			run timeout 20 "$1" "$INRO" run "${ROOT[@]}" /evil
			run timeout 20 "$1" "$INRO" run --init "${ROOT[@]}" /evil
			run timeout 20 "$1" "$INRO" run --cap-add ALL --seccomp off "${ROOT[@]}" /evil
			sha256sum --quiet -c before
		done
		run "$1" "$INRO" run -r --init --cap-add ALL --seccomp off ./attacker overwrite /proc/1/exe
		lacks DONE
		run "$1" "$INRO" run --init --cap-add ALL --seccomp off ./attacker overwrite /proc/1/exe /proc/self/exe
		lacks DONE
		# One that is PID 1 itself, and opens its parent's program while that is inro.
		run "$1" "$INRO" run --ns=-pid --cap-add ALL --seccomp off sh -c './attacker overwrite /proc/$PPID/exe'
		lacks DONE
		sha256sum --quiet -c before
	}
	! is_root || { chown root "$INRO"; check env; chown 65534 "$INRO"; }
	check as_user
}

@test "CVE-2022-27650, CVE-2022-29162: nothing is inheritable that nobody asked for" {
	needs_root
	local options
	for options in "" "--cap-add net_raw" "--cap-add ALL" "--init --cap-add chown" "-r" "--ns=-user" "--ns=-user --cap-add chown"; do
		# shellcheck disable=SC2086
		run setpriv --inh-caps +net_raw,+chown --ambient-caps +chown "$INRO" run $options \
			grep -E 'Cap(Inh|Amb)' /proc/self/status
		[ "$status" = 0 ]
		[ "$(grep -c 0000000000000000 <<<"$output")" = 2 ]
	done
}

@test "CVE-2026-30892: no way to write a user makes it root" {
	local user
	for user in 4294967295 4294967296 18446744073709551615 18446744073709551616 -1 +1 " 1" "1 " 0x1 1e0 01x "" : : \
		:1 1: 1:4294967295 1:4294967296 root 1:root $'1\n' 1.0 1,0; do
		refuses "--user" -- "$INRO" run -u "$user" id -u
		refuses "--user" -- "$INRO" run --ns=-user -u "$user" id -u
	done
	if is_root; then
		[ "$("$INRO" run -u 1 id -u)" = 1 ]
		[ "$("$INRO" run -u 00000000000000000001 id -u)" = 1 ]
		[ "$("$INRO" run --ns=-user -u 1:1 sh -c 'id -u; id -g; id -G' | tr '\n' ' ')" = "1 1 1 " ]
	fi
	[ "$(as_user "$INRO" run -u 1 id -u)" = 1 ]
}

@test "no user namespace inside, by whatever door" {
	check() {
		run "$1" "$INRO" run ./attacker userns
		has "plain no"
		lacks DONE
		run "$1" "$INRO" run -r unshare -U true
		[ "$status" != 0 ]
		# With --nestable there is one, in which the box stays as it is.
		run "$1" "$INRO" run --nestable unshare -Urm sh -c 'umount /proc && echo OPEN
			mount -o remount,bind,rw /usr && { : >/usr/inro-was-here && echo OPEN; }
			(: >/proc/sys/kernel/printk_ratelimit) && echo OPEN
			umount /etc && echo OPEN; umount -l / && ls /root && echo OPEN; echo tried'
		has tried
		lacks OPEN
	}
	for_each_user check
}

@test "signals reach nobody outside" {
	check() {
		local bystander
		background "${RUNNER[@]}" sleep 60
		bystander=${PIDS[-1]}
		run "$1" "$INRO" run --init sh -c 'kill -KILL -1; kill -KILL '"$bystander $PPID $$"
		kill -0 "$bystander"
	}
	for_each_user check
}

@test "abstract sockets of the host's are out of reach, also of agents that have its network" {
	local name="inro-test-$$"
	background ./attacker listen "$name" >listening
	until_true grep -q listen listening
	check() {
		run "$1" "$INRO" run ./attacker connect "$name"
		has "connect no"
		run "$1" "$INRO" run --net host ./attacker connect "$name"
		has "connect DONE"
		mkdir -p project && chmod 777 project && cp attacker project/
		cd project
		run "$1" "$INRO" run --preset agent ./attacker connect "$name"
		has "connect no"
		cd ..
	}
	for_each_user check
}

@test "a setuid inro refuses to run" {
	needs_root
	cp "$INRO" setuid
	chown root setuid
	chmod 4755 setuid
	refuses setuid -- as_user ./setuid run id
	chown root:shadow setuid
	chmod 2755 setuid
	refuses setuid -- as_user ./setuid run id
}

@test "nsjail#313: where a restriction cannot be had, nothing is run" {
	head -c 12 /dev/zero >not-a-filter
	run "$INRO" run --seccomp-fd 5 sh -c 'echo ran' 5<not-a-filter
	[ "$status" = 125 ]
	lacks ran
	local call setresuid=setresuid
	# Only root's becomes another user.
	is_root || setresuid=
	for call in seccomp capset $setresuid mount_setattr move_mount pivot_root close_range umount2; do
		run strace -f -qq -o /dev/null -e "inject=$call:error=EPERM" "$INRO" run -u 5 --ro /usr sh -c 'echo ran'
		[ "$status" = 125 ]
		lacks $'\nran'
		[ "${lines[0]}" != ran ]
	done
	for call in landlock_restrict_self landlock_create_ruleset; do
		run strace -f -qq -o /dev/null -e "inject=$call:error=EPERM" "$INRO" run --landlock require sh -c 'echo ran'
		[ "$status" = 125 ]
		[ "${lines[0]}" != ran ]
	done
}
