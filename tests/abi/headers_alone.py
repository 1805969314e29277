# SPDX-License-Identifier: MIT
"""Compiles each public header alone, in every standard that the project promises.

    headers_alone.py INCLUDE-FOLDER c|c++ COMPILER
    headers_alone.py --self-test COMPILER

Exits with 77 when there is no such compiler.
"""

import pathlib
import subprocess
import sys
import tempfile
import unittest

STANDARDS = {"c": ("c99", "c11", "c17"), "c++": ("c++11", "c++20")}
# Included twice, so that the guard is tried too.
SOURCE = '#include <asl/{0}>\n#include "asl/{0}"\n{1}int main(void) {{ return 0; }}\n'
INITIALISER = "extern const asl_error err;\nconst asl_error err = ASL_ERROR_INIT;\n"


def compile_header(folder, name, language, standard, compiler):
    """The compiler's complaints, or None."""
    command = [compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-pedantic",
               "-Werror", "-fsyntax-only", "-I", str(folder), "-"]
    source = SOURCE.format(name, INITIALISER if name == "asl.h" else "")
    done = subprocess.run(command, input=source, text=True, capture_output=True, check=False)
    return None if done.returncode == 0 else done.stderr or f"status {done.returncode}"


def check(folder, language, compiler):
    """(compilations, failures as text)"""
    failures = []
    count = 0
    for path in sorted(pathlib.Path(folder).glob("asl/*.h")):
        for standard in STANDARDS[language]:
            count += 1
            problem = compile_header(folder, path.name, language, standard, compiler)
            if problem:
                failures.append(f"asl/{path.name} as {standard}:\n{problem}")
    return count, failures


class SelfTest(unittest.TestCase):
    GOOD = "#ifndef A_H\n#define A_H\n#include <stddef.h>\nextern size_t a;\n#endif\n"
    compiler = ""

    def problems(self, text):
        with tempfile.TemporaryDirectory() as folder:
            (pathlib.Path(folder) / "asl").mkdir()
            (pathlib.Path(folder) / "asl" / "a.h").write_text(text, encoding="utf-8")
            count, failures = check(folder, "c", self.compiler)
            self.assertEqual(count, len(STANDARDS["c"]))
            return len(failures)

    def test_a_good_header_passes(self):
        self.assertEqual(self.problems(self.GOOD), 0)

    def test_bad_headers_fail(self):
        for bad in (self.GOOD.replace("#include <stddef.h>\n", ""),
                    self.GOOD.replace("#define A_H\n", "typedef struct { int b; } a_twice;\n"),
                    self.GOOD.replace("size_t a", "int a[0]"),
                    self.GOOD.replace("size_t a;", "size_t a;;")):
            self.assertEqual(self.problems(bad), len(STANDARDS["c"]), bad)


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "--self-test":
        SelfTest.compiler = sys.argv[2]
        unittest.main(argv=sys.argv[:1])
    if len(sys.argv) != 4 or sys.argv[2] not in STANDARDS:
        sys.exit(__doc__)
    folder, language, compiler = sys.argv[1:]
    if not compiler or compiler.endswith("-NOTFOUND"):
        print(f"SKIPPED: no compiler for {language}")
        sys.exit(77)
    count, failures = check(folder, language, compiler)
    print("\n".join(failures + [f"{count} compilations, {len(failures)} failures"]))
    sys.exit(1 if failures or count == 0 else 0)


if __name__ == "__main__":
    main()
