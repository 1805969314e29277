# SPDX-License-Identifier: MIT
# labels: slow
"""A run killed with SIGKILL at random moments and resumed ends with the bits of one never killed."""

import csv
import os
import random
import subprocess
import time
import unittest

import programs

FULL = os.environ.get("ASL_TEST_FULL") == "1"
KILLS = int(os.environ.get("ASL_TEST_KILLS", "500" if FULL else "25"))
KILLS_WHEN_SLOW = 10
SANITIZED = b"__asan_init" in (programs.BIN / "asl-train").read_bytes()
SEED = int(os.environ.get("ASL_TEST_SEED", "8"))


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

    def metrics(self, run):
        """The table of epochs without how long each took."""
        with open(self.folder / run / "metrics.csv", newline="") as file:
            rows = list(csv.reader(file))
        column = rows[0].index("seconds")
        return [row[:column] + row[column + 1:] for row in rows]

    def check(self, run):
        for name in ("model.safetensors", "best.safetensors", "run.json"):
            self.assertEqual(programs.sha256(self.folder / run / name),
                             programs.sha256(self.folder / "whole" / name), f"{run}/{name}")
        self.assertEqual(self.metrics(run), self.metrics("whole"))
        self.assertEqual(self.names(run), self.names("whole"))

    def names(self, run):
        """Every file there is, so that none that was half written stays."""
        return sorted(str(path.relative_to(self.folder / run))
                      for path in (self.folder / run).rglob("*"))

    def test_same_bits(self):
        programs.make_csv(self.folder / "data", per_class=12)
        started = time.monotonic()
        self.finish(self.start("whole"))
        whole_time = time.monotonic() - started
        chance = random.Random(SEED)
        kills = series = 0
        wanted = min(KILLS, KILLS_WHEN_SLOW) if SANITIZED else KILLS
        while kills < wanted:
            series += 1
            run = f"run{series}"
            for _ in range(min(wanted - kills, 25)):
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
        print(f"count: {kills} kills at random moments in {series} runs of asl-train, "
              "all ended with the same bits and no file too many")


if __name__ == "__main__":
    unittest.main()
