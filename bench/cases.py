# SPDX-License-Identifier: Apache-2.0
"""What is measured: the one place that says which commands mean the same.

A case is a container (namespaces and mounts) and, for each tool, the command line that makes it.
The first command is the yardstick of its case. In an argument these are replaced:

    {floor} {floor_libc} {inro} {bwrap} {unshare}   programs (a command whose program is missing,
                                                    or which fails, is left out with a note)
    {nsenter}                                       the same
    {target}   the PID of a process in namespaces of its own: pid, uts, ipc, mnt, net
    {dir}      a directory with the payloads, readable by everyone; also the working directory
    {true}     the payload, outside;  in boxes {dir} is bound at /bench
    {payload}  what runs inside: /bench/true, or /bench/pause where containers stay alive
    {filter}   a file with a raw seccomp program;  {filter_fd} a descriptor of it

An element that is a list is spliced in. Correct inro's lines here when its options change.
"""

NS = "pid,uts,ipc,mnt,cgroup"

# The box: what bubblewrap's manual page shows, as its own options and as the floor's.
LINKS = [("usr/bin", "/bin"), ("usr/sbin", "/sbin"), ("usr/lib", "/lib"), ("usr/lib64", "/lib64")]
BOX = (["--ro-bind", "/usr", "/usr"]
       + [word for target, link in LINKS for word in ("--symlink", target, link)]
       + ["--ro-bind", "{dir}", "/bench", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"])
FLOOR_BOX = ["--root"] + BOX
INRO_BOX = (["--preset", "none", "--empty", "--map", "own", "--ro", "/usr"]
            + [word for target, link in LINKS for word in ("--symlink", link + "=" + target)]
            + ["-v", "{dir}:/bench:ro", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
               "--cap-drop", "all"])
CLOSED = ["--nnp", "--drop-caps"]

# What `inro run CMD` gives without an option, as the floor's options.
SYSTEM = ["/usr", "/etc", "/opt", "/nix"]
MASKED_FILES = ["/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
                "/proc/sched_debug", "/proc/sysrq-trigger"]
MASKED_DIRS = ["/proc/acpi", "/proc/asound", "/proc/scsi"]
READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys"]
MASKS = ([w for p in MASKED_FILES for w in ("--mask-file", p)]
         + [w for p in MASKED_DIRS for w in ("--mask-dir", p)]
         + [w for p in READ_ONLY for w in ("--ro-path", p)])
DEFAULT_MOUNTS = (["--root"]
                  + [w for p in SYSTEM for w in ("--ro-bind-try", p, p)]
                  + [w for target, link in LINKS for w in ("--symlink", target, link)]
                  + ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/dev/shm",
                     "--mqueue", "/dev/mqueue", "--tmpfs", "/tmp", "--tmpfs", "/run"])


def floors(*args):
    """The floor, the floor again (its ratio shows the noise), and the floor on the C library."""
    return [("floor", ["{floor}", *args]), ("floor again", ["{floor}", *args]),
            ("floor-libc", ["{floor_libc}", *args])]


def box(floor_ns, bwrap, inro, lo=(), floor_filter=(), bwrap_filter=(), inro_filter=(),
        again=True):
    """One closed box in everybody's words. The floor's options are steps, in their order."""
    made = floors("--ns", floor_ns, *FLOOR_BOX, *lo, *CLOSED, *floor_filter, "{payload}")
    return [made[0], *(made[1:] if again else made[2:]),
            ("bubblewrap", ["{bwrap}", *bwrap, "--as-pid-1", *bwrap_filter, *BOX, "{payload}"]),
            ("bubblewrap, own init", ["{bwrap}", *bwrap, *bwrap_filter, *BOX, "{payload}"]),
            ("inro run", ["{inro}", "run", *inro, *INRO_BOX, *inro_filter, "--", "{payload}"])]


def default(root):
    """inro's own default. Root's ids are mapped as they are, so /proc is masked."""
    args = ["--ns", NS + ",net,user", "--map", "parent" if root else "self", *DEFAULT_MOUNTS,
            "--bind", "{dir}", "{dir}", *(MASKS if root else []), "--chdir", "{dir}", "--lo",
            *CLOSED, "--seccomp", "{filter}", "{true}"]
    return floors(*args) + [("inro run", ["{inro}", "run", "--", "{true}"])]


def nested(levels):
    """PID namespaces inside each other, nothing else."""
    return [("floor", ["{floor}", "--nest", str(levels), "--ns", "pid", "{true}"]),
            ("unshare", ["{unshare}", "-pf"] * levels + ["{true}"]),
            ("inro nest", ["{inro}", "nest", str(levels), "-q", "{true}"]),
            ("inro run", ["{inro}", "run", "--preset", "none", "--ns", "pid", "--"] * levels
             + ["{true}"])]


def left(floor_args, words):
    """New namespaces and nothing else, in util-linux's words."""
    return floors(*floor_args, "{true}") + [("unshare", ["{unshare}", *words, "{true}"]),
                                            ("inro unshare", ["{inro}", "unshare", *words, "{true}"])]


def entered(kinds, words):
    """Namespaces of {target}, in util-linux's words."""
    words = ["-t", "{target}", *words, "{true}"]
    return floors("--ns", kinds, "--join", "{target}", "{true}") + [("nsenter", ["{nsenter}", *words]),
                                                                    ("inro enter", ["{inro}", "enter", *words])]


def cases(root):
    """name → (what it is, needs root, commands)"""
    made = {
        "ns": ("Namespaces only: pid, uts, ipc, mnt, cgroup", True,
               floors("--ns", NS, "--private", "{true}")
               + [("unshare", ["{unshare}", "-pfuimC", "{true}"]),
                  ("inro unshare", ["{inro}", "unshare", "-pfuimC", "{true}"]),
                  ("inro run", ["{inro}", "run", "--preset", "none", "--ns", NS, "--",
                                "{true}"])]),
        "ns-user-net": ("Namespaces only: those, net and user, own id mapped, a new /proc", False,
                        floors("--ns", NS + ",net,user", "--proc-here", "{true}")
                        + [("unshare", ["{unshare}", "-pfuimCn", "-c", "--mount-proc", "{true}"]),
                           ("inro unshare", ["{inro}", "unshare", "-pfuimCn", "-c",
                                             "--mount-proc", "{true}"])]),
        "unshare": ("In place, without a child: mnt, uts, ipc", True,
                    left(["--ns", "mnt,uts,ipc", "--in-place", "--private"], ["-mui"])),
        "unshare-user": ("In place: user, mnt, uts, ipc, own id mapped", False,
                         left(["--ns", "user,mnt,uts,ipc", "--in-place", "--private"], ["-c", "-mui"])),
        "enter": ("A process's pid, uts, ipc, mnt and net", True,
                  entered("pid,uts,ipc,mnt,net", ["-m", "-u", "-i", "-n", "-p"])),
        "enter-in-place": ("Its uts, ipc and net, without a child", True,
                           entered("uts,ipc,net", ["-u", "-i", "-n"])),
        "box": ("A box as bubblewrap's: user, pid, uts, ipc, mnt, cgroup; the host's network",
                False,
                box(NS + ",user", ["--unshare-all", "--share-net"],
                    ["--ns", "all,-time,-net", "--net", "host"])),
        "box-net": ("The same box with its own network, loopback up", False,
                    box(NS + ",net,user", ["--unshare-all"], ["--ns", "all,-time"],
                        lo=["--lo"])),
        "seccomp": ("The same with a seccomp filter", False,
                    box(NS + ",net,user", ["--unshare-all"], ["--ns", "all,-time"],
                        lo=["--lo"], floor_filter=["--seccomp", "{filter}"],
                        bwrap_filter=["--seccomp", "{filter_fd}"],
                        inro_filter=["--seccomp", "default"])),
        "default": ("What `inro run CMD` gives without an option", False, default(root)),
    }
    return {name: case for name, case in made.items() if root or not case[1]}


def alive():
    """Containers that stay; the box with its own network."""
    return box(NS + ",net,user", ["--unshare-all"], ["--ns", "all,-time"],
               lo=["--lo"], again=False)
