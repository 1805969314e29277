# SPDX-License-Identifier: MIT
"""Prints which lines and branches of the library ran, by file and by module, as gcov counted them.

    coverage.py BUILD [--lines FILE]

Fails when a module has fewer than LEAST of its branches run. With --lines it lists instead the
lines of one file, such as base/text.c, of which a branch was never taken.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys

MODULES = ("base", "image", "dataset", "model", "train", "infer", "spell")
LEAST = 0.9


def read(build):
    """{file: {(line, number of the branch, or -1 for the line itself): times it ran}}"""
    ran = collections.defaultdict(collections.Counter)
    for module in MODULES:
        for counts in sorted((build / "lib" / module).rglob("*.gcno")):
            text = subprocess.run(["gcov", "--json-format", "--stdout", "--branch-probabilities",
                                   str(counts.resolve())], cwd=build, capture_output=True,
                                  check=True).stdout
            for file in json.loads(text)["files"]:
                path = pathlib.PurePath(file["file"])
                if path.suffix == ".c" and f"lib/{module}/" in path.as_posix():
                    add(ran[f"{module}/{path.name}"], file["lines"])
    return ran


def add(ran, lines):
    for line in lines:
        number = line["line_number"]
        ran[number, -1] += line["count"]
        for i, branch in enumerate(line["branches"]):
            ran[number, i] += branch["count"]


def share(counts, of_branches):
    """(how many ran, how many there are)"""
    chosen = [count for (_, branch), count in counts.items() if (branch >= 0) == of_branches]
    return sum(count > 0 for count in chosen), len(chosen)


def row(name, lines, branches):
    def cell(part):
        return f"{part[0]:5} of {part[1]:5} {100 * part[0] / part[1] if part[1] else 100:6.1f} %"
    return f"{name:30} {cell(lines)} {cell(branches)}"


def total(parts):
    return tuple(sum(column) for column in zip(*parts))


def report(ran):
    print(f"{'file':30} {'lines':>23} {'branches':>23}")
    low = []
    for module in MODULES:
        files = sorted(name for name in ran if name.startswith(f"{module}/"))
        parts = [(share(ran[name], False), share(ran[name], True)) for name in files]
        for name, (lines, branches) in zip(files, parts):
            print(row(name, lines, branches))
        lines, branches = (total(column) for column in zip(*parts))
        print(row(f"-- {module}", lines, branches))
        if branches[0] < LEAST * branches[1]:
            low.append(module)
        print(f"count: {module}: {100 * lines[0] / lines[1]:.1f} % of {lines[1]} lines and "
              f"{100 * branches[0] / branches[1]:.1f} % of {branches[1]} branches ran")
    return low


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--lines")
    options = parser.parse_args()
    ran = read(options.build)
    if not all(any(name.startswith(f"{module}/") for name in ran) for module in MODULES):
        sys.exit(f"{options.build} holds no counts of all of {', '.join(MODULES)}")
    if options.lines:
        missed = {line for (line, _), count in ran[options.lines].items() if count == 0}
        source = pathlib.Path(__file__).parents[1] / "lib" / options.lines
        for i, text in enumerate(source.read_text(encoding="utf-8").splitlines(), 1):
            if i in missed:
                print(f"{i:5} {text}")
        return
    low = report(ran)
    if low:
        sys.exit(f"fewer than {100 * LEAST:.0f} % of the branches ran in: {', '.join(low)}")


if __name__ == "__main__":
    main()
