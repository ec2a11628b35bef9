#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Inside the machine of tests/vm/run: limits on cgroup v2, as root and as an ordinary user with and
# without a delegated cgroup; then the unit tests. See tests/vm/cgroup_v2.

failed=0
count=0
C=/sys/fs/cgroup

# check NAME STATUS PATTERN CMD...: the status, and a pattern that the output must have.
check() {
	name=$1 wanted=$2 pattern=$3
	shift 3
	count=$((count + 1))
	output=$("$@" 2>&1)
	status=$?
	left=$(find $C -name 'inro*' ! -path "$C/inro-none")
	if [ $status = "$wanted" ] && echo "$output" | grep -q "$pattern" && [ -z "$left" ]; then
		echo "ok $count - $name"
	else
		failed=1
		echo "not ok $count - $name"
		echo "# status $status, wanted $wanted; left behind: ${left:-nothing}"
		echo "$output" | sed 's/^/# /'
	fi
}

# A group that belongs to the user, as systemd delegates it; CMD is run alone in it.
delegated() {
	mkdir $C/delegated
	echo '+memory +pids +cpu' >$C/cgroup.subtree_control
	chown 1000 $C/delegated $C/delegated/cgroup.procs $C/delegated/cgroup.subtree_control \
		$C/delegated/cgroup.threads
	(
		sh -c 'echo $PPID' >$C/delegated/cgroup.procs
		exec /bin/setpriv --reuid 1000 --regid 1000 --clear-groups "$@"
	)
	status=$?
	rmdir $C/delegated || status=1$status
	return $status
}

# The same where a shell is in it, too.
crowded() {
	delegated sh -c '"$@"; exit $?' sh "$@"
}

eat='x=y; while :; do x=$x$x; done'
spawn='for i in 1 2 3 4 5 6 7 8; do sleep 1 & done; wait'

check 'memory, root' 137 'peak memory' inro run -m 16M --report -- sh -c "$eat"
check 'memory is told' 0 '^16777216$' inro run -m 16M --ns=-cgroup -v $C -- sh -c \
	"cat $C\$(sed s/0::// /proc/self/cgroup)/memory.max"
check 'no swap beyond it' 0 'memory.swap.max=0' inro run --explain -m 16M -- true
check 'pids, root' 2 "can't fork" inro run --pids-limit 5 -- sh -c "$spawn"
check 'cpus, root' 0 '' inro run --cpus 0.5 --cpu-weight 50 -- true
check 'cpu time, root' 124 'cpu-time' inro run --cpu-time 300ms --report -- sh -c 'while :; do :; done'
check 'accounting, root' 0 'whole container' inro run --accounting --report -- true
check 'its cgroup is the root inside' 0 '^0::/$' inro run -m 16M -- cat /proc/self/cgroup
check 'one clone is enough' 0 'CLONE\|clone3' inro run --explain -m 16M -- true
check 'memory, delegated' 137 'peak memory' delegated inro run -m 16M --report -- sh -c "$eat"
check 'pids, delegated' 2 "can't fork" delegated inro run --pids-limit 5 -- sh -c "$spawn"
check 'cpu time, delegated' 124 'cpu-time' delegated inro run --cpu-time 300ms --report -- \
	sh -c 'while :; do :; done'
check 'not alone in it' 125 'systemd-run --user --scope' crowded inro run -m 16M -- true
check 'to count needs no room' 0 'user' crowded inro run --cpu-time 10s --report -- true
check 'not delegated' 125 'has not been delegated' /bin/setpriv --reuid 1000 --regid 1000 --clear-groups \
	inro run -m 16M -- true

check 'inside another one' 137 'whole container' inro run --nestable -v /bin -- \
	inro run -m 16M --report -- sh -c "$eat"
check 'inside a limited one, beside a shell' 137 'whole container' inro run --nestable -m 64M -v /bin -- \
	sh -c 'inro run -m 16M --report -- sh -c "$1"; exit $?' sh "$eat"
check 'the inner one cannot lift the outer limit' 1 '' inro run --nestable -m 64M -v /bin -- \
	sh -c 'echo max >/sys/fs/cgroup/memory.max'

killed() {
	inro run -m 16M -- sleep 100 &
	sleep 2
	kill -9 $!
	wait $!
	inro run -m 16M -- true
}
check 'after SIGKILL the next one cleans up' 0 '' killed

for program in /t/test_* /t/test-*; do
	[ -e "$program" ] || continue
	check "$(basename "$program")" 0 '' "$program"
done
echo "1..$count"
exit $failed
