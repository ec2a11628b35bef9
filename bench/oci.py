#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Set inro-oci beside crun and runc and print ratios with their spread.

    bench/oci.py [--build DIR] [--suite sid] [--case NAME]… [--markdown]

Runs itself in the lab of that Debian suite (tests/engines/lab), which has the newest peers, as root
and with the view of one cgroup2 mount. As in bench/run.py the commands of a case run interleaved,
and a ratio is made within one round. Two configurations: what `runc spec` writes, and what Podman
gives its runtime (with its seccomp profile and masked paths), with a time namespace as Docker adds.
"""

import argparse
import glob
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import run as base  # noqa: E402

INSIDE = "/inro"
PROGRAMS = ("floor", "floor-libc", "true", "pause", "pair", "seq", "seccomp")
PODMAN = ["podman", "--cgroup-manager", "cgroupfs", "--events-backend=file"]


def output(argv, **more):
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          stdin=subprocess.DEVNULL, check=False, **more)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def root_files(where, programs):
    """A root file system: a busybox, and the payloads."""
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp", "root", "run", "var"):
        os.makedirs(os.path.join(where, name), exist_ok=True)
    shutil.copy("/bin/busybox", os.path.join(where, "bin"))
    os.symlink("busybox", os.path.join(where, "bin/sh"))
    os.symlink("busybox", os.path.join(where, "bin/sleep"))
    for name in ("true", "pause"):
        shutil.copy(os.path.join(programs, name), os.path.join(where, "bin", name))
    with open(os.path.join(where, "etc/passwd"), "w", encoding="ascii") as f:
        f.write("root:x:0:0:root:/root:/bin/sh\n")


def podman_config(rootfs):
    """The config.json that Podman writes for a container without options, and what made it."""
    archive = subprocess.Popen(["tar", "-C", rootfs, "-c", "."], stdout=subprocess.PIPE)
    subprocess.run([*PODMAN, "import", "-", "bench"], stdin=archive.stdout, check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    archive.wait()
    made = output([*PODMAN, "--runtime", "crun", "create", "--network=none", "--cgroups=disabled",
                   "bench", "/bin/true"]).strip()
    output([*PODMAN, "--runtime", "crun", "init", made])
    path = glob.glob(f"/var/lib/containers/storage/*-containers/{made}/userdata/config.json")[0]
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def write_bundle(where, config, rootfs, args):
    os.makedirs(where)
    config["process"]["args"] = args
    config["process"]["terminal"] = False
    config["root"]["path"] = rootfs
    config.get("linux", {}).pop("cgroupsPath", None)
    config.pop("hooks", None)
    with open(os.path.join(where, "config.json"), "w", encoding="utf-8") as f:
        json.dump(config, f)
    return where


class Oci:
    """The runtimes, the bundles, and the states' directory of each runtime."""

    def __init__(self, args):
        self.args, self.notes = args, []
        self.dir = tempfile.mkdtemp(prefix="oci-", dir="/var/tmp")
        self.programs = os.path.join(INSIDE, "programs")
        self.rootfs = os.path.join(self.dir, "rootfs")
        root_files(self.rootfs, self.programs)
        with open(self.path("filter"), "wb") as f:
            f.write(base.filter_program())
        # Where they can be written to, as on most hosts: then each has to protect its own file.
        self.runtimes = {name: shutil.copy(path, self.path("")) for name, path in
                         (("inro-oci", os.path.join(INSIDE, "bin/inro-oci")), ("crun", "/usr/bin/crun"),
                          ("runc", "/usr/sbin/runc"))}
        shutil.copy(self.program("floor-libc"), self.path(""))
        self.bundles = self.make_bundles()

    def path(self, name):
        return os.path.join(self.dir, name)

    def program(self, name):
        return os.path.join(self.programs, name)

    def make_bundles(self):
        plain = self.path("spec")
        os.makedirs(plain)
        output(["/usr/sbin/runc", "spec"], cwd=plain)
        with open(os.path.join(plain, "config.json"), encoding="utf-8") as f:
            spec = json.load(f)
        engine = podman_config(self.rootfs)
        # Podman has made it without cgroups, since this host may have no controllers to hand out.
        engine["linux"]["resources"] = spec["linux"]["resources"]
        engine["linux"]["namespaces"] .append({"type": "time"})
        made = {}
        for name, config in (("spec", spec), ("engine", engine)):
            for payload, words in (("true", ["/bin/true"]), ("sleep", ["/bin/sleep", "1000000"])):
                made[name, payload] = write_bundle(self.path(f"{name}-{payload}"),
                                                   json.loads(json.dumps(config)), self.rootfs, words)
        # Without the filter: what it alone costs.
        engine["linux"].pop("seccomp")
        made["engine-nofilter", "true"] = write_bundle(self.path("nofilter"), engine, self.rootfs,
                                                       ["/bin/true"])
        return made

    def runtime(self, name):
        return [self.runtimes[name], "--root", self.path("state-" + name)]

    def pair(self, options, commands):
        argv = [self.program("pair"), *options]
        for i, (name, command) in enumerate(commands):
            argv += (["---"] if i else []) + [name, *command]
        return json.loads(output(argv, cwd=self.dir))

    def works(self, name, argv):
        try:
            self.pair(["--runs", "1", "--warmup", "0"], [(name, argv)])
            return True
        except (RuntimeError, ValueError) as e:
            said = " ".join(str(e).split(": ", 1)[-1].split())
            self.notes.append(f"`{name}` left out: {said[:300]}")
            return False

    def syscalls(self, argv):
        out = self.path("strace")
        subprocess.run(["strace", "-f", "-qq", "-c", "-o", out, *argv], stdin=subprocess.DEVNULL,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.dir, check=False)
        with open(out, encoding="utf-8") as f:
            totals = [line.split() for line in f if line.rstrip().endswith(" total")]
        return int(totals[-1][3 if len(totals[-1]) > 4 else 2]) if totals else "-"

    # The commands

    def floors(self, config):
        """The same namespaces and mounts; floor-oci has a cgroup too, and protects its own file."""
        words = ["--ns", "pid,uts,ipc,mnt,net,cgroup" + (",time" if config == "engine" else ""),
                 "--root", "--bind", self.rootfs + "/bin", "/bin", "--proc", "/proc", "--dev", "/dev",
                 "--tmpfs", "/dev/shm", "--mqueue", "/dev/mqueue", "--sysfs", "/sys"]
        words += base.cases.MASKS
        words += ["--hostname", "box", "--drop-caps", "--nnp"]
        if config == "engine":
            words += ["--seccomp", self.path("filter")]
        plain = [(name, [self.program(name), *words, "/bin/true"]) for name in ("floor", "floor-libc")]
        own = ["--again", "--vfork", *(["--group", "/sys/fs/cgroup/floor"] if self.args.view == "v2" else [])]
        if config == "engine":
            own.remove("--vfork")  # a time namespace forbids it there
        return plain + [("floor-oci", [self.path("floor-libc"), *own, *words, "/bin/true"])]

    def run(self, config):
        return [(name, [*self.runtime(name), "run", "-b", self.bundles[config, "true"], "r"])
                for name in self.runtimes]

    def life(self, config):
        made = []
        for name in self.runtimes:
            rt = self.runtime(name)
            made.append((name, [self.program("seq"), *rt, "create", "-b", self.bundles[config, "true"],
                                "l", ",", *rt, "start", "l", ",", "@wait", ",", *rt, "delete", "l"]))
        return made

    def at_once(self, config, n):
        return [(name, [self.program("seq"), "--times", str(n), *self.runtime(name), "run", "-b",
                        self.bundles[config, "true"], "m%"]) for name in self.runtimes]

    def keep(self, config, ident):
        """One container of each runtime that stays."""
        for name in self.runtimes:
            rt = self.runtime(name)
            # Ids are told apart: without a cgroupsPath they are the cgroups' names.
            subprocess.run([*rt, "run", "-d", "-b", self.bundles[config, "sleep"], f"{ident}-{name}"],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL, check=False)

    def drop(self, ident):
        for name in self.runtimes:
            subprocess.run([*self.runtime(name), "delete", "-f", f"{ident}-{name}"], stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def measure(oci, name, what, commands, runs):
    usable = [(n, argv) for n, argv in commands if oci.works(n, argv)]
    if not usable:
        return
    got = {c["name"]: c for c in oci.pair(["--runs", str(runs), "--settle", str(oci.args.settle)],
                                          usable)["commands"]}
    base.title(f"{name}: {what}", oci.args.markdown)
    heads = [n for n in ("floor-libc", "floor-oci", "crun", "runc") if n in got]
    table = base.Table(["command", "median ms", *("× " + h for h in heads), "cpu ms", "peak RSS KiB",
                        "system calls"], oci.args.markdown)
    for command, argv in usable:
        s = got[command]
        cpu = statistics.mean(map(sum, zip(s["user_us"], s["system_us"]))) / 1000
        table.add(command, f"{statistics.median(s['wall_ns']) / 1e6:.2f}",
                  *(base.spread(base.ratios(s, got[h])) for h in heads), f"{cpu:.2f}",
                  max(s["maxrss_kb"]), oci.syscalls(argv))
    table.print()


def cold(oci, runs):
    """crun keeps compiled filters below its root; here each run finds none."""
    commands = []
    for name, argv in oci.run("engine"):
        rm = ["/bin/rm", "-rf", oci.path("state-" + name) + "/.cache"]
        commands.append((name, [oci.program("seq"), *rm, ",", *argv]))
    measure(oci, "run-cold", "run, the engine's configuration, no filter kept from before "
            "(each with the same rm before it)", commands, runs)


def verbs(oci, runs):
    oci.keep("engine", "k")
    measure(oci, "exec", "exec in a running container, the engine's configuration",
            [(n, [*oci.runtime(n), "exec", "k-" + n, "/bin/true"]) for n in oci.runtimes], runs)
    measure(oci, "state", "state of it", [(n, [*oci.runtime(n), "state", "k-" + n]) for n in oci.runtimes],
            runs)
    oci.drop("k")


def alive(oci, runs):
    """With many alive, a start more; and the memory of what stays."""
    for i in range(oci.args.alive):
        oci.keep("spec", f"a{i}")
    try:
        measure(oci, f"run-{oci.args.alive}", f"run beside {oci.args.alive} of each runtime alive",
                oci.run("spec"), runs)
    finally:
        for i in range(oci.args.alive):
            oci.drop(f"a{i}")


def filters(oci):
    """The engine's profile as a program of inro's and of libseccomp's: to make it, and where it runs."""
    config = os.path.join(oci.bundles["engine", "true"], "config.json")
    if not os.path.exists(oci.program("seccomp")):
        oci.notes.append("filter left out: built without libseccomp")
        return
    lines = output([oci.program("seccomp"), config]).splitlines()
    base.title("filter: the engine's profile, made by inro and by libseccomp (ns)", oci.args.markdown)
    table = base.Table(["program", *lines[0].split("(")[0].split()], oci.args.markdown)
    for line in lines[1:]:
        table.add(*line.split())
    table.print()


def podman(oci, runs):
    # Podman asks for names of runtimes that can do without cgroups.
    os.environ["CONTAINERS_CONF_OVERRIDE"] = oci.path("containers.conf")
    with open(oci.path("containers.conf"), "w", encoding="ascii") as f:
        f.write(f"[engine]\nruntime_supports_nocgroup = {json.dumps(list(oci.runtimes))}\n"
                "[engine.runtimes]\n")
        f.writelines(f"{name} = [{json.dumps(path)}]\n" for name, path in oci.runtimes.items())
    commands = [(name, ["/usr/bin/podman", *PODMAN[1:], "--runtime", name, "run", "--rm",
                        "--network=none", "--cgroups=disabled", "bench", "/bin/true"])
                for name in oci.runtimes if name != "runc"]  # it always wants a cgroup
    measure(oci, "podman", "podman run --rm as a whole", commands, max(10, runs // 4))


def cases(oci):
    runs = oci.args.runs
    return {
        "run": lambda: measure(oci, "run", "run, the configuration of `runc spec`",
                               oci.floors("spec") + oci.run("spec"), runs),
        "run-engine": lambda: measure(oci, "run-engine", "run, the engine's configuration",
                                      oci.floors("engine") + oci.run("engine"), runs),
        "run-nofilter": lambda: measure(oci, "run-nofilter", "the same without the seccomp filter",
                                        oci.run("engine-nofilter"), runs),
        "run-cold": lambda: cold(oci, runs),
        "life": lambda: measure(oci, "life", "create, start, its end, delete; the engine's configuration",
                                oci.life("engine"), runs),
        "verbs": lambda: verbs(oci, runs),
        "at-once": lambda: measure(oci, "at-once", f"{oci.args.at_once} runs started at once",
                                   oci.at_once("engine", oci.args.at_once), max(5, runs // 10)),
        "alive": lambda: alive(oci, runs),
        "filter": lambda: filters(oci),
        "podman": lambda: podman(oci, runs),
    }


def inside(args):
    oci = Oci(args)
    base.title("Machine", args.markdown)
    table = base.Table(["what", "value"], args.markdown)
    table.add("processor", f"{base.proc_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores")
    table.add("kernel", os.uname().release)
    with open("/proc/loadavg", encoding="ascii") as f:
        table.add("load before", f.read().split()[0])
    for name, path in oci.runtimes.items():
        table.add(name, base.first_line([path, "--version"]))
    table.add("podman", base.first_line(["podman", "--version"]))
    table.add("runs", f"{args.runs} rounds, shuffled, {args.settle} µs between two runs")
    table.print()
    for name, measured in cases(oci).items():
        if not args.case or name in args.case:
            measured()
            sys.stdout.flush()
    if oci.notes:
        base.title("Notes", args.markdown)
        for text in dict.fromkeys(oci.notes):
            print("- " + text)
    return 0


def outside(args):
    """Into the lab, with the programs shared."""
    lab = os.path.join(HERE, "..", "tests", "engines", "lab")
    if subprocess.run([lab, "make", args.suite], check=False).returncode:
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        os.mkdir(os.path.join(scratch, "bin"))
        os.mkdir(os.path.join(scratch, "programs"))
        shutil.copy(os.path.join(args.build, "src/oci/inro-oci"), os.path.join(scratch, "bin"))
        for name in PROGRAMS:
            path = os.path.join(args.build, "bench", name)
            if name != "seccomp" or os.path.exists(path):  # needs libseccomp to build
                shutil.copy(path, os.path.join(scratch, "programs"))
        share = f"{HERE}:{INSIDE}/bench {scratch}/bin:{INSIDE}/bin {scratch}/programs:{INSIDE}/programs"
        words = [f"--{k.replace('_', '-')}={v}" for k, v in vars(args).items()
                 if k in ("view", "runs", "settle", "at_once", "alive")]
        words += [f"--case={c}" for c in args.case or ()] + (["--markdown"] if args.markdown else [])
        return subprocess.run([lab, "enter", args.suite, args.view, "python3",
                               INSIDE + "/bench/oci.py", "--inside", *words], check=False,
                              env=dict(os.environ, SHARE=share)).returncode


def main():
    p = argparse.ArgumentParser(description="Set inro-oci beside crun and runc.")
    p.add_argument("--build", default=os.path.join(HERE, "..", "build"))
    p.add_argument("--suite", default="sid", help="the Debian suite whose lab it is (sid)")
    p.add_argument("--view", default="v2", help="of cgroups: v2, v1 (v2)")
    p.add_argument("--case", action="append", metavar="NAME", help="only this one")
    p.add_argument("--runs", type=int, default=100, help="measured rounds (100)")
    p.add_argument("--settle", type=int, default=5000, metavar="US", help="pause after a run (5000)")
    p.add_argument("--at-once", type=int, default=50, metavar="N", help="started together (50)")
    p.add_argument("--alive", type=int, default=500, metavar="N", help="alive at once (500)")
    p.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    p.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    args = p.parse_args()
    args.build = os.path.realpath(args.build)
    return inside(args) if args.inside else outside(args)


if __name__ == "__main__":
    sys.exit(main())
