# SPDX-License-Identifier: MIT
"""How fast is it? The pictures to measure on, libasl's figures, and PyTorch's beside them."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile

from machine import Failed, Skip

TUTORIAL = 1020  # pictures of each of 29 classes that the tutorial's run learns from: 29,580
SAFELY = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}


class Pictures:
    """Folders with one folder a class. `plain` holds every picture once; `many`, for timing only,
    holds each under as many names as 1020 a class take; `few` is for what need not be fast."""

    def __init__(self, machine):
        self.machine = machine
        self.root = machine.work / "pictures"
        self.per_class = 24 if machine.rehearse else TUTORIAL
        self.plain, self.many, self.few = (self.root / name for name in ("plain", "many", "few"))

    def prepare(self):
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        kind = self.unpack() or self.draw()
        classes = sorted(path for path in self.plain.iterdir() if path.is_dir())
        for folder in classes:
            pictures = sorted(folder.glob("*.jpg"))
            self.link(pictures, self.many / folder.name, self.per_class)
            self.link(pictures, self.few / folder.name, 20)
        count = sum(len(list(folder.glob("*.jpg"))) for folder in classes)
        return {"line": f"{count} {kind}, {self.per_class * len(classes)} for timing", "kind": kind,
                "different": count, "timed": self.per_class * len(classes)}  # fmt: skip

    def unpack(self):
        data = self.machine.environment.get("ASL_TEST_DATA")
        archive = pathlib.Path(data or "/nonexistent") / "train" / "asl_alphabet_64.tar"
        if self.machine.rehearse or not archive.exists():
            return None
        with tarfile.open(archive) as file:
            file.extractall(self.root, **SAFELY)
        (self.root / "asl_alphabet_64").rename(self.plain)
        return "real pictures (64 pixels, scaled up)"

    def draw(self):
        per_class = 4 if self.machine.rehearse else 160
        self.machine.must([self.machine.program("asl-synth"), self.plain, "-n", per_class, "-q"],
                          120)  # fmt: skip
        (self.plain / "data.csv").unlink()
        return "drawn pictures"

    @staticmethod
    def link(pictures, folder, count):
        folder.mkdir(parents=True)
        for i in range(count):
            os.link(pictures[i % len(pictures)], folder / f"{i:05d}.jpg")


class Libasl:
    """asl-train and asl-bench at work."""

    def __init__(self, machine, pictures):
        self.machine, self.pictures = machine, pictures
        self.preset = "tiny" if machine.rehearse else "seed"

    def train(self, run, folder, limit, *more):
        result = self.machine.must(
            [self.machine.program("asl-train"), folder, "-o", self.machine.work / run, "--force",
             "-p", self.preset, "--seed", 1, "--backend", self.machine.backend, "--json", "-q",
             *more], limit)  # fmt: skip
        return result.json(), result.seconds

    def pack(self):
        """So that no run below has to decode."""
        for run, folder in (("many", self.pictures.many), ("plain", self.pictures.plain)):
            self.train(run, folder, 150, "-e", 1, "-b", 128, "--val", 0, "--lr", 1e-9)

    def epoch(self, batch, precision):
        """Seconds of an epoch without validation: the best of those after the first."""
        epochs = 2 if self.machine.rehearse else 4
        document, wall = self.train("many", self.pictures.many, 90, "-e", epochs, "-b", batch,
                                    "--val", 0, "--precision", precision,
                                    "--lr", 1e-4)  # fmt: skip
        seconds = [epoch["seconds"] for epoch in document["epochs"]]
        best, count = min(seconds[1:]), document["split"]["train"]
        return {"line": f"{best:.3f} s, {count / best:,.0f} pictures/s", "seconds": seconds,
                "best": best, "pictures": count, "pictures_per_s": count / best,
                "whole_program_s": wall, "loss": document["epochs"][-1]["train_loss"]}  # fmt: skip

    def accuracy(self, name, *settings):
        """Seconds of training and validating until 98 % of the validation pictures are right."""
        document, wall = self.train("plain", self.pictures.plain, 90, "--val", 0.15,
                                    "--split", "random", *settings)  # fmt: skip
        spent, reached = 0.0, None
        for epoch in document["epochs"]:
            spent += epoch["seconds"]
            if reached is None and epoch["val_accuracy"] >= 0.98:
                reached = {"seconds": spent, "epoch": epoch["epoch"]}
        best = max(epoch["val_accuracy"] for epoch in document["epochs"])
        line = (f"{reached['seconds']:.2f} s, epoch {reached['epoch']}" if reached
                else f"not reached in {spent:.1f} s")  # fmt: skip
        return {"line": f"{line}; best {100 * best:.2f} % ({name})", "reached": reached,
                "best": best, "all_epochs_s": spent, "whole_program_s": wall,
                "epochs": document["epochs"], "settings": [str(word) for word in settings]}  # fmt: skip

    def bench(self, precision, batch):
        seconds = 0.2 if self.machine.rehearse else 2
        result = self.machine.must(
            [self.machine.program("asl-bench"), "-p", self.preset, "--backend",
             self.machine.backend, "--precision", precision, "-b", batch, "--seconds", seconds,
             "--layers", "--json", "-q"], 90).json()  # fmt: skip
        line = (f"p50 {1e3 * result['p50_ms']:.0f} us, p95 {1e3 * result['p95_ms']:.0f} us; "
                f"batch {batch}: {result['images_per_s']:,.0f} pictures/s")  # fmt: skip
        return result | {"line": line}


# ---- PyTorch ----


def python_with_torch(machine):
    """An interpreter that has PyTorch: this one, or after an attempt to install it."""
    site = machine.work / "site"
    environment = {"PYTHONPATH": str(site)}
    probe = [sys.executable, "-c", "import importlib.util as u, sys; "
             "sys.exit(not (u.find_spec('numpy') and u.find_spec('torch')))"]  # fmt: skip
    if machine.run(probe, 60, environment=environment).status == 0:
        return environment
    if machine.rehearse:
        raise Skip("PyTorch is not there")
    machine.run([sys.executable, "-m", "pip", "install", "--quiet", "--retries", 0, "--timeout", 5,
                 "--target", site, "numpy", "torch"], 100)  # fmt: skip
    if machine.run(probe, 60, environment=environment).status == 0:
        return environment
    raise Skip("PyTorch is not there and cannot be installed")


def peer(machine, seconds):
    """PyTorch on the pictures of the epochs above. It tells one setting after the other, and what
    it has told counts when its time is over."""
    environment = python_with_torch(machine) | {"LD_LIBRARY_PATH": os.environ.get(
        "LD_LIBRARY_PATH", "")}  # fmt: skip
    pack = machine.work / "many" / "cache.pack"
    if not pack.exists():
        raise Skip("there is no pack to learn from")
    seconds = min(seconds, machine.left() - 5)
    if seconds < 20:
        raise Skip("no time was left")
    argv = [sys.executable, "-B", pathlib.Path(__file__).parent / "peer.py", pack,
            "--seconds", int(seconds - 10)]  # fmt: skip
    result = machine.run(argv + (["--cpu"] if machine.rehearse else []), seconds,
                         environment=environment)  # fmt: skip
    rows = []
    for line in result.out.splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            pass
    faults = sum("fault" in row for row in rows)
    figures = sum("kind" in row for row in rows) - faults
    if not figures:
        raise Failed(f"gave no figure: {result.last_line()}")
    return {"line": f"{figures} figures" + (f", {faults} settings failed" if faults else ""),
            "rows": rows}  # fmt: skip


def driver_version():
    """As nvidia-smi tells it, or None."""
    try:
        done = subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version,memory.total",
                               "--format=csv,noheader"], capture_output=True, text=True,
                              timeout=20)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
