# SPDX-License-Identifier: Apache-2.0
"""What the checks share: the files of the tree, and printing TAP."""

import os
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def files(*ends):
    """The project's files, relative to its top: those that git knows or would, otherwise all."""
    try:
        names = subprocess.run(["git", "-c", f"safe.directory={TOP}", "ls-files", "-co", "--exclude-standard"], cwd=TOP,
                               capture_output=True, text=True, check=True).stdout.splitlines()
    except (OSError, subprocess.CalledProcessError):
        names = [os.path.relpath(os.path.join(directory, name), TOP)
                 for directory, folders, found in os.walk(TOP) for name in found
                 if not os.path.relpath(directory, TOP).startswith(("build", ".git"))]
    return sorted(name for name in names if (not ends or name.endswith(ends)) and os.path.exists(os.path.join(TOP, name)))


def read(name):
    with open(os.path.join(TOP, name), encoding="utf-8", errors="replace") as file:
        return file.read()


class Checks:
    """Named checks, each with what it found wrong."""

    def __init__(self):
        self.n = self.failed = 0

    def add(self, name, found):
        self.n += 1
        print(f"{'not ' if found else ''}ok {self.n} - {name}")
        for line in found:
            print(f"# {line}")
        self.failed += bool(found)

    def end(self):
        print(f"1..{self.n}")
        sys.exit(1 if self.failed else 0)
