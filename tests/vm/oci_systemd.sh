#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Inside the machine of tests/vm/run: a systemd with its bus as PID 1 of a PID namespace, and as a service
# of it the tests of `inro-oci --systemd-cgroup`. See tests/vm/oci_systemd.

if [ "$1" != inside ]; then
	mkdir -p /etc/systemd/system /run/dbus /run/systemd /etc/dbus-1 /lib/systemd/system /var/log /sys/fs/cgroup/host
	: >/etc/machine-id
	cat >/etc/dbus-1/system.conf <<-END
		<busconfig><type>system</type><listen>systemd:</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/>
		<allow eavesdrop="true"/></policy></busconfig>
	END
	cat >/etc/systemd/system/dbus.service <<-END
		[Unit]
		DefaultDependencies=no
		Requires=dbus.socket
		After=dbus.socket
		[Service]
		ExecStart=/bin/dbus-daemon --config-file=/etc/dbus-1/system.conf --nofork --nopidfile
	END
	cat >/etc/systemd/system/dbus.socket <<-END
		[Unit]
		DefaultDependencies=no
		[Socket]
		ListenStream=/run/dbus/system_bus_socket
	END
	cat >/etc/systemd/system/test.service <<-END
		[Unit]
		DefaultDependencies=no
		Requires=dbus.service
		After=dbus.service
		[Service]
		Type=oneshot
		Environment=PATH=/bin
		StandardOutput=file:/tmp/output
		StandardError=file:/tmp/output
		ExecStart=/bin/sh /t/oci_systemd.sh inside $1
		ExecStopPost=/bin/sh -c 'echo >/tmp/done'
	END
	cat >/etc/systemd/system/default.target <<-END
		[Unit]
		DefaultDependencies=no
		Requires=test.service
	END
	mkdir -p /sys/fs/cgroup/sysd
	for c in $(cat /sys/fs/cgroup/cgroup.controllers); do echo "+$c" >/sys/fs/cgroup/cgroup.subtree_control; done
	# It takes the group in which it begins for the top; who waits for it must not stand there.
	unshare -m -p -f /bin/sh -c 'mount -t proc proc /proc
		echo 0 >/sys/fs/cgroup/sysd/cgroup.procs
		exec env container=inro /lib/systemd/systemd --system --log-target=console --log-level=warning \
			--show-status=no --unit=default.target' >/tmp/systemd.log 2>&1 &
	for _ in $(seq 150); do
		[ ! -e /tmp/done ] || break
		sleep 1
	done
	cat /tmp/output || tail -n 30 /tmp/systemd.log
	grep -q '^1\.\.' /tmp/output && ! grep -q '^not ok' /tmp/output
	exit
fi

failed=0
count=0

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
	inro-oci --systemd-cgroup --root /run/states "$@"
}

# config PATH RESOURCES ANNOTATIONS CMD
config() {
	cat >config.json <<-END
		{"ociVersion": "1.2.0", "root": {"path": "rootfs"}, "annotations": {$3},
		 "process": {"cwd": "/", "args": ["/bin/sh", "-c", "$4"], "env": ["PATH=/bin"], "user": {"uid": 0, "gid": 0},
		  "capabilities": {"bounding": ["CAP_MKNOD"], "effective": ["CAP_MKNOD"], "permitted": ["CAP_MKNOD"]}},
		 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
		  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
		 "linux": {"cgroupsPath": "$1", "resources": $2,
		  "namespaces": [{"type": "pid"}, {"type": "mount"}, {"type": "ipc"}, {"type": "uts"}, {"type": "cgroup"}]}}
	END
}

property() {
	systemctl show -p "$1" "$2"
}

group() {
	pid=$(oci ps --format json "$1" | tr -d '[]' | cut -d, -f1)
	sed -n 's/^0:://p' "/proc/$pid/cgroup"
}

# systemd is on its bus a moment after that runs.
for _ in $(seq 30); do
	! echo 'stop none.scope' | "$2" system | grep -q '^ok' || break
	sleep 1
done
mkdir -p /tmp/b/rootfs/bin /tmp/b/rootfs/proc /tmp/b/rootfs/dev
cp /bin/busybox /tmp/b/rootfs/bin
for name in sh sleep cat mknod; do ln -s busybox /tmp/b/rootfs/bin/$name; done
cd /tmp/b || exit

config "pod.slice:inro:box" '{"memory": {"limit": 67108864, "swap": 67108864}, "pids": {"limit": 17},
	"cpu": {"shares": 2048, "quota": 50000, "period": 100000, "cpus": "0"}, "devices": [{"allow": false, "access": "rwm"},
	{"allow": true, "type": "c", "major": 7, "minor": 0, "access": "r"}]}' \
	"\"org.systemd.property.TimeoutStopSec\": \"7\", \"org.systemd.property.CollectMode\": \"'inactive-or-failed'\"" \
	'cat /proc/self/cgroup; sleep 1000'
oci create box >/tmp/b/out 2>&1 </dev/null
is 'create' "$?$(cat out)" 0
oci start box
is 'its place' "$(group box)" '*/pod.slice/inro-box.scope'
D=/sys/fs/cgroup$(group box)
is 'memory' "$(cat $D/memory.max)" 67108864
is 'pids' "$(cat $D/pids.max)" 17
is 'cpu' "$(cat $D/cpu.max)" '50000 100000'
is 'weight' "$(cat $D/cpu.weight)" 174
is 'cpus' "$(cat $D/cpuset.cpus)" 0
is 'MemoryMax' "$(property MemoryMax inro-box.scope)" '*=67108864'
is 'TasksMax' "$(property TasksMax inro-box.scope)" '*=17'
is 'Delegate' "$(property Delegate inro-box.scope)" '*=yes'
is 'annotation' "$(property TimeoutStopUSec inro-box.scope)" '*=7s'
is 'its root inside' "$(cat out)" '*0::/'
oci update --memory 128M --memory-swap 128M --pids-limit 30 box
is 'update: the file' "$(cat $D/memory.max)" 134217728
is 'update: the property' "$(property MemoryMax inro-box.scope)$(property TasksMax inro-box.scope)" '*=134217728*=30'
# Rules about devices: hpet is forbidden, vcs may be read, null is for everybody.
cat >rootfs/try <<-'END'
	cd /dev; [ -e vcs ] || { mknod hpet c 10 228; mknod vcs c 7 0; }
	for name in hpet vcs null; do (: <$name) && echo $name; done 2>/dev/null
	(: >vcs) 2>/dev/null && echo written
END
is 'devices' "$(oci exec box sh /try 2>&1)" "$(printf 'vcs\nnull')"
systemctl daemon-reload
is 'devices after a reload' "$(oci exec box sh /try 2>&1)" "$(printf 'vcs\nnull')"
systemctl set-property --runtime inro-box.scope CPUWeight=50
is 'devices after a property was set' "$(oci exec box sh /try 2>&1)" "$(printf 'vcs\nnull')"
systemctl daemon-reexec
is 'devices after a re-execution' "$(oci exec box sh /try 2>&1)" "$(printf 'vcs\nnull')"
echo '{"devices": [{"allow": false, "access": "rwm"}, {"allow": true, "type": "c", "major": 10, "minor": 228, "access": "r"}]}' |
	oci update --resources - box
is 'devices after an update' "$(oci exec box sh /try 2>&1)" "$(printf 'hpet\nnull')"
systemctl daemon-reload
is 'devices after an update and a reload' "$(oci exec box sh /try 2>&1)" "$(printf 'hpet\nnull')"
is 'reload: the limits stay' "$(cat $D/memory.max $D/pids.max | tr '\n' ' ')" '134217728 30 '
oci pause box
is 'pause' "$(cat $D/cgroup.events)" '*frozen 1*'
oci resume box
oci delete -f box
is 'delete: the group' "$(ls -d $D 2>&1)" '*No such file*'
is 'delete: the unit' "$(property LoadState inro-box.scope)" '*=not-found'
config "a/b" '{}' '' true
is 'a path that is none' "$(oci run x 2>&1)" '*slice:prefix:name*'
config ":x:y" '{}' '' 'cat /proc/self/cgroup'
is 'an empty slice; run' "$(oci run y 2>&1)" '*0::/*'
is 'run: the unit is gone' "$(property LoadState x-y.scope)" '*=not-found'
config "pod.slice:inro:z" '{}' '' '/no/such'
sed -i 's|"/bin/sh", "-c", ||' config.json
is 'a start that fails' "$(oci run z 2>&1)" '*[Nn]o such file*'
is 'leaves no unit' "$(property LoadState inro-z.scope)" '*=not-found'
echo "1..$count"
exit $failed
