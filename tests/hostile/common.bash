# SPDX-License-Identifier: Apache-2.0
# Loaded by every hostile test: what the integration tests have, and the attacker of attacker.c.

load ../integration/common

# Once a file: the attacker takes a moment to compile.
setup_file() {
	export ATTACKER="$BATS_FILE_TMPDIR/attacker"
	chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	cc -O1 -static -o "$ATTACKER" "$BATS_TEST_DIRNAME/attacker.c"
}

setup() {
	common_setup
	# What a killed inro leaves there goes with the test.
	export XDG_RUNTIME_DIR="$SCRATCH/runtime"
	mkdir -m 777 "$XDG_RUNTIME_DIR"
	cp "$ATTACKER" attacker
	PIDS=()
}

teardown() {
	local pid
	for pid in "${PIDS[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	common_teardown
}

# Run in the background until the test ends; $! is kept.
background() {
	"$@" 3>&- &
	PIDS+=($!)
}

# Wait until a command succeeds, for at most ten seconds.
until_true() {
	local i
	for i in $(seq 200); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.05
	done
	echo "never came true: $*"
	return 1
}

# The line must not be there.
lacks() {
	if [[ "$output" == *"$1"* ]]; then
		echo "found '$1' in: $output"
		return 1
	fi
}

has() {
	if [[ "$output" != *"$1"* ]]; then
		echo "no '$1' in: $output"
		return 1
	fi
}

# A root directory that an image could be; ROOT are the options that run in it, with the host's tools.
make_root() {
	local link
	mkdir -p "$1/usr" "$1/tmp"
	for link in bin lib lib64 sbin; do
		[ ! -e "/$link" ] || ln -s "usr/$link" "$1/$link"
	done
	cp attacker "$1/attacker"
	if is_root; then
		chown -hR 65534:65534 "$1"
	fi
	ROOT=(--rootfs "$PWD/$1" --ro /usr)
}

# A directory of the host's that must never be touched, and the test of that.
make_victim() {
	mkdir -m 777 victim victim/dir
	echo untouched >victim/file
	find victim -printf '%P %y %m %s\n' | sort >victim.before
}

victim_untouched() {
	find victim -printf '%P %y %m %s\n' | sort | diff victim.before -
}
