#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The command line itself, and the odd states that a caller may be in.

bats_require_minimum_version 1.5.0
load common

setup() { common_setup; }
teardown() { common_teardown; }

@test "--version and --help" {
	run "$INRO" --version
	[ "$status" = 0 ]
	[[ "$output" == inro\ [0-9]*.[0-9]* ]]
	for words in --help "run --help" "run --help=all"; do
		# Words of their own.
		# shellcheck disable=SC2086
		run --separate-stderr "$INRO" $words
		[ "$status" = 0 ]
		[[ "$output" == Usage:* ]]
		[ -z "$stderr" ]
	done
	[[ "$output" == *--status-fd* ]]
}

@test "what makes no sense ends with 125 and a way out" {
	refuses "no such option" --ns "did you mean" -- "$INRO" run --nss all true
	refuses "no such option" -- "$INRO" run -Z true
	refuses --hostname -- "$INRO" run --hostname
	refuses nosuchverb -- "$INRO" nosuchverb
	refuses run "did you mean" -- "$INRO" rnu true
	run "$INRO"
	[[ "$output" == *Usage:* ]]
}

@test "options end at the command, or at two dashes" {
	[ "$("$INRO" run -q echo --hostname x -r)" = "--hostname x -r" ]
	[ "$("$INRO" run -q -- echo -- x)" = "-- x" ]
	[ "$("$INRO" run -q --hostname=a uname -n)" = a ]
	[ "$("$INRO" run -q --hostname a --hostname b uname -n)" = b ]
}

odd_words() {
	[ "$("$1" "$INRO" run -q printf '<%s>' '' ' ' $'a\nb' $'t\t' 'ü→' '$x' "'" '\')" = "$(printf '<%s>' '' ' ' $'a\nb' $'t\t' 'ü→' '$x' "'" '\')" ]
	[ "$("$1" "$INRO" run -q printf '%s' $'\xff\xfe' | od -An -tx1 | tr -d ' \n')" = fffe ]
}
@test "words reach the command as they are" { for_each_user odd_words; }

many_words() {
	[ "$("$1" "$INRO" run -q sh -c 'echo $#' sh $(seq 20000))" = 20000 ]
	[ "$("$1" "$INRO" run -q sh -c 'echo ${#1}' sh "$(head -c 100000 /dev/zero | tr '\0' x)")" = 100000 ]
}
@test "many and long words" { for_each_user many_words; }

closed_descriptors() {
	local code=0
	"$1" "$INRO" run -q sh -c 'exit 3' <&- || code=$?
	[ "$code" = 3 ]
	code=0
	"$1" "$INRO" run -q sh -c 'exit 4' >&- || code=$?
	[ "$code" = 4 ]
	code=0
	"$1" "$INRO" run -q sh -c 'exit 5' 2>&- || code=$?
	[ "$code" = 5 ]
	code=0
	"$1" "$INRO" run -q sh -c 'exit 6' <&- >&- 2>&- || code=$?
	[ "$code" = 6 ]
	# What is opened in their place is not one of the host's files.
	[ "$("$1" "$INRO" run -q sh -c 'readlink /proc/self/fd/0' <&-)" = /dev/null ]
}
@test "closed standard descriptors" { for_each_user closed_descriptors; }

@test "--help and --explain into a full or closed output" {
	run "$INRO" run --explain true >&-
	run bash -c '"$0" run --explain true >/dev/full' "$INRO"
	[ "$status" = 125 ]
	run bash -c '"$0" run --help=all | head -n 1; exit "${PIPESTATUS[0]}"' "$INRO"
	[ "$status" = 0 ] || [ "$status" = 141 ]
}

deleted_directory() {
	local code=0
	mkdir -m 777 gone
	cd gone || return
	rmdir ../gone
	"$1" "$INRO" run -q sh -c 'pwd; exit 3' >"$SCRATCH/out" || code=$?
	cd ..
	[ "$code" = 3 ] || [ "$code" = 125 ]
	[[ "$(cat "$SCRATCH/out")" == /* || "$code" = 125 ]]
}
@test "from a directory that is gone" { for_each_user deleted_directory; }

standard_input() {
	[ "$(echo through | "$1" "$INRO" run -q cat)" = through ]
	[ "$(head -c 1000000 /dev/zero | "$1" "$INRO" run -q wc -c)" = 1000000 ]
	[ "$("$1" "$INRO" run -q head -c 1000000 /dev/zero | wc -c)" = 1000000 ]
}
@test "input and output pass through" { for_each_user standard_input; }

@test "it refuses to run set-user-ID" {
	needs_root
	cp "$INRO" setuid
	chown root setuid
	chmod 4755 setuid
	if findmnt -n -o OPTIONS -T . | grep -q nosuid; then
		skip "needs a file system that honours the bit"
	fi
	run as_user ./setuid run true
	[ "$status" = 125 ]
	[[ "$output" == *set-user-ID* || "$output" == *setuid* ]]
}
