#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A small client of the container runtime interface (CRI v1), as a kubelet is one.

    cri.py SOCKET pod NAME                        a pod in the host's network; prints its id
    cri.py SOCKET container POD NAME MEMORY WORD… create and start; prints its id (MEMORY 0: no limit)
    cri.py SOCKET exec CONTAINER WORD…            execute, with its output and status
    cri.py SOCKET update CONTAINER MEMORY
    cri.py SOCKET state CONTAINER                 running, exited STATUS …
    cri.py SOCKET stop CONTAINER
    cri.py SOCKET end POD                         stop and remove the pod and all in it

CGROUP_PARENT is that of pods (/tests); with systemd's cgroups the path of a slice.

Messages are lists of (field, value): protobuf's encoding is simple enough to write down.
"""

import os
import sys

import grpc

SERVICE = "/runtime.v1.RuntimeService/"
IMAGE = "localhost/bb:latest"
NODE = 2
STATES = {0: "created", 1: "running", 2: "exited", 3: "unknown"}


def varint(n):
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def encode(fields):
    """Values: an int, a str, a list (a message), a tuple (repeated)."""
    out = b""
    for number, value in fields:
        if isinstance(value, tuple):
            out += b"".join(encode([(number, one)]) for one in value)
        elif isinstance(value, int):
            out += varint(number << 3) + varint(value)
        else:
            data = encode(value) if isinstance(value, list) else value.encode()
            out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def decode(data):
    """field number → last value, an int or bytes."""
    fields, at = {}, 0

    def number():
        nonlocal at
        n = shift = 0
        while True:
            byte = data[at]
            at += 1
            n |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                return n

    while at < len(data):
        key = number()
        if key & 7 == 0:
            fields[key >> 3] = number()
        else:
            length = number()
            fields[key >> 3] = data[at:at + length]
            at += length
    return fields


class Cri:
    def __init__(self, socket):
        self.channel = grpc.insecure_channel("unix://" + socket)

    def call(self, method, fields):
        stub = self.channel.unary_unary(SERVICE + method, request_serializer=encode,
                                        response_deserializer=decode)
        return stub(fields, timeout=60)

    def pod_config(self, name):
        options = [(1, NODE)]
        return [(1, [(1, name), (2, "uid-" + name), (3, "tests")]),
                (3, "/run/ctd/logs"), (8, [(1, os.environ.get("CGROUP_PARENT", "/tests")), (2, [(1, options)])])]

    def pod(self, name):
        return self.call("RunPodSandbox", [(1, self.pod_config(name))])[1].decode()

    def container(self, pod, name, memory, *words):
        # masked_paths and readonly_paths, as a kubelet sends them.
        security = [(3, [(1, NODE)]), (13, ("/proc/kcore", "/proc/keys")), (14, ("/proc/sys",))]
        config = [(1, [(1, name)]), (2, [(1, IMAGE)]), (3, words), (6, ([(1, "X"), (2, "set")],)),
                  (15, [(1, [(4, int(memory))]), (2, security)])]
        made = self.call("CreateContainer", [(1, pod), (2, config),
                                             (3, self.pod_config("of-" + name))])[1].decode()
        self.call("StartContainer", [(1, made)])
        return made

    def exec(self, container, *words):
        got = self.call("ExecSync", [(1, container), (2, words), (3, 30)])
        sys.stdout.write(got.get(1, b"").decode())
        sys.stderr.write(got.get(2, b"").decode())
        sys.exit(got.get(3, 0))

    def update(self, container, memory):
        self.call("UpdateContainerResources", [(1, container), (2, [(4, int(memory))])])

    def state(self, container):
        status = decode(self.call("ContainerStatus", [(1, container)])[1])
        return f"{STATES[status.get(3, 0)]} {status.get(7, 0)}"

    def stop(self, container):
        self.call("StopContainer", [(1, container), (2, 1)])

    def end(self, pod):
        self.call("StopPodSandbox", [(1, pod)])
        self.call("RemovePodSandbox", [(1, pod)])


def main():
    try:
        said = getattr(Cri(sys.argv[1]), sys.argv[2])(*sys.argv[3:])
    except grpc.RpcError as e:
        sys.exit(f"cri: {e.details()}")
    if said:
        print(said)


main()
