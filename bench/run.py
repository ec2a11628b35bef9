#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Set inro beside the floor and its peers and print ratios with their spread.

    bench/run.py [--build DIR] [--inro PATH] [--case NAME]… [--user NAME] [--markdown]

The commands of a case run interleaved (bench/pair). A ratio is made within one round, of runs that
were milliseconds apart; its median and quartiles are printed, never a time alone. What is not
there is left out, and said.
"""

import argparse
import json
import os
import platform
import pwd
import shutil
import statistics
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cases  # noqa: E402

FILTER_FD = 9
NEST_LEVELS = (1, 2, 4, 8, 16, 24, 32)
HERE = os.path.dirname(os.path.abspath(__file__))


# A stand-in for a default filter: architecture, then a binary search over the numbers refused.

def filter_program():
    """A raw seccomp program as large as a default filter usually is (x86-64 and aarch64)."""
    arch, top = {"x86_64": (0xC000003E, 335), "aarch64": (0xC00000B7, 295)}[platform.machine()]
    refused = list(range(100, top, 3))
    load, jeq, jge, ret = 0x20, 0x15, 0x35, 0x06
    allow, eperm, kill = 0x7FFF0000, 0x00050001, 0x80000000

    def search(numbers):
        if len(numbers) == 1:
            return [(jeq, 0, 1, numbers[0]), (ret, 0, 0, eperm), (ret, 0, 0, allow)]
        middle = len(numbers) // 2
        low, high = search(numbers[:middle]), search(numbers[middle:])
        if len(low) > 255:
            return [(jge, 0, 1, numbers[middle]), (0x05, 0, 0, len(low))] + low + high
        return [(jge, len(low), 0, numbers[middle])] + low + high

    program = [(load, 0, 0, 4), (jeq, 1, 0, arch), (ret, 0, 0, kill), (load, 0, 0, 0)]
    program += search(refused)
    return b"".join(struct.pack("=HBBI", *i) for i in program)


class Bench:
    """The programs, a directory that everyone can read, and who runs the commands."""

    def __init__(self, args):
        self.args = args
        self.notes = []
        self.dir = tempfile.mkdtemp(prefix="inro-bench-")
        os.chmod(self.dir, 0o755)
        self.root = os.geteuid() == 0 and not args.user
        self.become = self.become_user(args.user)
        # Nothing of ours may lie below a home directory or a build tree closed to the user.
        for name in ("floor", "floor-libc", "true", "pause", "pair"):
            shutil.copy(os.path.join(args.build, "bench", name), os.path.join(self.dir, name))
        self.programs = {
            "floor": self.path("floor"),
            "floor_libc": self.path("floor-libc"),
            "inro": args.inro if args.inro and os.path.exists(args.inro) else None,
            "bwrap": args.bwrap or shutil.which("bwrap"),
            "unshare": args.unshare or shutil.which("unshare"),
            "nsenter": args.nsenter or shutil.which("nsenter"),
        }
        self.holder, self.target = self.start_target() if self.root else (None, 0)
        if args.filter:
            shutil.copy(args.filter, self.path("filter"))
        else:
            with open(self.path("filter"), "wb") as f:
                f.write(filter_program())
        os.chmod(self.path("filter"), 0o644)

    def start_target(self):
        """A process in namespaces of its own, which is entered; it waits for the end of its input."""
        unshare = self.programs["unshare"]
        if not unshare:
            return None, 0
        holder = subprocess.Popen([unshare, "-pfuimn", "--kill-child", self.path("pause")],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        holder.stdout.read(1)
        with open(f"/proc/{holder.pid}/task/{holder.pid}/children", encoding="ascii") as f:
            return holder, int(f.read())

    def path(self, name):
        return os.path.join(self.dir, name)

    @staticmethod
    def become_user(name):
        if not name:
            return []
        user = pwd.getpwnam(name)
        return ["setpriv", "--reuid", str(user.pw_uid), "--regid", str(user.pw_gid),
                "--clear-groups", "--"]

    def close(self):
        if self.holder:
            self.holder.stdin.close()
            self.holder.wait()
        shutil.rmtree(self.dir)

    def note(self, text):
        self.notes.append(text)

    def expand(self, argv, payload="true"):
        """The command line, or None if its program is not there."""
        words = {k: v or "" for k, v in self.programs.items()}
        words.update(dir=self.dir, true=self.path("true"), payload="/bench/" + payload,
                     filter=self.path("filter"), filter_fd=str(FILTER_FD), target=str(self.target))
        program = argv[0].strip("{}")
        if not self.programs.get(program):
            return None
        return [word.format(**words) for word in argv]

    def run(self, argv, **more):
        return subprocess.run(self.become + argv, cwd=self.dir, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              check=False, **more)

    def pair(self, options, commands):
        argv = [self.path("pair"), "--fd", f"{FILTER_FD}={self.path('filter')}", *options]
        for i, (name, command) in enumerate(commands):
            argv += (["---"] if i else []) + [name, *command]
        done = self.run(argv)
        if done.returncode:
            raise RuntimeError(done.stderr.strip())
        return json.loads(done.stdout)

    def works(self, case, name, argv):
        """One trial run: what cannot run here is left out."""
        try:
            self.pair(["--runs", "1", "--warmup", "0"], [(name, argv)])
            return True
        except (RuntimeError, ValueError) as e:
            self.note(f"{case}: `{name}` left out: {str(e).splitlines()[0] if str(e) else e}")
            return False

    def usable(self, case, commands):
        made = []
        for name, argv in commands:
            full = self.expand(argv)
            if full is None:
                self.note(f"{case}: `{name}` left out: no {argv[0].strip('{}')} here")
            elif self.works(case, name, full):
                made.append((name, full))
        return made

    def syscalls(self, argv):
        """System calls of the command and all its children, None without strace."""
        if not shutil.which("strace"):
            return None
        out = self.path("strace")
        with open(out, "w", encoding="ascii"):
            os.chmod(out, 0o666)
        with open(self.path("filter"), "rb") as f:
            os.dup2(f.fileno(), FILTER_FD)
        self.run(["strace", "-f", "-qq", "-c", "-o", out, *argv], pass_fds=(FILTER_FD,))
        os.close(FILTER_FD)
        with open(out, encoding="utf-8") as f:
            totals = [line.split() for line in f if line.rstrip().endswith(" total")]
        os.unlink(out)
        return int(totals[-1][3 if len(totals[-1]) > 4 else 2]) if totals else None


def quartiles(values):
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4))


def ratios(sample, base):
    return quartiles([a / b for a, b in zip(sample["wall_ns"], base["wall_ns"])])


class Table:
    """Rows under a heading, as aligned text or as Markdown."""

    def __init__(self, heads, markdown):
        self.rows, self.markdown = [heads], markdown

    def add(self, *cells):
        self.rows.append([str(c) for c in cells])

    def print(self):
        widths = [max(len(r[i]) for r in self.rows) for i in range(len(self.rows[0]))]
        for n, row in enumerate(self.rows):
            cells = [c.ljust(w) if not i else c.rjust(w)
                     for i, (c, w) in enumerate(zip(row, widths))]
            print("| " + " | ".join(cells) + " |" if self.markdown else "  ".join(cells))
            if not n:
                print("|" + "|".join(["---"] + ["---:"] * (len(row) - 1)) + "|" if self.markdown
                      else "  ".join("-" * w for w in widths))
        print()


def title(text, markdown):
    print(("## " + text if markdown else text + "\n" + "=" * len(text)) + "\n")


def spread(q):
    return f"{q[1]:.2f} ({q[0]:.2f}–{q[2]:.2f})"


def ranged(values):
    return f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


def measure(bench, name, what, commands):
    args = bench.args
    usable = bench.usable(name, commands)
    if not usable:
        return None
    got = bench.pair(["--runs", str(args.runs), "--settle", str(args.settle)], usable)
    by_name = {c["name"]: c for c in got["commands"]}
    peer = next((p for p in ("bubblewrap", "unshare", "nsenter") if p in by_name), "bubblewrap")
    title(f"{name}: {what}", args.markdown)
    table = Table(["command", "median ms", "× floor", "× floor-libc", "× " + peer, "cpu ms",
                   "peak RSS KiB", "faults", "system calls"], args.markdown)
    for command, argv in usable:
        sample = by_name[command]
        against = [spread(ratios(sample, by_name[b])) if b in by_name else "-"
                   for b in ("floor", "floor-libc", peer)]
        cpu = statistics.mean(map(sum, zip(sample["user_us"], sample["system_us"]))) / 1000
        table.add(command, f"{statistics.median(sample['wall_ns']) / 1e6:.3f}", *against,
                  f"{cpu:.2f}", max(sample["maxrss_kb"]),
                  int(statistics.median(sample["minflt"])), bench.syscalls(argv) or "-")
    table.print()
    return got


def measure_nesting(bench):
    """Grows it linearly? The time of a level, early and late; all depths in the same rounds."""
    args = bench.args
    usable, which = [], []
    for levels in NEST_LEVELS:
        for name, argv in bench.usable(f"nest {levels}", cases.nested(levels)):
            usable.append((f"{name} {levels}", argv))
            which.append((name, levels))
    medians = {}
    got = usable and bench.pair(["--runs", str(max(20, args.runs // 4)), "--settle",
                                 str(args.settle)], usable)["commands"]
    for (name, levels), c in zip(which, got):
        medians.setdefault(name, {})[levels] = statistics.median(c["wall_ns"]) / 1e6
    if not medians:
        return None
    title("nest: PID namespaces inside each other, ms", args.markdown)
    table = Table(["command", *map(str, NEST_LEVELS), "a level, 1 to 8", "a level, 16 to 32"],
                  args.markdown)
    for name, m in medians.items():
        table.add(name, *(f"{m[n]:.2f}" if n in m else "-" for n in NEST_LEVELS),
                  *(f"{(m[b] - m[a]) / (b - a):.3f}" if a in m and b in m else "-"
                    for a, b in ((1, 8), (16, 32))))
    table.print()
    return medians


def slowing(took):
    """Medians of the first and of the last tenth, in ms, without the very first (cold) ones."""
    edge = max(1, len(took) // 10)
    warm = took[min(10, len(took) // 10):]
    return statistics.median(warm[:edge]) / 1e6, statistics.median(warm[-edge:]) / 1e6


def measure_alive(bench):
    """The first and the last of many that live at once, in several rounds."""
    args = bench.args
    usable = []
    for name, argv in cases.alive():
        full = bench.expand(argv, "pause")
        if full is None:
            bench.note(f"alive: `{name}` left out: no {argv[0].strip('{}')} here")
        elif bench.works("alive", name, bench.expand(argv)):
            usable.append((name, full))
    if not usable or usable[0][0] != "floor":
        return None
    got = [bench.pair(["--alive", str(args.alive)], usable)["commands"]
           for _ in range(args.alive_rounds)]
    title(f"alive: {args.alive} at once, {args.alive_rounds} rounds", args.markdown)
    table = Table(["command", "first tenth, ms", "last tenth, ms", "last ÷ first", "÷ floor's",
                   "last ÷ floor's last", "KiB each"], args.markdown)
    floor = [slowing(r[0]["wall_ns"]) for r in got]
    for i, (name, _) in enumerate(usable):
        edges = [slowing(r[i]["wall_ns"]) for r in got]
        slowed = [last / first for first, last in edges]
        against = [s / (last / first) for s, (first, last) in zip(slowed, floor)]
        table.add(name, *(f"{statistics.median(e):.2f}" for e in zip(*edges)), ranged(slowed),
                  ranged(against), ranged([e[1] / f[1] for e, f in zip(edges, floor)]),
                  int(statistics.median(r[i]["memory_kb"] for r in got)) // args.alive)
    table.print()
    return got


def measure_steps(bench):
    """Where the floor's time goes, by its own clock."""
    args = bench.args
    argv = bench.expand(cases.cases(bench.root)["box-net"][2][0][1])
    argv[1:1] = ["--trace"]
    took = {}
    for i in range(args.runs + 5):
        seen = {}
        done = bench.run(argv)
        for line in done.stderr.splitlines() if not done.returncode else ():
            us, _, step = line.split(" ", 2)
            seen[step.strip()] = seen.get(step.strip(), 0) + float(us)
        for step, us in seen.items() if i >= 5 else ():
            took.setdefault(step, []).append(us)
    if not took:
        bench.note("steps: the floor does not run here")
        return None
    title("steps: the floor's own time in the box with its own network, µs", args.markdown)
    table = Table(["step", "median", "quartiles"], args.markdown)
    for step, us in took.items():
        low, middle, high = quartiles(us)
        table.add(step, f"{middle:.1f}", f"{low:.1f}–{high:.1f}")
    table.add("sum", f"{sum(map(statistics.median, took.values())):.1f}", "")
    table.print()
    return took


def first_line(argv):
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False)
        return done.stdout.splitlines()[0] if done.stdout else "?"
    except OSError:
        return "?"


def proc_field(path, key):
    with open(path, encoding="utf-8") as f:
        for line in f:
            if line.startswith(key):
                return line.split(":", 1)[1].strip()
    return "?"


def distribution():
    try:
        with open("/etc/os-release", encoding="utf-8") as f:
            return next(line.split("=", 1)[1].strip().strip('"') for line in f
                        if line.startswith("PRETTY_NAME="))
    except (OSError, StopIteration):
        return "?"


def print_machine(bench):
    markdown = bench.args.markdown
    title("Machine", markdown)
    virtual = "hypervisor" in proc_field("/proc/cpuinfo", "flags").split()
    facts = {
        "processor": f"{proc_field('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores"
                     + (", a virtual machine" if virtual else ""),
        "memory": proc_field("/proc/meminfo", "MemTotal"),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "system": distribution(),
        "run as": "root" if bench.root else bench.args.user or "an ordinary user",
        "runs": f"{bench.args.runs} rounds, shuffled, {bench.args.settle} µs between two runs",
    }
    for name in ("inro", "bwrap", "unshare", "nsenter"):
        path = bench.programs[name]
        facts[name] = first_line([path, "--version"]) if path else "not here"
    table = Table(["what", "value"], markdown)
    for key, value in facts.items():
        table.add(key, value)
    table.print()
    return facts


def parse_args():
    p = argparse.ArgumentParser(description="Set inro beside the floor and its peers.")
    p.add_argument("--build", default=os.path.join(HERE, "..", "build"),
                   help="build directory, with bench/floor in it (build/)")
    p.add_argument("--inro", help="the inro to measure (inro in the build directory)")
    p.add_argument("--bwrap", help="bubblewrap (from PATH)")
    p.add_argument("--unshare", help="util-linux unshare (from PATH)")
    p.add_argument("--nsenter", help="util-linux nsenter (from PATH)")
    p.add_argument("--case", action="append", metavar="NAME",
                   help="only this one: " + ", ".join([*cases.cases(True), "steps", "nest",
                                                       "alive"]))
    p.add_argument("--user", metavar="NAME", help="as root: run the commands as this user")
    p.add_argument("--runs", type=int, default=200, help="measured rounds (200)")
    p.add_argument("--settle", type=int, default=3000, metavar="US",
                   help="pause after a run, in which the kernel takes down what ended (3000)")
    p.add_argument("--alive", type=int, default=1000, metavar="N",
                   help="how many live at once (1000)")
    p.add_argument("--alive-rounds", type=int, default=3, metavar="N",
                   help="how often that is done (3)")
    p.add_argument("--filter", metavar="FILE", help="raw seccomp program (a made-up one)")
    p.add_argument("--markdown", action="store_true", help="for docs/benchmarks.md")
    p.add_argument("--json", metavar="FILE", help="every single run")
    args = p.parse_args()
    args.build = os.path.realpath(args.build)
    args.inro = os.path.realpath(args.inro or os.path.join(args.build, "inro"))
    if not os.path.exists(os.path.join(args.build, "bench", "floor")):
        p.error(f"{args.build}/bench/floor is not built: run ninja -C {args.build}")
    if args.user and os.geteuid():
        p.error("--user needs root")
    return args


def main():
    args = parse_args()
    bench = Bench(args)
    everything = {}
    try:
        everything["machine"] = print_machine(bench)
        known = cases.cases(bench.root)
        for name, (what, _, commands) in known.items():
            if not args.case or name in args.case:
                everything[name] = measure(bench, name, what, commands)
        for name, how in (("steps", measure_steps), ("nest", measure_nesting),
                          ("alive", measure_alive)):
            if (not args.case or name in args.case) and (bench.root or name != "nest"):
                everything[name] = how(bench)
        if bench.notes:
            title("Notes", args.markdown)
            for text in dict.fromkeys(bench.notes):
                print("- " + text)
        if args.json:
            with open(args.json, "w", encoding="utf-8") as f:
                json.dump(everything, f)
    finally:
        bench.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
