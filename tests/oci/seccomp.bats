#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# linux.seccomp: what a filter does, where it goes in, and who listens.

load common
setup() {
	oci_setup
	needs_root
	agent=
}
teardown() {
	[ -z "$agent" ] || kill "$agent" 2>/dev/null || true
	oci_teardown
}

# An agent at agent.sock: what it is sent goes to the file `told`, a line each. It refuses mkdir(2) with
# EDOM and lets everything else go on.
start_agent() {
	python3 - <<-'END' 3>&- &
		import array, ctypes, errno, fcntl, os, socket, struct, threading
		server = socket.socket(socket.AF_UNIX)
		server.bind("agent.sock")
		server.listen(8)
		def answer(fd):
		    while True:
		        request = bytearray(80)
		        try:
		            fcntl.ioctl(fd, 0xC0502100, request)
		        except OSError:
		            return
		        number, = struct.unpack_from("i", request, 16)
		        head, = struct.unpack_from("Q", request, 0)
		        refused = number in (83, 258) if os.uname().machine == "x86_64" else number == 34
		        reply = struct.pack("QqiI", head, 0, -errno.EDOM if refused else 0, 0 if refused else 1)
		        try:
		            fcntl.ioctl(fd, 0xC0182101, bytearray(reply))
		        except OSError:
		            pass
		while True:
		    client, _ = server.accept()
		    text, control, _, _ = client.recvmsg(65536, 256)
		    fds = array.array("i")
		    for _, kind, data in control:
		        if kind == socket.SCM_RIGHTS:
		            fds.frombytes(data)
		    while chunk := client.recv(65536):
		        text += chunk
		    with open("told", "ab") as file:
		        file.write(text + b" " + str(len(fds)).encode() + b"\n")
		    threading.Thread(target=answer, args=(fds[0],), daemon=True).start()
	END
	agent=$!
	until [ -S agent.sock ]; do sleep 0.02; done
}

# What the agent was told in line N: an expression of t.
told() {
	python3 -c 'import json, sys
text, n = open("told").read().splitlines()[int(sys.argv[1])].rsplit(" ", 1)
t = json.loads(text)
print(eval(sys.argv[2]))' "$1" "$2"
}

@test "an errno, with and without no_new_privs" {
	for nnp in True False; do
		config 'c["process"]["noNewPrivileges"] = '$nnp'
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW",
	"syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 33}]}' \
			-- sh -c 'grep Seccomp: /proc/self/status; mkdir /tmp/x'
		run oci run "$ID"
		[ "$status" = 1 ]
		[[ "${lines[0]}" =~ ^Seccomp:.2$ ]]
		[[ "${lines[1]}" == *"Numerical argument out of domain"* ]]
	done
}

# With no_new_privs nothing of the set-up has to be allowed.
@test "a profile that allows next to nothing" {
	cat >exit.c <<-'END'
		void _start(void) {
		#ifdef __x86_64__
			__asm__ volatile("mov $60, %eax; mov $5, %edi; syscall");
		#else
			__asm__ volatile("mov x8, 93; mov x0, 5; svc 0");
		#endif
		}
	END
	cc -static -nostdlib -o rootfs/exit exit.c || skip "needs a compiler"
	config 'c["process"]["noNewPrivileges"] = True
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_KILL_PROCESS",
	"syscalls": [{"names": ["execve", "execveat", "exit"], "action": "SCMP_ACT_ALLOW"}]}' -- /exit
	run oci run "$ID"
	echo "$output"
	[ "$status" = 5 ]
	oci create "$ID"
	oci start "$ID"
}

@test "a listener: it gets the state and answers for init and for exec" {
	start_agent
	for nnp in True False; do
		rm -f told
		config 'c["process"]["noNewPrivileges"] = '$nnp'
c["annotations"] = {"a/b": "c"}
c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "'"$PWD"'/agent.sock", "listenerMetadata": "m\"m",
	"syscalls": [{"names": ["mkdir", "mkdirat", "sendmsg", "recvmsg", "futex", "close", "sched_yield", "read", "capset"],
	"action": "SCMP_ACT_NOTIFY"}]}' -- sh -c 'mkdir /tmp/x; sleep 100'
		timeout 20 "$INRO_OCI" --root "$SCRATCH/states" create "$ID" >out 2>&1 3>&-
		[ "$(told 0 't["state"]["status"], t["state"]["id"], t["fds"], t["metadata"], t["state"]["bundle"], n')" = \
			"('creating', '$ID', ['seccompFd'], 'm\"m', '$PWD', '1')" ]
		[ "$(told 0 't["pid"] == t["state"]["pid"]')" = True ]
		[ "$(told 0 't["pid"]')" = "$(state_of "$ID" pid)" ]
		[ "$(told 0 't["state"]["annotations"]')" = "{'a/b': 'c'}" ]
		timeout 20 "$INRO_OCI" --root "$SCRATCH/states" start "$ID"
		until grep -q domain out; do sleep 0.02; done
		run timeout 20 "$INRO_OCI" --root "$SCRATCH/states" exec "$ID" mkdir /tmp/y
		[[ "$output" == *"out of domain"* ]]
		[ "$(told 1 't["state"]["status"], t["pid"] != t["state"]["pid"], n')" = "('running', True, '1')" ]
		oci delete -f "$ID"
	done
}

@test "a listener that is not there, and one that was forgotten" {
	config 'c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "'"$PWD"'/none.sock",
	"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}' -- true
	oci_refuses "none.sock" -- run "$ID"
	config 'c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW",
	"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_NOTIFY"}]}' -- true
	oci_refuses "listenerPath" -- run "$ID"
	# Without a rule that asks, nobody is looked for.
	config 'c["linux"]["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "'"$PWD"'/none.sock",
	"syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO"}]}' -- true
	oci run "$ID"
	[ -z "$(oci list -q)" ]
}
