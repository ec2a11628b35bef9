#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# The console socket of a detached container with a terminal, and one that goes away.

load common
setup() {
	oci_setup
	needs_root
	: >taken
}
teardown() {
	[ -z "$LISTENER" ] || kill "$LISTENER" 2>/dev/null || true
	oci_teardown
}

# listen HOW: at ./socket. Takes the console, and writes what is read from it to ./taken until its end
# ("read"), or closes it ("drop"); or closes the connection ("hang-up"), or never looks ("deaf").
listen() {
	rm -f socket
	: >listener
	python3 - "$1" >listener 2>&1 3>&- <<-'END' &
		import array, os, socket, sys
		how = sys.argv[1]
		listener = socket.socket(socket.AF_UNIX)
		listener.bind("socket")
		listener.listen(1)
		print("ready", flush=True)
		if how == "deaf":
		    sys.stdin.close()
		    import signal
		    signal.pause()
		connection, _ = listener.accept()
		if how == "hang-up":
		    connection.close()
		    sys.exit()
		text, control, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
		master = array.array("i", control[0][2])[0]
		print("text", text.decode(), flush=True)
		if how == "drop":
		    sys.exit()
		with open("taken", "wb", 0) as taken:
		    while True:
		        try:
		            data = os.read(master, 4096)
		        except OSError:
		            break
		        if not data:
		            break
		        taken.write(data)
	END
	LISTENER=$!
	until grep -q ready listener; do sleep 0.02; done
}

with_terminal() { # CHANGE COMMAND…
	local change=$1
	shift
	config "c['process']['terminal'] = True
$change" -- "$@"
}

nothing_left() {
	[ -z "$(ls "$SCRATCH/states")" ]
	[ -z "$(find /sys/fs/cgroup -type d -name "$ID*" 2>/dev/null)" ]
}

@test "console: its master is sent, and is the container's terminal" {
	listen read
	with_terminal 'c["process"]["consoleSize"] = {"height": 30, "width": 90}' sh -c 'tty; stty size; test -c /dev/console; echo $?'
	oci create --console-socket socket "$ID"
	oci start "$ID"
	wait "$LISTENER"
	cat taken
	[ "$(tr -d '\r' <taken)" = $'/dev/pts/0\n30 90\n0' ]
	grep "text /dev/ptmx" listener
	oci delete -f "$ID"
}

@test "console: a socket with a long path" {
	local long
	long=$(printf '%0100d/%0100d' 1 2)
	mkdir -p "$long"
	listen read
	mv socket "$long/socket"
	with_terminal '' sh -c 'echo hello'
	oci create --console-socket "$PWD/$long/socket" "$ID"
	oci start "$ID"
	wait "$LISTENER"
	[ "$(tr -d '\r' <taken)" = hello ]
	oci delete -f "$ID"
}

@test "console: a socket that is not there, or at which nobody listens" {
	with_terminal '' true
	oci_refuses "connect to the console socket $PWD/socket" "No such file or directory" -- create --console-socket "$PWD/socket" "$ID"
	nothing_left
	: >socket
	oci_refuses "$PWD/socket" "Connection refused" -- create --console-socket "$PWD/socket" "$ID"
	listen deaf
	kill "$LISTENER"
	wait "$LISTENER" || true
	oci_refuses "$PWD/socket" "Connection refused" -- create --console-socket "$PWD/socket" "$ID"
	oci_refuses "$PWD/socket" "Connection refused" -- run --detach --console-socket "$PWD/socket" "$ID"
	nothing_left
	oci_refuses "console socket" -- create "$ID"
	config '' -- true
	oci_refuses "process.terminal is not set" -- create --console-socket "$PWD/socket" "$ID"
	nothing_left
}

@test "console: a listener that goes before the console is sent" {
	listen hang-up
	# The hook is between the connection and the sending.
	with_terminal "c['hooks'] = {'createRuntime': [{'path': '/bin/sh', 'args': ['sh', '-c',
		'while kill -0 $LISTENER; do sleep 0.02; done']}]}" sh -c 'sleep 1000; true' "$ID-command"
	oci_refuses "send the console to $PWD/socket" "Broken pipe" -- create --console-socket "$PWD/socket" "$ID"
	nothing_left
	fails pgrep -f "$ID-command"
	# One that dies without having accepted.
	listen deaf
	with_terminal "c['hooks'] = {'createRuntime': [{'path': '/bin/sh', 'args': ['sh', '-c',
		'kill $LISTENER; while kill -0 $LISTENER; do sleep 0.02; done']}]}" sh -c 'sleep 1000; true' "$ID-command"
	oci_refuses "send the console to $PWD/socket" -- create --console-socket "$PWD/socket" "$ID"
	nothing_left
	fails pgrep -f "$ID-command"
}

@test "console: a master that is closed before the start, and while it runs" {
	listen drop
	with_terminal '' sh -c 'echo lost; sleep 1000; true' "$ID-command"
	oci create --console-socket socket "$ID"
	wait "$LISTENER"
	[ "$(state_of "$ID" status)" = created ]
	oci start "$ID"
	oci delete --force "$ID"
	nothing_left
	listen read
	oci run --detach --console-socket socket "$ID"
	until grep -q lost taken; do sleep 0.02; done
	kill "$LISTENER"
	wait "$LISTENER" || true
	oci delete --force "$ID"
	nothing_left
	fails pgrep -f "$ID-command"
}

@test "console: exec, and a socket that is gone" {
	config '' -- sh -c 'sleep 1000; true' "$ID-command"
	oci run --detach "$ID"
	listen read
	oci exec --detach --tty --console-socket socket "$ID" sh -c 'tty; echo hello'
	wait "$LISTENER"
	[ "$(tr -d '\r' <taken)" = $'/dev/pts/0\nhello' ]
	STATUS=255 oci_refuses "console socket" "Connection refused" -- exec --detach --tty --console-socket socket "$ID" sleep 999
	listen hang-up
	# It may still be there when the console is sent; then nobody has the terminal, and the command ends.
	run oci exec --detach --tty --console-socket socket "$ID" sh -c 'cat; true' "$ID-exec"
	[[ "$status" = 0 || "$status$output" == 255*"send the console to socket"* ]]
	wait "$LISTENER"
	while pgrep -f "$ID-exec" >/dev/null; do sleep 0.02; done
	oci delete --force "$ID"
	nothing_left
}
