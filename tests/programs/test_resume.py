# SPDX-License-Identifier: MIT
# labels: slow
"""A run killed with SIGKILL at random moments and resumed ends with the bits of one never killed."""

import os
import random
import subprocess
import time
import unittest

import programs

KILLS = int(os.environ.get("ASL_TEST_KILLS", "20"))
KILLS_WHEN_SLOW = 10  # Sanitizer builds.


class Killed(programs.Case):
    def start(self, run, *more):
        return subprocess.Popen(
            [programs.BIN / "asl-train", "data", "-o", run, "--preset", "tiny", "--size", "32",
             "--epochs", "12", "--batch", "4", "--threads", "1", "--schedule", "one-cycle",
             "--checkpoint-steps", "2", "--seed", "3", *more],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def finish(self, process):
        _, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, 0, err)

    def check(self, run):
        for name in ("model.safetensors", "best.safetensors", "run.json"):
            self.assertEqual(programs.sha256(self.folder / run / name),
                             programs.sha256(self.folder / "whole" / name), f"{run}/{name}")

    def test_same_bits(self):
        programs.make_csv(self.folder / "data", per_class=12)
        started = time.monotonic()
        self.finish(self.start("whole"))
        whole_time = time.monotonic() - started
        chance = random.Random()
        kills = series = 0
        wanted = KILLS if whole_time < 3 else min(KILLS, KILLS_WHEN_SLOW)
        while kills < wanted:
            series += 1
            run = f"run{series}"
            for _ in range(wanted - kills):
                process = self.start(run, "--resume")
                try:
                    process.communicate(timeout=chance.uniform(0, 0.5 * whole_time))
                    self.assertEqual(process.returncode, 0)
                    break
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.communicate()
                    kills += 1
            self.finish(self.start(run, "--resume"))
            self.check(run)
        print(f"{kills} kills in {series} runs, each at a random moment; all ended alike")


if __name__ == "__main__":
    unittest.main()
