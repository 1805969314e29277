#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""libasl's cpu backend beside PyTorch, ONNX Runtime, OpenVINO, OpenCV DNN and ncnn.

    cmake -S . -B build -G Ninja && cmake --build build
    tests/bench/peers.py            # about an hour on a quiet machine; writes docs/benchmarks.md
    tests/bench/peers.py --quick    # does everything work? Some minutes; leaves the page alone

A tool to run by hand, on a machine that does nothing else. It installs the peers from PyPI into
build/peers/venv (6 GB, nearly all of it what PyTorch asks for), checks that each computes the same
logits as libasl, and measures both in interleaved pairs. docs/benchmarks.md tells how; all results,
those of the slower settings too, are in build/peers/results.json."""

import argparse
import datetime
import json
import os
import pathlib
import shutil
import subprocess
import sys

import cold
import host
import prepare
import report
from catalog import PEERS
from host import progress

FULL = {"rounds": 3, "pairs": 12, "train_pairs": 10, "block_s": 0.06, "starts": 20}
QUICK = {"rounds": 1, "pairs": 4, "train_pairs": 2, "block_s": 0.03, "starts": 3}
BATCHES = [1, 32]


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few pairs; writes no page")
    parser.add_argument("--only", choices=PEERS, help="one peer; writes no page")
    parser.add_argument("--rounds", type=int, default=FULL["rounds"],
                        help="processes of each peer, whose pairs are put together [3]")
    parser.add_argument("--threads", type=int, default=2, help="of both sides [2]")
    parser.add_argument("--build", type=pathlib.Path, default=prepare.SOURCE / "build",
                        help="where libasl was built [build]")
    parser.add_argument("--no-install", action="store_true", help="take the peers as they are")
    parser.add_argument("--pip-args", default="", metavar="ARGS",
                        help="more arguments for pip, e.g. to find a build of PyTorch without CUDA")
    parser.add_argument("--report", action="store_true",
                        help="only write the page again, from the last results")
    return parser.parse_args()


class Comparison:
    """One run of this tool."""

    def __init__(self, arguments):
        self.arguments, self.plan = arguments, QUICK if arguments.quick else FULL | {"rounds": arguments.rounds}
        self.folder = arguments.build / "peers"
        self.python = prepare.python_in(self.folder)
        self.programs = arguments.build / "bin"
        self.shared, self.library = prepare.open_library(arguments.build)
        self.peers = [arguments.only] if arguments.only else list(PEERS)
        self.environment = prepare.environment(self.folder, arguments.threads)

    def install(self):
        """Package and size of each peer, or why there is none."""
        extra = self.arguments.pip_args.split()
        if not self.arguments.no_install:
            progress("installing numpy and onnx")
            fault = prepare.install(self.python, prepare.BASE, extra)
            if fault:
                sys.exit(f"cannot install numpy and onnx: {fault}")
        found = {}
        for peer in self.peers:
            package, fault = PEERS[peer]["package"], None
            if not self.arguments.no_install:
                progress(f"installing {package}")
                fault = prepare.install(self.python, [package], extra)
            asked = subprocess.run([self.python, prepare.HERE / "cold.py", package],
                                   capture_output=True, text=True)  # fmt: skip
            if asked.returncode == 0:
                found[peer] = json.loads(asked.stdout)
            else:
                found[peer] = {"fault": f"not installed: {fault or 'pip knows of none'}"}
        return found

    def duel(self, peer, isa, number, work):
        """Rows of one peer from a process of its own."""
        job = work | self.plan | {
            "peer": peer, "isa": isa, "threads": self.arguments.threads, "batches": BATCHES,
            "library": str(self.shared), "train_batch": 32}  # fmt: skip
        if peer != "torch" or isa != "auto":
            job["train_pairs"] = 0
        # On AVX512-BF16 alone bf16 gains nothing for this network, see docs/backends.md.
        on_tiles = isa == "auto" and "amx_bf16" in self.library.cpu_features().decode().split()
        job["ours_in"] = ["fp32", "bf16"] if on_tiles else ["fp32"]
        path = self.folder / "job.json"
        path.write_text(json.dumps(job))
        held = (PEERS[peer]["avx2"] or {}) if isa == "avx2" else {}
        with open(self.folder / f"{peer}.log", "a") as log:
            done = subprocess.run([self.python, prepare.HERE / "duel.py", path], stderr=log,
                                  stdout=subprocess.PIPE, text=True, env=self.environment | held)
        result = {"peer": peer, "isa": isa, "round": number}
        if done.returncode:
            return result | {"rows": [], "fault": f"ended with status {done.returncode}; see "
                                                  f"build/peers/{peer}.log"}  # fmt: skip
        return result | json.loads(done.stdout.splitlines()[-1])

    def duels(self, installed, work):
        results = []
        for number in range(self.plan["rounds"]):
            for isa in ("auto", "avx2"):
                if isa not in ("auto", *self.library.cpu_features().decode().split()):
                    continue
                for peer in self.peers:
                    if "fault" not in installed[peer]:
                        progress(f"round {number + 1}: {PEERS[peer]['title']}, "
                                 f"{'best' if isa == 'auto' else isa} instruction set")
                        results.append(self.duel(peer, isa, number, work))
        return results

    def starts(self, installed, work):
        """Fresh processes to the first label, and their memory."""
        threads = str(self.arguments.threads)
        programs = {"libasl": [str(self.programs / "asl-classify"), "--model", work["model"],
                               "--threads", threads, work["jpeg"]]}  # fmt: skip
        for peer in self.peers:
            if "fault" not in installed[peer]:
                call = (f"import engines; engines.first_label({peer!r}, {work['files']!r}, "
                        f"{work['jpeg']!r}, {threads}, {work['labels']!r})")  # fmt: skip
                programs[peer] = [str(self.python), "-c", call]
        environment = self.environment | {"PYTHONPATH": str(prepare.HERE)}
        return cold.first_labels(programs, environment, self.plan["starts"])

    def training_memory(self, installed, work):
        """MB resident without the pictures, of asl-train and of PyTorch's eager training."""
        threads, run = str(self.arguments.threads), self.folder / "run"
        ours = [self.programs / "asl-train", work["pack"], "--out", run, "--force", "--val", "0",
                "--epochs", "2", "--batch", "32", "--threads", threads]  # fmt: skip
        result = {"libasl": cold.peak_resident(ours, self.environment, work["pack"])}
        shutil.rmtree(run)
        if "fault" not in installed.get("torch", {"fault": ""}):
            call = f"import engines; engines.train_once({work['pictures']!r}, {threads})"
            result["torch"] = cold.peak_resident(
                [self.python, "-c", call], self.environment | {"PYTHONPATH": str(prepare.HERE)},
                work["pictures"])  # fmt: skip
        return result

    def run(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        installed = self.install()
        progress("preparing models and pictures")
        work = prepare.make_pictures(self.library, self.programs, self.folder)
        work |= prepare.make_models(self.library, self.python, self.folder)
        idle = host.idle_now()
        before = host.processor_times()
        result = {
            "date": datetime.date.today().isoformat(), "machine": host.facts(self.library),
            "threads": self.arguments.threads, "plan": self.plan, "weights": work["weights"],
            "train_pictures": len(work["classes"]),
            "libasl": self.library.version().decode(), "idle_before": idle,
            "library_kb": cold.stripped_kb(self.shared, prepare.BUILTIN.glob("*.safetensors")), "peers": installed,
            "duels": self.duels(installed, work)}  # fmt: skip
        progress("fresh processes")
        result["starts"] = self.starts(installed, work)
        result["training_mb"] = self.training_memory(installed, work)
        result["stolen"] = host.processor_shares(before)[1]
        return result


def main():
    arguments = parse_arguments()
    path = arguments.build / "peers" / "results.json"
    page = prepare.PAGE
    if arguments.report:
        result = json.loads(path.read_text())
    else:
        result = Comparison(arguments).run()
        if arguments.quick or arguments.only:
            path = path.with_name("quick.json")
        path.write_text(json.dumps(result, indent=1) + "\n")
        progress(f"wrote {path}")
    text = report.render(result)
    if path.name == "results.json":
        report.insert(page, "peers.py", text)
        progress(f"wrote {page}")
    else:
        print(text)


if __name__ == "__main__":
    main()
