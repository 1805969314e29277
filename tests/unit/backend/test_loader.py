# SPDX-License-Identifier: MIT
"""Opening the GPU module: each way in which it can be missing, broken or of no use has its reason.

    test_loader.py FOLDER --library FILE [--module FILE]

FOLDER holds the probes, the fake modules and what stands for the driver; the files are libasl and
the true module. Each case runs in a folder of its own, with a copy of the library and one of the
modules beside it."""

import argparse
import ctypes
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

MODULE = "libasl_cuda.so"
DRIVER = "libcuda.so.1"
BACKEND, DEVICE_LOST = -80, -81
OPTIONS = None


def has_driver():
    try:
        ctypes.CDLL(DRIVER)
    except OSError:
        return False
    return True


class Loader(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.lib = pathlib.Path(scratch.name) / "lib"
        self.drivers = pathlib.Path(scratch.name) / "drivers"
        self.lib.mkdir()
        self.drivers.mkdir()
        shutil.copy(OPTIONS.library, self.lib / "libasl.so.1")
        shutil.copy(OPTIONS.folder / "libfake_driver.so", self.drivers / DRIVER)

    def put(self, module):
        shutil.copy(OPTIONS.folder / f"libfake_{module}.so", self.lib / MODULE)

    def answer(self, program=None, path=None):
        """(the three lines, as name -> (number, text)) that the probe prints for the folder."""
        path = path or f"{self.lib}:{self.drivers}"
        result = subprocess.run([program or OPTIONS.folder / "loader_probe"], text=True,
                                cwd=self.lib.parent, env={**os.environ, "LD_LIBRARY_PATH": path},
                                capture_output=True, timeout=100)
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        info, named, auto = (line.split(" ", 2) for line in result.stdout.splitlines())
        self.assertEqual((info[0], named[0], auto[0]), ("cuda", "cuda", "auto"))
        return [(int(number), text) for _, number, text in (info, named, auto)]

    def check_reason(self, reason, **where):
        """It cannot run, says why everywhere, and "auto" goes on."""
        info, named, auto = self.answer(**where)
        self.assertEqual(info, (0, reason))
        self.assertEqual(named, (BACKEND, f"backend 'cuda' cannot run here: {reason}"))
        self.assertEqual(auto[0], 0)
        self.assertRegex(auto[1], r"^cpu \w+ \(cuda: ")
        self.assertIn(f"(cuda: {reason})", auto[1])

    def test_no_module(self):
        self.check_reason(f"no {MODULE} beside libasl")

    def test_no_driver(self):
        if has_driver():
            self.skipTest("this machine has a driver")
        self.put("no_device")
        self.check_reason("no NVIDIA driver", path=str(self.lib))

    def test_broken_driver(self):
        self.put("no_device")
        (self.drivers / DRIVER).write_text("not a library")
        self.check_reason("cannot open the NVIDIA driver: "
                          f"{self.drivers / DRIVER}: file too short")

    def test_not_a_library(self):
        (self.lib / MODULE).write_text("not a library")
        self.check_reason(f"cannot open the CUDA module: {MODULE}: file too short")

    def test_missing_dependency(self):
        self.put("dependent")
        self.check_reason("cannot open the CUDA module: libfake_dependency.so: cannot open shared "
                          "object file: No such file or directory")

    def test_undefined_symbol(self):
        self.put("undefined")
        self.check_reason("cannot open the CUDA module: "
                          f"{MODULE}: undefined symbol: fake_dependency")

    def test_no_entry(self):
        self.put("no_entry")
        self.check_reason(f"{MODULE} has no asl_cuda_backend()")

    def test_another_version(self):
        """Whichever of the two notices."""
        for module in ("refuses", "other_abi"):
            self.put(module)
            reason = self.answer()[0][1]
            self.assertRegex(reason, rf"^{MODULE} is of another version of libasl \(\d+, not \d+\)")
            self.check_reason(reason)

    def test_no_reason(self):
        self.put("silent")
        self.check_reason(f"{MODULE} does not say why it cannot run")

    def test_no_device(self):
        self.put("no_device")
        self.check_reason("no fake GPU")

    def test_long_reason(self):
        """What is cut stays one line and fits."""
        self.put("no_device")
        folder = self.drivers / ("d" * 200)
        folder.mkdir()
        (folder / DRIVER).write_text("not a library")
        info, named, _ = self.answer(path=f"{self.lib}:{folder}")
        self.assertEqual(len(info[1]), 159)
        self.assertEqual(named, (BACKEND, f"backend 'cuda' cannot run here: {info[1]}"))

    def test_it_runs(self):
        """What a backend says of itself and of its failures passes through."""
        self.put("lost")
        gone = (DEVICE_LOST, "fake GPU 7 is gone, batch 1")
        self.assertEqual(self.answer(), [(1, "a fake GPU"), gone, gone])

    def test_linked_statically(self):
        """Then the module lies beside the program, wherever that is called from."""
        built = OPTIONS.folder / "loader_probe_static"
        if not built.exists():
            self.skipTest("libasl.a is not in this build")
        program = self.lib / built.name
        shutil.copy(built, program)
        where = {"program": program, "path": str(self.drivers)}
        self.check_reason(f"no {MODULE} beside libasl", **where)
        self.put("no_device")
        self.check_reason("no fake GPU", **where)
        self.check_reason("no fake GPU", program="lib/loader_probe_static", path=str(self.drivers))

    def test_relative_name(self):
        """The folder of a library that was opened by a relative name may be another one by now."""
        self.put("no_device")
        self.check_reason("the CUDA module is not looked for: libasl was opened by a relative path",
                          path=f"lib:{self.drivers}")

    def test_true_module(self):
        """It opens here, whole, and finds no driver behind an empty library."""
        if OPTIONS.module is None:
            self.skipTest("the GPU module is not in this build")
        shutil.copy(OPTIONS.module, self.lib / MODULE)
        self.check_reason("no NVIDIA driver")
        if not has_driver():
            self.check_reason("no NVIDIA driver", path=str(self.lib))


def main():
    global OPTIONS
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--library", type=pathlib.Path)
    parser.add_argument("--module", type=pathlib.Path)
    OPTIONS = parser.parse_args()
    unittest.main(argv=["test_loader.py"])


if __name__ == "__main__":
    main()
