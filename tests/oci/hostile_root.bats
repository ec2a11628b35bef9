#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Root file systems that are hostile: links where directories are expected, exchanged while mounts are
# made on them, devices that are none. A test for each failure of the past that concerns mounts.

load common

setup_file() {
	export ATTACKER="$BATS_FILE_TMPDIR/attacker"
	cc -O1 -static -o "$ATTACKER" "$BATS_TEST_DIRNAME/../hostile/attacker.c"
}

setup() {
	oci_setup
	is_root || SPEC=(--rootless)
	PIDS=()
	mkdir src victim victim/dir
	echo from-host >src/name
	echo untouched >victim/file
	# As an attacker who owns a part of it: a container's user.
	! is_root || chown -R 65534:65534 victim
	find victim -printf '%P %y %m %s\n' | sort >victim.before
}

teardown() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	oci_teardown
}

victim_untouched() {
	find victim -printf '%P %y %m %s\n' | sort | diff victim.before -
	[ "$(cat victim/file)" = untouched ]
}

lacks() {
	if [[ "$output" == *"$1"* ]]; then
		echo "found '$1' in: $output"
		return 1
	fi
}

run_box() {
	config "$1" -- sh -c "$2"
	run_unwarned timeout 20 "$INRO_OCI" --root "$SCRATCH/states" run "$ID"
}

MOUNT='
import os
def mount(destination, *options, type=None, source=None):
    m = dict(destination=destination, options=list(options), source=source or os.getcwd() + "/src")
    if type: m["type"] = type
    c["mounts"].append(m)
c["root"]["readonly"] = False
'

@test "CVE-2019-18837, CVE-2024-45310: /dev, /proc and /sys that are links are refused, not followed" {
	local name target
	for name in dev proc sys; do
		for target in "/$name" "$PWD/victim" "../../../../../../$name" /nowhere tmp; do
			rm -rf "rootfs/$name"
			ln -s "$target" "rootfs/$name"
			run_box '' 'echo inside'
			[ "$status" = 1 ]
			lacks inside
			[[ "$output" == *"symbolic link"* ]]
		done
		rm "rootfs/$name"
		mkdir "rootfs/$name"
	done
	victim_untouched
}

@test "CVE-2019-19921, CVE-2023-27561: no mask is skipped where a mount is to be below a link into /proc" {
	needs_root
	local link
	for link in /proc/sys /proc /proc/self ../proc/sys/kernel; do
		ln -sfn "$link" rootfs/zz
		run_box "$MOUNT"'mount("/zz/kernel", "bind", "rw")' '
			cat /proc/sys/kernel/printk_ratelimit >/tmp/x && cat /tmp/x >/proc/sys/kernel/printk_ratelimit && echo WRITTEN
			(: >/proc/sysrq-trigger) && echo WRITTEN; echo done'
		lacks WRITTEN
	done
}

@test "/dev/pts and /dev/mqueue that are links: followed inside at most" {
	local name target
	for name in pts mqueue shm; do
		for target in "$PWD/victim" "../../../../../../..$PWD/victim" /nowhere; do
			rm -rf rootfs/dev
			mkdir rootfs/dev
			ln -s "$target" "rootfs/dev/$name"
			# With no tmpfs over /dev the image's own is what they stand on.
			run_box 'c["mounts"] = [m for m in c["mounts"] if m["destination"] != "/dev"]
c["root"]["readonly"] = False' 'true'
			victim_untouched
			[ ! -e victim/ptmx ]
		done
	done
}

@test "CVE-2021-30465: mount points exchanged for links meanwhile lead nowhere but inside" {
	local pair i done=0
	for pair in "a out" "a/b out" "proc out" "proc other" "dev out" "sys other"; do
		set -- $pair
		rm -rf rootfs/a rootfs/out rootfs/proc rootfs/dev rootfs/sys rootfs/other
		mkdir -p rootfs/a/b rootfs/proc rootfs/dev rootfs/sys rootfs/other
		ln -s "../../../../../../../..$PWD/victim" rootfs/out
		config "$MOUNT"'mount("/a/b/c", "bind"); mount("/a/b/t", type="tmpfs", source="t")' -- sh -c '
			for i in 1 2 3 4 5 6 7 8; do
				(: >/proc/sys/kernel/printk_ratelimit) 2>/dev/null && echo WRITTEN
				(: >/other/sys/kernel/printk_ratelimit) 2>/dev/null && echo WRITTEN
				[ ! -e /other/file ] && [ ! -e /out/file ] || echo OUTSIDE
			done
			cat /a/b/c/name'
		"$ATTACKER" swap "rootfs/$1" "rootfs/$2" 3>&- &
		PIDS+=($!)
		for i in $(seq 25); do
			run_unwarned timeout 20 "$INRO_OCI" --root "$SCRATCH/states" run "$ID$i"
			lacks OUTSIDE
			lacks WRITTEN
			[ "$output" != from-host ] || done=$((done + 1))
		done
		kill -KILL "${PIDS[-1]}"
		wait "${PIDS[-1]}" || true
	done
	[ "$done" -gt 0 ]
	victim_untouched
}

@test "CVE-2026-47766, CVE-2026-41579, CVE-2026-88264: mount points, devices and directories are made inside only" {
	local link
	for link in "$PWD/victim" "../../../../../../../..$PWD/victim" "/proc/1/root$PWD/victim" /proc/self/cwd nowhere; do
		ln -sfn "$link" rootfs/link
		run_box "$MOUNT"'
mount("/link/new/dir", "bind")
mount("/link/new-file", "bind", source=os.getcwd() + "/src/name")
mount("/link/mem", type="tmpfs", source="tmpfs")
mount("/link/up", "tmpcopyup", type="tmpfs", source="tmpfs")
mount("/link/alias", "bind", "copy-symlink", source=os.getcwd() + "/src/name")
' true
		victim_untouched
		run_box "$MOUNT"'
c["linux"]["devices"] = [{"path": "/link/node", "type": "p"}, {"path": "/link/deep/null", "type": "c", "major": 1, "minor": 3}]
' true
		victim_untouched
		run_box "$MOUNT"'c["process"]["cwd"] = "/link/work"' 'pwd >/dev/null'
		victim_untouched
		run_box "$MOUNT"'c["linux"]["maskedPaths"] += ["/link/file"]; c["linux"]["readonlyPaths"] += ["/link/dir"]' true
		victim_untouched
	done
}

@test "CVE-2024-21626: a working directory is not reached through a descriptor" {
	local fd
	for fd in $(seq 3 20); do
		run_box "c['process']['cwd'] = '/proc/self/fd/$fd'; c['root']['readonly'] = False" 'pwd; ls ../../../etc'
		[ "$status" != 0 ]
		lacks shadow
	done
	ln -s /proc/self/fd/8 rootfs/way
	run_box 'c["process"]["cwd"] = "/way"' 'pwd; ls'
	[ "$status" != 0 ]
}

@test "CVE-2025-31133: a false /dev/null is neither a device nor the source of a mask" {
	local kind
	for kind in file fifo dir link; do
		rm -rf rootfs/dev
		mkdir rootfs/dev
		case $kind in
		file) echo evil >rootfs/dev/null ;;
		fifo) mkfifo rootfs/dev/null ;;
		dir) mkdir rootfs/dev/null ;;
		link) ln -s /proc/sys rootfs/dev/null ;;
		esac
		echo hidden >rootfs/secret
		# Below the tmpfs it is not seen; without one it is refused, or covered by the host's.
		run_box 'c["linux"]["maskedPaths"] += ["/secret"]' '
			[ "$(stat -c %t:%T:%F /dev/null)" = "1:3:character special file" ] && [ "$(stat -c %t:%T /secret)" = 1:3 ] && echo good'
		[ "$output" = good ]
		run_box '
c["mounts"] = [m for m in c["mounts"] if not m["destination"].startswith("/dev")]
c["linux"]["maskedPaths"] += ["/secret"]
c["root"]["readonly"] = False' '
			cat /secret; [ "$(stat -c %t:%T:%F /dev/null)" = "1:3:character special file" ] || echo FALSE'
		lacks hidden
		lacks FALSE
	done
}

@test "CVE-2025-52565: a console is not bound on what a link leads to" {
	needs_root
	local target
	for target in "$PWD/victim/file" "../../../../../../../..$PWD/victim/file" /proc/sysrq-trigger /etc/passwd; do
		rm -rf rootfs/dev
		mkdir rootfs/dev
		ln -s "$target" rootfs/dev/console
		config 'c["mounts"] = [m for m in c["mounts"] if m["destination"] != "/dev"]
c["root"]["readonly"] = False
' -- sh -c 'grep -E "passwd|sysrq|victim" /proc/self/mountinfo && echo BOUND'
		sed -i 's/"terminal": false/"terminal": true/' config.json
		run timeout 20 script -qec "$INRO_OCI --root $SCRATCH/states run $ID" /dev/null
		echo "$output"
		lacks BOUND
		victim_untouched
	done
}

@test "CVE-2026-88265, CVE-2026-115521: what is read-only is so at the very place that is seen" {
	needs_root
	local i done=0
	mkdir -p rootfs/fixed/in rootfs/other/in
	config "$MOUNT"'
c["linux"]["readonlyPaths"] += ["/fixed/in"]
c["linux"]["maskedPaths"] += ["/fixed/in"]
mount("/mem", "ro", type="tmpfs", source="tmpfs")
' -- sh -c '
		(: >/proc/sys/kernel/printk_ratelimit) 2>/dev/null && echo WRITTEN
		(: >/mem/x) 2>/dev/null && echo WRITTEN
		echo done'
	"$ATTACKER" swap rootfs/fixed rootfs/other 3>&- &
	PIDS+=($!)
	for i in $(seq 25); do
		run_unwarned timeout 20 "$INRO_OCI" --root "$SCRATCH/states" run "$ID$i"
		lacks WRITTEN
		[ "$output" != "done" ] || done=$((done + 1))
	done
	[ "$done" -gt 0 ]
}

@test "CVE-2023-25809: control groups are not writable but where they are the container's own" {
	run_box 'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "cgroup"]' '
		for d in /sys/fs/cgroup /sys/fs/cgroup/*; do mkdir $d/inro-was-here 2>/dev/null && { echo WRITTEN $d; rmdir $d/inro-was-here; }; done; echo done'
	lacks WRITTEN
}

@test "runc 1.5.3: the propagation of the host's mounts stays as it was" {
	needs_root
	local before word
	before=$(host_mounts)
	for word in shared rprivate unbindable; do
		run_box "c['linux']['rootfsPropagation'] = '$word'" true
		[ "$status" = 0 ]
	done
	run_box 'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "mount"]' true
	[ "$status" = 1 ]
	[ "$before" = "$(host_mounts)" ]
}

@test "a shared host: nothing that the container mounts comes back" {
	needs_root
	mkdir volume
	config "$MOUNT"'
mount("/volume", "rbind", source=os.getcwd() + "/volume")
c["process"]["capabilities"] = {k: ["CAP_SYS_ADMIN"] for k in ("bounding", "effective", "permitted")}
' -- sh -c 'mount -t tmpfs t /volume && mount -t tmpfs t /tmp && echo mounted'
	run unshare -m --propagation shared sh -e -c '
		mount --make-rshared /
		mount --bind volume volume
		mount --make-shared volume
		before=$(wc -l </proc/self/mountinfo)
		'"$INRO_OCI --root $SCRATCH/states run $ID"'
		[ "$before" = "$(wc -l </proc/self/mountinfo)" ]'
	echo "$output"
	[ "$status" = 0 ]
	[ "$output" = mounted ]
}

@test "tmpcopyup: links are copied, not followed; pipes are not opened" {
	mkdir -p rootfs/data/dir
	ln -s "$PWD/victim" rootfs/data/out
	ln -s loop rootfs/data/loop
	mkfifo rootfs/data/pipe
	run_box "$MOUNT"'mount("/data", "tmpcopyup", type="tmpfs", source="tmpfs")' '
		readlink /data/out; readlink /data/loop; [ -p /data/pipe ] && ls /data'
	[ "$status" = 0 ]
	[ "$output" = "$PWD/victim"$'\nloop\ndir\nloop\nout\npipe' ]
}

@test "the root that is exchanged for another directory is noticed, or is the one that was meant" {
	local i
	mkdir other
	make_rootfs other
	echo other >other/which
	echo rootfs >rootfs/which
	config '' -- sh -c 'cat /which'
	"$ATTACKER" swap rootfs other 3>&- &
	PIDS+=($!)
	for i in $(seq 25); do
		run_unwarned timeout 20 "$INRO_OCI" --root "$SCRATCH/states" run "$ID$i"
		[ "$output" = other ] || [ "$output" = rootfs ] || [[ "$output" == *"was replaced by another"* ]]
	done
}
