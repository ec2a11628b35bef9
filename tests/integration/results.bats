#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# How a run ends, and what is told of it: statuses, errors, JSON lines, report, explain, trace.

bats_require_minimum_version 1.5.0
load common

setup() { common_setup; }
teardown() { common_teardown; }

# json EXPRESSION <JSON: print what the Python expression makes of it; d is the last line, l all.
json() {
	python3 -c '
import json, sys
text = sys.stdin.read()
try:
    d = json.loads(text); l = [d]
except ValueError:
    l = [json.loads(line) for line in text.splitlines()]; d = l[-1]
print(eval(sys.argv[1]))' "$1"
}

statuses() {
	local code got
	for code in 0 1 7 124 125 126 127 255; do
		got=0
		"$1" "$INRO" run -q sh -c "exit $code" >out 2>&1 || got=$?
		[ "$got" = "$code" ]
		[ ! -s out ]
	done
}
@test "the status is the command's" { for_each_user statuses; }

signals() {
	local number
	for number in 1 2 6 9 15; do
		run "$1" "$INRO" run -q --init sh -c "kill -$number \$\$; sleep 5"
		[ "$status" = $((128 + number)) ]
	done
}
@test "128 and the signal that killed it" { for_each_user signals; }

not_found() {
	run -127 "$1" "$INRO" run nosuchcommand
	[[ "$output" == *nosuchcommand*"not found"* ]]
	run -127 "$1" "$INRO" run /no/such/command
	[[ "$output" == */no/such/command* ]]
	printf '#!/no/such/interpreter\n' >script
	chmod 755 script
	run -127 "$1" "$INRO" run ./script
	[[ "$output" == *interpreter* ]]
}
@test "127: not found, or its interpreter is not" { for_each_user not_found; }

not_executable() {
	echo 'echo no' >plain
	run -126 "$1" "$INRO" run ./plain
	[[ "$output" == *"Permission denied"* ]]
	run -126 "$1" "$INRO" run /usr
	[[ "$output" == */usr* ]]
	printf 'garbage\001\002' >garbage
	chmod 755 garbage
	run -126 "$1" "$INRO" run ./garbage
	[[ "$output" == *"Exec format error"* ]]
}
@test "126: there, but not to be executed" { for_each_user not_executable; }

explains() {
	local before
	before=$(ls -A)
	"$1" "$INRO" run --explain touch here >text
	grep -q 'execute touch' text
	grep -q 'because' text
	[ ! -e here ]
	"$1" "$INRO" run --explain=json --tmpfs /mnt touch here >plan.json
	[ ! -e here ]
	[ "$(json '[s["step"] for s in d["steps"]] == list(range(1, len(d["steps"]) + 1))' <plan.json)" = True ]
	[ "$(json 'any("/mnt" in s.get("text", "") + s.get("object", "") for s in d["steps"])' <plan.json)" = True ]
	[ "$(json 'all(s["why"] and s["by"] in ("parent", "child", "helper") for s in d["steps"])' <plan.json)" = True ]
	rm -f text plan.json
	[ "$(ls -A)" = "$before" ]
}
@test "--explain tells the steps as text or JSON, and runs nothing" { for_each_user explains; }

@test "--explain makes the same plan twice" {
	"$INRO" run --explain=json --overlay --tmpfs /x true >one
	"$INRO" run --explain=json --overlay --tmpfs /x true >two
	cmp one two
}

traces() {
	run --separate-stderr "$1" "$INRO" run -q --trace echo hello
	[ "$status" = 0 ]
	[ "$output" = hello ]
	# shellcheck disable=SC2154
	[[ "$stderr" == *clone* ]]
	[[ "$stderr" == *execute* ]]
}
@test "--trace runs it and tells what each step took" { for_each_user traces; }

reports() {
	run --separate-stderr "$1" "$INRO" run -q --report sh -c 'exit 3'
	[ "$status" = 3 ]
	[[ "$stderr" == *"status 3"*wall*user*system*memory* ]]
}
@test "--report" { for_each_user reports; }

status_lines() {
	# The namespaces are looked at while it runs.
	mkfifo -m 666 go
	"${RUNNER[@]}" "$INRO" run -q --status-fd 9 sh -c 'read -r _ <go; exit 5' 9>lines 3>&- &
	local pid=$!
	while [ ! -s lines ]; do sleep 0.02; done
	echo >go
	wait "$pid" || [ $? = 5 ]
	rm -f go
	[ "$(json '[e["event"] for e in l]' <lines)" = "['started', 'ended']" ]
	[ "$(json 'l[0]["pid"] > 0 and len(l[0]["namespaces"]) >= 7' <lines)" = True ]
	[ "$(json 'd["reason"], d["status"], d["code"]' <lines)" = "('exited', 5, 5)" ]
	[ "$(json 'd["wall_ns"] > 0 and d["peak_memory_bytes"] > 0' <lines)" = True ]
	"$1" "$INRO" run -q --init --status-fd 9 sh -c 'kill -9 $$' 9>lines || [ $? = 137 ]
	[ "$(json 'd["status"]' <lines)" = 137 ]
	"$1" "$INRO" run --status-fd 9 --ro /no/such/source true 9>lines 2>/dev/null || [ $? = 125 ]
	[ "$(json 'd["event"], d["status"], d["path"], d["error"]' <lines)" = "('failed', 125, '/no/such/source', 'ENOENT')" ]
	"$1" "$INRO" run --status-fd 9 nosuchcommand 9>lines 2>/dev/null || [ $? = 127 ]
	[ "$(json 'd["event"], d["status"]' <lines)" = "('failed', 127)" ]
	[ "$(json 'd["step"] > 0 and "nosuchcommand" in d["message"]' <lines)" = True ]
}
@test "--status-fd: started, ended, failed" { for_each_user status_lines; }

@test "--status-fd of a descriptor that is not open, or none" {
	refuses --status-fd -- "$INRO" run --status-fd 99 true
	refuses --status-fd -- "$INRO" run --status-fd x true
	refuses --status-fd -- "$INRO" run --status-fd -1 true
}

@test "a reader of --status-fd that went away does not end the container" {
	"$INRO" run -q --status-fd 9 sh -c 'echo alive' 9> >(exec true) >out
	[ "$(cat out)" = alive ]
}

saves() {
	"$1" "$INRO" run --hostname saved --tmpfs /mnt/x -e A=b --save run.yaml -- sh -c 'uname -n; echo "$A $1"; ls /mnt' sh 'an argument'
	[ -s run.yaml ]
	"$1" "$INRO" run -q --config run.yaml >out
	[ "$(cat out)" = "$(printf 'saved\nb an argument\nx')" ]
	# What is said beside it wins.
	[ "$("$1" "$INRO" run -q --config run.yaml --hostname other uname -n)" = other ]
	# And saved again it is the same.
	"$1" "$INRO" run --config run.yaml --save again.yaml
	cmp run.yaml again.yaml
	rm -f run.yaml again.yaml out
}
@test "--save and --config" { for_each_user saves; }

@test "a file for --config that is none" {
	refuses /no/such -- "$INRO" run --config /no/such true
	echo 'nosuchoption: 1' >bad.yaml
	refuses nosuchoption -- "$INRO" run --config bad.yaml true
	printf 'a: [b' >bad.yaml
	refuses bad.yaml -- "$INRO" run --config bad.yaml true
	# Nothing is read of itself.
	echo 'hostname: surprise' >inro.yaml
	[ "$("$INRO" run -q uname -n)" != surprise ]
}

args() {
	printf '%s\0' --hostname args >words
	[ "$("$1" "$INRO" run -q --args 9 uname -n 9<words)" = args ]
	printf '%s\0' --hostname args -- uname -n >words
	[ "$("$1" "$INRO" run -q --args 9 9<words)" = args ]
	[ "$(printf '%s\0' --hostname piped uname -n | "$1" "$INRO" run -q --args 0)" = piped ]
	# What was said there is still known when all words are read.
	printf '%s\0' --save - --hostname args true >words
	[[ $("$1" "$INRO" run --args 9 9<words) == *"hostname: args"* ]]
	[ "$(printf '%s\0' --help=all | "$1" "$INRO" run --args 0)" = "$("$1" "$INRO" run --help=all)" ]
	rm -f words
}
@test "--args" { for_each_user args; }

presets() {
	local preset
	for preset in default shell build agent none; do
		[ "$("$1" "$INRO" run -q --preset "$preset" sh -c 'echo works')" = works ]
	done
	"$1" "$INRO" run --preset default --explain true >/dev/null
	[ "$("$1" "$INRO" run -q --preset shell id -u)" = 0 ]
}
@test "presets" { for_each_user presets; }

@test "a preset that is none" {
	refuses nosuchpreset -- "$INRO" run --preset nosuchpreset true
}
