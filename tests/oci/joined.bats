#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# What config.json asks of namespaces that are joined.

load common
setup() {
	oci_setup
	needs_root
}
teardown() {
	[ -z "$HOLDER" ] || kill "$HOLDER"
	oci_teardown
}

# A process in namespaces of its own: hold OPTION... (of inro unshare); $HOLDER.
hold() {
	"$INRO" unshare "$@" sh -c 'echo up >up; exec sleep 1000' 3>&- &
	HOLDER=$!
	until [ -s up ]; do sleep 0.02; done
	rm up
}

# The document joins the holder's namespace of that type, or $1's.
joins() {
	echo "for n in c['linux']['namespaces']:
    if n['type'] == '$1': n['path'] = '/proc/${3:-$HOLDER}/ns/${2:-$1}'"
}

@test "offsets beside a time namespace that is joined are left out" {
	hold -f --time --boottime 1000000
	local child here there
	child=$(pgrep -P "$HOLDER" || echo "$HOLDER")
	config "c['linux']['namespaces'].append({'type': 'time', 'path': '/proc/$child/ns/time'})
c['linux']['timeOffsets'] = {'boottime': {'secs': 5}, 'monotonic': {'nanosecs': 7}}" -- cut -d. -f1 /proc/uptime
	run oci run "$ID"
	[ "$status" = 0 ]
	[[ "${lines[0]}" == *"linux.timeOffsets are left out"* ]]
	here=$(cut -d. -f1 /proc/uptime) there=${lines[1]}
	[ $((there - here)) -ge 999000 ]
}
