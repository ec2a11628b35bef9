#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The tour: each command of both documents is typed as they print it, and what comes is compared.

setup() {
	here=$BATS_TEST_DIRNAME
	docs=$here/../../docs
	INRO=$(realpath "${INRO:-$(command -v inro)}")
	# Beside inro in a staging directory, or in a build directory.
	examples=$(dirname "$INRO")/examples
	[ -d "$examples" ] || examples=$(dirname "$INRO")/../examples
	PATH=$(dirname "$INRO"):$examples:$PATH
	export PATH
	SCRATCH=$(mktemp -d "${BATS_TMPDIR:-/tmp}/inro-test-XXXXXX")
}

teardown() { rm -rf "$SCRATCH"; }

experiment() { # NUMBER
	local document status
	# A sanitizer has words of its own to say.
	[ "${INRO_TEST_BUILD:-}" != build-asan ] || skip "the program as it is released"
	for document in tour.md tour.zh-CN.md; do
		status=0
		"$here/transcript" "$docs/$document" "$1" || status=$?
		[ $status != 77 ] || skip "needs root"
		[ $status = 0 ]
	done
}

@test "1: a child with a host name of its own" { experiment 1; }
@test "2: joining" { experiment 2; }
@test "3: leaving" { experiment 3; }
@test "4: the links" { experiment 4; }
@test "5: holding a namespace" { experiment 5; }
@test "6: a procfs elsewhere" { experiment 6; }
@test "7: a procfs at its place" { experiment 7; }
@test "8: another root" { experiment 8; }
@test "9: without a mount namespace" { experiment 9; }
@test "10: a first container" { experiment 10; }
@test "11: three levels" { experiment 11; }
@test "12: N levels in one command" {
	[ "${INRO_TEST_BUILD:-}" = build-asan ] || inro nest 32 -q true || skip "fewer levels than 32 here"
	experiment 12
}
@test "13: what PID 1 is" { experiment 13; }
@test "14: through the levels" { experiment 14; }

@test "both documents show the same, and all of it is run" {
	diff <("$here/transcript" --print "$docs/tour.md") <("$here/transcript" --print "$docs/tour.zh-CN.md")
	for document in tour.md tour.zh-CN.md; do
		[ "$("$here/transcript" --print "$docs/$document" | grep -c '^[0-9]*: ```console')" = \
			"$(grep -c '^```console' "$docs/$document")" ]
		[ "$(grep -cE '^## [0-9]+\. ' "$docs/$document")" = 14 ]
	done
}

# A document with one section, in which SED has changed something, must fail, and say WORD.
drifts() { # WORD SED
	sed -E "$2" >"$SCRATCH/changed.md" <<-'END'
		## 1. Sleepers
		```console
		$ sleep 1000 & echo $!
		12345
		$ ps -o pid,args -p 12345
		    PID COMMAND
		  12345 sleep 1000
		$ touch made; ls
		made
		$ rm made; kill 12345; echo done
		done
		```
	END
	run "$here/transcript" "$SCRATCH/changed.md"
	echo "$1: $status $output"
	[ "$status" = 1 ]
	[[ $output == *"$1"* ]]
}

@test "a document that is no longer true fails" {
	drifts "+ done" 's/^done/gone/'
	drifts "+   PID COMMAND" '/PID COMMAND/d'
	drifts "sleep 1000" 's/^  12345/  54321/'
	drifts "which process" 's/kill 12345/kill 54321/'
	drifts "a file is left: made" 's/rm made; //'
	drifts "a process is left" 's/kill 12345; //'
	# And unchanged it holds.
	run drifts nothing ''
	[[ $output == *"nothing: 0"* ]]
}
