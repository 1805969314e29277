# SPDX-License-Identifier: MIT
"""Holds the built library against its headers, its version script and its manners.

    exports.py --headers FOLDER --map FILE --library FILE --soname NAME --nm NM
               --readelf READELF --sanitize=LIST
    exports.py --self-test --cc CC --nm NM --readelf READELF

The exported symbols are exactly the functions declared with ASL_API and exactly those that the
version script lists, each with the version under which it stands there. The library calls nothing
that prints, exits, follows the locale or changes the process, and needs no other libraries than
those named here.
"""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import public_headers

# Patterns for whole names of what the library may not call.
FORBIDDEN = {
    "prints": "(__)?v?[fdw]?w?printf(_chk)? v?[fw]?wprintf(_chk)? puts fputw?[cs](_unlocked)?"
              " putw?(c|char)(_unlocked)? _IO_put[cs] fwrite(_unlocked)? perror psignal psiginfo"
              " stdin stdout stderr f(re|d)?open(64)? v?syslog openlog v?warnx? getpass",
    "ends the process": "exit _exit _Exit quick_exit abort __assert(_fail|_perror_fail)? raise"
                        " t?g?kill pthread_(kill|exit|cancel) sigqueue v?errx? error(_at_line)?"
                        " __builtin_trap",
    "changes the process": "(bsd_|sysv_|__sysv_)?signal sigaction sigprocmask sigaltstack"
                           " siginterrupt sigset alarm setitimer timer_create setlocale newlocale"
                           " uselocale (bind)?textdomain umask f?chdir chroot setenv putenv"
                           " unsetenv clearenv (__cxa_)?atexit on_exit at_quick_exit pthread_atfork"
                           " __register_atfork system popen posix_spawnp? v?fork clone daemon"
                           " exec(v|ve|vp|vpe|l|le|lp) fexecve set(re|res)?[ug]id setrlimit(64)?"
                           " prctl nice setpriority sched_setaffinity sched_setscheduler mallopt"
                           " mlockall fesetround fesetenv fesetexceptflag feenableexcept tzset",
    "reads the environment": "(__)?(secure_)?getenv (__)?environ",
    "goes online": "socket(pair)? connect bind listen accept4? send(to|m?msg)? recv(from|m?msg)?"
                   " getaddrinfo gethostby(name|addr)(_r)?",
    "keeps hidden state": "s?rand s?random rand_r [dlm]rand48 srand48 strtok strerror strsignal"
                          " localtime gmtime asctime ctime tmpnam tempnam mktemp getpw(nam|uid)"
                          " ttyname lgammaf? basename",
    "follows the locale": "(__)?strto(f|d|ld)(_l)? atof v?[fs]?scanf __isoc(99|23)_v?[fs]?scanf"
                          " localeconv nl_langinfo strcoll strxfrm strn?casecmp strftime strptime"
                          " to(upper|lower) is(alnum|alpha|upper|lower|space|print|punct)"
                          " __ctype_(b|tolower|toupper)_loc mbr?towc mbs(n?r)?towcs wcr?tomb"
                          " wcs(n?r)?tombs iconv_open",
    "writes without a limit": "(__)?v?sprintf(_chk)? gets strcpy strcat stpcpy wcscpy",
    "takes memory past base/alloc.h": "malloc realloc(array)? aligned_alloc posix_memalign memalign"
                                      " (__)?strn?dup v?asprintf getline getdelim",
}
# Both codecs have their own memory, and the C library's dynamic linker serves thread-local storage.
NEEDED = r"libc\.so\.\d+|libm\.so\.\d+|libz\.so\.1|libjansson\.so\.4|libjpeg\.so\.\d+|ld-linux.*"
# What `readelf -dlW` must say, and must not.
HARDENED = (
    (r"GNU_RELRO", True, "no RELRO segment: link with -z relro"),
    (r"\bBIND_NOW\b|FLAGS_1.*\bNOW\b", True, "not bound at once: link with -z now"),
    (r"\bNODELETE\b", True, "may be unloaded under its threads: link with -z nodelete"),
    (r"GNU_STACK.* RWE ", False, "asks for an executable stack"),
    (r"\(TEXTREL\)", False, "has text relocations: compile with -fPIC"),
    (r"\((RPATH|RUNPATH)\)", False, "carries a search path of the build"),
)


def run(*command):
    return subprocess.run(command, text=True, capture_output=True, check=True).stdout


def symbols(nm, library, kind):
    """{name: (version, letter of its kind)} of the dynamic symbols."""
    found = {}
    for line in run(nm, "-D", f"--{kind}-only", str(library)).splitlines():
        letter, symbol = line.split()[-2:]
        if letter != "A":  # the version nodes themselves
            name, _, version = symbol.partition("@")
            found[name] = (version.lstrip("@"), letter)
    return found


def check_exports(declared, nodes, exported):
    listed = {name: node for node, names in nodes.items() for name in names}
    problems = [f"{name}: declared, not listed in the version script"
                for name in sorted(declared - listed.keys())]
    problems += [f"{name}: listed in the version script, not declared in a public header"
                 for name in sorted(listed.keys() - declared)]
    problems += [f"{name}: declared, not exported" for name in sorted(declared - exported.keys())]
    for name, (version, letter) in sorted(exported.items()):
        if name not in declared:
            problems.append(f"{name}: exported, not declared in a public header")
        elif letter != "T":
            problems.append(f"{name}: exported, but no function (nm says {letter})")
        elif version != listed.get(name, version):
            problems.append(f"{name}: has the version '{version}', not {listed[name]}")
    return problems


def unchecked(name):
    """The function that __name_chk, of -D_FORTIFY_SOURCE, stands for."""
    return re.sub(r"^__(\w+)_chk$", r"\1", name)


def check_calls(undefined):
    problems = []
    for reason, patterns in FORBIDDEN.items():
        pattern = re.compile("|".join(patterns.split()))
        problems += [f"{name}: called by the library; it {reason}" for name in sorted(undefined)
                     if pattern.fullmatch(name) or pattern.fullmatch(unchecked(name))]
    return problems


def check_file(readelf, library, soname, sanitized):
    text = run(readelf, "-dlW", str(library))
    problems = []
    if f"soname: [{soname}]" not in text:
        problems.append(f"{library}: the SONAME is not {soname}")
    for pattern, wanted, problem in HARDENED:
        if bool(re.search(pattern, text)) != wanted:
            problems.append(f"{library}: {problem}")
    for name in re.findall(r"\(NEEDED\).*\[(.*?)\]", text):
        if not sanitized and not re.fullmatch(NEEDED, name):
            problems.append(f"{name}: needed by the library, not among those that it may need")
    return problems


def check(options):
    declared = public_headers.functions(public_headers.read(options.headers))
    nodes, problems = public_headers.version_nodes(options.map)
    exported = symbols(options.nm, options.library, "defined")
    problems += check_exports(declared, nodes, exported)
    problems += check_file(options.readelf, options.library, options.soname, options.sanitize)
    if options.sanitize:
        print(f"lists of forbidden calls and of needed libraries not checked: built with "
              f"-fsanitize={options.sanitize}, whose runtime makes some of them")
    else:
        problems += check_calls(symbols(options.nm, options.library, "undefined").keys())
    if not declared:
        problems.append("no function is declared")
    return len(declared), problems


class SelfTest(unittest.TestCase):
    HEADER = "ASL_API int asl_one(void);\n/* ASL_API int asl_gone(void); */\n" \
             "ASL_API const char *asl_two(int (*f)(int),\n                    int x);\n"
    SOURCE = "#include <stdio.h>\n#include <stdlib.h>\n" \
             "int asl_one(void);\nint asl_one(void) { return 1; }\n" \
             "const char *asl_two(void);\nconst char *asl_two(void) { return \"\"; }\n"
    THREE = "int asl_three(void);\nint asl_three(void) { return 3; }\n"
    MAP = "ASL_1.0 { global: asl_one; asl_two; local: *; };\n"
    LINK = "-Wl,-z,relro,-z,now,-z,nodelete"
    tools = None

    def check(self, source=SOURCE, version_map=MAP, header=HEADER, sanitize="", link=(LINK,)):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "asl").mkdir()
            (folder / "asl" / "a.h").write_text(header, encoding="utf-8")
            (folder / "a.c").write_text(source, encoding="utf-8")
            (folder / "a.map").write_text(version_map, encoding="utf-8")
            library = folder / "liba.so"
            subprocess.run([self.tools.cc, "-shared", "-fPIC", "-Wl,-soname,liba.so.1", *link,
                            f"-Wl,--version-script={folder / 'a.map'}", "-o", str(library),
                            str(folder / "a.c")], check=True)
            return check(argparse.Namespace(headers=folder, map=folder / "a.map", library=library,
                                            soname="liba.so.1", nm=self.tools.nm,
                                            readelf=self.tools.readelf, sanitize=sanitize))

    def assert_found(self, expected, *arguments, **named):
        _, problems = self.check(*arguments, **named)
        self.assertEqual(len(problems), 1, problems)
        self.assertIn(expected, problems[0])

    def test_a_good_library_passes(self):
        source = self.SOURCE + "int x(char *o, int n);\n" \
                               "int x(char *o, int n) { return snprintf(o, 9, \"%d\", n); }\n"
        self.assertEqual(self.check(source), (2, []))

    def test_a_missing_function_is_found(self):
        self.assert_found("asl_one: declared, not exported",
                          self.SOURCE.replace("asl_one", "asl__one"))

    def test_a_function_that_only_the_header_has_is_found(self):
        _, problems = self.check(header=self.HEADER + "ASL_API int asl_three(void);\n")
        self.assertEqual(problems, ["asl_three: declared, not listed in the version script",
                                    "asl_three: declared, not exported"])

    def test_an_extra_function_is_found(self):
        _, problems = self.check(self.SOURCE + self.THREE,
                                 self.MAP.replace("asl_two;", "asl_three; asl_two;"))
        self.assertEqual(problems, [
            "asl_three: listed in the version script, not declared in a public header",
            "asl_three: exported, not declared in a public header"])

    def test_a_wildcard_is_found(self):
        """It would export whatever is marked visible, also by accident."""
        _, problems = self.check(self.SOURCE + self.THREE,
                                 self.MAP.replace("asl_one; asl_two;", "asl_*;"))
        self.assertTrue(any("wildcards export" in problem for problem in problems), problems)
        self.assertIn("asl_three: exported, not declared in a public header", problems)

    def test_an_open_or_unsorted_script_is_found(self):
        for bad, expected in ((self.MAP.replace("local: *; ", ""), "exactly one node says"),
                              (self.MAP.replace("asl_one; asl_two", "asl_two; asl_one"), "sorted"),
                              (self.MAP.replace("ASL_1.0", "OTHER"), "such as ASL_1.0")):
            _, problems = self.check(version_map=bad)
            self.assertTrue(any(expected in problem for problem in problems), problems)

    def test_a_second_node_holds_what_came_later(self):
        later = "ASL_1.0 { global: asl_one; local: *; };\nASL_1.1 { global: asl_two; } ASL_1.0;\n"
        self.assertEqual(self.check(version_map=later), (2, []))
        nodes = {"ASL_1.0": ["asl_one", "asl_two"]}
        exported = {"asl_one": ("ASL_1.0", "T"), "asl_two": ("ASL_1.1", "T")}
        self.assertEqual(check_exports({"asl_one", "asl_two"}, nodes, exported),
                         ["asl_two: has the version 'ASL_1.1', not ASL_1.0"])

    def test_exported_data_are_found(self):
        self.assert_found("asl_one: exported, but no function",
                          self.SOURCE.replace("int asl_one(void) { return 1; }", "")
                          .replace("int asl_one(void);", "extern int asl_one;\nint asl_one = 1;"))

    def test_forbidden_calls_are_found(self):
        calls = "puts vfprintf vdprintf fprintf fopen perror raise exit abort kill signal umask " \
                "fork system setlocale sigaction chdir atexit setenv getenv socket strtod atof " \
                "toupper strtok rand localtime sscanf sprintf realloc strdup strcoll"
        # Through volatile pointers, lest the compiler replace or leave out what it knows.
        source = "#include <ctype.h>\n#include <locale.h>\n#include <signal.h>\n" \
            "#include <string.h>\n#include <sys/socket.h>\n#include <sys/stat.h>\n" \
            "#include <time.h>\n#include <unistd.h>\n" + self.SOURCE + \
            "typedef void any(void);\nany *volatile all[] = {" + \
            ", ".join(f"(any *){name}" for name in calls.split()) + "};\n"
        _, problems = self.check(source)
        found = {re.sub("__(isoc\\d\\d|cxa)_", "", problem.partition(":")[0])
                 for problem in problems}
        self.assertEqual(found, set(calls.split()))
        self.assertTrue(all("called by the library" in p for p in problems), problems)

    def test_sanitizers_lift_only_the_list_of_calls(self):
        source = self.SOURCE.replace("return 1;", "abort();")
        self.assertEqual(self.check(source, sanitize="address"), (2, []))
        self.assert_found("asl_one: declared, not exp", source.replace("asl_one", "other"),
                          sanitize="address")

    def test_what_the_linker_left_out_is_found(self):
        for link, expected in (((), "may be unloaded"),
                               ((self.LINK, "-Wl,-rpath,/x"), "search path"),
                               ((self.LINK, "-Wl,-z,execstack"), "executable stack"),
                               ((self.LINK, "-Wl,--no-as-needed", "-ldl", "-lrt", "-lresolv"),
                                "libresolv.so.2: needed")):
            _, problems = self.check(link=link)
            self.assertTrue(any(expected in problem for problem in problems), (link, problems))
        _, problems = self.check(link=("-Wl,-z,lazy,-z,norelro",))
        self.assertEqual(len(problems), 3, problems)

    def test_another_soname_is_found(self):
        problems = check_file(self.tools.readelf, sys.executable, "liba.so.1", "")
        self.assertTrue(any("SONAME" in problem for problem in problems), problems)


def main():
    parser = argparse.ArgumentParser()
    for name in ("headers", "map", "library", "soname", "nm", "readelf", "cc"):
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
