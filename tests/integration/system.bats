#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# /dev, /proc and /sys of a container.

load common

setup() { common_setup; }
teardown() { common_teardown; }

inro() { # RUNNER WORDS...
	local runner=$1
	shift
	"$runner" "$INRO" run -q "$@"
}

devices() {
	inro "$1" sh -c 'for d in null zero full random urandom tty; do stat -c "%n %F %t:%T" /dev/$d; done' >devices
	diff devices - <<-END
		/dev/null character special file 1:3
		/dev/zero character special file 1:5
		/dev/full character special file 1:7
		/dev/random character special file 1:8
		/dev/urandom character special file 1:9
		/dev/tty character special file 5:0
	END
	[ "$(inro "$1" sh -c 'cd /dev && ls | tr "\n" " "')" = "core fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero " ]
	inro "$1" sh -c 'echo x >/dev/null && head -c 3 /dev/zero >/dev/null && head -c 3 /dev/urandom >/dev/null'
	fails inro "$1" sh -c 'echo x >/dev/full' 2>/dev/null
	: >out && chmod 666 out
	inro "$1" sh -c 'echo out >/dev/stdout; echo fd >>/dev/fd/1' >>out
	[ "$(cat out)" = "$(printf 'out\nfd')" ]
}
@test "the usual devices and no others" { for_each_user devices; }

no_new_devices() {
	fails inro "$1" mknod /dev/sda b 8 0 2>/dev/null
	fails inro "$1" mknod /tmp/null c 1 3 2>/dev/null
	fails inro "$1" sh -c 'rm /dev/null' 2>/dev/null
	[ -c /dev/null ]
}
@test "devices are neither made nor removed" { for_each_user no_new_devices; }

terminals_of_its_own() {
	[ "$(inro "$1" sh -c 'ls /dev/pts')" = ptmx ]
	[ "$(inro "$1" readlink /dev/ptmx)" = pts/ptmx ]
}
@test "pseudo-terminals of its own" { for_each_user terminals_of_its_own; }

queues_and_memory() {
	[ "$(inro "$1" sh -c 'ls -A /dev/mqueue /dev/shm | grep -v :')" = "" ]
	[ "$(inro "$1" stat -f -c %T /dev/shm)" = tmpfs ]
	[ "$(inro "$1" stat -f -c %T /dev/mqueue)" = mqueue ]
}
@test "message queues and shared memory of its own" { for_each_user queues_and_memory; }

another_procfs() {
	[ "$(inro "$1" stat -f -c %T /proc)" = proc ]
	[ "$(inro "$1" --proc /mnt/proc --empty --ro /usr --symlink /bin=usr/bin --symlink /lib=usr/lib \
		--symlink /lib64=usr/lib64 sh -c 'read -r pid rest </mnt/proc/self/stat && echo $pid')" != "" ]
	fails inro "$1" --proc none ls /proc/self 2>/dev/null
	fails inro "$1" --proc /proc:subset=pid ls /proc/sys /proc/cpuinfo 2>/dev/null
	inro "$1" --proc /proc:subset=pid ls /proc/self/ >/dev/null
	[[ "$(inro "$1" --proc /proc:hidepid=invisible grep ' /proc ' /proc/self/mountinfo)" == *hidepid=* ]]
}
@test "--proc: elsewhere, none, with options" { for_each_user another_procfs; }

no_other_devices() {
	fails inro "$1" --dev none ls /dev/null 2>/dev/null
	fails inro "$1" --sys none ls /sys/class 2>/dev/null
}
@test "--dev none, --sys none" { for_each_user no_other_devices; }

@test "where the host's root is mapped in, /proc is masked" {
	needs_root
	for file in /proc/kcore /proc/keys /proc/timer_list; do
		[ ! -e "$file" ] || [ "$(inro env sh -c "head -c 1 $file 2>/dev/null | wc -c")" = 0 ]
	done
	fails inro env sh -c 'echo h >/proc/sysrq-trigger' 2>/dev/null
	fails inro env sh -c 'echo core >/proc/sys/kernel/core_pattern' 2>/dev/null
	fails inro env sh -c 'echo 1 >/proc/sys/vm/drop_caches' 2>/dev/null
	[ "$(inro env sh -c 'ls /sys/firmware | wc -l')" = 0 ]
}

@test "where it is not, nothing is masked, so that a procfs can be mounted inside" {
	out=$(as_user "$INRO" run -q -r --nestable unshare -U -r -p -m --fork --mount-proc sh -c 'echo $$')
	[ "$out" = 1 ]
}

sysfs() {
	fails inro "$1" sh -c ': >/sys/inro-was-here' 2>/dev/null
	[[ "$(inro "$1" grep ' /sys ' /proc/self/mountinfo)" == *" ro,"* ]]
}
@test "sysfs is read-only" { for_each_user sysfs; }

@test "the devices of a root directory are not used" {
	needs_root
	mkdir -p tree/dev tree/usr
	# A file that poses as a device, and a link.
	echo fake >tree/dev/null
	ln -s /etc/passwd tree/dev/zero
	[ "$(inro env --rootfs tree --ro /usr --symlink /bin=usr/bin --symlink /lib=usr/lib --symlink /lib64=usr/lib64 \
		sh -c 'stat -c %t:%T /dev/null /dev/zero')" = "$(printf '1:3\n1:5')" ]
	[ "$(cat tree/dev/null)" = fake ]
}
