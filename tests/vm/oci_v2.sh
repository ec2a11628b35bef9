#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Inside the machine of tests/vm/run: the cgroups of inro-oci's containers on v2. See tests/vm/oci_v2.

failed=0
count=0
C=/sys/fs/cgroup

# is NAME VALUE WANTED: a shell pattern.
is() {
	count=$((count + 1))
	# shellcheck disable=SC2254
	case $2 in
	$3) echo "ok $count - $1" ;;
	*)
		failed=1
		echo "not ok $count - $1"
		echo "# '$2', wanted '$3'"
		;;
	esac
}

oci() {
	inro-oci --root /run/states "$@"
}

# config PATH RESOURCES CMD: config.json of a container that runs CMD by sh, as USER; its cgroups are
# mounted CGROUP (ro, rw), and OWN and MORE are further namespaces and members of linux.
USER=0 CGROUP=ro MORE='' OWN=''
config() {
	cat >config.json <<-END
		{"ociVersion": "1.2.0", "root": {"path": "rootfs"},
		 "process": {"cwd": "/", "args": ["/bin/sh", "-c", "$3"], "env": ["PATH=/bin"],
		  "user": {"uid": $USER, "gid": 0}, "capabilities": {"bounding": ["CAP_MKNOD"], "effective": ["CAP_MKNOD"],
		  "permitted": ["CAP_MKNOD"]}, "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 8192, "soft": 8192}]},
		 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
		  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"},
		  {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"},
		  {"destination": "/sys/fs/cgroup", "type": "cgroup", "source": "cgroup", "options": ["$CGROUP"]}],
		 "linux": {$MORE"cgroupsPath": "$1", "resources": $2,
		  "namespaces": [$OWN{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "cgroup"}]}}
	END
}

# A file of the container's group.
value() {
	cat "$C/pod/$id/$1" | tr '\n' ';'
}

# create RESOURCES CMD: a running container.
create() {
	id=box$count
	config "/pod/$id" "$1" "$2"
	oci create $id && oci start $id
}

gone() {
	oci delete -f $id
	is "$1: removed" "$(ls -d $C/pod/$id 2>&1)" '*No such file*'
}

mkdir -p /tmp/b/rootfs/bin /tmp/b/rootfs/proc /tmp/b/rootfs/dev /tmp/b/rootfs/tmp /tmp/b/rootfs/sys/fs/cgroup
cp /bin/busybox /tmp/b/rootfs/bin
for name in sh sleep cat dd mknod echo true grep; do ln -s busybox /tmp/b/rootfs/bin/$name; done
cd /tmp/b || exit

create '{"memory": {"limit": 67108864, "swap": 100663296, "reservation": 33554432},
	"cpu": {"shares": 2048, "quota": 50000, "period": 100000, "cpus": "0", "burst": 10000},
	"pids": {"limit": 17}, "unified": {"memory.high": "60000000"}}' 'sleep 1000'
is 'memory.max' "$(value memory.max)" '67108864;'
is 'memory.swap.max' "$(value memory.swap.max)" '33554432;'
is 'memory.low' "$(value memory.low)" '33554432;'
is 'memory.high, verbatim' "$(value memory.high)" '59998208;'
is 'cpu.weight' "$(value cpu.weight)" '174;'
is 'cpu.max' "$(value cpu.max)" '50000 100000;'
is 'cpu.max.burst' "$(value cpu.max.burst)" '10000;'
is 'cpuset.cpus' "$(value cpuset.cpus)" '0;'
is 'pids.max' "$(value pids.max)" '17;'
pid=$(value cgroup.procs)
is 'its own group' "$(cat /proc/${pid%;}/cgroup)" "0::/pod/$id"
oci update --memory 128M --memory-swap 128M --cpu-idle 1 "$id"
is 'update: memory' "$(value memory.max)$(value memory.swap.max)" '134217728;0;'
is 'update: idle' "$(value cpu.idle)" '1;'
oci update --cpu-idle 0 --cpu-share 1024 --pids-limit -1 "$id"
is 'update: weight' "$(value cpu.idle)$(value cpu.weight)$(value pids.max)" '0;100;max;'
oci update --memory -1 "$id"
is 'update: no limit of memory' "$(value memory.max)$(value memory.swap.max)" 'max;max;'
is 'update: kept of what is refused' "$(oci update --pids-limit 3 --cpuset-cpus 70 "$id" 2>&1)" '*cpuset.cpus*'
is 'update: and put back' "$(value pids.max)" 'max;'
oci pause "$id"
is 'pause' "$(value cgroup.events)" '*frozen 1*'
is 'pause: state' "$(oci state $id | grep '"status"')" '*paused*'
oci resume "$id"
is 'resume' "$(value cgroup.events)" '*frozen 0*'
is 'ps' "$(oci ps --format json $id)" "\[${pid%;}\]"
is 'events --stats' "$(oci events --stats $id)" '{"type":"stats","id":"'$id'","data":{"cpu":{"usage":{"total":[1-9]*"memory":{*"raw":{*"pids":{"current":1,*'
oci pause "$id"
gone 'all limits'

create '{"memory": {"limit": 33554432, "swap": 33554432}}' 'sleep 2; dd if=/dev/zero of=/dev/null bs=200M count=1; sleep 2'
is 'events: out of memory' "$(oci events --interval 60s $id)" '*{"type":"oom","id":"'$id'"}*'
gone 'out of memory'

create '{"pids": {"limit": 0}}' 'exec sleep 1000'
is 'no process at all' "$(value pids.max)$(oci state $id | grep '"status"')" '0;*running*'
gone 'no process at all'

# Its user owns it where it is mounted to be written to, and of its files those that hand on. The kernel
# lists them; what is there of the list, and nothing else, is given away.
owned() {
	stat -c '%n %u' $C/pod/$id/* | sed "s|$C/pod/$id/||" | awk -v uid="$1" '$2 == uid {print $1}' | tr '\n' ' '
}
delegated() {
	for file in $(sort /sys/kernel/cgroup/delegate); do
		[ ! -e $C/pod/$id/$file ] || printf '%s ' $file
	done
}
MAPS='"uidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],
	"gidMappings": [{"containerID": 0, "hostID": 100000, "size": 65536}],'
CGROUP=rw MORE=$MAPS USER=5 OWN='{"type": "user"},'
create '{"pids": {"limit": 20}}' "cd $C; mkdir sub; echo 0 >sub/cgroup.procs; cat sub/cgroup.procs >/tmp/in
	echo 10 >sub/../pids.max; echo +pids >cgroup.subtree_control && echo 5 >sub/pids.max && echo done; exec sleep 1000" >out 2>&1
for _ in 1 2 3 4 5 6 7 8 9 10; do ! grep -q 'done' out || break; sleep 1; done
is 'owner: the group' "$(stat -c %u $C/pod/$id $C/pod/$id/sub)" '100005?100005'
is 'owner: its files' "$(owned 100005)" "$(delegated)sub "
is 'owner: not the limits' "$(cat out)" "*can't create sub/../pids.max: Permission denied*done"
is 'owner: what is inside can limit itself further' "$(value pids.max)$(value sub/pids.max)" '20;5;'
# The kernel takes no process into the container's own group any more; exec goes where its init is.
is 'nested: exec' "$(oci exec $id sh -c 'cat /proc/self/cgroup' 2>&1)" '0::/sub'
is 'exec: a limit that only the host may raise' "$(oci exec $id sh -c 'ulimit -n' 2>&1)" 8192
is 'nested: exec --cgroup' "$(oci exec --cgroup nowhere $id true 2>&1)" '*nowhere*no such cgroup*'
is 'nested: ps' "$(oci ps --format json $id)" "\\[$(cat $C/pod/$id/sub/cgroup.procs)\\]"
oci update --pids-limit 15 $id
is 'nested: update' "$(value pids.max)" '15;'
gone 'owner'
CGROUP=ro
create '{}' 'exec sleep 1000'
is 'owner: not where it is read-only' "$(owned 100005)" ''
gone 'read-only'
CGROUP=rw MORE='' USER=1000 OWN=''
create '{}' 'exec sleep 1000'
is 'owner: without a user namespace' "$(owned 1000)" "$(delegated)"
gone 'without a user namespace'
CGROUP=ro USER=0

# A group that holds processes hands nothing on, and must not be made to by halves: cpu and pids alone
# would make what is below it invalid.
mkdir $C/full
sleep 1000 &
full=$!
echo $full >$C/full/cgroup.procs
config /full/x '{"pids": {"limit": -1}, "memory": {"limit": -1}, "cpu": {"quota": -1, "period": 100000}}' 'echo runs'
is 'no limit needs no controller' "$(oci run x 2>&1)" runs
config /full/x '{"pids": {"limit": 5}}' true
is 'a limit needs its controller' "$(oci run x 2>&1)" '*the controller pids is not available*hold processes*'
is 'the group above stays what it is' "$(cat $C/full/cgroup.type $C/full/cgroup.subtree_control)" domain
# Somebody made it hand on by halves: nothing can be born below.
echo '+pids' >$C/full/cgroup.subtree_control
config /full/x '{}' true
is 'below a threaded group' "$(oci run x 2>&1)" '*domain invalid*below a threaded one*'
is 'below a threaded group: nothing is left' "$(ls -d $C/full/x 2>&1)" '*No such file*'
kill $full
wait $full 2>/dev/null
rmdir $C/full
# A group that was there, with one below it that has controllers: it is taken if nothing lives in them.
mkdir -p $C/pod/busy/below
echo '+memory' >$C/pod/busy/cgroup.subtree_control
config /pod/busy '{}' 'echo runs'
sleep 1000 &
busy=$!
echo $busy >$C/pod/busy/below/cgroup.procs
is 'a group below which somebody lives' "$(oci run x 2>&1)" '*cgroup is not empty*'
is 'what lives below it is left alone' "$(cat $C/pod/busy/below/cgroup.procs)" $busy
kill $busy
wait $busy 2>/dev/null
is 'a group that is left over' "$(oci run x 2>&1)" runs

config /pod/x '{"memory": {"limit": 8192}}' true
is 'too little memory' "$(oci run x 2>&1)" '*out of memory; the limit is 8192*'
config /pod/x '{"unified": {"nothing.max": "5"}}' true
is 'unified: no such controller' "$(oci run x 2>&1)" '*the controller nothing is not available*'
config /pod/x '{"unified": {"../memory.max": "5"}}' true
is 'unified: climbs' "$(oci run x 2>&1)" '*not the name of a file*'
config /pod/x '{"cpu": {"realtimeRuntime": 5}}' true
is 'realtime' "$(oci run x 2>&1)" '*realtime*'
config /pod/x '{"devices": [{"allow": false, "access": "rwm"}]}' \
	'cd /tmp; mknod n c 1 3; cat n; mknod m c 1 1; cat m; ls $C'
is 'devices' "$(oci run x 2>&1)" "*'m': Operation not permitted*"
is 'nothing is left' "$(find $C/pod -type d)" $C/pod

# An ordinary user without a group of its own; the root is the host's, since it may map nothing.
mkdir -m 777 /tmp/u
user() {
	XDG_RUNTIME_DIR=/tmp/u /bin/setpriv --reuid 1000 --regid 1000 --clear-groups inro-oci "$@"
}
sed -e 's/"namespaces": \[/"uidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}], "gidMappings": [{"containerID": 0, "hostID": 1000, "size": 1}], "namespaces": [{"type": "user"}, /' \
	-e 's/, *$/,/' config.json >/tmp/u/config.json
ln -s /tmp/b/rootfs /tmp/u/rootfs
cd /tmp/u || exit
sed -i 's/"resources": {.*}\]},/"resources": {},/' config.json
is 'rootless: goes without, and says so' "$(user run r 2>&1)" '*no cgroup of its own*'
sed -i 's/"resources": {},/"resources": {"pids": {"limit": 5}},/' config.json
is 'rootless: a limit that cannot be' "$(user run r 2>&1)" '*pids.limit*delegated*'

for test in /t/test_*; do
	[ -e "$test" ] || continue
	"$test" >/tmp/log 2>&1
	is "$(basename "$test")" "$?" 0
	grep -E 'FAILED|error|skipped' /tmp/log | sed 's/^/# /'
done
echo "1..$count"
exit $failed
