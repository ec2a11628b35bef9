#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What is hidden, read-only or private stays so, and nothing mounted inside is mounted on the host.

load common

@test "nothing of the kernel's or the system's can be written, uncovered or remounted" {
	check() {
		local options
		for options in "" "-r" "--overlay" "--init" "--proc /p2" "--nestable"; do
			# shellcheck disable=SC2086
			run "$1" "$INRO" run -q $options sh -c '
				for proc in /proc /p2; do
					cat /proc/sys/kernel/printk_ratelimit >/tmp/value 2>/dev/null
					(cat /tmp/value >$proc/sys/kernel/printk_ratelimit) && echo OPEN
					(: >$proc/sysrq-trigger) && echo OPEN
					(echo >$proc/irq/default_smp_affinity) && echo OPEN
					head -c1 $proc/kcore && echo OPEN
				done
				for dir in /proc/sys /proc /sys /usr /etc /; do umount -l $dir && echo OPEN; done
				mount -o remount,bind,rw /proc/sys && echo OPEN
				mount -o remount,bind,rw /usr && echo OPEN
				mount -t proc proc /tmp && echo OPEN
				echo tried' 2>/dev/null
			has tried
			lacks OPEN
		done
	}
	for_each_user check
}

@test "what only root may read stays unread in root's own containers" {
	needs_root
	local options secret
	mkdir -p /opt/inro-test-$$ /usr/local/inro-test-$$/shut
	echo SECRET >/opt/inro-test-$$/secret
	echo SECRET >/usr/local/inro-test-$$/shut/inside
	echo "$RANDOM" | install -m 600 /dev/stdin /opt/inro-test-$$/secret
	echo SECRET >/opt/inro-test-$$/secret
	chmod 700 /usr/local/inro-test-$$/shut
	mkdir layer
	for options in "" "--overlay" "--overlay=layer" "-r" "--init" "-u 1000" "-u 1000:42" "--net host" "--cap-add ALL" \
		"--cap-add DAC_OVERRIDE" "--ns=-user" "--ns=-pid" "--preset agent" "--preset build" "--preset shell"; do
		for secret in /etc/shadow /opt/inro-test-$$/secret /usr/local/inro-test-$$/shut/inside; do
			# shellcheck disable=SC2086
			run "$INRO" run -q $options cat "$secret"
			lacks SECRET
			lacks root:
		done
	done
	rm -rf /opt/inro-test-$$ /usr/local/inro-test-$$
}

@test "runc 1.5.3: the propagation of the host's mounts stays as it was" {
	needs_root
	local before
	before=$(host_mounts)
	"$INRO" run true
	"$INRO" run --overlay true
	"$INRO" run --preset none --ns mnt true
	[ "$before" = "$(host_mounts)" ]
	# Without a mount namespace of its own there is nothing that may be changed.
	run "$INRO" run --ns=-mnt true
	[ "$before" = "$(host_mounts)" ]
}

@test "nothing that is mounted inside is mounted on the host, and the host's later mounts are not inside" {
	needs_root
	mkdir volume
	echo evil >evil
	unshare -m --propagation shared sh -e -c '
		mount --make-rshared /
		mount --make-rshared /dev
		mount --bind volume volume
		mount --make-shared volume
		for options in "" "--net host" "--init" "--overlay"; do
			'"$INRO"' run -q --cap-add ALL --seccomp off $options -v "$PWD/volume:/volume" sh -c "
				for target in /dev/null /dev/zero /dev/full /dev/tty /usr/bin/id /etc/resolv.conf /etc/hostname; do
					mount --bind evil \$target
				done
				mount -t tmpfs tmpfs /volume; mount -t tmpfs tmpfs /usr; mount -t tmpfs tmpfs /etc; mount -t tmpfs tmpfs ." || true
		done
		! grep -q evil /proc/self/mountinfo
		[ -c /dev/null ] && [ -c /dev/zero ] && [ -c /dev/full ]
		! grep -q " tmpfs tmpfs .*/volume" /proc/self/mountinfo
		mkfifo ready go
		'"$INRO"' run -q -v "$PWD/volume:/volume" sh -c "echo >ready; read line <go; cat /proc/self/mountinfo; ls -l /dev/zero" >inside &
		read line <ready
		mkdir -p volume/later
		mount -t tmpfs later volume/later
		mount --bind evil /dev/zero
		echo >go
		wait
		! grep -qE "later|evil" inside
		grep -q "^c" inside'
}

@test "CVE-2023-25809: control groups are writable only where they are the container's own" {
	needs_root
	local mount
	mount=$(awk '$0 ~ / - cgroup2 /{ print $5; exit }' /proc/self/mountinfo)
	[ -n "$mount" ] || skip "no cgroup2 hierarchy is mounted"
	mkdir "$mount/inro-test-$$" || skip "no cgroup can be made"
	background sh -c "echo \$\$ >'$mount/inro-test-$$/cgroup.procs' && exec sleep 60"
	local bystander=${PIDS[-1]} options
	until_true grep -q . "$mount/inro-test-$$/cgroup.procs"
	for options in "" "--ns=-cgroup,-user" "--ns=-cgroup" "--ns=-user" "--nestable" "-m 64M" "--cap-add ALL"; do
		# shellcheck disable=SC2086
		# Its own group it may freeze or kill; so that comes last, and without the freezing.
		run timeout -s KILL 20 sh -c "echo \$\$ >'$mount/inro-test-$$/cgroup.procs'; exec \"\$@\"" sh \
			"$INRO" run -q $options --cgroupfs /cg sh -c "
				for dir in /cg/inro-test-$$ /cg/..; do
					(echo 1 >\$dir/cgroup.freeze)
					(echo 1 >\$dir/cgroup.kill)
					mkdir \$dir/made
				done
				exec sh -c 'echo 1 >/cg/cgroup.kill'"
		kill -0 "$bystander"
		[ ! -e "$mount/inro-test-$$/made" ]
		[ "$(cat "$mount/inro-test-$$/cgroup.freeze")" = 0 ]
	done
	kill -KILL "$bystander"
	wait "$bystander" || true
	until_true rmdir "$mount/inro-test-$$"
}

@test "a kept layer whose directories became links is refused" {
	make_victim
	mkdir -m 777 victim/work
	find victim -printf '%P %y %m %s\n' | sort >victim.before
	check() {
		mkdir -m 777 layer
		"$1" "$INRO" run --overlay="$PWD/layer" sh -c ': >/usr/first'
		"$1" "$INRO" run --overlay="$PWD/layer" ls /usr/first
		# As the container itself can, the layer being in its current directory.
		run "$1" "$INRO" run --overlay="$PWD/layer" sh -c "mv layer/usr layer/old; ln -s '$PWD/victim/dir' layer/usr; rm -rf layer/work-usr; ln -s '$PWD/victim/work' layer/work-usr"
		[ -L layer/usr ]
		refuses "layer" -- "$1" "$INRO" run --overlay="$PWD/layer" sh -c ': >/usr/second'
		rm -rf layer
	}
	for_each_user check
	victim_untouched
}
