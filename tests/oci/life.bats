#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# From create to delete: states, what may follow on what, what is left.

load common
setup() { oci_setup; }
teardown() { oci_teardown; }

@test "run: output, exit status, nothing left" {
	needs_root
	config -- sh -c 'echo $$; hostname; exit 7'
	run oci run "$ID"
	[ "$status" = 7 ]
	[ "$output" = $'1\ninro' ]
	[ -z "$(oci list -q)" ]
	config -- sh -c 'kill -KILL $$; sleep 1; true'
	run oci run "$ID"
	[ "$status" = 0 ]
	config -- sh -c 'trap "exit 9" TERM; kill -TERM $$; sleep 5'
	run oci run "$ID"
	[ "$status" = 9 ]
}

@test "created, running, stopped, gone" {
	needs_root
	config -- sh -c 'echo started >/out/done; exec sleep 100'
	mkdir out
	python3 - <<-'END'
		import json, os
		c = json.load(open("config.json"))
		c["mounts"].append({"destination": "/out", "type": "bind", "source": os.getcwd() + "/out", "options": ["bind"]})
		json.dump(c, open("config.json", "w"))
	END
	oci create --pid-file pid "$ID"
	[ "$(state_of "$ID" status)" = created ]
	[ "$(state_of "$ID" pid)" = "$(cat pid)" ]
	[ "$(wc -l <pid)" = 0 ]
	[ -p "$SCRATCH/states/$ID/exec.fifo" ]
	[ ! -e out/done ]
	oci_refuses "already exists" -- create "$ID"
	oci start "$ID"
	[ "$(state_of "$ID" status)" = running ]
	[ ! -e "$SCRATCH/states/$ID/exec.fifo" ]
	until [ -e out/done ]; do sleep 0.02; done
	oci_refuses "already running" -- start "$ID"
	oci_refuses "cannot delete container" "not stopped" -- delete "$ID"
	oci kill "$ID" KILL
	until [ "$(state_of "$ID" status)" = stopped ]; do sleep 0.02; done
	oci_refuses "container not running" -- kill "$ID" TERM
	oci_refuses "stopped" -- start "$ID"
	oci delete "$ID"
	oci_refuses "does not exist" -- state "$ID"
	oci_refuses "does not exist" -- delete "$ID"
	oci delete --force "$ID"
}

@test "a created container is deleted, a running one by force" {
	needs_root
	config -- sleep 100
	oci create "$ID"
	oci delete "$ID"
	oci run --detach "$ID"
	[ "$(state_of "$ID" status)" = running ]
	oci delete --force "$ID"
	[ -z "$(oci list -q)" ]
}

@test "what is not there fails at create, in the engines' words, and leaves nothing" {
	needs_root
	config -- no-such-command
	oci_refuses 'executable file not found in $PATH' -- create "$ID"
	config -- /no/such/file
	oci_refuses "No such file or directory" -- create "$ID"
	config -- /etc/passwd
	oci_refuses "Permission denied" -- create "$ID"
	[ -z "$(ls "$SCRATCH/states")" ]
}

@test "names of containers" {
	needs_root
	config -- true
	for id in "" . .. a/b ../x 'a b' .hidden; do
		run oci create -- "$id"
		[ "$status" = 1 ]
	done
	oci create "a_B+c.d-9"
	oci delete "a_B+c.d-9"
}

@test "the engine's log" {
	needs_root
	rm -f config.json
	run oci --log log.json --log-format json create "$ID"
	[ "$status" = 1 ]
	python3 - <<-'END'
		import json, datetime
		line = [json.loads(line) for line in open("log.json")][-1]
		assert line["level"] == "error" and "config.json" in line["msg"], line
		datetime.datetime.strptime(line["time"], "%Y-%m-%dT%H:%M:%SZ")
	END
}

# The cgroups of the test's containers, in every hierarchy.
groups() {
	find /sys/fs/cgroup -depth -type d -name "$ID*" 2>/dev/null
}

@test "a killed create leaves what delete removes" {
	needs_root
	local call
	config -- sleep 100
	# Its groups are made, and there is no process yet; the first of them; all, and a process.
	for call in mkdirat:2 mkdirat:3 clone3:1 renameat:1; do
		timeout 20 strace -D -f -qq -o /dev/null -e "trace=${call%:*}" -e "inject=${call%:*}:signal=KILL:when=${call#*:}" \
			"$INRO_OCI" --root "$SCRATCH/states" create "$ID" 3>&- || true
		[ -n "$(ls "$SCRATCH/states")" ]
		oci state "$ID"
		oci delete --force "$ID"
		[ -z "$(ls "$SCRATCH/states")" ]
		[ -z "$(groups)" ]
	done
	for delay in 0 0.001 0.002 0.003 0.005 0.008; do
		timeout -s KILL "$delay" "$INRO_OCI" --root "$SCRATCH/states" create "$ID" 3>&- || true
		oci delete --force "$ID"
		[ -z "$(ls "$SCRATCH/states" 2>/dev/null)" ]
		fails pgrep -fx "sleep 100"
		[ -z "$(groups)" ]
	done
}

@test "what a killed create wrote down is removed only where nobody is in it" {
	needs_root
	local other="$ID-other"
	config 'c["linux"]["cgroupsPath"] = "/'"$other"'"' -- sleep 100
	oci create "$other"
	[ -n "$(groups)" ] || skip "the container has no cgroup"
	mkdir "$SCRATCH/states/$ID"
	python3 - "$SCRATCH/states" "$other" "$ID" <<-'END'
		import json, sys
		states, other, own = sys.argv[1:]
		place = json.load(open(f"{states}/{other}/state.json"))["cgroup"]
		json.dump({"cgroup": place}, open(f"{states}/{own}/place.json", "w"))
	END
	oci delete "$ID"
	[ "$(state_of "$other" status)" = created ]
	oci delete "$other"
	[ -z "$(groups)" ]
	# Half of one, and one that is none.
	for text in '' '{"cgroup": {"v2": "/sys/fs' '[]'; do
		mkdir "$SCRATCH/states/$ID"
		echo "$text" >"$SCRATCH/states/$ID/place.json"
		oci delete "$ID"
	done
}

@test "list: one with a damaged state does not damage the others" {
	needs_root
	config -- sleep 100
	oci create "$ID-1"
	oci create "$ID-2"
	oci create "$ID-3"
	cp "$SCRATCH/states/$ID-2/state.json" kept
	echo '{' >"$SCRATCH/states/$ID-2/state.json"
	oci list --format json | python3 -c 'import json, sys; assert len(json.load(sys.stdin)) == 2'
	mv kept "$SCRATCH/states/$ID-2/state.json"
}

@test "an answer that cannot be printed is a failure" {
	local verb
	for verb in features list --version --help; do
		run bash -c '"$1" --root "$3" "$2" >/dev/full' - "$INRO_OCI" "$verb" "$SCRATCH/states"
		echo "$verb: $status: $output"
		[ "$status" = 1 ]
		[[ "$output" == *"standard output"*"No space left"* ]]
	done
}

@test "a start that waits for the container does not keep it from being deleted by force" {
	local starting
	needs_root
	config "c['hooks'] = {'startContainer': [{'path': '/bin/sleep', 'args': ['sleep', '1000']}]}" -- true
	oci create "$ID"
	oci start "$ID" &
	starting=$!
	until [ "$(state_of "$ID" status)" = running ]; do sleep 0.02; done
	oci delete --force "$ID"
	wait "$starting" || true
	oci_refuses "does not exist" -- state "$ID"
}

# Whoever may trace it, out of another container in its PID namespace, can open what it has open.
@test "a created container's init has nothing of the host's open, nor of its caller's" {
	local pid fd target
	needs_root
	config -- sleep 100
	mkfifo pipe
	exec 8<>pipe 9>pipe
	"$INRO_OCI" --root "$SCRATCH/states" --log log create "$ID" 3>&- 8>&-
	exec 9>&- 8>&-
	pid=$(state_of "$ID" pid)
	for fd in /proc/"$pid"/fd/*; do
		[ "${fd##*/}" -gt 2 ] || continue
		target=$(readlink "$fd")
		echo "$fd: $target"
		[[ "$target" = */exec.fifo || "$target" = */word.fifo || "$target" = socket:* ]]
	done
	oci start "$ID"
	[ "$(state_of "$ID" status)" = running ]
}

@test "start: an init that ends while it is let go is told of, not a signal" {
	local pid
	needs_root
	[ "${INRO_TEST_BUILD:-}" != build-asan ] || skip "the program as it is released is what is tried"
	config -- sleep 100
	oci create "$ID"
	pid=$(state_of "$ID" pid)
	# Between the removal of the FIFO's name and the byte for it.
	strace -f -qqq -o /dev/null -e trace=unlinkat -e inject=unlinkat:delay_exit=1s:when=1 \
		"$INRO_OCI" --root "$SCRATCH/states" start "$ID" 2>said 3>&- &
	until [ ! -e "$SCRATCH/states/$ID/exec.fifo" ]; do sleep 0.02; done
	kill -KILL "$pid"
	wait $! && status=0 || status=$?
	[ "$status" = 1 ]
	grep -q "cannot start a container that has stopped" said
}

@test "the version, behind other options too, as containerd asks for it" {
	[ "$(oci --version | head -n 1 | cut -d' ' -f1,2)" = "inro-oci version" ]
	[ "$(oci --log "$SCRATCH/log" --log-format json --version)" = "$("$INRO_OCI" -v)" ]
	oci --log-level=debug --help | grep -q '^Usage: '
	oci --help | grep -q -- '--root DIR '
	oci_refuses "inro-oci: no-such: there is no such verb; inro-oci --help" -- no-such
	oci_refuses "inro-oci start: needs a container id" -- start
	oci_refuses "--log-level" "none of debug" -- --log-level loud list
	oci_refuses "inro-oci: no such option: --no-such" -- --no-such list
}
