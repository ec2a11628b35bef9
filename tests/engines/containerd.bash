# SPDX-License-Identifier: Apache-2.0
# A containerd of our own, in memory. The image comes from the busybox of the lab; its name is not
# to be looked for anywhere.

C=/run/ctd
IMAGE=localhost/bb:latest

containerd_version() {
	containerd --version | grep -oE '[0-9]+\.[0-9]+\.[0-9]+' | head -1
}

# The configuration has another shape since 2.0.
containerd_config() {
	local cri='"io.containerd.grpc.v1.cri"' images="" version=2
	case $(containerd_version) in
	1.*) images="sandbox_image = \"$IMAGE\"" ;;
	*) cri="\"io.containerd.cri.v1.runtime\"" version=3 ;;
	esac
	cat <<-CONF
		version = $version
		root = "$C/root"
		state = "$C/state"
		disabled_plugins = ["io.containerd.snapshotter.v1.devmapper",
			"io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs",
			"io.containerd.snapshotter.v1.blockfile", "io.containerd.internal.v1.opt"]
		[grpc]
		address = "$C/sock"
		[plugins.$cri]
		restrict_oom_score_adj = true
		disable_apparmor = true
		$images
		[plugins.$cri.cni]
		conf_dir = "$C/cni"
		[plugins.$cri.containerd]
		default_runtime_name = "tested"
		[plugins.$cri.containerd.runtimes.tested]
		runtime_type = "io.containerd.runc.v2"
		[plugins.$cri.containerd.runtimes.tested.options]
		BinaryName = "$RUNTIME"
		SystemdCgroup = ${SYSTEMD_CGROUP:-false}
	CONF
	[ "$version" = 2 ] || cat <<-CONF
		[plugins."io.containerd.cri.v1.images".pinned_images]
		sandbox = "$IMAGE"
	CONF
}

containerd_start() {
	needs_controller cpu
	mkdir -p $C/root $C/state
	make_image /tmp/image
	containerd_config >$C/config.toml
	containerd -c $C/config.toml >$C/log 2>&1 3>&- 4>&- &
	echo $! >$C/pid
	eventually ctr version || { cat $C/log; return 1; }
	tar -C /tmp/image -c . | podman import -c 'CMD ["sleep", "1000000"]' - "$IMAGE" >/dev/null
	podman save --format oci-archive -o $C/image.tar "$IMAGE" >/dev/null
	ctr image import --local "$C/image.tar" >/dev/null 2>&1 || ctr image import "$C/image.tar"
	ctr -n k8s.io image import --local "$C/image.tar" >/dev/null 2>&1 || ctr -n k8s.io image import "$C/image.tar"
}

containerd_stop() {
	kill "$(cat $C/pid)"
}

ctr() {
	command ctr -a $C/sock "$@"
}

crun_of() { # OPTIONS… ID COMMAND…: ctr run with the runtime that is tested
	ctr run --runtime io.containerd.runc.v2 --runc-binary "$RUNTIME" "$@"
}

cri() {
	python3 "$BATS_TEST_DIRNAME/cri.py" $C/sock "$@"
}
