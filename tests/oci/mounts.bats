#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The root file system and what is mounted on it, as root, and as an ordinary user with a user
# namespace of its own.

load common
setup() {
	oci_setup
	is_root || SPEC=(--rootless)
	mkdir src
	echo from-host >src/file
}
teardown() { oci_teardown; }

# run CHANGE SCRIPT: `sh -c SCRIPT` in a container of that configuration.
run_box() {
	config "$1" -- sh -c "$2"
	run_unwarned oci run "$ID"
}

# In a CHANGE: one more mount.
MOUNT='
import os
def mount(destination, *options, type=None, source=None, **more):
    m = dict(destination=destination, options=list(options), **more)
    if type: m["type"] = type
    m["source"] = source or os.getcwd() + "/src"
    c["mounts"].append(m)
'

@test "what spec asks for: each file system with its options" {
	run_box '' '
		awk "{ print \$5, \$(NF-2), \$6 }" /proc/self/mountinfo
		for d in null zero full random urandom tty; do [ -c /dev/$d ] || echo "no $d"; done
		for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done
		echo lost >/dev/null; head -c 4 /dev/zero | wc -c
		stat -c "%a %n" /dev/shm /dev/null'
	[ "$status" = 0 ]
	[[ "$output" == *"/proc proc rw"* ]]
	[[ "$output" == *"/dev tmpfs rw,nosuid"* ]]
	[[ "$output" == *"/dev/pts devpts rw,nosuid,noexec"* ]]
	[[ "$output" == *"/dev/shm tmpfs rw,nosuid,nodev,noexec"* ]]
	[[ "$output" == *"/dev/mqueue mqueue rw,nosuid,nodev,noexec"* ]]
	[[ "$output" == *"/sys sysfs ro,nosuid,nodev,noexec"* ]]
	[[ "$output" == *$'/proc/self/fd\n/proc/self/fd/0\n/proc/self/fd/1\n/proc/self/fd/2\npts/ptmx\n4'* ]]
	[[ "$output" == *$'1777 /dev/shm\n666 /dev/null'* ]]
	[[ "$output" != *"no "* ]]
}

@test "nothing of it reaches the host, and nothing is left" {
	local before
	before=$(host_mounts)
	run_box '' 'true'
	[ "$status" = 0 ]
	[ "$(host_mounts)" = "$before" ]
	run_box 'c["root"]["path"] = "nowhere"' 'true'
	[ "$status" = 1 ]
	[[ "$output" == *"root.path of config.json does not exist"* ]]
	[ "$(host_mounts)" = "$before" ]
}

@test "root.readonly, and what the root's mount has besides" {
	run_box 'c["root"]["readonly"] = True' 'touch /x; awk "\$5 == \"/\" { print \$6 }" /proc/self/mountinfo'
	[[ "$output" == *"Read-only file system"* ]]
	[[ "$output" == *ro,* ]]
	run_box 'c["root"]["readonly"] = False' 'touch /x && echo made'
	[[ "$output" == *made* ]]
}

@test "bind mounts: a directory, a file, places that are made for them" {
	run_box "$MOUNT"'
mount("/a/b/c", "bind")
mount("/etc/file", "bind", "ro", source=os.getcwd() + "/src/file")
mount("relative", "rbind", type="nonsense")
' 'cat /a/b/c/file /etc/file /relative/file; echo x >/etc/file; echo more >>/a/b/c/file'
	[ "$(grep -c from-host <<<"$output")" = 3 ]
	[[ "$output" == *"Read-only file system"* ]]
	[ "$(cat src/file)" = $'from-host\nmore' ]
	run_box "$MOUNT"'mount("/a", "bind", source="/does/not/exist")' true
	[ "$status" = 1 ]
	[[ "$output" == *"/does/not/exist"*"No such file"* ]]
	run_box "$MOUNT"'mount("/a", "bind", "size=5m")' true
	[ "$status" = 1 ]
	[[ "$output" == *"size"*"bind mount"* ]]
	run_box "$MOUNT"'mount("/etc/passwd", "bind")' true
	[ "$status" = 1 ]
	[[ "$output" == *"a directory can only be mounted on a directory"* ]]
}

@test "attributes of a bind mount, alone and with all below" {
	needs_root
	run_box "$MOUNT"'
mount("/a", "bind", "ro", "nosuid", "nodev", "noexec", "noatime", "nodiratime", "nosymfollow")
mount("/b", "bind", "strictatime", "sync")
' 'awk "\$5 ~ /^.[ab]$/ { print \$5, \$6 }" /proc/self/mountinfo'
	[[ "$output" == *"/a ro,nosuid,nodev,noexec,noatime,nodiratime,nosymfollow"* ]]
	[[ "$output" == *"/b rw"* ]]
	[[ "$output" != *"/b rw,relatime"* ]]
	mkdir src/below
	mount -t tmpfs -o nosuid,noexec below src/below
	run_box "$MOUNT"'
mount("/a", "rbind", "ro")
mount("/b", "rbind", "rro", "rnodev")
mount("/c", "rbind", "rexec", "rsuid")
' 'awk "\$5 ~ /^.[abc]/ { print \$5, \$6 }" /proc/self/mountinfo; touch /a/below/x; touch /b/below/x'
	umount src/below
	[[ "$output" == *"/a ro,"* ]]
	[[ "$output" == *"/a/below rw,nosuid,noexec"* ]]
	[[ "$output" == *"/b ro,nodev"* ]]
	[[ "$output" == *"/b/below ro,nosuid,nodev,noexec"* ]]
	[[ "$output" == *"/c/below rw,relatime"* ]]
	[[ "$output" == *"/b/below/x: Read-only file system"* ]]
	[[ "$output" != *"/a/below/x"* ]]
}

@test "what the host's mount has set stays, and is cleared only where that was asked for" {
	needs_root
	mount -t tmpfs -o nosuid,nodev,noexec tight src
	run_box "$MOUNT"'
mount("/a", "bind", "ro")
mount("/b", "bind", "rw", "exec", "dev", "suid")
' 'awk "\$5 ~ /^.[ab]$/ { print \$5, \$6 }" /proc/self/mountinfo'
	umount src
	[[ "$output" == *"/a ro,nosuid,nodev,noexec"* ]]
	[[ "$output" == *"/b rw,relatime"* ]]
}

@test "flags that are locked in a user namespace" {
	needs_root
	mount -t tmpfs -o nosuid,nodev,noexec tight src
	echo x >src/file
	chmod 777 src rootfs
	mkdir rootfs/a
	# In a user namespace inside, as an engine of an ordinary user makes one.
	run_locked() {
		config "$MOUNT
$1" -- sh -c 'awk "\$5 == \"/a\" { print \$6 }" /proc/self/mountinfo'
		run unshare --user --map-root-user --mount "$INRO_OCI" --root "$SCRATCH/other" run "$ID"
		echo "status $status: $output"
	}
	SPEC=(--rootless)
	# Who is root there maps itself.
	FIX='
for k in ("uidMappings", "gidMappings"): c["linux"][k] = [{"containerID": 0, "hostID": 0, "size": 1}]
'
	run_locked "$FIX"'mount("/a", "bind", "ro")'
	[[ "$output" == *"ro,nosuid,nodev,noexec"* ]]
	run_locked "$FIX"'mount("/a", "bind", "exec")'
	[ "$status" = 1 ]
	[[ "$output" == *"cannot be cleared in a user namespace"* ]]
	umount src
}

@test "propagation: a slave by default, as asked otherwise" {
	needs_root
	mkdir point
	mount -t tmpfs top point
	mount --make-shared point
	mkdir point/sub
	run_box "$MOUNT"'
p = os.getcwd() + "/point"
mount("/default", "bind", source=p)
mount("/shared", "bind", "shared", source=p)
mount("/private", "bind", "rprivate", source=p)
mount("/slave", "bind", "rslave", source=p)
mount("/unbindable", "bind", "unbindable", source=p)
' 'awk "\$5 ~ /^.[dsup][a-z]*$/ && \$5 !~ /proc|dev|sys/ { print \$5, \$7 }" /proc/self/mountinfo'
	umount point
	[[ "$output" == *"/default master:"* ]]
	[[ "$output" == *"/shared shared:"* ]]
	[[ "$output" == *"/private -"* ]]
	[[ "$output" == *"/slave master:"* ]]
	[[ "$output" == *"/unbindable unbindable"* ]]
}

@test "propagation: what the host mounts later is seen, what the container mounts is not" {
	needs_root
	mkdir point
	mount -t tmpfs top point
	mount --make-shared point
	mkdir point/sub
	config "$MOUNT"'
mount("/p", "bind", "rslave", source=os.getcwd() + "/point")
' -- sleep 100
	oci create "$ID"
	mount -t tmpfs later point/sub
	touch point/sub/seen
	[ -e "/proc/$(state_of "$ID" pid)/root/p/sub/seen" ]
	umount -l point/sub point
	oci delete -f "$ID"
}

@test "rootfsPropagation" {
	needs_root
	local word
	for word in shared rshared slave rslave private rprivate unbindable runbindable; do
		run_box "c['linux']['rootfsPropagation'] = '$word'" \
			'awk "\$5 == \"/\" || \$5 == \"/proc\" { print \$5, \$7 }" /proc/self/mountinfo'
		[ "$status" = 0 ]
		case $word in
		shared) [[ "$output" == *"/ shared"* && "$output" == *"/proc -"* ]] ;;
		rshared) [[ "$output" == *"/ shared"* && "$output" == *"/proc shared"* ]] ;;
		unbindable) [[ "$output" == *"/ unbindable"* && "$output" == *"/proc -"* ]] ;;
		runbindable) [[ "$output" == *"/ unbindable"* && "$output" == *"/proc unbindable"* ]] ;;
		*private) [[ "$output" == *"/ -"* ]] ;;
		esac
	done
	run_box 'c["linux"]["rootfsPropagation"] = "everywhere"' true
	[ "$status" = 1 ]
	[[ "$output" == *rootfsPropagation*everywhere* ]]
}

@test "a tmpfs takes the permissions of what it covers, unless others were written" {
	mkdir rootfs/open
	chmod 1777 rootfs/open
	mkdir -m 711 rootfs/narrow
	run_box "$MOUNT"'
mount("/open", type="tmpfs", source="tmpfs")
mount("/narrow", "nodev", type="tmpfs", source="tmpfs")
mount("/written", "mode=700", type="tmpfs", source="tmpfs")
mount("/narrow2", type="tmpfs", source="tmpfs")
' 'stat -c "%a %n" /open /narrow /written /narrow2; awk "\$5 == \"/open\" { print \$(NF-2) }" /proc/self/mountinfo'
	[[ "$output" == *$'1777 /open\n711 /narrow\n700 /written\n1777 /narrow2\ntmpfs'* ]]
}

@test "tmpcopyup, read-only, with mounts in it" {
	mkdir -p rootfs/data/dir
	echo kept >rootfs/data/dir/file
	ln -s dir/file rootfs/data/link
	chmod 750 rootfs/data/dir
	run_box "$MOUNT"'
mount("/data", "tmpcopyup", "ro", type="tmpfs", source="tmpfs")
mount("/data/in", type="tmpfs", source="tmpfs")
' 'cat /data/link; stat -c %a /data/dir; touch /data/new; touch /data/in/new && echo made'
	[[ "$output" == *$'kept\n750'* ]]
	[[ "$output" == *"/data/new: Read-only file system"* ]]
	[[ "$output" == *made* ]]
	[ ! -e rootfs/data/in ]
	run_box "$MOUNT"'mount("/data", "bind", "tmpcopyup")' true
	[ "$status" = 1 ]
	[[ "$output" == *"tmpcopyup is for a tmpfs"* ]]
}

@test "remount" {
	run_box "$MOUNT"'
mount("/a", "bind")
mount("/a", "bind", "remount", "ro", "nodev")
mount("/dev/shm", "remount", "size=1m", "ro", type="tmpfs", source="shm")
' 'awk "\$5 == \"/a\" || \$5 == \"/dev/shm\" { print \$5, \$6, \$NF }" /proc/self/mountinfo'
	[[ "$output" == *"/a ro,"*nodev* ]]
	[[ "$output" == *"/dev/shm ro,"*size=1024k* ]]
	run_box "$MOUNT"'mount("/etc", "bind", "remount", "ro")' true
	[ "$status" = 1 ]
	[[ "$output" == *"not a mount point"* ]]
}

@test "links: not followed, copied" {
	ln -s file src/link
	ln -s /etc/passwd rootfs/etc/alias
	run_box "$MOUNT"'
s = os.getcwd() + "/src/"
mount("/copied", "bind", "copy-symlink", source=s + "link")
mount("/plain", "bind", "copy-symlink", source=s + "file")
mount("/etc/alias", "bind", source=s + "file")
' 'readlink /copied; cat /plain /etc/passwd; readlink /etc/alias'
	[ "$output" = $'file\nfrom-host\nfrom-host\n/etc/passwd' ]
}

@test "devices: listed, of other kinds, what is there already" {
	needs_root
	run_box '
c["linux"]["devices"] = [
    {"path": "/dev/mine", "type": "c", "major": 1, "minor": 3, "fileMode": 0o640, "uid": 5, "gid": 6},
    {"path": "/srv/x/block", "type": "b", "major": 7, "minor": 0},
    {"path": "/dev/pipe", "type": "p"},
    {"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o600},
]' 'stat -c "%F %a %u %g %t:%T %n" /dev/mine /srv/x/block /dev/pipe /dev/null'
	[[ "$output" == *"character special file 640 5 6 1:3 /dev/mine"* ]]
	[[ "$output" == *"block special file 666 0 0 7:0 /srv/x/block"* ]]
	[[ "$output" == *"fifo 666 0 0 0:0 /dev/pipe"* ]]
	[[ "$output" == *"character special file 600 0 0 1:3 /dev/null"* ]]
	# Again, with the block device that is there now; then something else of that name.
	oci run "$ID"
	rm rootfs/srv/x/block
	echo data >rootfs/srv/x/block
	run oci run "$ID"
	[ "$status" = 1 ]
	[[ "$output" == *"/srv/x/block"*"something else stands there"* ]]
}

@test "devices: bound where nodes cannot be made, and the host's stay as they are" {
	local before
	before=$(stat -c '%a %u %g' /dev/null /dev/zero)
	run_box '
c["linux"]["devices"] = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o600, "uid": 0, "gid": 0}]
for m in c["mounts"]:
    if m["destination"] == "/dev": m["options"].append("nodev")
' 'awk "\$5 == \"/dev/null\" || \$5 == \"/dev/zero\" { print \$5, \$6 }" /proc/self/mountinfo; echo x >/dev/null && echo works'
	[[ "$output" == *"/dev/null rw,nosuid,noexec"* ]]
	[[ "$output" == *"/dev/zero rw,nosuid,noexec"* ]]
	[[ "$output" == *works* ]]
	[ "$(stat -c '%a %u %g' /dev/null /dev/zero)" = "$before" ]
	run_box '
c["linux"]["devices"] = [{"path": "/dev/zero", "type": "c", "major": 1, "minor": 3}]
for m in c["mounts"]:
    if m["destination"] == "/dev": m["options"].append("nodev")
' true
	[ "$status" = 1 ]
	[[ "$output" == *"/dev/zero"*"another device"* ]]
}

@test "the host's /dev is left alone" {
	needs_root
	run_box '
c["mounts"] = [m for m in c["mounts"] if not m["destination"].startswith("/dev")]
c["mounts"].append({"destination": "/dev", "type": "bind", "source": "/dev", "options": ["rbind", "ro"]})
' '[ -c /dev/null ] && ls -l /dev/ptmx; awk "\$5 == \"/dev\" { print \$6 }" /proc/self/mountinfo'
	[ "$status" = 0 ]
	[[ "$output" == *ro,* ]]
	[ -c /dev/ptmx ] || [ -L /dev/ptmx ]
}

@test "masked and read-only paths: files, directories, what is not there" {
	mkdir -p rootfs/secret rootfs/fixed/sub
	echo hidden >rootfs/secret/file
	echo hidden >rootfs/plain
	echo hidden >rootfs/plain2
	run_box '
c["linux"]["maskedPaths"] += ["/secret", "/plain", "/plain2", "/not/there", "/plain/not"]
c["linux"]["readonlyPaths"] += ["/fixed", "/not/there"]
c["root"]["readonly"] = False
' 'ls /secret; cat /plain /plain2; echo x >/plain && echo swallowed; touch /secret/new /fixed/new; touch /new && echo made
		awk "\$5 == \"/secret\" || \$5 == \"/fixed\" { print \$5, \$6 }" /proc/self/mountinfo
		echo h >/proc/sys/kernel/hostname'
	[[ "$output" != *hidden* ]]
	[[ "$output" == *swallowed* ]]
	[[ "$output" == *"/secret/new: Read-only file system"* ]]
	[[ "$output" == *"/fixed/new: Read-only file system"* ]]
	[[ "$output" == *"/secret ro,nosuid,nodev,noexec"* ]]
	[[ "$output" == *made* ]]
	[[ "$output" == *"/proc/sys/kernel/hostname: Read-only file system"* ]]
}

@test "masks: hundreds, with one tmpfs" {
	mkdir -p rootfs/m
	for i in $(seq 400); do mkdir "rootfs/m/$i"; done
	run_box '
c["linux"]["maskedPaths"] = [f"/m/{i}" for i in range(1, 401)]
c["process"]["rlimits"] = []
' 'awk "\$5 ~ /^.m./ { n++; d[\$3] = 1 } END { for (i in d) k++; print n, k }" /proc/self/mountinfo'
	[ "$output" = "400 1" ]
}

@test "read-only paths keep what their mount has" {
	run_box "$MOUNT"'
mount("/a", "nosuid", "nodev", "noexec", type="tmpfs", source="tmpfs")
c["linux"]["readonlyPaths"] += ["/a"]
' 'awk "\$5 == \"/a\" { print \$6 }" /proc/self/mountinfo | tail -n 1'
	[[ "$output" == ro,nosuid,nodev,noexec* ]]
}

@test "the working directory is made, in the root" {
	run_box 'c["process"]["cwd"] = "/new/deep"; c["root"]["readonly"] = True' 'pwd; stat -c %a /new'
	[ "$output" = $'/new/deep\n755' ]
	[ -d rootfs/new/deep ]
	run_box 'c["process"]["cwd"] = "/etc/passwd"' true
	[ "$status" = 1 ]
	[[ "$output" == *"not a directory"* ]]
}

@test "the working directory that only root of the container may enter" {
	needs_root
	mkdir -m 700 rootfs/private
	run_box 'c["process"]["cwd"] = "/private"; c["process"]["user"] = {"uid": 1, "gid": 1}' 'pwd; ls /private'
	[[ "$output" == *"/private"* ]]
	[[ "$output" == *"ermission denied"* ]]
}

@test "cgroups: those of the container, read-only" {
	run_box '' 'ls /sys/fs/cgroup >/dev/shm/names; awk "\$5 ~ /^.sys.fs.cgroup/ { print \$6 }" /proc/self/mountinfo'
	[ "$status" = 0 ]
	[ -n "$output" ]
	[[ "$(grep -v '^ro,' <<<"$output")" = "" ]]
}

@test "cgroups: the directories of a host whose controllers are version 1" {
	needs_root
	[ -d /sys/fs/cgroup/memory ] || skip "this host has cgroup v2 alone"
	run_box '' 'awk "\$5 ~ /^.sys.fs.cgroup/ { print \$4, \$5, \$6 }" /proc/self/mountinfo'
	[[ "$output" == *"/ /sys/fs/cgroup/memory ro,nosuid,nodev,noexec"* ]]
	[[ "$output" == *"/ /sys/fs/cgroup/pids ro,nosuid,nodev,noexec"* ]]
	[[ "$output" == *"/ /sys/fs/cgroup ro,nosuid,nodev,noexec"* ]]
}

@test "cgroups: without a namespace of its own only its own directory, never the top writable" {
	needs_root
	run_box '
c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "cgroup"]
for m in c["mounts"]:
    if m["destination"] == "/sys/fs/cgroup": m["options"].remove("ro")
' 'awk "\$(NF-2) ~ /^cgroup/ { print \$4, \$6 }" /proc/self/mountinfo'
	[ "$status" = 0 ]
	local root attributes
	while read -r root attributes; do
		[ "$root" != / ] || [[ "$attributes" == ro* ]]
	done <<<"$output"
}

@test "sysfs without a network namespace of its own: the host's, read-only" {
	is_root && SPEC=(--rootless)
	run_box 'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]' \
		'[ -d /sys/class ] && awk "\$5 ~ /^.sys/ && \$5 !~ /cgroup/ { print \$5, \$6 }" /proc/self/mountinfo'
	[ "$status" = 0 ]
	local place attributes
	while read -r place attributes; do
		[[ "$attributes" == ro* ]]
	done <<<"$output"
}

@test "id-mapped mounts: by their own map, and by the container's" {
	needs_root
	chown 7:8 src/file
	run_box "$MOUNT"'
maps = {"uidMappings": [{"containerID": 0, "hostID": 1000, "size": 100}], "gidMappings": [{"containerID": 0, "hostID": 2000, "size": 100}]}
mount("/mapped", "bind", "idmap", **maps)
mount("/again", "rbind", "ridmap", **maps)
mount("/mem", "idmap", type="tmpfs", source="tmpfs", **maps)
mount("/plain", "bind")
' 'stat -c "%u %g" /mapped/file /again/file /plain/file'
	[ "$output" = $'1007 2008\n1007 2008\n7 8' ]
	chown 100007:100008 src/file
	chmod 755 rootfs
	run_box "$MOUNT"'
maps = [{"containerID": 0, "hostID": 100000, "size": 1000}]
c["linux"]["namespaces"].append({"type": "user"})
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = maps
mount("/plain", "bind")
' 'stat -c "%u %g" /plain/file'
	[ "$output" = "7 8" ]
	chown 7:8 src/file
	run_box "$MOUNT"'
maps = [{"containerID": 0, "hostID": 100000, "size": 1000}]
c["linux"]["namespaces"].append({"type": "user"})
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = maps
mount("/mapped", "bind", "idmap")
' 'stat -c "%u %g" /mapped/file'
	[ "$output" = "7 8" ]
	run_box "$MOUNT"'mount("/mapped", "bind", "idmap")' true
	[ "$status" = 1 ]
	[[ "$output" == *"idmap takes uidMappings"* ]]
	# Among the options, as crun and Podman have them: for itself, and by the container's own map.
	run_box "$MOUNT"'
mount("/mapped", "bind", "idmap=uids=7-1007-1;gids=0-2000-100")
mount("/again", "rbind", "ridmap=gids=8-18-1;uids=0-1-100")
mount("/twice", "bind", "idmap=uids=0-5-100;gids=0-5-100", uidMappings=[{"containerID": 7, "hostID": 70, "size": 1}],
      gidMappings=[{"containerID": 8, "hostID": 80, "size": 1}])
' 'stat -c "%u %g" /mapped/file /again/file /twice/file'
	[ "$output" = $'1007 2008\n8 18\n70 80' ]
	mkdir rootfs/{relative,users}
	run_box "$MOUNT"'
maps = [{"containerID": 0, "hostID": 100000, "size": 1000}]
c["linux"]["namespaces"].append({"type": "user"})
c["linux"]["uidMappings"] = c["linux"]["gidMappings"] = maps
mount("/relative", "bind", "idmap=uids=@7-33-1;gids=@0-100-10")
mount("/users", "bind", "idmap=uids=7-100044-1")
' 'stat -c "%u %g" /relative/file /users/file'
	[ "$output" = $'33 108\n44 8' ]
	run_box "$MOUNT"'mount("/mapped", "bind", "idmap=uids=@0-1-1;gids=0-0-1")' true
	[ "$status" = 1 ]
	[[ "$output" == *"/mapped: idmap: '0-1-1' has an id that the container's user namespace has not"* ]]
	run_box "$MOUNT"'mount("/mapped", "bind", "ridmap=uids=0-1")' true
	[[ "$output" == *"/mapped: idmap: '0-1' is not a range"* ]]
}

@test "an overlay is mounted as its options say" {
	needs_root
	mkdir lower upper work
	mount -t tmpfs layers upper
	mkdir upper/{upper,work}
	echo low >lower/file
	run_box "$MOUNT"'
d = os.getcwd()
mount("/o", f"lowerdir={d}/lower", f"upperdir={d}/upper/upper", f"workdir={d}/upper/work", type="overlay", source="overlay")
' 'cat /o/file; echo new >/o/other'
	echo "$(ls upper/upper)" >listed
	umount upper
	[ "$output" = low ]
	[ "$(cat listed)" = other ]
}

@test "an overlay of many layers, of long paths, and of more than the kernel takes" {
	needs_root
	local i before
	before=$(host_mounts)
	for i in $(seq 30); do
		mkdir -p "layers/number-$i:with-colon"
		echo "$i" >"layers/number-$i:with-colon/$i"
	done
	mkdir -p "layers/$(printf 'x%.0s' $(seq 250))/deeper"
	echo deep >"layers/$(printf 'x%.0s' $(seq 250))/deeper/deep"
	run_box "$MOUNT"'
layers = [os.getcwd() + f"/layers/number-{i}\\:with-colon" for i in range(1, 31)]
deep = os.getcwd() + "/layers/" + "x" * 250 + "/deeper"
mount("/many", "lowerdir=" + ":".join(layers), "ro", type="overlay", source="overlay")
mount("/deep", "lowerdir=" + ":".join(layers[:3] + [deep]), "ro", "nosuid", type="overlay", source="named")
' 'cat /many/1 /many/30 /deep/deep /deep/3; ls /many | wc -l; pwd
awk "\$5 == \"/deep\" { print \$6, \$(NF-1) }" /proc/self/mountinfo; touch /deep/x 2>&1'
	[[ "$output" == $'1\n30\ndeep\n3\n30\n/\nro,nosuid,'*" named"*"/deep/x: Read-only file system" ]]
	[ "$(host_mounts)" = "$before" ]
	run_box "$MOUNT"'mount("/o", "lowerdir=/a:/" + "x/" * 2048, type="overlay", source="overlay")' true
	[ "$status" = 1 ]
	[[ "$output" == *"/o: its options are longer than the kernel takes"* ]]
	run_box "$MOUNT"'mount("/o", "lowerdir=" + ":".join(["/nowhere"] * 60), type="overlay", source="overlay")' true
	[ "$status" = 1 ]
	[[ "$output" == *"mount overlay on /o"* ]]
}

@test "a file system that the kernel does not know, options that it refuses" {
	run_box "$MOUNT"'mount("/a", type="nofs", source="x")' true
	[ "$status" = 1 ]
	[[ "$output" == *"/a"* ]]
	run_box "$MOUNT"'mount("/a", "nonsense=1", type="tmpfs", source="x")' true
	[ "$status" = 1 ]
	[[ "$output" == *"does not take one of its options"* ]]
}

@test "no mount namespace: the root by chroot, and no mounts" {
	needs_root
	run_box '
c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "mount"]
c["mounts"] = []
del c["linux"]["maskedPaths"], c["linux"]["readonlyPaths"]
c["root"]["readonly"] = False
c["process"]["cwd"] = "/etc"
' 'pwd; cat passwd; ls /'
	[ "$status" = 0 ]
	[[ "$output" == *$'/etc\nroot:x:0:0'* ]]
	[[ "$output" != *lost+found* ]]
	run_box 'c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "mount"]' true
	[ "$status" = 1 ]
	[[ "$output" == *"mounts: there is no mount namespace for it"* ]]
}

@test "few descriptors are enough for many mounts" {
	run_box "$MOUNT"'
for i in range(200): mount(f"/many/{i}", "bind", source=os.getcwd() + "/src")
for i in range(200): mount(f"/fs/{i}", "ro", type="tmpfs", source="tmpfs")
c["process"]["rlimits"] = []
' 'grep -c " /many/" /proc/self/mountinfo; grep -c " /fs/" /proc/self/mountinfo'
	[ "$output" = $'200\n200' ]
	(
		ulimit -n 64
		run_unwarned oci run "$ID"
		[ "$output" = $'200\n200' ]
	)
}

@test "--no-pivot moves the root instead" {
	needs_root
	config -- sh -c 'ls -d /etc/passwd; ls /; cd /..; pwd'
	run oci run --no-pivot "$ID"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == /etc/passwd* ]]
	[[ "$output" != *lost+found* ]]
}
