# SPDX-License-Identifier: MIT
# labels: slow
"""asl-train as several processes under mpirun: the result of one process, one writer, and a run to
go on with when a process is lost. That all ranks hold the same bits is checked by the trainer itself
at the start of a run and after every epoch."""

import array
import csv
import fcntl
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
import unittest

import programs

MPIRUN = shutil.which("mpirun")
RANKS = 2
# Float32 sums in another order, over three epochs of a network without batch norm. SGD, since Adam
# divides by the size of a gradient, and so enlarges the rounding of those that are nearly zero.
TOLERANCE = 1e-5
SETTINGS = ["--preset", "seed", "--size", "96", "--batch", "8", "--threads", "1", "--optimizer",
            "sgd", "--lr", "1e-4", "--label-smoothing", "0.05", "--checkpoint-steps", "2"]


def has_mpi():
    """Whether asl-train was built with MPI: without, it refuses to run beside others."""
    result = subprocess.run(
        [programs.BIN / "asl-train", "nowhere", "--dry-run"], stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL, env=dict(os.environ, PMI_SIZE="2", OMPI_COMM_WORLD_SIZE="2"))
    return b"built without MPI" not in result.stderr


def tensors(path):
    """The float32 tensors of a model file, by name."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__")
    body = data[8 + size:]
    return {name: array.array("f", body[slice(*entry["data_offsets"])])
            for name, entry in header.items()}


class Ranks(programs.Case):
    def setUp(self):
        super().setUp()
        programs.make_csv(self.folder / "data", per_class=11)
        # Sanitizer builds: Open MPI unloads modules that still hold memory, so that no suppression
        # can name them.
        self.environment = dict(
            os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
            TMPDIR=str(self.folder),
            ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")

    def start(self, run, *more):
        return subprocess.Popen(
            [MPIRUN, "--oversubscribe", "-n", str(RANKS), programs.BIN / "asl-train", "data", "-o",
             run, *SETTINGS, *more], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finish(self, process, code=0):
        out, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, code, out + err)
        return out, err

    def wait_for(self, condition):
        deadline = time.monotonic() + 60
        while not condition():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)

    def ranks_of(self, process):
        """Process ids of the ranks, which mpirun started in their order."""
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        self.wait_for(lambda: len(children.read_text().split()) == RANKS)
        return [int(child) for child in children.read_text().split()]

    def wait_until_left(self, run):
        """mpirun may end a moment before the ranks that it has killed."""
        with_lock = os.open(self.folder / run, os.O_RDONLY)

        def is_free():
            try:
                fcntl.flock(with_lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                return False

        self.wait_for(is_free)
        os.close(with_lock)

    def same_models(self, one, other):
        for name in ("model.safetensors", "best.safetensors"):
            self.assertEqual(programs.sha256(self.folder / one / name),
                             programs.sha256(self.folder / other / name), name)

    def test_agrees_with_one_process(self):
        alone = self.run_program("asl-train", "data", "-o", "alone", *SETTINGS, "--epochs", "3")
        out, err = self.finish(self.start("together", "--epochs", "3"))
        self.assertIn(f"processes: {RANKS}", err)
        # One talks, and says what a single process says.
        self.assertEqual(len(out.splitlines()), len(alone.out.splitlines()))
        self.assertEqual(sum(line.startswith("epoch ") for line in out.splitlines()), 3)
        self.assertEqual(sorted(path.name for path in (self.folder / "alone").iterdir()),
                         sorted(path.name for path in (self.folder / "together").iterdir()))
        first = tensors(self.folder / "alone" / "model.safetensors")
        second = tensors(self.folder / "together" / "model.safetensors")
        self.assertEqual(list(first), list(second))
        for name, values in first.items():
            largest = max(map(abs, values))
            worst = max(abs(a - b) for a, b in zip(values, second[name]))
            self.assertLess(worst, TOLERANCE * largest, name)
        rows = [list(csv.DictReader((self.folder / run / "metrics.csv").read_text().splitlines()))
                for run in ("alone", "together")]
        for a, b in zip(*rows):
            for column in ("train_accuracy", "val_accuracy"):
                self.assertEqual(a[column], b[column])
            for column in ("train_loss", "val_loss"):
                self.assertAlmostEqual(float(a[column]), float(b[column]), delta=TOLERANCE)

    def test_stop_and_resume(self):
        """Whichever rank is told, all stop, and the end is that of a run that never stopped."""
        self.finish(self.start("whole", "--epochs", "12"))
        for rank in range(RANKS):
            run = f"run{rank}"
            process = self.start(run, "--epochs", "12")
            self.wait_for((self.folder / run / "last.ckpt").exists)
            os.kill(self.ranks_of(process)[rank], signal.SIGTERM)
            _, err = self.finish(process, code=130)
            self.assertEqual(err.count("stopped; go on with"), 1)
            self.assertFalse((self.folder / run / "model.safetensors").exists())
            self.finish(self.start(run, "--epochs", "12", "--resume"))
            self.same_models("whole", run)

    def test_lost_rank(self):
        self.finish(self.start("whole", "--epochs", "12"))
        for rank in range(RANKS):
            run = f"run{rank}"
            process = self.start(run, "--epochs", "12")
            self.wait_for((self.folder / run / "last.ckpt").exists)
            os.kill(self.ranks_of(process)[rank], signal.SIGKILL)
            process.communicate(timeout=60)
            self.assertNotEqual(process.returncode, 0)
            self.wait_until_left(run)
            self.assertFalse((self.folder / run / "model.safetensors").exists())
            self.finish(self.start(run, "--epochs", "12", "--resume"))
            self.same_models("whole", run)

    def test_errors_are_said_once(self):
        _, err = self.finish(self.start("run", "--batch", "1"), code=2)
        self.assertEqual(err.count("--batch 1 is too small for 2 processes"), 1)
        self.assertFalse((self.folder / "run").exists())
        (self.folder / "run").mkdir()
        (self.folder / "run" / "run.json").write_text("{}")
        _, err = self.finish(self.start("run", "--resume"), code=3)
        self.assertEqual(err.count("is damaged"), 1)


if __name__ == "__main__":
    if not MPIRUN:
        programs.skip_all("mpirun is not installed")
    if not has_mpi():
        programs.skip_all("asl-train was built without MPI")
    unittest.main()
