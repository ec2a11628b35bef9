#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# NOTIFY_SOCKET: a container that tells a service manager, here a small program with a real socket, when
# it is ready.

load common

setup() {
	oci_setup
	# Writes down what it is told, one message a line; a descriptor that came along is closed then.
	cat >manager.py <<-'END'
		import os, socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind("\0" + sys.argv[1][1:] if sys.argv[1].startswith("@") else sys.argv[1])
		open("listens", "w").close()
		while True:
		    text, fds, flags, address = socket.recv_fds(s, 4096, 4)
		    with open("heard", "ab") as heard:
		        heard.write(text + b"\n")
		    for fd in fds:
		        os.close(fd)
	END
	# What the container runs: says what it is told to, a message for each word.
	cat >rootfs/tell.py <<-'END'
		import os, socket, sys, time
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.connect(os.environ["NOTIFY_SOCKET"])
		for word in sys.argv[1:]:
		    if word.startswith("+"):
		        time.sleep(float(word[1:]))
		    else:
		        s.send(word.encode().replace(b"\\n", b"\n"))
		time.sleep(100)
	END
	ln -s usr/lib rootfs/lib
	ln -s usr/lib64 rootfs/lib64
	mkdir -p rootfs/usr
	WITH_PYTHON='c["mounts"].append({"destination": "/usr", "type": "bind", "source": "/usr", "options": ["rbind", "ro"]})'
}

teardown() {
	[ -z "$MANAGER" ] || kill "$MANAGER"
	oci_teardown
}

manager() {
	python3 manager.py "$1" 3>&- &
	MANAGER=$!
	until [ -e listens ]; do sleep 0.02; done
	export NOTIFY_SOCKET=$1
}

@test "notify: start waits for READY=1, and passes it on with the main PID" {
	needs_root
	manager "$PWD/host.sock"
	config "$WITH_PYTHON" -- /usr/bin/python3 /tell.py STATUS=coming MAINPID=1 +0.3 'STATUS=here\nREADY=1'
	oci create "$ID"
	[ ! -e heard ]
	oci start "$ID"
	[ "$(cat heard)" = "READY=1
MAINPID=$(state_of "$ID" pid)
BARRIER=1" ]
	[ "$(state_of "$ID" status)" = running ]
}

@test "notify: the same by an abstract socket, and run --detach" {
	needs_root
	manager "@inro-test-$$-$BATS_TEST_NUMBER"
	config "$WITH_PYTHON" -- /usr/bin/python3 /tell.py READY=1
	oci run --detach "$ID"
	grep -x READY=1 heard
	grep -x "MAINPID=$(state_of "$ID" pid)" heard
}

@test "notify: while start waits, others may go on with the container" {
	needs_root
	local starter
	manager "$PWD/host.sock"
	config "$WITH_PYTHON" -- /usr/bin/python3 /tell.py
	oci create "$ID"
	oci start "$ID" 3>&- &
	starter=$!
	until [ "$(state_of "$ID" status)" = running ]; do sleep 0.02; done
	kill -0 "$starter"
	oci kill "$ID" KILL
	# Its end is an answer as well.
	wait "$starter"
	[ ! -e heard ]
	oci delete "$ID"
	[ ! -e "$SCRATCH/states/$ID" ]
}

@test "notify: run in the foreground passes it on without a main PID" {
	needs_root
	local runner
	manager "$PWD/host.sock"
	config "$WITH_PYTHON" -- /usr/bin/python3 /tell.py READY=1
	oci run "$ID" 3>&- &
	runner=$!
	until [ -e heard ]; do sleep 0.02; done
	[ "$(cat heard)" = READY=1 ]
	oci kill "$ID" KILL
	wait "$runner" || [ $? = 137 ]
}

@test "notify: the directory is read-only inside, and nothing of it is there without a socket" {
	needs_root
	manager "$PWD/host.sock"
	config -- sh -c 'echo $NOTIFY_SOCKET; touch /run/notify/x 2>&1; exit 0'
	run oci run "$ID"
	[[ "$output" == "/run/notify/notify.sock"*"Read-only file system"* ]]
	unset NOTIFY_SOCKET
	config -- sh -c 'echo "<$NOTIFY_SOCKET>"; ls /run/notify'
	rmdir rootfs/run/notify
	run oci run "$ID"
	[[ "$output" == "<>"*"No such file"* ]]
}
