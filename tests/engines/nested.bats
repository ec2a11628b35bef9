#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Containers in containers: this runtime inside of Podman, and Podman inside of this runtime.

load common

setup_file() {
	podman_setup_file
}

setup() {
	podman_setup
}

teardown() {
	podman_teardown
}

# A bundle for the runtime itself, with the image's files in tmpfs; ARGS as JSON.
bundle() { # DIR ARGS
	mkdir -p "$1"
	cp -a /tmp/image "$1/rootfs"
	cat >"$1/config.json" <<-JSON
		{ "ociVersion": "1.0.2", "root": { "path": "rootfs" }, "hostname": "inner",
		  "process": { "cwd": "/", "args": $2, "env": ["PATH=/bin"], "user": { "uid": 0, "gid": 0 } },
		  "mounts": [ { "destination": "/proc", "type": "proc", "source": "proc" } ],
		  "linux": { "namespaces": [ { "type": "pid" }, { "type": "mount" }, { "type": "uts" }, { "type": "ipc" } ] } }
	JSON
}

needs_static() {
	[ "$NAME" = inro-oci ] || skip "only a static runtime can be copied in"
}

@test "the runtime in a privileged container of Podman with it" {
	needs_static
	dir=$(mktemp -d)
	bundle "$dir/b" '["sh", "-c", "hostname; echo $$"]'
	gives 0 inner -- prun --privileged -v "$dir:/b" -v "$RUNTIME:/bin/oci:ro" --tmpfs /run bb \
		oci --root /run/oci run -b /b/b deep
}

@test "three levels of the runtime by itself" {
	needs_static
	dir=$(mktemp -d)
	bundle "$dir/1" '["oci", "--root", "/tmp/s", "run", "-b", "/2", "two"]'
	bundle "$dir/1/rootfs/2" '["oci", "--root", "/tmp/s", "run", "-b", "/3", "three"]'
	bundle "$dir/1/rootfs/2/rootfs/3" '["sh", "-c", "echo deepest $$"]'
	cp "$RUNTIME" "$dir/1/rootfs/bin/oci"
	cp "$RUNTIME" "$dir/1/rootfs/2/rootfs/bin/oci"
	cp "$RUNTIME" "$dir/1/rootfs/2/rootfs/bin/oci"
	for config in "$dir/1/config.json" "$dir/1/rootfs/2/config.json"; do
		jq '.process.capabilities = {bounding: $c, effective: $c, permitted: $c}' \
			--argjson c '["CAP_SYS_ADMIN", "CAP_SYS_CHROOT", "CAP_SETPCAP", "CAP_MKNOD",
				"CAP_CHOWN", "CAP_DAC_OVERRIDE"]' "$config" >"$dir/c"
		cp "$dir/c" "$config"
	done
	gives 0 "deepest 1" -- "$RUNTIME" --root "$dir/s" run -b "$dir/1" one
}

# All of this lab is the container's root: so it has Podman, and the runtime.
@test "Podman in a container of the runtime" {
	needs_controller pids
	gives 0 "from the inside" -- prun --privileged --rootfs -v /inro:/inro -v /tmp/image:/tmp/image:ro \
		--tmpfs /run --tmpfs /var/tmp --tmpfs /var/lib/containers --tmpfs /var/cache /:O \
		sh -c 'tar -C /tmp/image -c . | podman --storage-driver vfs import - bb >/dev/null &&
		podman --storage-driver vfs --runtime "$0" --cgroup-manager cgroupfs --events-backend=file run \
			--rm --network=none --pids-limit=-1 bb echo from the inside' "$RUNTIME"
}
