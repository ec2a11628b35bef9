#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# --save and --config: a run as a file.
# shellcheck disable=SC2016 # the container's shell expands them
# shellcheck disable=SC2317 # for_each_user calls the functions

load common

setup() { common_setup; }
teardown() { common_teardown; }

@test "what is saved runs again" {
	check() {
		"$1" "$INRO" run --save - --umask 022 -e 'A=x y' -e B=: --tmpfs /data --map-root \
			-- sh -c 'echo "$A$B$(umask)$(id -u)"; ls -d /data' >"$SCRATCH/saved.yaml"
		cat "$SCRATCH/saved.yaml"
		run "$1" "$INRO" run --config "$SCRATCH/saved.yaml"
		echo "$output"
		[ "$output" = $'x y:00220\n/data' ]
	}
	for_each_user check
}

@test "saving runs nothing, and leaves out what a preset means" {
	"$INRO" run --preset shell --save "$SCRATCH/saved.yaml" touch ran
	[ ! -e ran ]
	[ "$(cat "$SCRATCH/saved.yaml")" = $'preset: [shell]\ncommand: [touch, ran]' ]
}

@test "the command line wins over the file, lists add up" {
	check() {
		printf 'umask: 027\ntmpfs: [/one]\ncommand: [umask]\n' >"$SCRATCH/run.yaml"
		run "$1" "$INRO" run --config "$SCRATCH/run.yaml" --tmpfs /two --umask 077 sh -c 'umask; ls -d /one /two'
		echo "$output"
		[ "$output" = $'0077\n/one\n/two' ]
	}
	for_each_user check
}

@test "flags may be written in each way that YAML's readers know" {
	check() {
		local word
		for word in true yes on 1; do
			printf 'map-root: %s\ncommand: [id, -u]\n' "$word" >"$SCRATCH/run.yaml"
			[ "$("$1" "$INRO" run --config "$SCRATCH/run.yaml")" = 0 ]
		done
		printf 'env-all: no\ncommand: [sh, -c, "echo [$SECRET]"]\n' >"$SCRATCH/run.yaml"
		[ "$(SECRET=x "$1" "$INRO" run --config "$SCRATCH/run.yaml")" = "[]" ]
	}
	for_each_user check
	printf 'map-root: perhaps\n' >"$SCRATCH/run.yaml"
	refuses --map-root perhaps -- "$INRO" run --config "$SCRATCH/run.yaml" true
}

@test "mistakes in a file are told with their place" {
	printf 'umask: 022\nunmask: 022\n' >"$SCRATCH/run.yaml"
	refuses run.yaml 'line 2' 'not an option' -- "$INRO" run --config "$SCRATCH/run.yaml" true
	printf 'umask: [022\n' >"$SCRATCH/run.yaml"
	refuses run.yaml line -- "$INRO" run --config "$SCRATCH/run.yaml" true
	refuses absent.yaml 'No such file' -- "$INRO" run --config absent.yaml true
}
