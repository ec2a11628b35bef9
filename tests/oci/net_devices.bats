#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# Interfaces that become the container's. The host's side is a network namespace of the test's own.

load common
setup() { oci_setup; }
teardown() { oci_teardown; }

# A shell script in a network namespace with a pair of interfaces, v0 with two addresses and up.
with_devices() {
	unshare -n sh -ec "ip link add v0 type veth peer name v1
		ip addr add 192.0.2.1/24 dev v0
		ip addr add 2001:db8::1/64 dev v0
		ip link set v0 up
		$1"
}

@test "net devices: moved, renamed, with their addresses, up" {
	needs_root
	config 'c["linux"]["netDevices"] = {"v0": {"name": "eth0"}}' -- sh -c 'ip -o addr show dev eth0; ip link show eth0'
	run with_devices "$INRO_OCI --root $SCRATCH/states run $ID; ! ip link show v0 2>&1"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"192.0.2.1/24"* ]]
	[[ "$output" == *"2001:db8::1/64"* ]]
	[[ "$output" =~ eth0.*[\<,]UP[,\>] ]]
}

@test "net devices: back where they were when the start fails" {
	needs_root
	config 'c["linux"]["netDevices"] = {"v0": {"name": "eth%d"}}' -- /nonexistent
	run with_devices "$INRO_OCI --root $SCRATCH/states run $ID || true; ip -o addr show dev v0; ip link show v0"
	echo "$output"
	[ "$status" = 0 ]
	[[ "$output" == *"192.0.2.1/24"* ]]
	[[ "$output" == *"2001:db8::1/64"* ]]
	[[ "$output" =~ v0.*[\<,]UP[,\>] ]]
}

@test "net devices: what cannot be is said" {
	needs_root
	config 'c["linux"]["netDevices"] = {"none0": {}}' -- true
	oci_refuses "network interface none0" "the host has no such interface" -- run "$ID"
	config 'c["linux"]["netDevices"] = {"lo": {}}
c["linux"]["namespaces"] = [n for n in c["linux"]["namespaces"] if n["type"] != "network"]' -- true
	oci_refuses "linux.netDevices" "network namespace" -- run "$ID"
	[ -z "$(oci list -q)" ]
}
