# SPDX-License-Identifier: MIT
"""asl-camera reading for long from a camera double that plays random faults: memory, descriptors and
threads do not grow, and every stream that breaks is started again."""

import json
import os
import pathlib
import signal
import subprocess
import tempfile
import threading
import time
import unittest

import camera
from camera import Double, programs

FULL = os.environ.get("ASL_TEST_FULL") == "1" and not camera.SANITIZED  # memory counts there only
SECONDS = float(os.environ.get("ASL_TEST_SECONDS", "7200" if FULL else "20"))
SEED = os.environ.get("ASL_TEST_SEED", "8")
FPS = 30
SLACK_KIB = 2048  # Of a process of some 20 MiB; buffers for the smaller pictures among it.


def look(pid):
    """What a process uses: KiB in memory, descriptors, threads."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    value = {line.split(":")[0]: line.split()[1] for line in status.splitlines() if ":" in line
             and len(line.split()) > 1}
    return int(value["VmRSS"]), len(os.listdir(f"/proc/{pid}/fd")), int(value["Threads"])


class Soak(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        programs.make_folder(self.folder / "data", labels=["H", "E", "nothing"])
        subprocess.run([programs.BIN / "asl-train", "data", "-o", "run", "--preset", "tiny", "--size",
                        "32", "--epochs", "1", "--quiet"], cwd=self.folder, check=True,
                       capture_output=True)

    def watch(self, process, log):
        """What it uses in the first tenth of the time, and at most from then on."""
        begun = time.monotonic()
        first = most = (0, 0, 0)
        looks = seen = 0
        last = 0.0
        while (spent := time.monotonic() - begun) < SECONDS:
            time.sleep(min(1.0, SECONDS / 200))
            self.assertIsNone(process.poll(), "it ended before its time")
            if len(log) > seen:
                seen, last = len(log), spent
            self.assertLess(spent - last, 60, "for a minute it took no frame of the camera")
            now = look(process.pid)
            if spent < SECONDS / 10:
                first = tuple(map(max, first, now))
            else:
                most = tuple(map(max, most, now))
                looks += 1
        return first, most, looks

    def check_restarts(self, log):
        """After each fault that ends a stream, the next line but one is a new start."""
        ended = False
        faults = starts = 0
        for line in log:
            if line.startswith("streamon"):
                ended = False
                starts += 1
            elif line.startswith("fault"):
                faults += 1
                if line in ("fault broken", "fault event"):
                    self.assertFalse(ended, "a restart was missed")
                    ended = True
        return faults, starts

    def start(self, device):
        process = subprocess.Popen(
            [programs.BIN / "asl-camera", "-m", self.folder / "run" / "model.safetensors", "--headless",
             "--json", "--quiet", "--threads", "2", "--camera", device.path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.kill)
        return process

    def test_soak(self):
        with Double("--fps", str(FPS), "--chaos", "45", "--seed", SEED) as device:
            process = self.start(device)
            self.assertIn('"start"', process.stdout.readline())
            lines = []
            reader = threading.Thread(target=lambda: lines.extend(process.stdout))
            reader.start()
            first, most, looks = self.watch(process, device.log)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)  # one that does not stop is a finding, not a test without end
            reader.join(timeout=30)
            err = process.stderr.read()
            process.stdout.close()
            process.stderr.close()
        faults, starts = self.check_restarts(device.log)
        end = json.loads(lines[-1])
        print(f"count: {SECONDS:.0f} s of a camera at {FPS} frames/s with {faults} random faults, "
              f"{starts - 1} restarts, none missed: {end['frames']} frames read, "
              f"{end['damaged']} damaged; {first[0]} KiB resident in the first tenth, at most "
              f"{most[0]} later; {first[1]} and {most[1]} descriptors; {first[2]} and {most[2]} "
              f"threads; seen {looks} times")
        self.assertEqual(programs.said(err), "")
        self.assertGreater(faults, end["frames"] / 45 / 4)
        self.assertGreater(end["frames"], SECONDS)  # a busy machine takes its time
        if not camera.SANITIZED:
            self.assertLessEqual(most[0], first[0] + SLACK_KIB)
        self.assertLessEqual(most[1], first[1])
        self.assertLessEqual(most[2], first[2])


if __name__ == "__main__":
    camera.require_double()
    unittest.main()
