# SPDX-License-Identifier: MIT
"""Running programs so that nothing hangs, and keeping what they said and what came of it."""

import json
import os
import signal
import subprocess
import threading
import time


class Skip(Exception):
    """A check that cannot be made here, and why."""


class Failed(Exception):
    """A check that did not hold."""


class Result:
    """What a program left: its status (None: it ran out of time), output and wall time."""

    def __init__(self, status, out, err, seconds):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds

    def last_line(self):
        lines = (self.err or self.out).strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def json(self):
        return json.loads(self.out)


class Machine:
    """Programs, folders and the clock of one run."""

    def __init__(self, build, work, out, seconds, library_path, rehearse):
        self.build, self.work, self.out, self.rehearse = build, work, out, rehearse
        self.backend = "cpu" if rehearse else "cuda"
        self.end = time.monotonic() + seconds
        self.environment = os.environ | {"LD_LIBRARY_PATH": library_path}
        self.log = open(out / "log.txt", "w", encoding="utf-8")
        self.writing = threading.Lock()

    def left(self):
        return self.end - time.monotonic()

    def program(self, name):
        return str(self.build / "bin" / name)

    def has(self, path):
        return (self.build / path).exists()

    def start(self, argv, **settings):
        return subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL,
                                text=True, errors="replace", start_new_session=True,
                                **({"env": self.environment} | settings))  # fmt: skip

    @staticmethod
    def kill(process):
        """With all that it started."""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()

    def run(self, argv, limit, environment=None, cwd=None):
        """Run to its end, or to `limit` seconds, or to the end of all our time."""
        limit = min(limit, self.left())
        if limit < 1:
            raise Skip("no time was left")
        begin = time.monotonic()
        process = self.start(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=cwd,
                             env=self.environment | (environment or {}))  # fmt: skip
        try:
            out, err = process.communicate(timeout=limit)
            status = process.returncode
        except subprocess.TimeoutExpired:
            self.kill(process)
            out, err = process.communicate()
            status = None
        result = Result(status, out, err, time.monotonic() - begin)
        self.note(argv, result)
        return result

    def note(self, argv, result):
        words = " ".join(str(word) for word in argv)
        status = "out of time" if result.status is None else f"status {result.status}"
        with self.writing:
            self.log.write(f"\n$ {words}\n{result.out}{result.err}[{status}, "
                           f"{result.seconds:.1f} s]\n")  # fmt: skip
            self.log.flush()

    def must(self, argv, limit, **settings):
        """As run(), for what has to succeed."""
        result = self.run(argv, limit, **settings)
        name = os.path.basename(str(argv[0]))
        if result.status is None:
            raise Failed(f"{name} took longer than {limit:.0f} s")
        if result.status != 0:
            raise Failed(f"{name} ended with status {result.status}: {result.last_line()}")
        return result
