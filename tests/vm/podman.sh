#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Inside the machine of tests/vm/podman: what the cgroups of Podman's containers are. Run as root, and by
# that as the user, with `user` as its word.

failed=0
count=${2:-0}
C=/sys/fs/cgroup
export STORAGE_DRIVER=vfs

# is NAME VALUE WANTED: a shell pattern.
is() {
	count=$((count + 1))
	# shellcheck disable=SC2254
	case $2 in
	$3) echo "ok $count - $1" ;;
	*)
		failed=1
		echo "not ok $count - $1"
		echo "# '$2', wanted '$3'"
		;;
	esac
}

# With MANAGER of cgroups.
podman() {
	command podman --cgroup-manager "$MANAGER" "$@"
}

configure() {
	mkdir -p "$1"
	cat >"$1/containers.conf" <<-'END'
		[engine]
		runtime = "inro-oci"
		events_logger = "file"
		[engine.runtimes]
		inro-oci = ["/usr/local/bin/inro-oci"]
		[containers]
		log_driver = "k8s-file"
		netns = "none"
	END
	mkdir -p /tmp/image-"$UID"/{bin,tmp,proc,sys,dev,etc}
	cp /bin/busybox /tmp/image-"$UID"/bin
	for name in sh sleep cat mknod mkdir echo dd; do ln -s busybox /tmp/image-"$UID"/bin/$name; done
	tar -C /tmp/image-"$UID" -c . | command podman import -q - bb >/dev/null || exit
}

# A file of the group of container a; its files as the host sees them are those that count.
value() {
	cat "$C$group/$1"
}

limits() {
	podman run -d --name a -m 64m --pids-limit 20 --cpus 0.5 bb sleep 1000 >/dev/null
	group=$(podman inspect -f '{{.State.CgroupPath}}' a)
	is "$MANAGER: limits" "$(value memory.max) $(value pids.max) $(value cpu.max)" '67108864 20 50000 100000'
	is "$MANAGER: stats" "$(podman stats --no-stream --format '{{.MemLimit}} {{.PIDS}}' a)" '67108864 1'
	is "$MANAGER: seen inside" "$(podman exec a cat /proc/self/cgroup $C/pids.max)" "0::/?20"
	podman pause a >/dev/null
	is "$MANAGER: pause" "$(value cgroup.events)" '*frozen 1*'
	podman unpause a >/dev/null
	is "$MANAGER: unpause" "$(value cgroup.events)" '*frozen 0*'
	podman update -m 128m --pids-limit 30 --cpus 1 a >/dev/null
	is "$MANAGER: update" "$(value memory.max) $(value pids.max) $(value cpu.max)" '134217728 30 100000 100000'
}

gone() {
	podman rm -f -t0 a >/dev/null
	is "$MANAGER: $1: the group is gone" "$(ls -d "$C$group" 2>&1)" '*No such file*'
}

# What the rules allow stays allowed, and what they forbid forbidden.
devices() {
	podman run -d --name a --cap-add mknod --device /dev/vda:/dev/vda:r bb sleep 1000 >/dev/null
	group=$(podman inspect -f '{{.State.CgroupPath}}' a)
	try="exec 2>&1; mknod /tmp/mem c 1 1; cat /tmp/mem; dd if=/dev/vda of=/dev/null count=1 2>/dev/null && echo read
		echo x >/dev/vda; true"
	is "$MANAGER: devices" "$(podman exec a sh -c "$try" 2>&1)" '*mem*not permitted*read*vda*not permitted*'
	[ "$MANAGER" = systemd ] || { gone devices; return; }
	systemctl daemon-reload
	is "$MANAGER: devices after a reload" "$(podman exec a sh -c "$try" 2>&1)" '*mem*not permitted*read*vda*not permitted*'
	podman update -m 32m a >/dev/null
	systemctl daemon-reexec
	is "$MANAGER: devices after an update and a re-execution" "$(podman exec a sh -c "$try" 2>&1)" '*mem*not permitted*read*vda*not permitted*'
	is "$MANAGER: limits after them" "$(value memory.max)" 33554432
	gone devices
}

# Where it may write to them, its cgroups are its own.
owned() {
	podman run -d --name a --systemd=always --uidmap 0:200000:65536 --gidmap 0:200000:65536 bb \
		sh -c "mkdir $C/sub && echo 1 >$C/sub/cgroup.procs; echo +pids >$C/cgroup.subtree_control; sleep 1000" >/dev/null
	group=$(podman inspect -f '{{.State.CgroupPath}}' a)
	for _ in 1 2 3 4 5 6 7 8 9 10; do ! grep -q pids "$C$group/cgroup.subtree_control" || break; sleep 1; done
	is "$MANAGER: owner" "$(stat -c %u "$C$group" "$C$group/cgroup.procs" "$C$group/pids.max" | tr '\n' ' ')" '200000 200000 0 '
	is "$MANAGER: exec below it" "$(podman exec a cat /proc/self/cgroup)" '0::*/sub'
	gone owner
}

pod() {
	podman pod create --name p -m 96m >/dev/null
	is "$MANAGER: in a pod" "$(podman run --rm --pod p -m 48m bb cat $C/memory.max)" 50331648
	podman pod rm -f -t0 p >/dev/null
}

# Without an engine: a scope of the user's own manager, whose root is the user outside.
alone() {
	mkdir -p ~/box
	cd ~/box || return
	ln -sf /tmp/image-"$UID" rootfs
	inro-oci spec --rootless
	jq '.process.args = ["/bin/cat", "/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/memory.max"] | .process.terminal = false |
		.linux.cgroupsPath = "user.slice:inro:box" | .linux.resources = {"pids": {"limit": 12}, "memory": {"limit": 67108864}} |
		.mounts = [.mounts[] | select(.destination != "/sys")] +
		[{"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["ro"]}]' config.json >config.new
	mv config.new config.json
	is 'alone: limits' "$(inro-oci --systemd-cgroup run box 2>&1 | tr '\n' ' ')" '12 67108864 '
	is 'alone: in a delegated scope, without systemd' \
		"$(jq 'del(.linux.cgroupsPath)' config.json >other.json && mkdir -p other && mv other.json other/config.json &&
			ln -sf ../rootfs other && systemd-run --user --scope -q -p Delegate=yes inro-oci run -b other box 2>&1 |
			tr '\n' ' ')" '12 67108864 '
	is 'alone: the unit is gone' "$(systemctl --user show -p LoadState inro-box.scope)" '*=not-found'
	sed -i 's/"pids": {/"cpu": {"cpus": "0"}, &/' config.json
	is 'alone: a controller that is not delegated' "$(inro-oci --systemd-cgroup run box 2>&1)" '*cpuset is not available*'
	is 'alone: no bus' "$(env -u XDG_RUNTIME_DIR -u DBUS_SESSION_BUS_ADDRESS inro-oci --root /tmp/states --systemd-cgroup \
		run box 2>&1)" '*cannot reach the user bus*enable-linger*'
}

# As a service of systemd's runs one: the container is in the service's own cgroup.
split() {
	is 'split: limits' "$(systemd-run -q --wait --pipe -p Delegate=yes podman run --rm --cgroups=split -m 64m --pids-limit 20 bb \
		cat $C/memory.max $C/pids.max 2>&1 | tr '\n' ' ')" '67108864 20 '
	is 'split: its place' "$(systemd-run -q --wait --pipe -p Delegate=yes podman run --rm --cgroups=split --cgroupns=host bb \
		cat /proc/self/cgroup 2>&1)" '0::/system.slice/run-*.service/libpod-payload-*'
}

if [ "${1:-}" = user ]; then
	configure ~/.config/containers
	MANAGER=systemd
	limits
	gone limits
	alone
	echo "user: $failed $count"
	exit
fi

mkdir -p /etc/containers
cat >/etc/containers/storage.conf <<-'END'
	[storage]
	driver = "vfs"
	runroot = "/run/containers/storage"
	graphroot = "/var/lib/containers/storage"
END
configure /etc/containers
for MANAGER in systemd cgroupfs; do
	limits
	[ $MANAGER = cgroupfs ] || is "$MANAGER: its scope" \
		"$(systemctl show -p MemoryMax -p TasksMax -p CPUQuotaPerSecUSec --value "${group##*/}" | tr '\n' ' ')" '1s 134217728 30 '
	gone limits
	devices
	owned
	pod
done
split
loginctl enable-linger lab
systemd-run -q -M lab@.host --user --pipe --wait /bin/bash /t/podman.sh user "$count" >/tmp/user 2>&1
sed '/^user: /d' /tmp/user
read -r _ user_failed user_count <<<"$(grep '^user: ' /tmp/user)"
count=${user_count:-$count}
is 'as a user' "${user_failed:-it did not come to its end}" 0
echo "1..$count"
exit $failed
