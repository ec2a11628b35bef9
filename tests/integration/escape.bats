#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# In no way of making the root is the host's own root to be reached, by dots, by descriptors, by
# what mountinfo tells.

load common

setup() { common_setup; mkdir -m 777 root layer-env layer-as_user; }
teardown() { common_teardown; }

# Prints "closed" where "/", "/..", and ".." of every directory in it lead nowhere else.
LOOK='
	here=$(stat -c %d:%i /)
	state=closed
	for up in /.. /../.. /../../../../.. /usr/../.. /usr/.. /dev/.. /proc/.. /tmp/.. /proc/self/root /proc/1/root; do
		[ -d "$up/" ] || continue
		[ "$(stat -L -c %d:%i "$up")" = "$here" ] || state="open by $up"
	done
	for fd in /proc/self/fd/*; do
		[ ! -d "$fd/" ] || [ "$(stat -L -c %d:%i "$fd/")" = "$here" ] || state="open by $fd"
	done
	# The only mounts are those below the root: nothing above it, nothing of the old one.
	while read -r id parent device root point rest; do
		case $point in
		/*) ;;
		*) state="open by mount $point" ;;
		esac
		[ "$point" != / ] || top="$top $id"
	done </proc/self/mountinfo
	set -- $top
	[ $# -le 2 ] || state="$# roots"
	cd / && cd .. && [ "$(pwd -P)" = / ] || state="open by cd"
	echo "$state"
'

closed() { # RUNNER OPTIONS...
	local runner=$1
	shift
	run "$runner" "$INRO" run -q "$@" sh -c "$LOOK"
	echo "$*: $output"
	[ "$output" = closed ]
}

in_every_mode() {
	closed "$1"
	closed "$1" --empty --ro /usr --symlink /bin=usr/bin --symlink /lib=usr/lib --symlink /lib64=usr/lib64
	closed "$1" --rootfs root --ro /usr --symlink /bin=usr/bin --symlink /lib=usr/lib --symlink /lib64=usr/lib64
	closed "$1" --overlay
	closed "$1" --overlay="layer-$1"
	closed "$1" --rootfs root --overlay --ro /usr --symlink /bin=usr/bin --symlink /lib=usr/lib --symlink /lib64=usr/lib64
	closed "$1" --nestable
	closed "$1" -r
	closed "$1" --ns -pid
	closed "$1" --ns -net
	closed "$1" --net host
	closed "$1" --init
}
@test "the host's root is not to be reached" { for_each_user in_every_mode; }

@test "the host's root is not to be reached without a user namespace" {
	needs_root
	closed env --ns -user
	closed env --ns -user --overlay
	closed env --ns mnt
	closed env --ns mnt --empty --ro /usr --symlink /bin=usr/bin --symlink /lib=usr/lib --symlink /lib64=usr/lib64
}

no_paths_of_the_host() {
	local runner=$1
	# What mountinfo tells as source are the paths that were shown, no others.
	run "$runner" "$INRO" run -q cat /proc/self/mountinfo
	[ "$status" = 0 ]
	[[ "$output" != *"$SCRATCH/root"* ]]
	run "$runner" "$INRO" run -q --rootfs / sh -c 'ls /proc/1/cwd/ /proc/1/root/'
	[ "$status" = 0 ]
}
@test "mountinfo tells no path of the host that was not shown" { for_each_user no_paths_of_the_host; }

is_gone() {
	# A directory above the one that was shown, by an open descriptor of the caller's.
	run "$1" sh -c 'exec 7</; "$0" run -q sh -c "ls /proc/self/fd/7/ 2>/dev/null || echo none"' "$INRO"
	[ "$output" = none ]
}
@test "a descriptor of the caller's is not passed on" { for_each_user is_gone; }

peers() {
	"$1" "$INRO" run -q grep -c ' \(shared\|master\):' /proc/self/mountinfo
}
no_propagation() {
	[ "$(peers "$1" || true)" = 0 ]
}
@test "no mount is shared with the host" { for_each_user no_propagation; }

# In a mount table of the test's own, shared as the host's is: what other tests mount is not seen.
@test "the mounts of the host are as before" {
	needs_root
	unshare -m --propagation private bash -ec '
		mount --make-rshared /
		before=$(cat /proc/self/mountinfo)
		"$0" run -q --tmpfs /mnt --overlay true
		"$@" "$0" run -q --tmpfs /mnt --overlay true
		"$0" run -q --ns mnt --tmpfs /mnt true
		[ "$(cat /proc/self/mountinfo)" = "$before" ]
	' "$INRO" "${AS_USER[@]}"
}
