#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The rows of docs/coming-from.md about lsns, ip netns and pstree: what it says to write here is run, and where
# a row is marked with "=" the other's words as well.

load common

setup() {
	common_setup
	ROWS="$BATS_TEST_DIRNAME/../../docs/coming-from.md"
	PATH="$SCRATCH:$PATH"
}
teardown() { common_teardown; }

# Run a line as a shell would, as this kind of user. What may not be seen may be refused, with the reason.
try() { # RUNNER LINE
	local output
	output=$("$1" env PATH="$PATH" sh -c "$2" 2>&1 </dev/null) && return
	case $2 in
	*4026531836|*"-p 1"|*"pid "*1) [[ $output == *"run as root"* || $output == *"may look at"* ]] && return ;;
	esac
	echo "$1 $2: $output"
	return 1
}

check_rows() { # RUNNER HEADING VERB LEAST
	local theirs ours mark failed=0 n=0
	while IFS='`' read -r _ theirs _ ours mark; do
		n=$((n + 1))
		[[ $ours != ip\ netns* ]] || continue
		try "$1" "$ours" || failed=1
		[[ $mark != *"| ="* ]] || try "$1" "inro $3 ${theirs#* }" || failed=1
	done < <(sed -n "/^## $2/,/^## /p" "$ROWS" | sed 's/`lsns`/`lsns -l`/' | grep '^| `')
	[ "$failed" = 0 ] && [ "$n" -ge "$4" ]
}

@test "lsns' options" {
	check() { check_rows "$1" lsns ls 19; }
	for_each_user check
}

@test "pstree's options" {
	check() { check_rows "$1" pstree tree 18; }
	for_each_user check
}

# What watches never ends by itself; the other lines do, and leave what the next ones need.
try_netns() { # LINE
	local output status=0
	output=$(timeout 1 sh -c "$1" 2>&1 </dev/null) || status=$?
	[ "$status" = 0 ] || { [ "$status" = 124 ] && [[ $1 == *watch* ]]; } || {
		echo "$1: status $status: $output"
		return 1
	}
}

@test "ip netns' commands" {
	needs_root
	command -v ip >/dev/null || skip "needs ip"
	local theirs ours n=0 failed=0
	export N=inro-n$$ K=inro-k$$ T=$$
	ip netns add "$N" 2>/dev/null || skip "ip netns may not add a name here"
	while IFS='`' read -r _ theirs _ ours _; do
		n=$((n + 1))
		try_netns "$ours" || failed=1
	done < <(sed -n "/^## ip netns/,/^## /p" "$ROWS" | grep '^| `')
	ip netns delete "$N"
	"$INRO" drop "$K" "$K-t" 2>/dev/null && failed=1 # the last row has
	[ "$failed" = 0 ] && [ "$n" = 9 ]
}
