#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The root file system: what is shown, what is writable, in which order, and what is refused.

bats_require_minimum_version 1.5.0
load common

setup() {
	common_setup
	mkdir -m 777 source target other
	echo content >source/file
	chmod 666 source/file
}
teardown() {
	common_teardown
}

inro() { # RUNNER WORDS...
	local runner=$1
	shift
	"$runner" "$INRO" run -q "$@"
}

# Directories that make a shell work in an empty root.
TOOLS=(--ro /usr --symlink /bin=usr/bin --symlink /lib=usr/lib --symlink /lib64=usr/lib64)

system_read_only() {
	local dir
	for dir in /usr /etc /bin /; do
		fails inro "$1" sh -c ": >$dir/inro-was-here" 2>/dev/null
		[ ! -e "$dir/inro-was-here" ]
	done
	inro "$1" sh -c ': >/tmp/x && : >/dev/shm/x && : >$HOME/x && [ ! -e "$1" ]' sh "$SCRATCH/inro"
}
@test "system directories are read-only, /tmp and home are private" { for_each_user system_read_only; }

links_as_on_the_host() {
	local link
	for link in /bin /lib /sbin; do
		[ ! -L $link ] || [ "$(inro "$1" readlink $link)" = "$(readlink $link)" ]
	done
}
@test "links of a merged /usr are links inside" { for_each_user links_as_on_the_host; }

cwd_writable() {
	inro "$1" sh -c 'echo new >source/new && pwd' >out
	[ "$(cat out)" = "$PWD" ]
	[ "$(cat source/new)" = new ]
	rm -f source/new
	# What is beside it is not shown.
	fails inro "$1" ls "$SCRATCH/inro" 2>/dev/null
}
@test "the current directory is shown, writable" { for_each_user cwd_writable; }

@test "a current directory that is the system's, a home or the root stays closed" {
	check() {
		cd /usr/share
		fails inro "$1" sh -c ': >/usr/share/inro-was-here' 2>/dev/null
		cd /
		fails inro "$1" sh -c ': >/inro-was-here' 2>/dev/null
		cd /tmp
		inro "$1" sh -c ': >/tmp/inro-was-here'
		[ ! -e /tmp/inro-was-here ]
	}
	for_each_user check
}

@test "a note says why a current directory is not writable, unless --quiet" {
	cd /usr/share
	run "$INRO" run true
	[[ "$output" == *--rw* ]]
	run "$INRO" run -q true
	[ -z "$output" ]
}

volumes() {
	[ "$(inro "$1" -v "$PWD/source:/data" cat /data/file)" = content ]
	inro "$1" -v "$PWD/source:/data" sh -c 'echo there >/data/there'
	[ "$(cat source/there)" = there ]
	rm -f source/there
	[[ "$(inro "$1" --ro "$PWD/source:/data" sh -c 'cat /data/file; touch /data/x 2>&1')" == content*Read-only* ]]
	[ "$(inro "$1" -v "$PWD/source:/data:ro" sh -c 'touch /data/x || echo no' 2>/dev/null)" = no ]
	[ "$(inro "$1" -v "$PWD/source/file:/tmp/a/b/c" cat /tmp/a/b/c)" = content ]
	inro "$1" --share-cwd=false --rw source sh -c ': >source/x' && [ -e source/x ]
	rm -f source/x
}
@test "-v, --ro, --rw" { for_each_user volumes; }

any_order() {
	local a=(--tmpfs /mnt/a) b=(-v "$PWD/source:/mnt/a/b") c=(--ro "$PWD/other:/mnt/a/b/c")
	mkdir -p source/c
	[ "$(inro "$1" "${a[@]}" "${b[@]}" "${c[@]}" ls /mnt/a/b)" = "$(printf 'c\nfile')" ]
	[ "$(inro "$1" "${c[@]}" "${b[@]}" "${a[@]}" ls /mnt/a/b)" = "$(printf 'c\nfile')" ]
	[ "$(inro "$1" "${b[@]}" "${c[@]}" "${a[@]}" ls /mnt/a)" = b ]
	# For one place, the later one counts.
	[ "$(inro "$1" --tmpfs /data -v "$PWD/source:/data" cat /data/file)" = content ]
	[ "$(inro "$1" -v "$PWD/source:/data" --tmpfs /data ls /data)" = "" ]
	rm -rf source/c
}
@test "parents are mounted before children, in whatever order they are said" { for_each_user any_order; }

@test "a missing source is an error, unless it is optional" {
	check() {
		refuses "$PWD/missing" -- "$1" "$INRO" run -v "$PWD/missing:/data" true
		refuses "$PWD/missing" -- "$1" "$INRO" run --ro "$PWD/missing:/data" true
		inro "$1" -v "$PWD/missing:/data:optional" true
		inro "$1" --ro "$PWD/missing:/data:optional" true
	}
	for_each_user check
}

really_recursive() {
	# A mount below the source, made in a mount namespace of the test's own.
	"$1" unshare -m --propagation private "${2:---fork}" sh -ec '
		mount -t tmpfs none other
		: >other/inside
		"$0" run -q --share-cwd=false --ro "$PWD:/data" sh -c "ls /data/other; touch /data/other/x || echo refused" 2>/dev/null
	' "$INRO"
}
@test "read-only is recursive" {
	check() {
		if [ "$1" = env ]; then
			out=$(really_recursive "$1")
		else
			out=$(really_recursive "$1" --map-root-user)
		fi
		echo "$out"
		[ "$out" = "$(printf 'inside\nrefused')" ]
	}
	for_each_user check
}

nosuid_nodev() {
	inro "$1" cat /proc/self/mountinfo >mounts
	local id parent device root point options rest
	while read -r id parent device root point options rest; do
		# A device is no program, and is meant to be one.
		case $device:$point in
		*:/dev/pts) [[ ",$options," == *,nosuid,* ]] || { echo "suid: $point $options"; return 1; } ;;
		*:/dev/null|*:/dev/zero|*:/dev/full|*:/dev/random|*:/dev/urandom|*:/dev/tty|*:/dev/console) ;;
		*) [[ ",$options," == *,nosuid,*nodev,* ]] || { echo "suid or dev: $point $options"; return 1; } ;;
		esac
	done <mounts
}
@test "every mount is nosuid and nodev, but for the devices" { for_each_user nosuid_nodev; }

made_things() {
	[ "$(inro "$1" --file /etc/x=text --share-cwd cat /etc/x 2>&1)" = text ] ||
		[ "$(inro "$1" --file /tmp/x=text cat /tmp/x)" = text ]
	[ "$(inro "$1" --file /tmp/x=text cat /tmp/x)" = text ]
	[ "$(echo piped | inro "$1" --file /tmp/x=@0 cat /tmp/x)" = piped ]
	[ "$(inro "$1" --file /tmp/x=@7 cat /tmp/x 7<source/file)" = content ]
	inro "$1" --file /tmp/x=text sh -c 'echo more >>/tmp/x'
	fails inro "$1" --ro-file /tmp/x=text sh -c 'echo more >>/tmp/x' 2>/dev/null
	[ "$(inro "$1" --symlink /tmp/l=some/where readlink /tmp/l)" = some/where ]
	[ "$(inro "$1" --dir /tmp/d:mode=0750 stat -c %a /tmp/d)" = 750 ]
	[ "$(inro "$1" --tmpfs /tmp/t:size=64k stat -f -c %T /tmp/t)" = tmpfs ]
	fails inro "$1" --tmpfs /tmp/t:size=64k sh -c 'head -c 200000 /dev/zero >/tmp/t/x' 2>/dev/null
}
@test "--file, --ro-file, --symlink, --dir, --tmpfs" { for_each_user made_things; }

hides() {
	[ "$(inro "$1" --hide "$PWD/source" sh -c 'ls source | wc -l')" = 0 ]
	[ "$(inro "$1" --hide "$PWD/source/file" sh -c 'wc -c <source/file')" = 0 ]
	fails inro "$1" --hide "$PWD/source/file" sh -c 'echo x >source/file' 2>/dev/null
	fails inro "$1" --hide "$PWD/source" sh -c ': >source/x' 2>/dev/null
	[ "$(cat source/file)" = content ]
	[ "$(inro "$1" --hide /usr/share sh -c 'ls /usr/share | wc -l')" = 0 ]
}
@test "--hide" { for_each_user hides; }

overlays() {
	[ "$(inro "$1" --overlay sh -c 'echo x >/etc/inro-was-here && cat /etc/inro-was-here')" = x ]
	[ ! -e /etc/inro-was-here ]
	mkdir -m 777 layer
	inro "$1" --overlay=layer sh -c 'echo kept >/usr/inro-was-here'
	[ "$(inro "$1" --overlay=layer cat /usr/inro-was-here)" = kept ]
	[ "$(inro "$1" sh -c 'cat /usr/inro-was-here' 2>/dev/null)" = "" ]
	# What overlayfs keeps for itself belongs to whom the container's root was.
	"$1" sh -c 'chmod -R u+rwx layer/*; rm -rf layer/*' 2>/dev/null || true
	rm -rf layer
}
@test "--overlay is thrown away, --overlay=DIR is kept" { for_each_user overlays; }

overlays_of_a_toolchain() {
	made=$(inro "$1" --empty --toolchain --overlay sh -c 'echo x >/usr/inro-was-here && cat /usr/inro-was-here')
	[ "$made" = x ]
	[ ! -e /usr/inro-was-here ]
}
@test "--overlay over the tool chain, which has a file" { for_each_user overlays_of_a_toolchain; }

@test "--overlay over a tool chain of which parts are not there" {
	needs_root
	made=$(unshare -m sh -c 'mount -t tmpfs none /etc; exec "$0" run --empty --toolchain --overlay \
		sh -c "echo x >/usr/x; cat /usr/x; ls -d /etc"' "$INRO" 2>/dev/null || true)
	[ "$made" = x ]
}

make_root() {
	mkdir -p tree/bin tree/etc tree/dev
	local file
	for file in sh cat ls mkdir; do
		cp -L "/bin/$file" tree/bin/
	done
	ldd /bin/sh /bin/cat /bin/ls /bin/mkdir | grep -o '/[^ )]*' | sort -u | while read -r file; do
		case $file in *:) continue ;; esac
		mkdir -p "tree$(dirname "$file")"
		cp -L "$file" "tree$file"
	done
	echo marked >tree/etc/mark
}

another_root() {
	# It is the runner's own: through an overlay nobody may write to what an unmapped id owns.
	"$1" bash -c "$(declare -f make_root); make_root"
	[ "$(inro "$1" --rootfs tree cat /etc/mark)" = marked ]
	fails inro "$1" --rootfs tree cat /etc/passwd 2>/dev/null
	inro "$1" --rootfs tree sh -c 'echo new >/etc/new'
	[ "$(cat tree/etc/new)" = new ]
	fails inro "$1" --rootfs tree --read-only sh -c 'echo new >/etc/newer' 2>/dev/null
	[ "$(inro "$1" --rootfs tree --overlay sh -c 'echo new >/etc/newest; cat /etc/newest')" = new ]
	[ ! -e tree/etc/newest ]
	[ "$(inro "$1" --rootfs tree sh -c 'echo $$; ls /proc/self/status /dev/null')" = "$(printf '1\n/dev/null\n/proc/self/status')" ]
	rm -rf tree
}
@test "--rootfs, also --read-only and with --overlay" { for_each_user another_root; }

@test "a root directory that is not there" {
	refuses "$PWD/missing" -- "$INRO" run --rootfs "$PWD/missing" true
	refuses "$PWD/source/file" -- "$INRO" run --rootfs "$PWD/source/file" true
}

empty() {
	[ "$(inro "$1" --empty "${TOOLS[@]}" ls /)" != "" ]
	fails inro "$1" --empty "${TOOLS[@]}" ls /etc/passwd 2>/dev/null
	run -127 inro "$1" --empty true
	[[ "$output" == *--empty* ]]
}
@test "--empty has nothing of the host, and says so where a command is missing" { for_each_user empty; }

working_directory() {
	[ "$(inro "$1" -w /usr pwd)" = /usr ]
	[ "$(inro "$1" --workdir "$PWD/source" pwd)" = "$PWD/source" ]
	refuses /nowhere -- "$1" "$INRO" run -w /nowhere true
}
@test "--workdir" { for_each_user working_directory; }

@test "what only root may read of the host is hidden from root's containers" {
	needs_root
	fails inro env cat /etc/shadow 2>/dev/null
	[ "$(inro env sh -c 'head -c 1 /etc/shadow 2>/dev/null | wc -c')" = 0 ]
	[ "$(inro env cat /etc/passwd | head -n 1)" = "$(head -n 1 /etc/passwd)" ]
}

odd_names() {
	local name
	for name in 'with space' $'new\nline' $'tab\tback\\slash' 'ünï→code' "quote'\"" 'comma,equals=' '-dash'; do
		mkdir -m 777 -- "./$name"
		echo odd >"./$name/file"
		[ "$(cd "./$name" && inro "$1" cat file)" = odd ]
		[ "$(cd "./$name" && inro "$1" pwd)" = "$PWD/$name" ]
		[ "$(inro "$1" --share-cwd=false --ro "$PWD/$name" cat "$PWD/$name/file")" = odd ]
		rm -r -- "./$name"
	done
}
@test "odd names" { for_each_user odd_names; }

paths_that_make_no_sense() {
	refuses relative -- "$1" "$INRO" run -v "$PWD/source:relative/path" true
	refuses --tmpfs -- "$1" "$INRO" run --tmpfs "" true
	refuses -- "$1" "$INRO" run -v "" true
	refuses nosuchoption -- "$1" "$INRO" run -v "$PWD/source:/data:nosuchoption" true
}
@test "mounts that make no sense" { for_each_user paths_that_make_no_sense; }

dots_in_paths() {
	[ "$(inro "$1" -v "$PWD/source:/tmp/a/../b" ls /tmp/b)" = file ]
	[ "$(inro "$1" -v "$PWD/source:/../../tmp/x" ls /tmp/x)" = file ]
}
@test "dots do not lead out" { for_each_user dots_in_paths; }
