#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Verbs on one id at the same time. Nothing hangs, nothing is left, and who comes too late is told so in
# words that engines know. INRO_TEST_RACES is how often (each time one of every kind).

load common
setup() {
	oci_setup
	needs_root
	RACES=${INRO_TEST_RACES:-25}
}
teardown() { oci_teardown; }

# What a verb may say that lost a race, by verb. Killed while it is made is what `kill` does.
declare -A LOST=(
	[create]='already exists|was deleted while it was made|killed by SIGKILL before the command ran'
	[run]='already exists|was deleted while it was made|killed by SIGKILL before the command ran'
	[start]='does not exist|already running|has stopped|still being created'
	[kill]='not running|does not exist|still being created'
	[delete]='does not exist|cannot delete container'
	[state]='does not exist'
	[exec]='.'
)

# race VERB ARGUMENTS…: what is wrong goes to ./wrong
race() {
	local code=0 verb=$1 said="said-$BASHPID"
	timeout -k 1 60 "$INRO_OCI" --root "$SCRATCH/states" "$@" </dev/null >"$said" 2>&1 3>&- || code=$?
	case $verb,$code in
	*,0 | exec,137 | run,137) ;;
	*,1 | exec,255)
		grep -Eq "^inro-oci $verb: .*(${LOST[$verb]})" "$said" && [ "$(wc -l <"$said")" = 1 ] ||
			echo "$verb: $(cat "$said")" >>wrong
		;;
	*) echo "$verb: status $code: $(cat "$said")" >>wrong ;;
	esac
	rm -f "$said"
}

nothing_left() {
	oci delete --force "$ID"
	[ ! -e wrong ] || { sort wrong | uniq -c | head -20; false; }
	[ -z "$(ls "$SCRATCH/states")" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "$ID*" 2>/dev/null)" ]
	fails pgrep -f "$ID-command"
	fails pgrep -f "$SCRATCH/inro-oci"
}

@test "create and delete at the same time" {
	local n
	config -- sh -c 'sleep 1000; true' "$ID-command"
	for ((n = 0; n < RACES; n++)); do
		race create "$ID" &
		race delete --force "$ID" &
		race delete "$ID" &
		wait
	done
	nothing_left
}

@test "every verb at the same time on one id" {
	local n verb words
	config -- sh -c 'sleep 1000; true' "$ID-command"
	for ((n = 0; n < RACES; n++)); do
		for verb in "create $ID" "create $ID" "start $ID" "state $ID" "kill $ID KILL" "exec $ID true" \
			"delete --force $ID" "create $ID"; do
			read -ra words <<<"$verb"
			race "${words[@]}" &
		done
		wait
	done
	nothing_left
}

@test "run in the foreground, while others delete and make the same again" {
	local n
	config -- sh -c 'exit 0' "$ID-command"
	for ((n = 0; n < RACES; n++)); do
		race run "$ID" &
		race delete --force "$ID" &
		race create "$ID" &
		race kill "$ID" KILL &
		race run "$ID" &
		wait
	done
	nothing_left
}
