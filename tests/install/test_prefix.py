# SPDX-License-Identifier: MIT
"""`cmake --install` into a prefix that is then moved; C, CMake and C++ projects build against it"""

import os
import pathlib
import shutil
import tempfile
import unittest

import installed
from installed import BUILD, CC, CMAKE, SOURCE, environment, run

OUTSIDE = pathlib.Path(__file__).parent / "outside"
FOREIGN = """\
set(ASL_FOUND TRUE)
message(FATAL_ERROR "this is the Advanced Simulation Library")
"""


class Prefix(unittest.TestCase):
    """One installation for all tests, moved once."""

    @classmethod
    def setUpClass(cls):
        cls.scratch = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.folder = pathlib.Path(cls.scratch.name)
        first = cls.folder / "first"
        run(CMAKE, "--install", BUILD, "--prefix", first)
        cls.prefix = cls.folder / "moved" / "twice removed"
        cls.prefix.parent.mkdir()
        first.rename(cls.prefix)
        cls.old_prefix = first
        cls.lib = cls.prefix / installed.cached("CMAKE_INSTALL_LIBDIR")
        cls.environment = environment(PKG_CONFIG_PATH=cls.lib / "pkgconfig",
                                      CMAKE_PREFIX_PATH=cls.prefix, LD_LIBRARY_PATH=None)

    def work(self):
        """A folder of this test's own."""
        return pathlib.Path(tempfile.mkdtemp(dir=self.folder))

    def pkg_config(self, *options):
        return run("pkg-config", *options, "asl", env=self.environment)

    def compile_c(self, *flags):
        """Build spell.c with what pkg-config says and run it."""
        work = self.work()
        run("sh", "-c", f'{CC} -std=c99 -Wall -Werror -o spell "$0" {" ".join(flags)}',
            OUTSIDE / "spell.c", cwd=work)
        return self.says(work / "spell")

    def says(self, program, **changes):
        """What a built program prints; it runs in a folder of its own."""
        return run(program, cwd=self.work(), env={**self.environment, **changes})

    def configure(self, wanted, target, fails=False, **changes):
        """(build folder, output) of configuring the outside CMake project."""
        build = self.work()
        output = run(CMAKE, "-S", OUTSIDE, "-B", build, f"-DWANTED={wanted}", f"-DTARGET={target}",
                     fails=fails, env={**self.environment, **changes})
        return build, " ".join(output.split())

    def check_answer(self, output):
        """A letter and the version: all of libasl's libraries took part."""
        letter, version = output.split()
        self.assertTrue(letter)
        self.assertEqual(version, installed.version())

    def test_library(self):
        self.assertEqual(os.readlink(self.lib / "libasl.so"), "libasl.so.1")
        self.assertEqual(os.readlink(self.lib / "libasl.so.1"), f"libasl.so.{installed.version()}")
        self.assertEqual(installed.library_problems(self.lib / "libasl.so.1"), [])

    def test_no_paths(self):
        """Nothing says where it was built or first installed."""
        self.assertEqual(installed.naming(self.prefix, SOURCE, BUILD, self.old_prefix), [])

    def test_programs(self):
        """They find the library beside them, also after the move."""
        program = self.prefix / "bin" / "asl-info"
        if not program.exists():
            self.skipTest("the programs were not built")
        self.assertIn(installed.version(), self.says(program))

    def test_pkg_config_shared(self):
        self.assertEqual(self.pkg_config("--modversion").strip(), installed.version())
        flags = self.pkg_config("--cflags", "--libs")
        self.assertNotIn("-lz", flags)
        path = str(self.lib).replace(" ", "\\ ")
        self.check_answer(self.compile_c(flags.strip(), f"-Wl,-rpath,{path}"))

    def test_pkg_config_static(self):
        """Linked as a whole: it runs where nothing is installed."""
        flags = self.pkg_config("--cflags", "--libs", "--static")
        self.check_answer(self.compile_c("-static", "-Wl,--fatal-warnings", flags.strip()))

    def test_archive_keeps_to_its_names(self):
        """libasl.a brings no global name that could clash with its host's."""
        listed = run("nm", "-g", "--defined-only", self.lib / "libasl.a").splitlines()
        names = {line.split()[2] for line in listed if len(line.split()) == 3}
        self.assertIn("asl_version", names)
        self.assertEqual({name for name in names if not name.startswith("asl_")}, set())

    def check_cmake(self, wanted, target):
        build, _ = self.configure(wanted, target)
        run(CMAKE, "--build", build)
        for program in ("spell_c", "spell_cpp"):
            self.check_answer(self.says(build / program))
        return run("readelf", "-d", build / "spell_c")

    def test_cmake_shared(self):
        self.assertIn("libasl.so.1", self.check_cmake("1.0", "asl::asl"))
        _, output = self.configure("1.0", "asl::asl")
        self.assertNotIn("ZLIB", output)

    def test_cmake_static(self):
        dynamic = self.check_cmake("1.0;COMPONENTS;static", "asl::asl_static")
        self.assertNotIn("libasl", dynamic)

    def test_cmake_wrong_version(self):
        """It names both what is asked for and what there is."""
        for wanted in ("2.0", "1.99", "0.1"):
            _, output = self.configure(wanted, "asl::asl", fails=True)
            self.assertIn(f'compatible with requested version "{wanted}"', output)
            self.assertIn(f"version: {installed.version()}", output)

    def test_cmake_unknown_component(self):
        _, output = self.configure("1.0;COMPONENTS;gpu", "asl::asl", fails=True)
        self.assertIn("no component 'gpu'; use shared or static", output)

    def test_cmake_without_archive(self):
        (self.lib / "cmake/asl/aslStaticTargets.cmake").rename(self.folder / "hidden")
        try:
            _, output = self.configure("1.0;COMPONENTS;static", "asl::asl_static", fails=True)
        finally:
            (self.folder / "hidden").rename(self.lib / "cmake/asl/aslStaticTargets.cmake")
        self.assertIn("ASL_BUILD_STATIC=ON", output)

    def test_cmake_name_trap(self):
        """find_package(ASL) is another library: it must not find ours, nor find_package(asl) it."""
        foreign = self.work()
        (foreign / "lib/cmake/ASL-0.1.7").mkdir(parents=True)
        (foreign / "lib/cmake/ASL-0.1.7/ASLConfig.cmake").write_text(FOREIGN)
        both = {"CMAKE_PREFIX_PATH": f"{foreign}:{self.prefix}"}
        self.configure("1.0", "asl::asl", **both)
        project = self.work()
        asks = "cmake_minimum_required(VERSION 3.16)\nproject(x NONE)\nfind_package(ASL REQUIRED)\n"
        (project / "CMakeLists.txt").write_text(asks)
        output = run(CMAKE, "-S", project, "-B", project / "build", fails=True,
                     env=self.environment)
        self.assertIn("Could not find", output)
        output = run(CMAKE, "-S", project, "-B", project / "build", fails=True,
                     env={**self.environment, **both})
        self.assertIn("Advanced Simulation Library", output)


class Components(unittest.TestCase):
    """Each component brings its own files and no others."""

    def test_components(self):
        wanted = {"runtime": r"lib.*/libasl\.so\.[0-9.]+",
                  "dev": r"include/asl/[a-z]+\.h(pp)?|lib.*/(libasl\.(so|a)|pkgconfig/asl\.pc"
                         r"|cmake/asl/asl\w+(-\w+)?\.cmake)|share/man/man3/.*",
                  "tools": r"bin/asl-[a-z]+|libexec/asl/asl-[a-z-]+|share/(man|bash-completion)/.*",
                  "python": r"lib/python3/dist-packages/libasl.*/(\w+\.py|py\.typed)",
                  "doc": r"share/(doc|man)/.*"}
        with tempfile.TemporaryDirectory() as folder:
            for component, pattern in wanted.items():
                prefix = pathlib.Path(folder) / component
                run(CMAKE, "--install", BUILD, "--prefix", prefix, "--component", component)
                names = [str(path.relative_to(prefix)) for path in sorted(prefix.rglob("*"))
                         if not path.is_dir()]
                for name in names:
                    self.assertRegex(name, f"^({pattern})$", component)
                if component != "tools" or (BUILD / "bin/asl-info").exists():
                    self.assertTrue(names, component)


if __name__ == "__main__":
    for tool in ("pkg-config", "readelf", "nm", "c++"):
        if shutil.which(tool) is None:
            installed.skip_all(f"{tool} not found")
    unittest.main()
