# SPDX-License-Identifier: MIT
"""Shows that layout.c says something about every field of every public struct and about every
public constant, and that it holds on a 32-bit machine too.

    layout_check.py INCLUDE-FOLDER LAYOUT.C CLANG

The second part needs clang, which knows all targets; exits with 77 without it.
"""

import re
import subprocess
import sys

import public_headers

TARGETS = ("x86_64-linux-gnu", "aarch64-linux-gnu", "armv7-linux-gnueabihf")


def missing(structs, constants, text):
    """Structs, fields and constants that layout.c does not mention."""
    sizes = set(re.findall(r"\bSIZE\((\w+),", text))
    offsets = set(re.findall(r"\bFIELD\((\w+), (\w+),", text))
    values = set(re.findall(r"\bVALUE\((\w+),", text))
    fields = {(name, field) for name, names in structs.items() for field in names}
    return (sorted(structs.keys() - sizes) + sorted(".".join(pair) for pair in fields - offsets)
            + sorted(constants - values))


def compile_for(target, folder, layout, clang):
    """Freestanding: no headers of the target are needed."""
    command = [clang, f"--target={target}", "-std=c11", "-ffreestanding", "-fsyntax-only",
               "-Werror", "-I", folder, layout]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    return [] if done.returncode == 0 else [f"{target}:\n{done.stderr}"]


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    folder, layout, clang = sys.argv[1:]
    declared = public_headers.read(folder)
    structs = public_headers.structs(declared)
    enumerators = public_headers.constants(declared)
    constants = enumerators.keys() | {row[0] for row in public_headers.statuses(folder)}
    with open(layout, encoding="utf-8") as file:
        text = file.read()
    problems = [f"{name}: not in layout.c" for name in missing(structs, constants, text)]
    problems += [f"{name}: has no explicit value" for name, value in enumerators.items()
                 if value is None]
    # The check itself: without its lines of one kind it must complain.
    for word in ("SIZE(", "FIELD(", "VALUE("):
        if not missing(structs, constants, text.replace(word, "GONE(")):
            problems.append(f"the check does not notice missing {word}...) lines")
    if not problems and (not clang or clang.endswith("-NOTFOUND")):
        print(f"{len(structs)} structs and {len(constants)} constants are covered; SKIPPED: no "
              "clang to try other machines")
        sys.exit(77)
    if not problems:
        for target in TARGETS:
            problems += compile_for(target, folder, layout, clang)
    print("\n".join(problems + [f"{len(structs)} structs, {len(constants)} constants, "
                                f"{len(problems)} problems"]))
    sys.exit(1 if problems or not structs or not constants else 0)


if __name__ == "__main__":
    main()
