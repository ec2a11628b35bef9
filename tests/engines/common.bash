# SPDX-License-Identifier: Apache-2.0
# Loaded by every test of an engine, inside the lab: RUNTIME is the runtime to test, VIEW what is
# seen of cgroups. The image is a busybox.

export PODMAN_IGNORE_CGROUPSV1_WARNING=1

# Podman knows by a list, and by names only, which runtimes can do without cgroups.
NAME=${RUNTIME##*/}
cat >/tmp/containers.conf <<CONF
[engine]
runtime_supports_nocgroup = ["$NAME"]
[engine.runtimes]
$NAME = ["$RUNTIME"]
[network]
# The lab has no nft, and nothing to reach by a translation of addresses.
firewall_driver = "none"
CONF
export CONTAINERS_CONF_OVERRIDE=/tmp/containers.conf

# Is there a controller to set limits with?
has_controller() {
	case $VIEW in
	v1) [ -d "/sys/fs/cgroup/$1" ] ;;
	*) grep -qw "$1" /sys/fs/cgroup/cgroup.controllers ;;
	esac
}

needs_controller() {
	has_controller "$1" || skip "no controller $1 in the view $VIEW of this host"
}

make_image() { # DIR: the files of a busybox image
	[ ! -d "$1" ] || return 0
	mkdir -p "$1"/{bin,etc,tmp,proc,sys,dev,root,srv}
	cp /bin/busybox "$1/bin"
	/bin/busybox --list | while read -r name; do
		[ "$name" = busybox ] || ln -s busybox "$1/bin/$name"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nguest:x:1234:1234::/tmp:/bin/sh\n' >"$1/etc/passwd"
	printf 'root:x:0:\nguest:x:1234:\nmore:x:1235:guest\n' >"$1/etc/group"
	echo '#!/bin/sh' >"$1/srv/plain"
	chmod 644 "$1/srv/plain"
	chmod 1777 "$1/tmp"
}

# As whom the engine runs; `become` is put before every command.
become=(env)
lab_user() {
	export XDG_RUNTIME_DIR=/run/user/1000
	mkdir -p $XDG_RUNTIME_DIR
	chown 1000:1000 $XDG_RUNTIME_DIR
	become=(setpriv --reuid 1000 --regid 1000 --init-groups env HOME=/home/lab
		"XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR")
	cd /home/lab || return 1
}

podman() {
	"${become[@]}" podman --runtime "$NAME" --cgroup-manager cgroupfs --events-backend=file "$@"
}

# Without controllers to set limits with, engines start nothing that has a cgroup.
limits=() without_cgroups=
no_limits() {
	has_controller pids && [ -z "${ROOTLESS:-}" ] && return
	limits=(--cgroups=disabled) without_cgroups=1
}

prun() {
	podman run --rm --network=none "${limits[@]}" "$@"
}

pstart() { # NAME ARG…: in the background
	local name=$1
	shift
	podman run -d --name "$name" --network=none "${limits[@]}" "$@"
}

podman_setup_file() {
	[ -z "${ROOTLESS:-}" ] || lab_user
	make_image /tmp/image
	tar -C /tmp/image -c . | podman import - bb >/dev/null
}

podman_setup() {
	[ -z "${ROOTLESS:-}" ] || lab_user
	no_limits
}

podman_teardown() {
	podman rm -fa -t0 >/dev/null 2>&1 || true
	podman pod rm -fa -t0 >/dev/null 2>&1 || true
}

# Wait until the command succeeds; ten seconds are long on a busy machine, and mean failure.
eventually() {
	local i
	for ((i = 0; i < 100; i++)); do
		! "$@" >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	echo "never: $*"
	return 1
}

# The command must fail, however (a plain "!" before it would not count for bats).
fails() {
	if "$@"; then
		echo "should have failed: $*"
		return 1
	fi
}

# Run it; STATUS and all WORDS must come.
gives() { # STATUS WORDS -- COMMAND…  (STATUS "": whichever)
	local want=$1 words=() word
	shift
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	run "$@"
	echo "status $status, output: $output"
	[ -z "$want" ] || [ "$status" = "$want" ] || return 1
	for word in "${words[@]}"; do
		[[ "$output" == *"$word"* ]] || { echo "lacks: $word"; return 1; }
	done
}
