#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What config.json asks of namespaces that are joined.

load common
setup() {
	oci_setup
	needs_root
}
teardown() {
	[ -z "$HOLDER" ] || kill -KILL "$HOLDER"
	oci_teardown
}

# A process in namespaces of its own: hold OPTION... (of inro unshare); $HOLDER.
hold() {
	"$INRO" unshare "$@" sh -c 'echo up >up; exec sleep 1000' 3>&- &
	HOLDER=$!
	until [ -s up ]; do sleep 0.02; done
	rm up
}

# The document joins the holder's namespace of that type, or $1's.
joins() {
	echo "for n in c['linux']['namespaces']:
    if n['type'] == '$1': n['path'] = '/proc/${3:-$HOLDER}/ns/${2:-$1}'"
}

name_of_holder() {
	"$INRO" enter -t "$HOLDER" -u cat "/proc/sys/kernel/$1"
}

@test "names of a UTS namespace that is joined are set there" {
	hold -u
	config "$(joins uts)
c['hostname'] = 'box'; c['domainname'] = 'yp'" -- sh -c 'hostname; cat /proc/sys/kernel/domainname'
	run oci run "$ID"
	[ "$output" = $'box\nyp' ]
	[ "$(name_of_holder hostname)" = box ]
	[ "$(name_of_holder domainname)" = yp ]
	# Without the field it keeps its own.
	config "$(joins uts)
c.pop('hostname')" -- hostname
	[ "$(oci run "$ID")" = box ]
	# In a new user namespace, too, which has no right over the one that is joined.
	config "$(joins uts)
c['hostname'] = 'other'; c['linux']['namespaces'].append({'type': 'user'})
c['linux']['uidMappings'] = c['linux']['gidMappings'] = [{'containerID': 0, 'hostID': 0, 'size': 65536}]" -- hostname
	[ "$(oci run "$ID")" = other ]
	[ "$(name_of_holder hostname)" = other ]
}

@test "names of the caller's own UTS namespace are not" {
	local before
	before=$(uname -n)
	config "$(joins uts uts self)
c['hostname'] = 'box'" -- hostname
	oci_refuses hostname "uts namespace to join is the caller's own" -- run "$ID"
	[ "$(uname -n)" = "$before" ]
	config "$(joins uts uts self)
c.pop('hostname'); c['domainname'] = 'box'" -- hostname
	oci_refuses domainname "is the caller's own" -- run "$ID"
	config "$(joins uts uts self)
c.pop('hostname')" -- hostname
	[ "$(oci run "$ID")" = "$before" ]
}

@test "offsets beside a time namespace that is joined are left out" {
	hold -f --kill-child --time --boottime 1000000
	local child here there
	child=$(pgrep -P "$HOLDER" || echo "$HOLDER")
	config "c['linux']['namespaces'].append({'type': 'time', 'path': '/proc/$child/ns/time'})
c['linux']['timeOffsets'] = {'boottime': {'secs': 5}, 'monotonic': {'nanosecs': 7}}" -- cut -d. -f1 /proc/uptime
	run oci run "$ID"
	[ "$status" = 0 ]
	[[ "${lines[0]}" == *"linux.timeOffsets are left out"* ]]
	here=$(cut -d. -f1 /proc/uptime) there=${lines[1]}
	[ $((there - here)) -ge 999000 ]
}

@test "mounts, masked and read-only paths in a mount namespace that is joined" {
	hold -m
	local before during
	before=$(host_mounts)
	mkdir given rootfs/given
	echo present >given/file
	config "$(joins mount mnt)
c['root']['readonly'] = True
c['mounts'].append({'destination': '/given', 'type': 'bind', 'source': 'given', 'options': ['bind', 'ro']})
c['linux']['maskedPaths'].append('/etc/passwd')" -- sh -c 'readlink /proc/self/ns/mnt; cat /given/file
test -s /etc/passwd || echo masked
touch /x /given/x 2>&1; touch /proc/sys/kernel/x 2>&1; echo $$'
	run oci run "$ID"
	echo "$output"
	[ "$status" = 0 ]
	[ "${lines[0]}" = "$(readlink "/proc/$HOLDER/ns/mnt")" ]
	[ "${lines[1]}" = present ]
	[ "${lines[2]}" = masked ]
	[[ "${lines[3]}" == *"/x: Read-only file system" ]]
	[[ "${lines[4]}" == *"/given/x: Read-only file system" ]]
	[[ "${lines[5]}" == *"/proc/sys/kernel/x: "* ]]
	[ "${lines[6]}" = 1 ]
	[ "$(host_mounts)" = "$before" ]
	[ -z "$(ls -A rootfs/given)$(ls -A rootfs/proc)" ]
	# The others keep their root, and see what is mounted on the bundle's.
	[ "$("$INRO" enter -t "$HOLDER" -m readlink -f "/proc/$HOLDER/root")" = / ]
	"$INRO" enter -t "$HOLDER" -m grep -q " $PWD/rootfs " "/proc/$HOLDER/mountinfo"
	# created and started, once more on top of that
	config "$(joins mount mnt)" -- sh -c 'test -e /proc/self/status && test ! -s /proc/kcore'
	oci create "$ID"
	oci start "$ID"
	until [ "$(state_of "$ID" status)" = stopped ]; do sleep 0.02; done
	oci delete "$ID"
	[ "$(host_mounts)" = "$before" ]
}

@test "a mount namespace that is joined: a shared mount below the root is refused, and so is the caller's own" {
	local before
	hold -m --propagation unchanged
	"$INRO" enter -t "$HOLDER" -m mount --bind "$PWD" "$PWD"
	"$INRO" enter -t "$HOLDER" -m mount --make-shared "$PWD"
	before=$(host_mounts)
	config "$(joins mount mnt)" -- true
	oci_refuses "$PWD/rootfs" "shared mount of the namespace that is joined" "make-private" -- run "$ID"
	[ "$(host_mounts)" = "$before" ]
	config "$(joins mount mnt self)" -- true
	oci_refuses mounts "mount namespace to join is the caller's own" -- run "$ID"
	[ "$(host_mounts)" = "$before" ]
	config "$(joins mount mnt self)
c['mounts'] = []; c['root']['readonly'] = False
del c['linux']['maskedPaths'], c['linux']['readonlyPaths']" -- cat /etc/passwd
	[ "$(oci run "$ID")" = "$(cat rootfs/etc/passwd)" ]
	config "$(joins mount mnt)
del c['root']" -- true
	oci_refuses root.path "is missing" -- run "$ID"
}

@test "a path that holds another kind of namespace, or nothing" {
	config "$(joins uts net self)" -- true
	oci_refuses "linux.namespaces[" "].path: " "holds no uts namespace but only: net" -- run "$ID"
	config "c['linux']['namespaces'].append({'type': 'time', 'path': '/nowhere'})" -- true
	oci_refuses "/nowhere" "No such file" -- run "$ID"
	config "c['linux']['namespaces'].append({'type': 'time', 'path': '/etc/passwd'})" -- true
	oci_refuses "/etc/passwd" -- run "$ID"
}
