#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Every row of docs/coming-from.md is run: what it says to write here, and, where it is marked with
# "=", the other tool's words as well.

load common

setup() {
	common_setup
	ROWS="$BATS_TEST_DIRNAME/../../docs/coming-from.md"
	mkdir src
	echo NAME=value >text
}
teardown() { common_teardown; }

# inro run WORDS true, the words as a shell reads them; descriptor 3 holds a seccomp filter, or words.
try() { # RUNNER WORDS
	local words output
	eval "words=($2)"
	"$INRO" run --seccomp-dump=raw true >third
	[[ $2 != *--args* ]] || printf '%s\0' --net host >third
	# What runs in the background is to leave no record.
	[[ $2 != -d* && $2 != --detach ]] || words+=(--rm)
	output=$("$1" "$INRO" run "${words[@]}" true 3<>third 2>&1 </dev/null) && return
	echo "$1 inro run $2: $output"
	return 1
}

# What only root may do without help, or where there is a cgroup: a refusal must say so.
try_or_hint() { # RUNNER WORDS
	local output
	output=$(try "$1" "$2") && return
	case $2 in
	-u*|--uid*|--group*|-m*|--cpus*|--cpu-shares*|--pids-limit*|--cgroup_*)
		[[ $1 == as_user && $output == *[a-z]\;\ * ]] && return ;;
	esac
	echo "$output"
	return 1
}

rows() { # HEADING
	sed -n "/^## $1/,/^## /p" "$ROWS" | grep '^| `'
}

check_rows() { # RUNNER HEADING LEAST
	local theirs ours mark failed=0 n=0
	while IFS='`' read -r _ theirs _ ours mark; do
		n=$((n + 1))
		try_or_hint "$1" "$ours" || failed=1
		if [[ $mark == *"| ="* ]]; then
			try_or_hint "$1" "$theirs" || failed=1
		fi
	done < <(rows "$2")
	[ "$failed" = 0 ] && [ "$n" -ge "$3" ]
}

@test "bubblewrap's options" {
	check() { check_rows "$1" bubblewrap 40; }
	for_each_user check
}

@test "docker's options" {
	check() { check_rows "$1" docker 36; }
	for_each_user check
}

@test "firejail's options" {
	check() { check_rows "$1" firejail 28; }
	for_each_user check
}

@test "nsjail's options" {
	check() { check_rows "$1" nsjail 29; }
	for_each_user check
}

@test "words of others may come with = where they take one" {
	check() {
		[ "$("$1" "$INRO" run --setenv A "b:c\\d" printenv A)" = 'b:c\d' ]
		[ "$("$1" "$INRO" run --shm-size=1m df --output=size /dev/shm | tail -1)" -eq 1024 ]
		[ "$("$1" "$INRO" run --ro-bind src "/a:b" ls -d /a:b)" = /a:b ]
	}
	for_each_user check
}
