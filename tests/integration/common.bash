# SPDX-License-Identifier: Apache-2.0
# Loaded by every integration test: where inro is, a scratch directory that is gone afterwards, and
# an ordinary user to run it as. INRO names the program to test; the tests must be run as root for
# the half that needs it.

is_root() {
	[ "$(id -u)" = 0 ]
}

common_setup() {
	SCRATCH=$(mktemp -d "${BATS_TMPDIR:-/tmp}/inro-test-XXXXXX")
	chmod 755 "$SCRATCH"
	# An ordinary user must be able to execute it, wherever it was built.
	install -m 755 "${INRO:-$(command -v inro)}" "$SCRATCH/inro"
	INRO="$SCRATCH/inro"
	mkdir -m 777 "$SCRATCH/work"
	cd "$SCRATCH/work" || return 1
}

common_teardown() {
	cd / && rm -rf "$SCRATCH"
}

# The mounts of the host, as this test may see them change: without what other tests, which run at
# the same time, mount in their own directories or hold under a name.
host_mounts() {
	local stage=${SCRATCH%/*}
	awk -v own="$SCRATCH/" -v others="${stage%/}/inro-test-" '
		index($5, others) == 1 && index($5 "/", own) != 1 { next }
		$5 ~ "^/run/(inro|netns)(/|$)" { next }
		{ $1 = $2 = $3 = $4 = ""; print }' /proc/self/mountinfo
}

needs_root() {
	is_root || skip "needs root"
}

# Put before a command: run it as an ordinary user, also where the tests run as root.
AS_USER=(env)
if is_root; then
	AS_USER=(env HOME=/nonexistent setpriv --reuid 65534 --regid 65534 --clear-groups)
fi
as_user() {
	"${AS_USER[@]}" "$@"
}

# Call FUNCTION once for each kind of user that there is, with a word to put before inro. A command
# in the background takes "${RUNNER[@]}" instead: no shell then stays in between, which would hold
# its descriptors and be in the way of signals.
for_each_user() {
	if is_root; then
		RUNNER=(env)
		"$1" env
	fi
	RUNNER=("${AS_USER[@]}")
	"$1" as_user
}

# The command must fail, however (a plain "!" before it would not count for bats).
fails() {
	if "$@"; then
		echo "should have failed: $*"
		return 1
	fi
}

# inro must fail with status 125 and say each of the words.
refuses() {
	local words=() word
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	run "$@"
	echo "status $status: $output"
	[ "$status" = 125 ]
	for word in "${words[@]}"; do
		[[ "$output" == *"$word"* ]]
	done
}
