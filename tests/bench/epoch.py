#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The tutorial's training run with asl-train, and one epoch of the same work with PyTorch.

    tests/bench/peers.py                      # once: PyTorch comes from its environment
    tests/bench/epoch.py DATA                 # about 20 minutes; writes docs/benchmarks.md
    tests/bench/epoch.py DATA --quick         # does everything work? Leaves the page alone

DATA is the tutorial's data set, a folder for each of the 29 classes. A tool to run by hand, on a
machine that does nothing else. It needs 3 GB of disk and 5 GB of memory; the run and all results
are in build/epoch. docs/benchmarks.md tells what is measured."""

import argparse
import csv
import datetime
import json
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import asl
import cold
import host
import prepare
import report
from host import progress

BATCH, SHARE, SEED = 32, 0.15, 1
FULL = {"per_class": 600, "trial_batches": 20, "interval_s": 1.0}
QUICK = {"per_class": 20, "trial_batches": 2, "interval_s": 0.1}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("data", type=pathlib.Path, metavar="DATA", help="the tutorial's pictures")
    parser.add_argument("--epochs", type=int, help="of asl-train [10; 1 with --quick]")
    parser.add_argument("--quick", action="store_true", help="few pictures; writes no page")
    parser.add_argument("--skip-train", action="store_true",
                        help="take the last finished run of asl-train")
    parser.add_argument("--threads", type=int, default=2, help="of both sides [2]")
    parser.add_argument("--build", type=pathlib.Path, default=prepare.SOURCE / "build",
                        help="where libasl was built and peers.py put PyTorch [build]")
    arguments = parser.parse_args()
    arguments.epochs = arguments.epochs or (1 if arguments.quick else 10)
    return arguments


class Measurement:
    """One run of this tool."""

    def __init__(self, arguments):
        self.threads, self.data = arguments.threads, arguments.data
        self.plan = (QUICK if arguments.quick else FULL) | {"epochs": arguments.epochs}
        self.folder = arguments.build / "epoch" / ("quick" if arguments.quick else "full")
        self.run_folder, self.told = self.folder / "run", self.folder / "asl-train.json"
        self.pack = self.run_folder / "cache.pack"
        peers = arguments.build / "peers"
        self.python = prepare.python_in(peers)
        self.environment = prepare.environment(peers, self.threads)
        self.program = arguments.build / "bin" / "asl-train"
        _, self.library = prepare.open_library(arguments.build)
        self.check(arguments.skip_train)

    def check(self, skip_train):
        """Ends the program where something is missing, before anything takes long."""
        asked = subprocess.run([self.python, "-c", "import numpy, torch"], capture_output=True) \
            if self.python.exists() else None
        if not asked or asked.returncode:
            sys.exit(f"no PyTorch in '{self.python}': run tests/bench/peers.py first")
        if not skip_train and not self.data.is_dir():
            sys.exit(f"no folder '{self.data}': give the tutorial's data set, unpacked")
        if skip_train and not (self.told.exists() and self.pack.exists()):
            sys.exit(f"no finished run in '{self.folder}': leave out --skip-train")
        if skip_train and self.recorded()["settings"] != self.settings():
            sys.exit(f"the run in '{self.folder}' had other settings: leave out --skip-train")

    def recorded(self):
        return json.loads(self.told.read_text())

    def settings(self):
        """Command line of asl-train without its paths."""
        wanted = {"preset": "seed", "epochs": self.plan["epochs"], "batch": BATCH, "lr": "1e-3",
                  "optimizer": "adam", "split": "random", "val": SHARE, "seed": SEED,
                  "per-class": self.plan["per_class"], "backend": "cpu", "precision": "fp32",
                  "threads": self.threads}  # fmt: skip
        return [word for name, value in wanted.items() for word in (f"--{name}", str(value))]

    def train(self):
        """Run asl-train; what its own files do not tell is kept beside them."""
        self.told.unlink(missing_ok=True)
        shutil.rmtree(self.run_folder, ignore_errors=True)
        argv = [self.program, self.data, "--out", self.run_folder, "--quiet", *self.settings()]
        began, begin = time.time(), time.perf_counter()
        peak = cold.peak_resident(argv, self.environment, self.pack.resolve(),
                                  self.plan["interval_s"])
        wall = time.perf_counter() - begin
        # Renaming the finished pack to its name is the last change that is made to it.
        self.told.write_text(json.dumps({
            "settings": self.settings(), "wall_s": wall, "peak_mb": peak,
            "pack_s": self.pack.stat().st_ctime - began}, indent=1) + "\n")  # fmt: skip

    def run_facts(self):
        """All that is known about the finished run."""
        facts = json.loads((self.run_folder / "run.json").read_text())
        with open(self.run_folder / "metrics.csv", newline="") as file:
            epochs = [{key: float(value) for key, value in row.items()}
                      for row in csv.DictReader(file)]  # fmt: skip
        return self.recorded() | {"pictures": facts["data"]["pictures"], "epochs": epochs,
                                  "split": facts["split"], "result": facts["result"]}

    def our_epoch(self, fresh):
        trainer = asl.Trainer(self.library, fresh, self.pack, self.threads, BATCH,
                              split=(SHARE, SEED))
        result = {"seconds": trainer.epoch(), "loss": trainer.metrics().train_loss}
        trainer.free()
        return result

    def their_epoch(self, fresh, run):
        numbers = {path: i for i, (path, _) in
                   enumerate(self.library.samples(self.library.open_dataset(self.pack)))}
        part = self.library.samples(self.library.open_dataset(self.pack, (SHARE, SEED)))
        if len(part) != run["split"]["train"]:
            sys.exit(f"asl-train learnt from {run['split']['train']} pictures, not {len(part)}")
        job = self.folder / "job.json"
        job.write_text(json.dumps({
            "pack": str(self.pack), "fresh": str(fresh), "batch": BATCH, "threads": self.threads,
            "trial_batches": self.plan["trial_batches"],
            "numbers": [numbers[path] for path, _ in part],
            "classes": [index for _, index in part]}))  # fmt: skip
        with open(self.folder / "torch.log", "w") as log:
            done = subprocess.run([self.python, "-B", prepare.HERE / "torch_epoch.py", job],
                                  stdout=subprocess.PIPE, stderr=log, text=True,
                                  env=self.environment)  # fmt: skip
        if done.returncode:
            sys.exit(f"PyTorch ended with status {done.returncode}; see '{log.name}'")
        return json.loads(done.stdout.splitlines()[-1])

    def run(self, skip_train):
        self.folder.mkdir(parents=True, exist_ok=True)
        idle, before = host.idle_now(), host.processor_times()
        if not skip_train:
            progress(f"asl-train --epochs {self.plan['epochs']}")
            self.train()
        run, fresh = self.run_facts(), self.folder / "fresh.safetensors"
        self.library.create_seed(fresh)
        progress("one epoch of libasl without validation")
        ours = self.our_epoch(fresh)
        progress("PyTorch: every setting, then one epoch of the fastest")
        theirs = self.their_epoch(fresh, run)
        return {"date": datetime.date.today().isoformat(), "machine": host.facts(self.library),
                "libasl": self.library.version().decode(), "threads": self.threads,
                "idle_before": idle, "stolen": host.processor_shares(before)[1],
                "run": run, "ours": ours, "torch": theirs}  # fmt: skip


def run_table(run):
    epochs, best = run["epochs"], run["result"]
    seconds = [epoch["seconds"] for epoch in epochs]
    split = run["split"]
    return report.table([f"asl-train --epochs {len(epochs)}", "result"], [
        ["whole program", f"{run['wall_s']:.0f} s"],
        [f"of it: decoding, scaling and packing {run['pictures']:,} pictures",
         f"{run['pack_s']:.1f} s"],
        [f"an epoch: {split['train']:,} pictures to learn from, {split['validation']:,} to "
         "validate on", f"{statistics.median(seconds):.1f} s ({min(seconds):.1f} to "
                        f"{max(seconds):.1f})"],
        ["best validation accuracy (the tutorial: 98 %)",
         f"{100 * best['best_val_accuracy']:.2f} %, epoch {best['best_epoch']}"],
        ["validation accuracy after the last epoch", f"{100 * epochs[-1]['val_accuracy']:.2f} %"],
        ["peak memory without the mapped pictures", f"{run['peak_mb']:.0f} MB"],
    ])  # fmt: skip


def epoch_table(result):
    pictures, ours = result["run"]["split"]["train"], result["ours"]

    def line(title, setting, precision, row, faster):
        return [title, setting, precision, f"{row['seconds']:.1f}",
                f"{pictures / row['seconds']:.0f}", f"{row['loss']:.2f}", faster]  # fmt: skip

    rows = [line("**libasl**", "cpu backend", "fp32", ours, "")]
    rows += [line("PyTorch", row["setting"], row["precision"], row,
                  f"{row['seconds'] / ours['seconds']:.2f}x")
             for row in result["torch"]["epochs"]]  # fmt: skip
    return report.table(["engine", "best setting", "precision", "one epoch, s", "pictures/s",
                         "mean loss", "libasl is faster by"], rows)  # fmt: skip


def render(result):
    return "\n".join([
        f"{report.circumstances(result)} {result['threads']} threads on both sides. "
        f"libasl {result['libasl']}, PyTorch {result['torch']['version']}.\n",
        run_table(result["run"]),
        "One epoch of learning alone, from the same first weights:\n",
        epoch_table(result)])  # fmt: skip


def main():
    arguments = parse_arguments()
    measurement = Measurement(arguments)
    try:
        result = measurement.run(arguments.skip_train)
    except (asl.Failure, RuntimeError) as error:
        sys.exit(str(error))
    path = measurement.folder / "results.json"
    path.write_text(json.dumps(result, indent=1) + "\n")
    progress(f"wrote {path}")
    if arguments.quick:
        print(render(result))
    else:
        report.insert(prepare.PAGE, "epoch.py", render(result))
        progress(f"wrote {prepare.PAGE}")


if __name__ == "__main__":
    main()
