# SPDX-License-Identifier: Apache-2.0
# What is tested with Podman, whether it runs as root or as an ordinary user. Loaded by podman.bats
# and podman_rootless.bats; each test is a function here and a line there.

p_run() {
	gives 0 hello -- prun bb echo hello
	gives 0 "" -- prun bb true
	[ -z "$output" ]
}

p_exit_codes() {
	gives 7 -- prun bb sh -c 'exit 7'
	gives 137 -- prun --init bb sh -c 'kill -KILL $$'
	gives 125 -- prun --no-such-option bb true
	gives 126 -- prun bb /srv/plain
	gives 126 -- prun bb /tmp
	gives 127 -- prun bb no-such-command
	gives 127 -- prun bb /no/such/file
}

p_exec_exit_codes() {
	pstart a bb sleep 1000
	gives 3 -- podman exec a sh -c 'exit 3'
	gives 127 -- podman exec a no-such-command
	gives 126 -- podman exec a /srv/plain
	gives 125 -- podman exec no-such-container true
}

p_stdin() {
	gives 0 "from outside" -- bash -c "$(declare -f podman); $(declare -p become NAME)
		echo from outside | podman run --rm -i --network=none ${limits[*]} bb cat"
}

p_streams() {
	podman run --rm --network=none "${limits[@]}" bb sh -c 'echo out; echo err >&2' \
		>"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err"
	[ "$(cat "$BATS_TEST_TMPDIR/out")" = out ]
	grep -qx err "$BATS_TEST_TMPDIR/err"
}

p_terminal() {
	gives 0 /dev/pts/0 "24 80" -- script -qec "stty rows 24 cols 80; $(printf '%q ' "${become[@]}" podman \
		--runtime "$NAME" --cgroup-manager cgroupfs --events-backend=file run --rm -it \
		--network=none "${limits[@]}" bb sh -c 'sleep 0.5; tty; stty size')" /dev/null
}

p_terminal_talks() {
	cat >"$BATS_TEST_TMPDIR/talk" <<-'TALK'
		set timeout 20
		log_user 1
		eval spawn $argv
		expect "# "
		send "echo sum \$((20+3))\r"
		expect "sum 23"
		send "exit 5\r"
		expect eof
		exit [lindex [wait] 3]
	TALK
	gives 5 "sum 23" -- expect "$BATS_TEST_TMPDIR/talk" "${become[@]}" podman --runtime "$NAME" \
		--cgroup-manager cgroupfs --events-backend=file run --rm -it --network=none "${limits[@]}" bb sh
}

p_exec_terminal() {
	pstart a bb sleep 1000
	gives 4 /dev/pts -- script -qec "$(printf '%q ' "${become[@]}" podman --runtime "$NAME" \
		--cgroup-manager cgroupfs --events-backend=file exec -it a sh -c 'tty; exit 4')" /dev/null
}

p_attach() {
	pstart a -i bb sh -c 'read line; echo "got $line"; exit 6'
	gives "" "got words" -- bash -c "$(declare -f podman); $(declare -p become NAME)
		echo words | podman attach a"
	gives 0 6 -- podman wait a
}

p_logs() {
	pstart a bb sh -c 'echo one; echo two >&2'
	podman wait a
	gives 0 one two -- podman logs a
}

p_stop() {
	pstart a bb sh -c 'trap "exit 9" TERM; while :; do sleep 0.1; done'
	sleep 0.5
	podman stop -t 10 a
	gives 0 "exited 9" -- podman inspect -f '{{.State.Status}} {{.State.ExitCode}}' a
	# One that hears nothing is killed.
	pstart b bb sleep 1000
	podman stop -t 1 b
	gives 0 "exited 137" -- podman inspect -f '{{.State.Status}} {{.State.ExitCode}}' b
}

p_kill() {
	pstart a bb sh -c 'trap "echo heard" USR1; while :; do sleep 0.1; done'
	sleep 0.5
	podman kill -s USR1 a
	eventually bash -c "$(declare -f podman); $(declare -p become NAME); podman logs a | grep -q heard"
	podman kill a
	gives 0 137 -- podman wait a
	fails podman kill a
}

p_restart() {
	pstart a bb sh -c 'echo started; exec sleep 1000'
	podman restart -t 0 a
	eventually bash -c "$(declare -f podman); $(declare -p become NAME)
		[ \$(podman logs a | grep -c started) = 2 ]"
}

p_create_start() {
	podman create --name a --network=none "${limits[@]}" bb echo made
	gives 0 made -- podman start -a a
	gives 0 made -- podman start -a a
}

p_pause() {
	[ -z "$without_cgroups" ] || skip "no cgroup, no freezer"
	pstart a bb sh -c 'i=0; while :; do i=$((i+1)); echo $i >/tmp/i; done'
	podman pause a
	gives 0 paused -- podman inspect -f '{{.State.Status}}' a
	podman unpause a
	gives 0 running -- podman inspect -f '{{.State.Status}}' a
	gives 0 -- podman exec a true
}

p_ps_top() {
	pstart a bb sleep 1000
	gives 0 a "Up " -- podman ps --format '{{.Names}} {{.Status}}'
	[ -n "$without_cgroups" ] || gives 0 sleep -- podman top a args
}

p_healthcheck() {
	pstart a --health-cmd 'test -e /tmp/well' --health-interval disable bb sleep 1000
	fails podman healthcheck run a
	podman exec a touch /tmp/well
	gives 0 -- podman healthcheck run a
}

p_init() {
	gives 0 podman-init -- prun --init bb readlink /proc/1/exe
}

p_read_only() {
	gives 0 "ok" -- prun --read-only bb sh -c 'touch /x 2>/dev/null || { touch /tmp/x && echo ok; }'
	fails prun --read-only --read-only-tmpfs=false bb touch /tmp/x
}

p_caps() {
	# The default set is Podman's; what counts is that the words change it.
	gives 0 "CapEff:	0000000000000000" -- prun --cap-drop all bb grep CapEff /proc/self/status
	gives 0 "CapEff:	0000000000000400" "CapBnd:	0000000000000400" -- \
		prun --cap-drop all --cap-add net_bind_service bb grep Cap /proc/self/status
	gives 0 "CapEff:	0000000000000000" "CapAmb:	0000000000000000" -- \
		prun --cap-drop all --user 1234 bb grep Cap /proc/self/status
	gives 0 "CapEff:	0000000000000400" "CapAmb:	0000000000000400" -- \
		prun --cap-drop all --cap-add net_bind_service --user 1234 bb grep Cap /proc/self/status
}

p_privileged() {
	gives 0 "Seccomp:	0" -- prun --privileged bb grep Seccomp: /proc/self/status
	gives 0 -- prun --privileged bb sh -c 'mkdir /tmp/m && mount -t tmpfs t /tmp/m'
}

p_nnp() {
	gives 0 "NoNewPrivs:	1" -- prun --security-opt no-new-privileges bb grep NoNewPrivs /proc/self/status
	gives 0 "NoNewPrivs:	0" -- prun bb grep NoNewPrivs /proc/self/status
}

p_seccomp() {
	gives 0 "Seccomp:	2" -- prun bb grep Seccomp: /proc/self/status
	gives 0 "Seccomp:	0" -- prun --security-opt seccomp=unconfined bb grep Seccomp: /proc/self/status
	cat >"$BATS_TEST_TMPDIR/filter.json" <<-'JSON'
		{ "defaultAction": "SCMP_ACT_ALLOW",
		  "syscalls": [ { "names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 93 } ] }
	JSON
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR/../.."
	gives 1 "rotocol not supported" -- \
		prun --security-opt "seccomp=$BATS_TEST_TMPDIR/filter.json" bb mkdir /tmp/d
}

p_masks() {
	gives 0 "" -- prun bb sh -c 'for i in /proc/kcore /proc/keys /proc/timer_list; do
		[ ! -e $i ] || cat $i; done; ls -A /sys/firmware'
	[ -z "$output" ]
	gives 1 "Read-only" -- prun bb sh -c 'echo 1 >/proc/sys/kernel/domainname'
	gives 0 "Linux" -- prun --security-opt unmask=all bb cat /proc/version
}

p_users() {
	gives 0 "uid=1234(guest) gid=1234(guest)" -- prun --user guest bb id
	gives 0 "uid=77(77) gid=88(88) groups=88(88),99" -- prun --user 77:88 --group-add 99 bb id
	gives 0 /tmp -- prun --user guest bb sh -c 'echo $HOME'
}

p_process() {
	gives 0 /srv -- prun -w /srv bb pwd
	gives 0 "a b" -- prun -e X='a b' bb sh -c 'echo "$X"'
	gives 0 box -- prun --hostname box bb hostname
	gives 0 0027 -- prun --umask 0027 bb sh -c umask
	gives 0 77 -- prun --ulimit nofile=77:77 bb sh -c 'ulimit -n'
	gives 0 "300" -- prun --oom-score-adj 300 bb cat /proc/self/oom_score_adj
	gives 0 "1" -- prun --sysctl net.ipv4.ip_forward=1 bb cat /proc/sys/net/ipv4/ip_forward
}

p_tmpfs() {
	gives 0 "tmpfs" "noexec" "size=1024k" -- prun --tmpfs /t:noexec,size=1m bb grep ' /t ' /proc/mounts
	gives 0 1777 -- prun --tmpfs /t bb stat -c %a /t
	# What the image has there is copied.
	gives 0 plain -- prun --tmpfs /srv:tmpcopyup bb ls /srv
	gives 0 65536k -- prun --shm-size 64m bb grep ' /dev/shm ' /proc/mounts
}

p_volumes() {
	podman volume create v
	prun -v v:/data bb sh -c 'echo kept >/data/file'
	gives 0 kept -- prun -v v:/data:ro bb cat /data/file
	gives 1 "Read-only" -- prun -v v:/data:ro bb touch /data/x
	podman volume rm v
	dir=$(mktemp -d)
	chmod 777 "$dir"
	prun -v "$dir:/data" bb touch /data/made
	[ -e "$dir/made" ]
	gives 0 rw,noexec -- prun -v "$dir:/data:rw,noexec" bb sh -c \
		'grep " /data " /proc/mounts | grep -q noexec && echo rw,noexec'
}

p_devices() {
	gives 0 "crw-rw-rw-" -- prun --device /dev/full:/dev/mine bb ls -l /dev/mine
	gives 0 "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero" -- \
		prun bb sh -c 'echo $(ls /dev | grep -v console | grep -v core)'
}

p_pod() {
	podman pod create --name p --network=none --share ipc,uts,net
	podman run -d --pod p --name a "${limits[@]}" bb sh -c 'ipcmk -S 1 2>/dev/null; sleep 1000'
	[ "$(podman exec a readlink /proc/self/ns/uts)" = "$(podman run --rm --pod p "${limits[@]}" bb readlink /proc/self/ns/uts)" ]
	podman pod stop -t 0 p
	podman pod rm -f p
}

p_join() {
	pstart a bb sleep 1000
	# Podman joins no PID namespace of a container that has no cgroup.
	for kind in ${without_cgroups:-pid} ipc; do
		[ "$kind" != 1 ] || continue
		[ "$(podman exec a readlink /proc/self/ns/$kind)" = \
			"$(prun --$kind container:a bb readlink /proc/self/ns/$kind)" ]
	done
	[ "$(podman exec a readlink /proc/self/ns/net)" = \
		"$(podman run --rm "${limits[@]}" --network container:a bb readlink /proc/self/ns/net)" ]
	[ -n "$without_cgroups" ] ||
		[ "$(prun --pid host bb readlink /proc/self/ns/pid)" = "$(readlink /proc/self/ns/pid)" ]
	[ "$(prun --uts host bb readlink /proc/self/ns/uts)" = "$(readlink /proc/self/ns/uts)" ]
}

p_kube() {
	# A pod of its own has a cgroup, which an ordinary user's here never gets.
	[ -n "${ROOTLESS:-}" ] || needs_controller pids
	cat >"$BATS_TEST_TMPDIR/pod.yaml" <<-'YAML'
		apiVersion: v1
		kind: Pod
		metadata: { name: kube }
		spec:
		  hostNetwork: true
		  containers:
		  - name: one
		    image: localhost/bb:latest
		    imagePullPolicy: Never
		    command: [sh, -c, "echo played; sleep 1000"]
		    securityContext: { capabilities: { drop: [all] }, readOnlyRootFilesystem: true }
	YAML
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_TEST_TMPDIR/.." "$BATS_TEST_TMPDIR/../.."
	podman kube play "$BATS_TEST_TMPDIR/pod.yaml"
	eventually bash -c "$(declare -f podman); $(declare -p become NAME)
		podman logs kube-one | grep -q played"
	gives 0 "CapEff:	0000000000000000" -- podman exec kube-one grep CapEff /proc/self/status
	podman kube down "$BATS_TEST_TMPDIR/pod.yaml"
}

p_commit_cp_mount() {
	pstart a bb sleep 1000
	podman exec a sh -c 'echo changed >/srv/new'
	podman cp a:/srv/new "$BATS_TEST_TMPDIR/new" || podman cp a:/srv/new /tmp/new-copy
	podman commit a bb2
	gives 0 changed -- prun bb2 cat /srv/new
	podman rmi -f bb2
}

p_preserve_fds() {
	gives 0 kept -- bash -c "$(declare -f podman); $(declare -p become NAME)
		podman run --rm --network=none --preserve-fds 1 ${limits[*]} bb sh -c 'cat <&3' 3<<<kept"
}

# Nothing is left of the runtime's when its containers are gone.
p_left_over() {
	local dir
	prun bb true
	pstart a bb sleep 1000
	podman rm -f -t0 a
	for dir in /run/inro-oci /run/user/1000/inro-oci; do
		[ ! -d $dir ] || [ -z "$(ls -A $dir)" ]
	done
}
