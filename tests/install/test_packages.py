# SPDX-License-Identifier: MIT
"""The Debian packages: built from two folders they are the same, lintian has no errors to report,
and their files work, unpacked into an empty folder."""

import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

import installed
from installed import BUILD, CC, CMAKE, LAUNCHER, SOURCE, environment, run

NAMES = ("libasl1", "libasl-dev", "python3-libasl", "asl-tools")
# What Debian's unrelated libasl0, libasl-dev and asl-tools 0.1.7-4 own, but for the link libasl.so.
FOREIGN = re.compile(r"/(libasl\.so\.0.*|ASL|ASL\.pc|ASL\w*\.cmake|asl-hardware)$")


def build(source, tree, *settings):
    """The packages of a source tree by name, built in the folder tree."""
    run(CMAKE, "-C", source / "cmake/debian/cache.cmake", "-S", source, "-B", tree, "-G",
        installed.cached("CMAKE_GENERATOR"), f"-DCMAKE_C_COMPILER={CC}", *settings)
    run(CMAKE, "--build", tree, "--parallel", os.cpu_count() or 1)
    out = tree / "packages"
    shutil.rmtree(out, ignore_errors=True)
    run(pathlib.Path(CMAKE).with_name("cpack"), "--config", tree / "CPackConfig.cmake", "-B", out,
        env=environment(SOURCE_DATE_EPOCH=None))
    return {path.name.split("_")[0]: path for path in out.glob("*.deb")}


def old_copy(source, target):
    """A copy of a file, made long ago."""
    shutil.copy(source, target)
    os.utime(target, (1e9, 1e9))


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def has_tools():
    """Whether the build under test has the programs."""
    return installed.cached("ASL_BUILD_EXAMPLES") == "ON"


class Packages(unittest.TestCase):
    """All packages of this source tree, unpacked into one empty folder."""

    maxDiff = None

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(scratch.cleanup)
        cls.folder = pathlib.Path(scratch.name)
        cls.tree = BUILD / "tests" / "install" / "debian"
        cls.packages = build(SOURCE, cls.tree, f"-DCMAKE_C_COMPILER_LAUNCHER={LAUNCHER}",
                             f"-DASL_BUILD_EXAMPLES={installed.cached('ASL_BUILD_EXAMPLES')}")
        cls.root = cls.folder / "root"
        for package in cls.packages.values():
            run("dpkg-deb", "-x", package, cls.root)
        (cls.library,) = cls.root.glob("usr/lib/*/libasl.so.1")
        # Neither this machine's libasl nor its Python packages.
        cls.environment = environment(LD_LIBRARY_PATH=cls.library.parent, PYTHONPATH=None,
                                      PYTHONDONTWRITEBYTECODE="1", LIBASL_LIBRARY=None)

    def field(self, package, name):
        return run("dpkg-deb", "-f", self.packages[package], name).strip()

    def control(self, package, name):
        return run("dpkg-deb", "-I", self.packages[package], name)

    def contents(self, package):
        """The files of a package and what they hold, without manual pages: those are made only
        together with the programs."""
        folder = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        run("dpkg-deb", "-x", package, folder)
        return {str(path.relative_to(folder)): digest(path) for path in installed.files(folder)
                if path.parts[-3] != "man"}

    def test_names(self):
        wanted = NAMES if has_tools() else NAMES[:3]
        self.assertEqual(sorted(self.packages), sorted(wanted))
        for package, path in self.packages.items():
            # The epoch: no version of Debian's packages of these names is ever newer.
            self.assertRegex(self.field(package, "Version"), rf"^1:{installed.version()}-\d+$")
            self.assertRegex(path.name, rf"^{package}_{installed.version()}-\d+_(\w+)\.deb$")

    def test_depends(self):
        dev = rf"^libasl1 \(= {self.field('libasl1', 'Version')}\), "
        self.assertRegex(self.field("libasl-dev", "Depends"), dev)
        least = rf"libasl1 \(>= 1:{installed.version()}\)"
        self.assertRegex(self.field("python3-libasl", "Depends"), rf"^{least}, python3 ")
        self.assertRegex(self.field("libasl1", "Depends"), r"^libc6 .*libjansson4 .*zlib1g")
        self.assertEqual(self.field("libasl1", "Multi-Arch"), "same")
        if has_tools():
            self.assertRegex(self.field("asl-tools", "Depends"), rf"^{least}, .*libcairo2 ")

    def test_symbols(self):
        """Every function is in the symbols file, for whoever computes the depends of others."""
        listed = re.findall(r"^ (asl_\w+)@ASL_\d+\.\d+ ", self.control("libasl1", "symbols"),
                            re.MULTILINE)
        exported = re.findall(r" T (asl_\w+)@", run("nm", "-D", "--defined-only", self.library))
        self.assertEqual(sorted(listed), sorted(exported))
        self.assertGreater(len(exported), 100)
        self.assertIn("ldconfig", self.control("libasl1", "triggers"))
        self.assertEqual(self.control("libasl1", "shlibs").split()[:3], ["libasl", "1", "libasl1"])

    def test_beside_the_other_libasl(self):
        listed = [f"/{path.relative_to(self.root)}" for path in self.root.rglob("*")]
        self.assertEqual([name for name in listed if FOREIGN.search(name)], [])
        runtime = run("dpkg-deb", "-c", self.packages["libasl1"])
        self.assertNotIn("libasl.so\n", runtime)
        self.assertNotIn("libasl.so ->", runtime)

    def test_library(self):
        self.assertEqual(installed.library_problems(self.library), [])

    def test_no_paths(self):
        self.assertEqual(installed.naming(self.root, SOURCE, BUILD), [])
        # A path that is removed when they are installed still leaves another build ID.
        for folder in ("bin", "libexec"):
            self.assertEqual(installed.naming(self.tree / folder, SOURCE, BUILD), [])

    def test_programs_in_a_bare_root(self):
        if not has_tools():
            self.skipTest("the programs were not built")
        output = run(self.root / "usr/bin/asl-info", env=self.environment, cwd=self.folder)
        self.assertIn(installed.version(), output)

    def test_python_in_a_bare_root(self):
        program = ("import sys; sys.path.insert(0, sys.argv[1]); import libasl; "
                   "print(libasl.__version__, libasl.__file__)")
        folder = self.root / "usr/lib/python3/dist-packages"
        output = run(sys.executable, "-I", "-S", "-c", program, folder, env=self.environment)
        self.assertEqual(output.split(),
                         [installed.version(), str(folder / "libasl" / "__init__.py")])

    def test_maintainer_scripts(self):
        for name in ("postinst", "prerm"):
            script = self.folder / name
            script.write_text(self.control("python3-libasl", name))
            run("sh", "-n", script)

    def test_lintian(self):
        if shutil.which("lintian") is None:
            self.skipTest("lintian not found")
        done = subprocess.run(["lintian", "--fail-on", "error", "--tag-display-limit", "0",
                               *self.packages.values()],
                              text=True, capture_output=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_reproducible(self):
        """Another folder, other times, no compiler cache: the same library and the same packages.
        The programs are only linked and packed again; test_no_paths looks into them."""
        source = self.folder / "another place" / "sources"
        source.mkdir(parents=True)
        old_copy(SOURCE / "CMakeLists.txt", source / "CMakeLists.txt")
        for folder in ("cmake", "include", "lib", "bindings", "docs"):
            shutil.copytree(SOURCE / folder, source / folder, copy_function=old_copy,
                            ignore=shutil.ignore_patterns("__pycache__"))
        others = build(source, source / "b", "-DASL_BUILD_EXAMPLES=OFF",
                       "-DCMAKE_C_COMPILER_LAUNCHER=")
        name = f"lib/libasl.so.{installed.version()}"
        self.assertEqual(digest(source / "b" / name), digest(self.tree / name))
        first = {package: digest(path) for package, path in self.packages.items()}
        for package in ("libasl1", "python3-libasl"):
            self.assertEqual(digest(others[package]), first[package], package)
        self.assertEqual(self.contents(others["libasl-dev"]),
                         self.contents(self.packages["libasl-dev"]))
        shutil.rmtree(self.tree / "bin", ignore_errors=True)
        again = build(SOURCE, self.tree)
        self.assertEqual({package: digest(path) for package, path in again.items()}, first)


if __name__ == "__main__":
    for tool in ("dpkg-shlibdeps", "dpkg-gensymbols", "dpkg-gencontrol", "dpkg-deb", "readelf",
                 "nm"):
        if shutil.which(tool) is None:
            installed.skip_all(f"{tool} not found")
    unittest.main()
