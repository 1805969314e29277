# SPDX-License-Identifier: MIT
"""What the tests of sources share: the camera double, and live_probe's lines as Python values.

ASL_TEST_BIN is the folder of the built test programs; the rest as in tests/programs."""

import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "programs"))
import programs  # noqa: E402

BIN = pathlib.Path(os.environ["ASL_TEST_BIN"]).resolve()
DOUBLE = BIN / "camera_double"
PROBE = BIN / "live_probe"

# A build with sanitizers is too slow for tests of speed.
SANITIZED = b"__asan_init" in PROBE.read_bytes()

# The quarters of what the double sees: top left, top right, bottom left, bottom right.
COLORS = [(200, 40, 40), (40, 180, 60), (50, 70, 210), (120, 120, 120)]

Frame = collections.namedtuple("Frame", "sequence time size checksum colors")
Counts = collections.namedtuple("Counts", "frames dropped damaged restarts")


def require_double():
    if not DOUBLE.exists():
        programs.skip_all("camera_double was not built: libfuse3-dev was not found")
    if not os.access("/dev/fuse", os.R_OK | os.W_OK):
        programs.skip_all("/dev/fuse is missing or may not be opened, so a camera cannot be played")
    try:
        Double().close()
    except RuntimeError as problem:
        programs.skip_all(f"a FUSE file system cannot be mounted here: {problem}")


class Double:
    """A folder with the camera double's files in it."""

    def __init__(self, *arguments):
        self.holder = tempfile.TemporaryDirectory()
        self.folder = self.holder.name
        self.path = f"{self.folder}/video0"
        self.log = []
        self.process = subprocess.Popen([DOUBLE, self.folder, *arguments], text=True,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        if self.process.stdout.readline() != "ready\n":
            problem = self.process.communicate()[1].strip()
            self.holder.cleanup()
            raise RuntimeError(problem or "the double ended")
        self.reader = threading.Thread(target=self.read_log)
        self.reader.start()

    def read_log(self):
        """As it comes: once the pipe is full the double would wait, and with it who waits for it."""
        for line in self.process.stdout:
            self.log.append(line.rstrip("\n"))

    def close(self):
        """End it; self.log is then all that happened to it."""
        if not self.holder:
            return self.log
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
            self.reader.join(timeout=10)
        finally:
            # A double that was killed leaves its mount behind.
            if f" {self.folder} " in pathlib.Path("/proc/mounts").read_text():
                tool = ["umount", "-l"] if os.geteuid() == 0 else ["fusermount3", "-uz"]
                subprocess.run([*tool, self.folder], check=False)
        self.process.stdout.close()
        self.process.stderr.close()
        self.holder.cleanup()
        self.holder = None
        return self.log

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()


class Result:
    """What live_probe printed."""

    def __init__(self, code, out, err, seconds):
        self.code, self.err, self.seconds = code, err, seconds
        self.frames, self.name, self.end, self.message, self.counts = [], None, None, "", None
        for line in out.splitlines():
            word, _, rest = line.partition(" ")
            if word == "frame":
                sequence, taken, size, checksum, *colors = rest.split(" ")
                self.frames.append(Frame(int(sequence), int(taken), size, checksum,
                                         [tuple(map(int, c.split(","))) for c in colors]))
            elif word == "open":
                self.name = rest
            elif word == "counts":
                self.counts = Counts(*map(int, rest.split()))
            else:
                self.end, self.message = word, rest

    def __repr__(self):
        return (f"code {self.code}, {len(self.frames)} frames, {self.name!r}, {self.end} "
                f"{self.message!r}, {self.counts}, stderr {self.err!r}")


def probe(*arguments, timeout=60, **options):
    start = time.monotonic()
    done = subprocess.run([PROBE, *map(str, arguments)], capture_output=True, text=True,
                          timeout=timeout, check=False, **options)
    return Result(done.returncode, done.stdout, programs.said(done.stderr), time.monotonic() - start)


def close_to(colors, wanted, tolerance):
    return all(abs(a - b) <= tolerance for c, w in zip(colors, wanted) for a, b in zip(c, w))
