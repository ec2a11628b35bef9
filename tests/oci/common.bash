# SPDX-License-Identifier: Apache-2.0
# Loaded by every test of inro-oci: bundles of busybox, a directory of states of their own, and the end
# of every container that a test made. INRO_OCI names the program to test.

load ../integration/common

oci_setup() {
	common_setup
	install -m 755 "${INRO_OCI:-$(command -v inro-oci)}" "$SCRATCH/inro-oci"
	INRO_OCI="$SCRATCH/inro-oci"
	ID="t$$-$BATS_TEST_NUMBER"
	mkdir -m 755 rootfs
	make_rootfs rootfs
}

oci_teardown() {
	local id
	for id in $(oci list -q 2>/dev/null); do
		oci delete -f "$id" 2>/dev/null
	done
	common_teardown
}

# inro-oci with the test's own states.
oci() {
	"$INRO_OCI" --root "$SCRATCH/states" "$@" 3>&-
}

# A root file system in which there is busybox.
make_rootfs() {
	local name
	mkdir -p "$1"/{bin,dev,etc,proc,sys,tmp,run,root}
	chmod 1777 "$1/tmp"
	cp "$(command -v busybox)" "$1/bin/busybox"
	for name in sh ls cat echo id sleep true false mount grep ps env pwd stat touch hostname kill wc head tail \
		sed awk tr cut sort readlink mkdir rm umount chroot nproc test find mknod dd date tty stty cp uname ip; do
		ln -s busybox "$1/bin/$name"
	done
	echo 'root:x:0:0:root:/root:/bin/sh' >"$1/etc/passwd"
}

# config.json in the current directory: what `spec` writes, for the command that follows, changed by a
# Python program in which c is the document: config 'c["hostname"] = "x"' -- sh -c 'echo hello'
config() {
	local change=""
	if [ "$1" != -- ]; then
		change=$1
		shift
	fi
	shift
	rm -f config.json
	oci spec "${SPEC[@]}"
	python3 - "$change" "$@" <<-'END'
		import json, sys
		with open("config.json") as file:
		    c = json.load(file)
		c["process"]["args"] = sys.argv[2:]
		c["process"]["terminal"] = False
		exec(sys.argv[1])
		with open("config.json", "w") as file:
		    json.dump(c, file, indent=1)
	END
}

# A member of what `state` says.
state_of() {
	oci state "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"
}

# inro-oci must fail with status 1 (or STATUS) and say each of the words.
oci_refuses() {
	local words=() word
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	run oci "$@"
	echo "status $status: $output"
	[ "$status" = "${STATUS:-1}" ]
	for word in "${words[@]}"; do
		[[ "$output" == *"$word"* ]]
	done
}

# `run`, without what is said about this host (no cgroup for an ordinary user) in $output.
run_unwarned() {
	run "$@"
	output=$(grep -v '^inro-oci: warning: ' <<<"$output" || true)
	echo "status $status: $output"
}
