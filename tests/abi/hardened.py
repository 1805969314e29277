# SPDX-License-Identifier: MIT
"""Reads what was built as a loader would, and fails where ASL_HARDEN has left no trace.

    hardened.py --readelf READELF [--unoptimised] FOLDER...
    hardened.py --self-test --cc CC --readelf READELF

Every program and shared library in the folders must be position-independent, bound at once and
read-only from then on, with no memory that is both written and run, no text relocations, a canary
on its stack, the C library's checked functions (but for builds that are not optimised), no calls
that cannot be made safe, and no search path but beside itself and in the system's folders.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

MAGIC = b"\x7fELF"
# What `readelf -hldW` must say, and must not.
WANTED = (
    (r"Type:\s+DYN", "not position-independent: compile with -fPIE or -fPIC"),
    (r"^\s+GNU_RELRO ", "no RELRO segment: link with -z relro"),
    (r"\bBIND_NOW\b|FLAGS_1.*\bNOW\b", "not bound at once: link with -z now"),
    (r"^\s+GNU_STACK ", "does not say what its stack is: link with -z noexecstack"),
)
UNWANTED = (
    (r"^\s+\w+(\s+0x\w+){5} RWE ", "memory that is both written and run"),
    (r"\(TEXTREL\)|\bTEXTREL\b", "text relocations: compile with -fPIC"),
    (r"\(RPATH\)", "an RPATH, which goes before the user's own search path"),
)
PATH = re.compile(r"\$ORIGIN(/.*)?|/(usr|opt|lib\w*)(/.*)?")
UNSAFE = {"gets", "mktemp", "tmpnam", "tempnam", "system", "popen"}


def run(*command):
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout


def imports(readelf, path):
    """Names of the functions that the file takes from elsewhere."""
    lines = run(readelf, "--dyn-syms", "-W", str(path)).splitlines()
    return {line.split()[7].partition("@")[0] for line in lines
            if " UND " in line and len(line.split()) > 7}


def check(readelf, path, optimised):
    text = run(readelf, "-hldW", str(path))
    problems = [problem for pattern, problem in WANTED if not re.search(pattern, text, re.M)]
    problems += [problem for pattern, problem in UNWANTED if re.search(pattern, text, re.M)]
    for paths in re.findall(r"\(RUNPATH\).*\[(.*)\]", text):
        # CMake fills the path of the build up with colons to the length of the installed one.
        problems += [f"the search path {entry}" for entry in paths.rstrip(":").split(":")
                     if not PATH.fullmatch(entry)]
    taken = imports(readelf, path)
    if "__stack_chk_fail" not in taken:
        problems.append("no canary: compile with -fstack-protector-strong")
    if optimised and not any(re.fullmatch(r"__(?!stack)\w+_chk", name) for name in taken):
        problems.append("no checked functions: compile with -D_FORTIFY_SOURCE")
    problems += [f"calls {name}()" for name in sorted(taken & UNSAFE)]
    return problems


def elf_files(folder):
    for path in sorted(pathlib.Path(folder).iterdir()):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(len(MAGIC)) == MAGIC:
                    yield path


class SelfTest(unittest.TestCase):
    """A program as it should be, and one hole at a time."""

    SOURCE = "#include <stdio.h>\n#include <string.h>\n" \
             "int main(int argc, char **argv) { char a[9]; snprintf(a, sizeof a, \"%s\", argv[0]);" \
             " memcpy(a, argv[0], (size_t)argc); return puts(a) + a[argc]; }\n"
    COMPILE = ("-O2", "-fPIE", "-fstack-protector-strong", "-U_FORTIFY_SOURCE",
               "-D_FORTIFY_SOURCE=2", "-Wl,-z,relro,-z,now,-z,noexecstack", "-pie")
    tools = None

    def check(self, *more, source=SOURCE):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "a.c").write_text(source, encoding="utf-8")
            subprocess.run([self.tools.cc, *self.COMPILE, *more, "-o", str(folder / "a"),
                            str(folder / "a.c")], check=True, stderr=subprocess.DEVNULL)
            found = list(elf_files(folder))
            self.assertEqual(len(found), 1)
            return check(self.tools.readelf, found[0], True)

    def test_a_hard_one_passes(self):
        self.assertEqual(self.check(), [])
        self.assertEqual(self.check("-Wl,-rpath,$ORIGIN/../lib:/usr/lib/x::"), [])

    def test_each_hole_is_found(self):
        for hole, expected in (("-no-pie", "not position-independent"),
                               ("-Wl,-z,norelro", "no RELRO"), ("-Wl,-z,lazy", "not bound at once"),
                               ("-Wl,-z,execstack", "memory that is both"),
                               ("-fno-stack-protector", "no canary"),
                               ("-U_FORTIFY_SOURCE", "no checked functions"),
                               ("-Wl,--disable-new-dtags,-rpath,/usr/lib", "an RPATH"),
                               ("-Wl,-rpath,/tmp/x", "the search path /tmp/x"),
                               ("-Wl,-rpath,/usr/lib::/lib", "the search path ")):
            problems = self.check(hole)
            self.assertTrue(any(problem.startswith(expected) for problem in problems),
                            (hole, problems))

    def test_unsafe_calls_are_found(self):
        source = self.SOURCE.replace("puts(a)", "system(a)").replace("<stdio.h>", "<stdlib.h>\n"
                                                                     "#include <stdio.h>")
        self.assertEqual(self.check(source=source), ["calls system()"])


def main():
    parser = argparse.ArgumentParser()
    for name in ("readelf", "cc"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("--unoptimised", action="store_true")
    parser.add_argument("folders", nargs="*")
    options = parser.parse_args()
    if options.self_test:
        SelfTest.tools = options
        unittest.main(argv=sys.argv[:1])
    count, problems = 0, []
    for path in [path for folder in options.folders for path in elf_files(folder)]:
        count += 1
        problems += [f"{path.name}: {problem}"
                     for problem in check(options.readelf, path, not options.unoptimised)]
    print("\n".join(problems + [f"count: {count} programs and libraries read, "
                                f"{len(problems)} not hardened"]))
    sys.exit(1 if problems or count == 0 else 0)


if __name__ == "__main__":
    main()
