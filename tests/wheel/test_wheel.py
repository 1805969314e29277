# SPDX-License-Identifier: MIT
"""The two ways to get the Python package: the wheel with the library inside, and pip on the sources
beside an installed library. Both end in a fresh virtual environment that runs the tutorial.

Nothing is downloaded."""

import base64
import csv
import email
import hashlib
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest
import zipfile

SOURCE = pathlib.Path(os.environ["ASL_SOURCE"])
LIBRARY = pathlib.Path(os.environ["ASL_LIBRARY"])  # the one just built
VERSION = os.environ["ASL_VERSION"]
BINDING = SOURCE / "bindings" / "python"
SONAME = "libasl.so.1"
EPOCH = 1_700_000_000  # 2023-11-14

sys.path[:0] = [str(BINDING), *(str(SOURCE / "tests" / name) for name in ("abi", "programs"))]
# pylint: disable=wrong-import-position
import exports
import manylinux
import programs
import public_headers

WHO = """
import libasl, libasl._library as loader
print(libasl.__version__, loader.file_of(loader.load()))
"""
# What DAMAGE needs beside it.
PREPARE = """
import libasl
libasl.Model.create(labels=["A", "B"]).save("model.safetensors")
"""
# Damaged pictures and models through the codec and JSON libraries inside, which must neither end
# the process nor print.
DAMAGE = """
import pathlib, random, libasl
noise = random.Random(1)
picture = libasl.Image("hand.png").encode("jpeg")
model = pathlib.Path("model.safetensors").read_bytes()
for data, read in ((picture, libasl.Image.decode), (model, libasl.Model.from_bytes)):
    read(data).close()
    refused = 0
    for _ in range(500):
        damaged = bytearray(data)
        damaged[noise.randrange(min(len(data), 2000))] = noise.randrange(256)
        try:
            read(bytes(damaged)).close()
        except libasl.Error:
            refused += 1
    print(refused)
"""


def run(*command, **options):
    """Standard output of a command that must succeed."""
    done = subprocess.run([str(word) for word in command], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def environment(**changes):
    """Ours without what could lead to another library or package."""
    gone = ("LIBASL_LIBRARY", "LD_LIBRARY_PATH", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if name not in gone} | changes


def interpreter():
    """One that can build wheels and make virtual environments."""
    for python in (sys.executable, "/usr/bin/python3"):
        done = subprocess.run([python, "-c", "import setuptools, wheel, pip, ensurepip"],
                              capture_output=True, check=False)
        if done.returncode == 0:
            return python
    print("skipped: no python3 with pip, setuptools, wheel and ensurepip; install (Debian) "
          "python3-pip python3-setuptools python3-wheel python3-venv")
    sys.exit(77)


PYTHON = interpreter()


class Base(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.root = pathlib.Path(folder.name).resolve()

    def make_venv(self, *options):
        """Its interpreter."""
        run(PYTHON, "-m", "venv", *options, self.root / "venv")
        return self.root / "venv" / "bin" / "python3"

    def pip_install(self, python, *what, **options):
        run(python, "-m", "pip", "--disable-pip-version-check", "install", "--no-index",
            "--no-deps", *what, env=environment(), cwd=self.root, **options)

    def check_package(self, python, library, **variables):
        """That it opens this library, and that the README's example and the tutorial's flow run."""
        where = {"env": environment(**variables), "cwd": self.root, "timeout": 120}
        self.assertEqual(run(python, "-c", WHO, **where).split(), [VERSION, str(library)])
        run(python, "-c", PREPARE, **where)
        (self.root / "hand.png").write_bytes(programs.picture("A", 1))
        readme = (BINDING / "README.md").read_text(encoding="utf-8")
        (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
        self.assertRegex(run(python, "-c", example, **where), r"^(\w+) \d+% \(Ranked\(label='\1'")
        shutil.copy(BINDING / "examples" / "tutorial.py", self.root)
        programs.make_folder(self.root / "pictures")
        picture = "pictures/B/B0001.png"
        told = run(python, "tutorial.py", "pictures", "run", picture, 2, **where)
        self.assertRegex(told, rf"\n{re.escape(picture)}: (A|B|space) \(\d\.\d\d\)\n$")
        self.assertTrue((self.root / "run" / "model.safetensors").is_file())


class WheelTest(Base):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wheel = cls.build("first")
        with zipfile.ZipFile(cls.wheel) as archive:
            cls.infos = archive.infolist()
            cls.files = {info.filename: archive.read(info) for info in cls.infos}
        cls.library = cls.root / SONAME
        cls.library.write_bytes(cls.files[f"libasl/{SONAME}"])

    @classmethod
    def build(cls, name, **changes):
        """A wheel in a folder of this name, built in a temporary folder of its own."""
        work = cls.root / f"work-{name}"
        work.mkdir()
        changes = {"PYTHON": PYTHON, "SOURCE_DATE_EPOCH": str(EPOCH), "TMPDIR": str(work)} | changes
        told = run(BINDING / "build-wheel.sh", name, cwd=cls.root, env=environment(**changes))
        (wheel,) = (cls.root / name).iterdir()
        if told.strip() != str(wheel) or any(work.iterdir()):
            raise AssertionError(f"printed '{told}', left {list(work.iterdir())}")
        return wheel

    def info(self, name):
        return email.message_from_bytes(self.files[f"libasl-{VERSION}.dist-info/{name}"])

    def test_the_name_tells_where_it_runs(self):
        pattern = rf"libasl-{re.escape(VERSION)}-(py3-none-(manylinux_2_(\d+)_\w+))\.whl"
        found = re.fullmatch(pattern, self.wheel.name)
        self.assertTrue(found, self.wheel.name)
        tag, system, minor = found.groups()
        self.assertEqual(system, manylinux.tag(str(self.library)))
        self.assertLessEqual(int(minor), int(platform.libc_ver()[1].split(".")[1]))
        # The same by another tool and another way.
        symbols = run("objdump", "-T", self.library)
        wanted = {int(number) for number in re.findall(r"\(?GLIBC_2\.(\d+)", symbols)}
        self.assertEqual(int(minor), max(wanted | {17}))
        self.assertEqual(self.info("WHEEL").get_all("Tag"), [tag])
        self.assertEqual(self.info("WHEEL")["Root-Is-Purelib"], "false")

    def test_the_contents(self):
        package = {f"libasl/{path.name}" for path in (BINDING / "libasl").glob("*.py")}
        about = {"LICENSE", "LICENSE.third-party", "METADATA", "RECORD", "WHEEL", "top_level.txt"}
        found = {name.replace("/licenses/", "/") for name in self.files}  # newer setuptools
        self.assertEqual(found, package | {"libasl/py.typed", f"libasl/{SONAME}"}
                         | {f"libasl-{VERSION}.dist-info/{name}" for name in about})
        metadata = self.info("METADATA")
        self.assertEqual((metadata["Name"], metadata["Version"]), ("libasl", VERSION))
        for requirement in metadata.get_all("Requires-Dist", []):
            self.assertIn("extra ==", requirement)

    def test_the_record_is_true(self):
        record = f"libasl-{VERSION}.dist-info/RECORD"
        rows = list(csv.reader(self.files[record].decode().splitlines()))
        self.assertEqual({row[0] for row in rows}, set(self.files))
        for name, digest, size in rows:
            data = self.files[name]
            code = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            if name != record:
                self.assertEqual((digest, size), (f"sha256={code}", str(len(data))), name)

    def test_two_builds_are_one_file(self):
        again = self.build("second", TZ="Asia/Tokyo", LC_ALL="C")
        self.assertEqual(again.name, self.wheel.name)
        digests = {hashlib.sha256(wheel.read_bytes()).hexdigest() for wheel in (again, self.wheel)}
        self.assertEqual(len(digests), 1)
        dates = {info.date_time for info in self.infos}
        self.assertEqual(dates, {time.gmtime(EPOCH)[:6]})

    def test_the_library_inside(self):
        dynamic = run("readelf", "-dW", self.library)
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
        self.assertLessEqual(needed, {"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2",
                                      "ld-linux-aarch64.so.1"})
        self.assertIn(f"[{SONAME}]", dynamic)
        self.assertRegex(dynamic, r"FLAGS_1\).*NOW")
        declared = public_headers.functions(public_headers.read(SOURCE / "include"))
        self.assertEqual(exports.symbols("nm", self.library, "defined").keys(), declared)
        sections = set(re.findall(r"\] (\S+)", run("readelf", "-SW", self.library)))
        self.assertFalse({name for name in sections if name.startswith((".symtab", ".debug"))})
        self.assertIn(".dynsym", sections)
        for path in (SOURCE, self.root):
            self.assertNotIn(os.fsencode(path), self.library.read_bytes())

    def test_it_installs_and_runs_the_tutorial(self):
        python = self.make_venv()
        self.pip_install(python, self.wheel)
        (inside,) = (self.root / "venv").glob(f"lib/python3*/site-packages/libasl/{SONAME}")
        # Its own library comes before any other.
        self.check_package(python, inside, LIBASL_LIBRARY=str(LIBRARY))
        told = run(python, "-c", DAMAGE, env=environment(), cwd=self.root, timeout=120)
        self.assertTrue(all(20 < int(refused) <= 500 for refused in told.split()), told)

    def test_mistakes_are_told(self):
        script = BINDING / "build-wheel.sh"
        for words, changes, message in (
            (["--jobs"], {}, "unknown option '--jobs'"),
            ([], {"PYTHON": "/bin/false"}, "/bin/false lacks pip, setuptools or wheel"),
        ):
            done = subprocess.run([script, *words], text=True, capture_output=True, check=False,
                                  cwd=self.root, env=environment(**changes))
            self.assertGreater(done.returncode, 0)
            self.assertIn(message, done.stderr)


class ManylinuxTest(Base):
    """What no tag is true of."""

    def tag(self, *options, source="int f(void); int f(void) { return 1; }\n"):
        (self.root / "a.c").write_text(source, encoding="utf-8")
        library = self.root / "liba.so"
        run(os.environ["CC"], "-shared", "-fPIC", "-o", library, self.root / "a.c", *options)
        return manylinux.tag(str(library))

    def assert_no_tag(self, message, *options, **named):
        with self.assertRaisesRegex(manylinux.TagError, message):
            self.tag(*options, **named)

    def test_a_library_that_needs_little(self):
        self.assertEqual(self.tag(), f"manylinux_2_17_{platform.machine()}")

    def test_what_only_this_machine_has(self):
        self.assert_no_tag(r"needs libz\.so\.1,", "-Wl,--no-as-needed", "-lz")
        self.assert_no_tag("looks for libraries in '/opt/here'", "-Wl,-rpath,/opt/here")
        self.assert_no_tag("executable stack", "-Wl,-z,execstack")

    def test_a_private_symbol_of_the_c_library(self):
        call = "void *__libc_early_init(int); void *g(void); void *g(void) { " \
               "return __libc_early_init(0); }\n"
        self.assert_no_tag("GLIBC_PRIVATE", source=call)

    def test_another_file(self):
        with self.assertRaisesRegex(manylinux.TagError, "[Nn]ot an ELF file"):
            manylinux.tag(str(pathlib.Path(__file__)))

    def test_as_a_program(self):
        tool = [sys.executable, "-B", str(BINDING / "manylinux.py")]
        done = subprocess.run([*tool, LIBRARY], text=True, capture_output=True, check=False)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, rf"'{LIBRARY}': needs .*libjansson.*ASL_STATIC_DEPENDENCIES")


class SourcesTest(Base):
    """pip on a copy of the sources, which also shows that they need nothing around them."""

    def setUp(self):
        self.sources = self.root / "bindings" / "python"
        shutil.copytree(BINDING, self.sources, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))

    def test_pip_install_beside_an_installed_library(self):
        python = self.make_venv("--system-site-packages")  # they have setuptools
        self.pip_install(python, "--no-build-isolation", "./bindings/python")
        self.check_package(python, LIBRARY, LIBASL_LIBRARY=str(LIBRARY))

    def test_the_source_distribution(self):
        run(PYTHON, "-c", "import setuptools.build_meta as b; b.build_sdist('.')",
            cwd=self.sources, env=environment())
        (archive,) = self.sources.glob("*.tar.gz")
        name = f"libasl-{VERSION}"
        self.assertEqual(archive.name, name + ".tar.gz")
        with tarfile.open(archive) as file:
            found = {member.name.removeprefix(name + "/") for member in file if member.isfile()}
        wanted = {"LICENSE", "README.md", "pyproject.toml", "PKG-INFO", "libasl/py.typed"}
        wanted |= {f"libasl/{path.name}" for path in (BINDING / "libasl").glob("*.py")}
        self.assertLessEqual(wanted, found)
        rest = {path for path in found - wanted if not path.startswith("libasl.egg-info/")}
        self.assertLessEqual(rest, {"setup.cfg"})


if __name__ == "__main__":
    unittest.main()
