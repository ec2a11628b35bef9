#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rows of docs/coming-from.md for unshare and nsenter: the second column is run as it stands, and
# so is the first one with inro's verb in the place of the other program's name.

load common

setup() {
	common_setup
	ROWS="$BATS_TEST_DIRNAME/../../docs/coming-from.md"
	: >held
	NAP=1000.$$
}
teardown() {
	[ -z "${T:-}" ] || kill -KILL "$T" 2>/dev/null || true
	umount "$SCRATCH/work/held" 2>/dev/null || true
	common_teardown
}

rows() { # HEADING
	sed -n "/^## $1/,/^## /p" "$ROWS" | grep '^| `'
}

# What this host, or an old kernel, cannot have says so; anything else is a failure.
excused() { # WORDS OUTPUT
	case $1 in
	*--map-auto*|*--map-subids*) [[ $2 == *"subordinate ids"* ]] ;;
	*binfmt*|*-l*) [[ $2 == *6.7* || $2 == *"no such file system"* ]] ;;
	*label*|*-Z*) [[ $2 == *"no security module"* ]] ;;
	*--owner*) ! is_root && [[ $2 == *"may not become"* ]] ;;
	*) return 1 ;;
	esac
}

try() { # WORDS...
	local output
	umount held 2>/dev/null || true
	output=$("$INRO" "$@" true 2>&1) || excused "$*" "$output" || {
		echo "inro $*: $output"
		return 1
	}
}

check_rows() { # HEADING VERB LEAST
	local theirs ours words n=0 failed=0
	while IFS='`' read -r _ theirs _ ours _; do
		n=$((n + 1))
		eval "words=(${ours#inro })"
		try "${words[@]}" || failed=1
		[[ $theirs != *INODE* && $theirs != *NSID* && $theirs != *"-N 3"* ]] || continue
		eval "words=(${theirs#"$1" })"
		try "$2" "${words[@]}" || failed=1
	done < <(rows "$1")
	echo "$n rows"
	[ "$failed" = 0 ] && [ "$n" -ge "$3" ]
}

@test "unshare's options" {
	needs_root
	check_rows unshare unshare 34
}

@test "nsenter's options" {
	needs_root
	"$INRO" unshare -rpfuinCT --mount-proc --kill-child sleep "$NAP" 3>&- &
	until T=$(pgrep -n -fx "sleep $NAP"); do sleep 0.02; done
	check_rows nsenter enter 26
	inode=$(stat -Lc %i /proc/self/ns/uts)
	refuses "" -- "$INRO" enter -t "$T:$inode" -u true
}
