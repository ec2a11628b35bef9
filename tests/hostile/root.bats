#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Root directories that are hostile: links where directories are expected, exchanged while inro
# works, other kinds of files.

load common

@test "CVE-2019-18837, CVE-2024-45310: /dev, /proc and /sys that are links are refused, not followed" {
	make_root root
	make_victim
	check() {
		local name target
		for name in dev proc sys; do
			for target in "/$name" "$PWD/victim" ../../../../../../proc /nowhere tmp victim "$name"; do
				rm -rf "root/$name"
				ln -s "$target" "root/$name"
				run "$1" "$INRO" run "${ROOT[@]}" sh -c 'echo inside'
				[ "$status" = 125 ]
				has "symbolic link"
				lacks inside
			done
			rm -rf root/dev root/proc root/sys
		done
	}
	for_each_user check
	victim_untouched
}

@test "CVE-2019-19921, CVE-2023-27561: no mask is skipped where /proc or /sys lead elsewhere" {
	needs_root
	make_root root
	mkdir root/other
	for link in ../proc other /proc/self/root/proc; do
		rm -rf root/proc
		ln -s "$link" root/proc
		run "$INRO" run "${ROOT[@]}" sh -c 'echo inside'
		[ "$status" = 125 ]
	done
	rm root/proc
	run "$INRO" run "${ROOT[@]}" sh -c '(: >/proc/sys/kernel/printk_ratelimit) && echo WRITTEN
		(: >/proc/sysrq-trigger) && echo WRITTEN; echo done'
	has 'done'
	lacks WRITTEN
}

@test "CVE-2019-19921: a volume below a link into /proc neither uncovers nor writes the kernel's" {
	needs_root
	make_root root
	mkdir volume
	for link in /proc/sys /proc/self /proc ../proc/sys/kernel; do
		ln -sfn "$link" root/zz
		run "$INRO" run "${ROOT[@]}" -v "$PWD/volume:/zz/kernel" sh -c '
			cat /proc/sys/kernel/printk_ratelimit >/tmp/x && cat /tmp/x >/proc/sys/kernel/printk_ratelimit && echo WRITTEN
			echo done'
		lacks WRITTEN
	done
}

@test "CVE-2021-30465: mount points exchanged for links meanwhile lead nowhere but inside" {
	make_root root
	make_victim
	mkdir volume
	echo volume >volume/name
	check() {
		local pair i done=0
		for pair in "a out" "a/b out" "proc out" "proc other" "dev out" "dev other" "sys other"; do
			set -- "$1" $pair
			rm -rf root/a root/out root/proc root/dev root/sys root/other
			"$1" mkdir -p root/a/b root/proc root/dev root/sys root/other
			ln -s ../../../../../../../.."$PWD/victim" root/out
			! is_root || chown -h 65534:65534 root/out
			background ./attacker swap "root/$2" "root/$3"
			for i in $(seq 40); do
				run "$1" "$INRO" run "${ROOT[@]}" -v "$PWD/volume:/a/b/c" sh -c '
					for i in 1 2 3 4 5 6 7 8; do
						(: >/proc/sys/kernel/printk_ratelimit) 2>/dev/null && echo WRITTEN
						(: >/other/sys/kernel/printk_ratelimit) 2>/dev/null && echo WRITTEN
						[ ! -e /other/file ] && [ ! -e /out/file ] || echo OUTSIDE
					done
					cat /a/b/c/name'
				lacks OUTSIDE
				lacks WRITTEN
				# It may be refused, and the live root may change under it later.
				[ "$output" != volume ] || done=$((done + 1))
			done
			kill -KILL "${PIDS[-1]}"
			wait "${PIDS[-1]}" || true
		done
		[ "$done" -gt 0 ]
	}
	for_each_user check
	victim_untouched
}

@test "CVE-2026-47766, CVE-2026-88264: mount points are made inside only" {
	make_root root
	make_victim
	mkdir volume
	: >file
	check() {
		local link
		for link in "$PWD/victim" "../../../../../..$PWD/victim" /proc/1/root"$PWD/victim" /proc/self/cwd nowhere; do
			ln -sfn "$link" root/link
			run "$1" "$INRO" run "${ROOT[@]}" -v "$PWD/volume:/link/new/dir" true
			run "$1" "$INRO" run "${ROOT[@]}" -v "$PWD/file:/link/new-file" true
			run "$1" "$INRO" run "${ROOT[@]}" --tmpfs /link/dir true
			run "$1" "$INRO" run "${ROOT[@]}" --file /link/made=text true
			run "$1" "$INRO" run "${ROOT[@]}" --dir /link/made2 --symlink /link/made3=x true
			victim_untouched
		done
	}
	for_each_user check
}

@test "CVE-2025-31133: a false /dev/null is neither a device nor the source of a mask" {
	make_root root
	check() {
		local kind
		for kind in file fifo dir link; do
			rm -rf root/dev
			mkdir -m 777 root/dev
			case $kind in
			file) echo evil >root/dev/null ;;
			fifo) mkfifo root/dev/null ;;
			dir) mkdir root/dev/null ;;
			link) ln -s /proc/sys root/dev/null ;;
			esac
			run timeout 20 "$@" "$INRO" run "${ROOT[@]}" --hide /usr/share sh -c '
				[ "$(stat -c %t:%T:%F /dev/null)" = "1:3:character special file" ] && [ -z "$(ls /usr/share)" ] && echo good'
			[ "$output" = good ]
		done
	}
	! is_root || check env
	check "${AS_USER[@]}"
}

@test "CVE-2026-88265: what is read-only is so at the very place that is seen" {
	needs_root
	run "$INRO" run sh -c 'for path in /proc/sys /proc/bus /proc/fs /proc/irq; do
		(: >$path/inro-was-here) 2>/dev/null && echo WRITTEN; done
		grep -c " /proc/sys ro," /proc/self/mountinfo'
	lacks WRITTEN
	[ "$output" -ge 1 ]
}

@test "CVE-2025-52565: the console is bound by descriptor, whatever stands at /dev/console" {
	make_root root
	make_victim
	mkdir -p root/dev
	for target in "$PWD/victim/file" /proc/sysrq-trigger ../../../etc/passwd; do
		ln -sfn "$target" root/dev/console
		run script -qec "'$INRO' run --tty new --rootfs '$PWD/root' --ro /usr sh -c 'stat -c console:%t:%F /dev/console'" /dev/null
		has "console:88:character special file"
	done
	victim_untouched
}

@test "CVE-2019-16884, CVE-2025-52881: nothing is written to a false /proc of the root directory" {
	make_root root
	mkdir -p root/proc/self/ns root/proc/self/attr root/proc/self/fd root/proc/1 root/proc/sys/kernel root/proc/sys/user
	for file in self/timens_offsets self/uid_map self/setgroups self/oom_score_adj self/attr/exec \
		sys/user/max_user_namespaces sys/kernel/hostname; do
		echo fake >"root/proc/$file"
	done
	chmod -R a+rwX root/proc
	find root/proc -type f -exec md5sum {} + | sort >before
	check() {
		run "$1" "$INRO" run "${ROOT[@]}" --oom-score-adj 500 --disable-userns --hostname inside \
			sh -c 'cat /proc/self/oom_score_adj; cat /proc/sys/user/max_user_namespaces; cat /proc/sys/kernel/hostname'
		echo "$output"
		[ "$output" = $'500\n0\ninside' ]
		find root/proc -type f -exec md5sum {} + | sort | diff before -
	}
	for_each_user check
}

@test "a source that is exchanged meanwhile is one of the two, or refused" {
	mkdir one two volume
	echo one >one/name
	echo two >two/name
	chmod 777 . one two
	background ./attacker swap one two
	check() {
		local i
		for i in $(seq 60); do
			run "$1" "$INRO" run -v "$PWD/one:/volume" cat /volume/name
			[[ "$output" = one || "$output" = two || "$output" == *"replaced by another"* ]]
		done
	}
	for_each_user check
}

@test "paths with newlines, colons, commas and octal escapes are only paths" {
	check() {
		local dir
		dir="$PWD/"$'a\nb c\\040,d\t'
		"$1" mkdir -p "$dir"
		chmod 777 "$dir"
		cd "$dir"
		[ "$("$1" "$INRO" run sh -c ': >here; ls')" = here ]
		[ "$("$1" "$INRO" run --overlay ls)" = here ]
		"$1" mkdir "$PWD/l"$',:\n'
		"$1" "$INRO" run --overlay="$PWD/l"$',\\:\n' true || "$1" "$INRO" run --overlay="$PWD/l"$',:\n' true
		cd ..
		rm -rf "$dir"
	}
	for_each_user check
}
