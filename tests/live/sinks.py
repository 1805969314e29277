# SPDX-License-Identifier: MIT
"""What the scripts here share: live_sinks as a process, and a scratch folder.

ASL_LIVE_SINKS is the built live_sinks, ASL_SOURCE the source tree."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

SINKS = os.environ.get("ASL_LIVE_SINKS", "live_sinks")
SOURCE = pathlib.Path(os.environ.get("ASL_SOURCE", pathlib.Path(__file__).parents[2]))
sys.path.insert(0, str(SOURCE / "tests" / "programs"))
from programs import said, skip_all  # noqa: E402

# For runs in which a library leaks that is not ours.
LEAKS_ALLOWED = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def needs(*programs):
    for program in programs:
        if not shutil.which(program):
            skip_all(f"{program} is not installed")


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="asl-live-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, *arguments, **options):
        """Start live_sinks; it is gone when the test is."""
        options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE,
                   **options}
        process = subprocess.Popen([SINKS, *map(str, arguments)], cwd=self.folder, **options)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream:
                stream.close()

    def finish(self, process, stdin=b"", code=0, timeout=30):
        """Wait for the end; output and messages as text."""
        out, err = process.communicate(stdin, timeout=timeout)
        self.assertEqual(process.returncode, code, f"{out!r}\n{err.decode()}")
        return out, said(err)

    def until(self, condition, what, seconds=10):
        """Wait for something that another process does."""
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, f"timed out: {what}")
            time.sleep(0.02)

    def assert_one_line(self, text, *parts):
        """Exactly one message, with these parts in it."""
        self.assertEqual(text.count("\n"), 1, text)
        for part in parts:
            self.assertIn(part, text)
