#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Set inro ls, tree and pid beside lsns, pstree and ps, and print ratios.

    bench/listings.py [--build DIR] [--inro PATH] [--peers TREE] [--rounds N] [--large] [--markdown]
                      [--size PROCESSES/CONTAINERS]…

As root: the crowd (bench/crowd) is made of containers with six namespaces of their own. The commands
run interleaved, in shuffled order, each twice, of which the second time counts; a ratio is made within
a round, and its median is printed with the quartiles. The peers are the host's, or those of a tree
that debootstrap made, run by its own loader.
"""

import argparse
import glob
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

# inro's command, the peer's, and the goal.
PAIRS = [
    ("ls", "lsns", 0.08),
    ("ls -t pid", "lsns -t pid", 0.08),
    ("ls --all", "lsns", 0.2),
    ("tree", "pstree -p -N pid", 0.25),
    ("tree --all", "pstree -p -N pid", None),
    ("ls ONE", "ls", 0.02),
    ("pid, 1000 of ONE", "grep NSpid, 1000", 0.1),
    ("ls -t pid", "ps -e", None),
]


class Crowd:
    def __init__(self, program, processes, containers):
        self.child = subprocess.Popen([program, str(containers), str(processes)], stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, text=True)
        if self.child.stdout.readline() != "ready\n":
            raise SystemExit("crowd did not come up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.wait()


def run(words, numbers=None):
    with open(numbers or os.devnull, "rb") as text:
        began = time.perf_counter()
        subprocess.run(words, stdin=text, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        return time.perf_counter() - began


def peer(tree, name):
    """The words that run a peer, or None."""
    if not tree:
        path = shutil.which(name)
        return [path] if path else None
    path = os.path.join(tree, "usr/bin", name)
    loaders = glob.glob(os.path.join(tree, "lib64/ld-linux-*.so.*")) + glob.glob(os.path.join(tree, "lib/ld-linux-*.so.*"))
    folders = glob.glob(os.path.join(tree, "usr/lib/*-linux-gnu"))
    if not os.path.exists(path) or not loaders:
        return None
    return [loaders[0], "--library-path", ":".join(folders), path]


def version(words):
    if not words:
        return "not there"
    result = subprocess.run([*words, "--version"], capture_output=True, text=True, check=False)
    return (result.stdout + result.stderr).splitlines()[0]


def commands(inro, numbers, tree):
    """name → (words, standard input); what is not installed is left out."""
    rows = subprocess.run([inro, "ls", "-qrn", "-t", "pid", "-o", "NPROCS,NS,PID"], capture_output=True, text=True,
                          check=True).stdout.split("\n")[:-1]
    # What somebody only holds has no process.
    rows = [tuple(map(int, row.split())) for row in rows if "-" not in row]
    own = os.stat("/proc/self/ns/pid").st_ino
    one = max(row for row in rows if row[1] != own)
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    pids = (pids * (1000 // len(pids) + 1))[:1000]
    with open(numbers, "w", encoding="ascii") as file:
        file.write("\n".join(map(str, pids)))
    made = {
        "ls": ([inro, "ls", "-q"], None),
        "ls -t pid": ([inro, "ls", "-q", "-t", "pid"], None),
        "ls --all": ([inro, "ls", "-q", "--all"], None),
        "ls ONE": ([inro, "ls", "-q", "-t", "pid", str(one[2])], None),
        "tree": ([inro, "tree", "-q"], None),
        "tree --all": ([inro, "tree", "-q", "--all"], None),
        "pid, 1000 of ONE": ([inro, "pid", "--in", str(one[2])], numbers),
    }
    for name, words in {
            "lsns": ["lsns"],
            "lsns -t pid": ["lsns", "-t", "pid"],
            "pstree -p -N pid": ["pstree", "-p", "-N", "pid"],
            "ps -e": ["ps", "-e"],
            "grep NSpid, 1000": ["grep", "-h", "^NSpid"] + [f"/proc/{pid}/status" for pid in pids],
    }.items():
        program = peer(tree, words[0])
        if program:
            made[name] = (program + words[1:], None)
    return made


def measure(size, args, crowd):
    processes, containers = map(int, size.split("/"))
    with tempfile.TemporaryDirectory() as scratch, Crowd(crowd, processes, containers):
        todo = commands(args.inro, os.path.join(scratch, "numbers"), args.peers)
        times = {name: [] for name in todo}
        for round_number in range(-1, args.rounds):
            for name, (words, numbers) in random.sample(list(todo.items()), len(todo)):
                run(words, numbers)  # whatever ran before: its caches are gone after this
                took = run(words, numbers)
                if round_number >= 0:  # the round before the first one fills the caches
                    times[name].append(took)
    print(f"\n{processes} processes in {containers} containers, {args.rounds} rounds\n")
    if args.markdown:
        print("| | ratio | quartiles | goal | inro ms | other ms |\n|---|---:|---:|---:|---:|---:|")
    for ours, theirs, goal in PAIRS:
        if ours not in times or theirs not in times:
            print(f"  {ours:18} / {theirs:18} left out")
            continue
        tell(args, ours, theirs, goal, times)


def tell(args, ours, theirs, goal, times):
    ratios = [a / b for a, b in zip(times[ours], times[theirs])]
    low, middle, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else ratios * 3
    one, other = (statistics.median(times[name]) * 1000 for name in (ours, theirs))
    if args.markdown:
        print(f"| `inro {ours}` / `{theirs}` | {middle:.3f} | {low:.3f}–{high:.3f} | {goal or ''} | {one:.1f} | {other:.1f} |")
    else:
        print(f"  {ours:18} / {theirs:18} {middle:.3f}  [{low:.3f} {high:.3f}]  goal {goal if goal else '-':5}"
              f"  {one:.1f} ms / {other:.1f} ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=os.path.join(HERE, "..", "build"))
    parser.add_argument("--inro")
    parser.add_argument("--peers", metavar="TREE", help="a root directory with lsns, pstree, ps and grep")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--size", action="append")
    parser.add_argument("--large", action="store_true", help="10000 processes in 500 and in 1000 containers, too")
    args = parser.parse_args()
    args.inro = args.inro or os.path.join(args.build, "src", "inro")
    if os.geteuid() != 0:
        sys.exit("listings.py: the crowd takes root")
    for name in ("lsns", "pstree", "ps", "grep"):
        print(f"{name}: {version(peer(args.peers, name))}")
    sizes = args.size or ["200/1", "200/10", "2000/100"] + (["10000/500", "10000/1000"] if args.large else [])
    for size in sizes:
        measure(size, args, os.path.join(args.build, "bench", "crowd"))


main()
