# SPDX-License-Identifier: MIT
"""bindings/python/libasl/_library.py: where the library is looked for, what is refused, and whether
the message says enough.

Each case runs in an interpreter of its own, on libraries compiled here that answer as they like."""

import ast
import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ["ASL_SOURCE"])
PACKAGE = SOURCE / "bindings" / "python" / "libasl"
LIBRARY = pathlib.Path(os.environ["ASL_LIBRARY"])  # the one just built
SONAME = "libasl.so.1"
US = "libasl: American Sign Language fingerspelling"
OTHER = "Advanced Simulation Library"

PROBE = """
import libasl._library as loader
try:
    print("opened", loader.file_of(loader.load()))
except ImportError as error:
    print(type(error).__name__, error.name, error.path, str(error), sep="\\n")
"""


def function(name, text):
    value = "0" if text is None else f'"{text}"'
    return f"const char *{name}(void); const char *{name}(void) {{ return {value}; }}\n"


class LoaderTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name).resolve()
        cls.package = cls.root / "site" / "libasl"
        cls.package.mkdir(parents=True)
        (cls.package / "__init__.py").touch()
        shutil.copy(PACKAGE / "_library.py", cls.package)
        cls.good = cls.fake("good", function("asl_identity", US) + function("asl_version", "1.0.0"))

    @classmethod
    def fake(cls, name, source):
        """A library of our SONAME made of this source; its path."""
        folder = cls.root / name
        folder.mkdir()
        (folder / "a.c").write_text(source, encoding="utf-8")
        subprocess.run([os.environ["CC"], "-shared", "-fPIC", "-nostdlib", f"-Wl,-soname,{SONAME}",
                        "-o", folder / SONAME, folder / "a.c"], check=True)
        return folder / SONAME

    def tearDown(self):
        (self.package / SONAME).unlink(missing_ok=True)

    def probe(self, named=None, system=None, cwd=None):
        """What an interpreter says of load(); system is a folder that the loader searches first."""
        environment = {"PYTHONPATH": str(self.root / "site"), "PATH": os.environ["PATH"]}
        if named is not None:
            environment["LIBASL_LIBRARY"] = str(named)
        if system is not None:
            environment["LD_LIBRARY_PATH"] = str(system)
        done = subprocess.run([sys.executable, "-BS", "-c", PROBE], text=True, capture_output=True,
                              env=environment, cwd=cwd or self.root, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()

    def assert_opened(self, path, **places):
        self.assertEqual(self.probe(**places), f"opened {path}")

    def assert_refused(self, path, *parts, **places):
        """One line, which holds all these parts, about this path."""
        lines = self.probe(**places).split("\n")
        self.assertEqual(lines[:-1], ["LibraryError", "libasl", str(path)])
        for part in parts:
            self.assertIn(str(part), lines[-1])

    def test_the_order_is_package_variable_system(self):
        named = self.fake("named", (self.good.parent / "a.c").read_text(encoding="utf-8"))
        system = self.good.parent
        self.assert_opened(self.good, system=system)
        self.assert_opened(self.good, system=system, named="")
        self.assert_opened(named, system=system, named=named)
        shutil.copy(self.good, self.package)
        self.assert_opened(self.package / SONAME, system=system, named=named)

    def test_the_variable_may_be_relative(self):
        self.assert_opened(self.good, named=f"good/{SONAME}")
        self.assert_opened(self.good, named=SONAME, cwd=self.good.parent)

    def test_the_built_library_is_accepted(self):
        self.assert_opened(LIBRARY, named=LIBRARY)
        self.assert_opened(LIBRARY, system=LIBRARY.parent)

    def test_a_missing_library(self):
        try:
            self.skipTest(f"this machine has {ctypes.CDLL(SONAME)}")
        except OSError:
            pass
        self.assert_refused(SONAME, f"'{self.package / SONAME}' of the package: no such file",
                            "LIBASL_LIBRARY: not set", f"'{SONAME}' by the system's loader",
                            "cannot open shared object file", "libasl1", "libasl0", US, OTHER)

    def test_a_named_library_that_is_none(self):
        text = self.root / "text"
        text.write_text("not a library\n", encoding="utf-8")
        damaged = self.root / "damaged"  # without this check it is a SIGBUS
        damaged.write_bytes(LIBRARY.read_bytes()[:50000])
        short = self.root / "short"
        short.write_bytes(LIBRARY.read_bytes()[:-1])
        foreign = self.root / "foreign"  # of the machine 0x4242
        head = bytearray(self.good.read_bytes())
        head[18:20] = b"\x42\x42"
        foreign.write_bytes(head)
        for path in (self.root / "gone.so", self.root, text, damaged, short, foreign):
            with self.subTest(path=path):
                # Even with a good one elsewhere: what was asked for is what is opened.
                self.assert_refused(path, f"LIBASL_LIBRARY='{path}'", "libasl1", OTHER,
                                    named=path, system=self.good.parent)

    def test_a_damaged_library_in_the_package(self):
        own = self.package / SONAME
        own.write_text("not a library\n", encoding="utf-8")
        self.assert_refused(own, f"'{own}' of the package: ", named=self.good)
        own.unlink()
        own.symlink_to("nowhere")
        self.assert_refused(own, f"'{own}' of the package: ", named=self.good)

    def test_the_other_libasl_comes_first(self):
        version = function("asl_version", "1.0.0")
        others = {
            "silent": ("int acl_init(void); int acl_init(void) { return 1; }\n",
                       "has no asl_identity()"),
            "versioned": (version, "has no asl_identity()"),
            "null": (version + function("asl_identity", None), "has no asl_identity()"),
            "solver": (version + function("asl_identity", "AMPL's solver library"),
                       "says it is 'AMPL's solver library'"),
            "longer": (version + function("asl_identity", US + " 2"), f"'{US} 2'"),
            "bytes": (version + function("asl_identity", "\\377"), "says it is '\ufffd'"),
        }
        for name, (source, words) in others.items():
            with self.subTest(name=name):
                path = self.fake(name, source)
                expected = (path, f"'{path}' is not", words, US, OTHER)
                self.assert_refused(*expected, system=path.parent)
                self.assert_refused(*expected, named=path, system=self.good.parent)

    def test_versions(self):
        identity = function("asl_identity", US)
        for version in ("1.0.9", "1.17.0"):
            path = self.fake(version, identity + function("asl_version", version))
            self.assert_opened(path, named=path)
        for version in ("0.9.0", "2.0.0", "10.0.0", "1.0", "1.0.0-rc", "1.-1.0", "1.\u0661.0", ""):
            with self.subTest(version=version):
                path = self.fake("v" + version, identity + function("asl_version", version))
                self.assert_refused(path, f"'{path}' is libasl {version}", "needs 1.0", named=path)
        path = self.fake("unknown", identity)
        self.assert_refused(path, "libasl without asl_version()", named=path)

    def test_a_newer_package_wants_a_newer_library(self):
        text = (PACKAGE / "_library.py").read_text(encoding="utf-8")
        newer = text.replace("NEEDED = (1, 0)", "NEEDED = (1, 3)")
        self.assertNotEqual(newer, text)
        (self.package / "_library.py").write_text(newer, encoding="utf-8")
        self.addCleanup(shutil.copy, PACKAGE / "_library.py", self.package)
        self.assert_refused(self.good, "is libasl 1.0.0", "needs 1.3 or a later 1.x",
                            named=self.good)


class SourcesTest(unittest.TestCase):
    """What two files say must be one thing."""

    def test_one_version(self):
        text = (PACKAGE / "__init__.py").read_text(encoding="utf-8")
        found = re.search(r'^__version__(?:: \S+)? = "(.*)"$', text, re.MULTILINE)
        self.assertEqual(found and found.group(1), os.environ["ASL_VERSION"])

    def test_what_is_needed_is_what_is_bound(self):
        text = (PACKAGE / "_library.py").read_text(encoding="utf-8")
        needed = ast.literal_eval(re.search(r"^NEEDED = (\(.*?\))", text, re.MULTILINE).group(1))
        major, minor, _ = os.environ["ASL_VERSION"].split(".")
        self.assertEqual(needed[0], int(major))
        self.assertLessEqual(needed[1], int(minor))

    def test_one_licence(self):
        self.assertEqual((PACKAGE.parent / "LICENSE").read_bytes(),
                         (SOURCE / "LICENSE").read_bytes())


if __name__ == "__main__":
    unittest.main()
