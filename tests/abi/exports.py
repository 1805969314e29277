# SPDX-License-Identifier: MIT
"""Holds the built library against its headers and its manners.

    exports.py --headers FOLDER --library FILE --soname NAME --nm NM --readelf READELF
               --sanitize=LIST
    exports.py --self-test --cc CC --nm NM --readelf READELF

The exported symbols are exactly the functions declared with ASL_API, all with a version, and the
library calls nothing that prints, exits, follows the locale or changes the process.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import unittest

import public_headers

VERSION = "ASL_1.0"
FORBIDDEN = {
    "prints": "printf vprintf fprintf vfprintf dprintf vdprintf puts fputs putchar fputc putc"
              " fwrite perror psignal __printf_chk __vprintf_chk __fprintf_chk __vfprintf_chk"
              " __dprintf_chk __vdprintf_chk stdout stderr",
    "ends the process": "exit _exit _Exit quick_exit abort __assert_fail __assert_perror_fail raise"
                        " err errx error",
    "changes the process": "signal sigaction setlocale umask chdir fchdir setenv putenv unsetenv"
                           " atexit on_exit system popen fork vfork",
    "reads the environment": "getenv secure_getenv",
    "goes online": "socket connect bind",
    "keeps hidden state": "rand srand random srandom rand_r drand48 strtok strerror localtime",
    "follows the locale": "strtod strtof strtold atof sscanf __isoc99_sscanf",
}


def run(*command):
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout


def symbols(nm, library, kind):
    """{name: version} of the dynamic symbols."""
    found = {}
    for line in run(nm, "-D", f"--{kind}-only", str(library)).splitlines():
        letter, symbol = line.split()[-2:]
        if letter != "A":  # the version nodes themselves
            name, _, version = symbol.partition("@")
            found[name] = version.lstrip("@")
    return found


def check_exports(declared, exported):
    problems = [f"{name}: declared, not exported" for name in sorted(declared - exported.keys())]
    for name, version in sorted(exported.items()):
        if name not in declared:
            problems.append(f"{name}: exported, not declared in a public header")
        elif version != VERSION:
            problems.append(f"{name}: has the version '{version}', not {VERSION}")
    return problems


def check_calls(undefined):
    return [f"{name}: called by the library; it {reason}"
            for reason, names in FORBIDDEN.items() for name in names.split() if name in undefined]


def check_soname(readelf, library, soname):
    wanted = f"soname: [{soname}]"
    found = wanted in run(readelf, "-d", str(library))
    return [] if found else [f"{library}: the SONAME is not {soname}"]


def check(options):
    declared = public_headers.functions(public_headers.read(options.headers))
    exported = symbols(options.nm, options.library, "defined")
    problems = check_exports(declared, exported)
    problems += check_soname(options.readelf, options.library, options.soname)
    if options.sanitize:
        print(f"list of forbidden calls not checked: built with -fsanitize={options.sanitize}, "
              "whose runtime makes some of them")
    else:
        problems += check_calls(symbols(options.nm, options.library, "undefined"))
    if not declared:
        problems.append("no function is declared")
    return len(declared), problems


class SelfTest(unittest.TestCase):
    HEADER = "ASL_API int asl_one(void);\n/* ASL_API int asl_gone(void); */\n" \
             "ASL_API const char *asl_two(int (*f)(int),\n                    int x);\n"
    SOURCE = "#include <stdio.h>\n#include <stdlib.h>\n" \
             "int asl_one(void);\nint asl_one(void) { return 1; }\n" \
             "const char *asl_two(void);\nconst char *asl_two(void) { return \"\"; }\n"
    MAP = VERSION + " { global: asl_*; local: *; };\n"
    tools = None

    def check(self, source, version_map=MAP, header=HEADER, sanitize=""):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "asl").mkdir()
            (folder / "asl" / "a.h").write_text(header, encoding="utf-8")
            (folder / "a.c").write_text(source, encoding="utf-8")
            (folder / "a.map").write_text(version_map, encoding="utf-8")
            library = folder / "liba.so"
            subprocess.run([self.tools.cc, "-shared", "-fPIC", "-Wl,-soname,liba.so.1",
                            f"-Wl,--version-script={folder / 'a.map'}", "-o", str(library),
                            str(folder / "a.c")], check=True)
            return check(argparse.Namespace(headers=folder, library=library, soname="liba.so.1",
                                            nm=self.tools.nm, readelf=self.tools.readelf,
                                            sanitize=sanitize))

    def assert_found(self, expected, *arguments, **named):
        _, problems = self.check(*arguments, **named)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(expected, problems[0])

    def test_a_good_library_passes(self):
        source = self.SOURCE + "int x(char *o, int n);\n" \
                               "int x(char *o, int n) { return snprintf(o, 9, \"%d\", n); }\n"
        self.assertEqual(self.check(source), (2, []))

    def test_a_missing_function_is_found(self):
        self.assert_found("asl_one: declared, not", self.SOURCE.replace("asl_one", "asl__one"),
                          version_map=self.MAP.replace("asl_*", "asl_o*; asl_t*"))

    def test_an_extra_function_is_found(self):
        self.assert_found("asl_three: exported, not",
                          self.SOURCE + "int asl_three(void);\nint asl_three(void) { return 3; }\n")

    def test_another_version_is_found(self):
        self.assert_found("asl_two: has the version 'ASL_1.1'", self.SOURCE,
                          version_map="ASL_1.0 { global: asl_one; local: *; };\n"
                                      "ASL_1.1 { global: asl_two; };\n")

    def test_forbidden_calls_are_found(self):
        for call in ("puts(text)", "fprintf(stderr, \"%d\", 1)", "exit(1)", "abort()",
                     "sink = atof(text)", "setlocale(1, text)", "sink = !getenv(text)",
                     "sink = system(text)"):
            source = self.SOURCE + "#include <locale.h>\nstatic const char text[] = \"x\";\n" \
                "volatile double sink;\nvoid asl_bad(void);\nvoid asl_bad(void) { sink = *text; " \
                + call + "; }\n"
            _, problems = self.check(source, header=self.HEADER + "ASL_API void asl_bad(void);\n")
            self.assertTrue(problems, call)
            self.assertTrue(all("called by the library" in p for p in problems), problems)

    def test_sanitizers_lift_only_the_list_of_calls(self):
        source = self.SOURCE.replace("return 1;", "abort();")
        self.assertEqual(self.check(source, sanitize="address"), (2, []))
        self.assert_found("abort: called", source)
        self.assert_found("asl_one: declared", source.replace("asl_one", "other"),
                          sanitize="address")

    def test_another_soname_is_found(self):
        self.assertEqual(len(check_soname(self.tools.readelf, sys.executable, "liba.so.1")), 1)


def main():
    parser = argparse.ArgumentParser()
    for name in ("headers", "library", "soname", "nm", "readelf", "cc"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--sanitize", default="")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args()
    if options.self_test:
        SelfTest.tools = options
        unittest.main(argv=sys.argv[:1])
    count, problems = check(options)
    print("\n".join(problems + [f"{count} functions, {len(problems)} problems"]))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
