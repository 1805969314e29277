# SPDX-License-Identifier: MIT
"""Is what the backend does right? Each check returns what it saw, as a dict for results.json with
a line for the table under "line", or raises Failed or Skip."""

import concurrent.futures
import csv
import json
import math
import pathlib
import random
import re
import shutil
import signal
import subprocess
import sys
import time

from machine import Failed, Skip

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SUITES = ("gradients", "golden", "agreement", "training", "plans", "dropout", "kept")
# Relative distance of all logits from the reference's. That of bf16 is what its 8 bits make likely.
LIMITS = {"tf32": 1e-3, "fp32": 1e-5, "bf16": 2e-2}


def information(machine):
    info = machine.must([machine.program("asl-info"), "--json"], 60).json()
    machine.run([machine.program("asl-info")], 60)
    backend = next(b for b in info["backends"] if b["name"] == machine.backend)
    if not backend["available"]:
        raise Failed(f"backend '{machine.backend}' cannot run: {backend['reason']}")
    return {"line": backend["reason"], "libasl": info["version"], "cpu": info["cpu"]}


def description(machine):
    """cuDNN's own description of the GPU, from which graphs can be planned elsewhere."""
    if machine.rehearse:
        raise Skip("there is no GPU")
    cache = (machine.build / "CMakeCache.txt").read_text(encoding="utf-8")
    found = dict(re.findall(r"^(CUDNN_\w+):\w+=(.*)$", cache, re.MULTILINE))
    toolkit = re.search(r"^CMAKE_CUDA_COMPILER:\w+=(.*)/bin/nvcc$", cache, re.MULTILINE)
    program = machine.work / "describe"
    include = [f"-I{found['CUDNN_INCLUDE_DIR']}"]
    if toolkit:
        include.append(f"-I{toolkit.group(1)}/include")
    machine.must(["cc", "-o", program, SOURCE / "tests" / "gpu" / "describe.c", *include,
                  found["CUDNN_LIBRARY"]], 60)  # fmt: skip
    text = machine.must([program], 60).out
    (machine.out / "device.json").write_text(text, encoding="utf-8")
    device = json.loads(text)
    return {"line": f"{device.get('deviceName')}, in device.json", "device": device}


# ---- The backends' suites, and the sanitizers ----


def suite(machine, name):
    program = machine.build / "tests" / "bin" / f"test_backend_{name}"
    if not program.exists():
        raise Skip("not built: cmocka is missing")
    result = machine.run([program], 150, environment={"TEST_BACKEND": machine.backend})
    if result.status is None:
        raise Failed("did not end within 150 s")
    if result.status == 77:
        raise Skip(result.last_line())
    if result.status != 0:
        text = result.out + result.err
        said = re.findall(r"^(?:ERROR: |\[  ERROR   \] --- )(?!\[)(.+)$", text, re.MULTILINE)
        raise Failed(said[0] if said else f"status {result.status}: {result.last_line()}")
    return {"line": f"passed in {result.seconds:.0f} s"}


def sanitizer(machine, tool, folder):
    """A few steps of training and validation."""
    program = shutil.which("compute-sanitizer", path="/usr/local/cuda/bin:" +
                           machine.environment.get("PATH", ""))  # fmt: skip
    if not program or machine.rehearse:
        raise Skip("no compute-sanitizer" if not program else "there is no GPU")
    run = machine.work / f"sanitized-{tool}"
    result = machine.run([program, "--tool", tool, "--print-limit", 20, machine.program("asl-train"),
                          folder, "-o", run, "--force", "-p", "tiny", "-e", 1, "-b", 8, "-n", 4,
                          "--backend", machine.backend, "-q"], 120)  # fmt: skip
    if result.status is None:
        raise Skip("did not end in time")
    text = result.out + result.err
    if re.search(r"not supported|failed to initialize", text, re.IGNORECASE):
        raise Skip(f"cannot run here: {result.last_line()}")
    # racecheck counts in its own words.
    counts = re.findall(r"ERROR SUMMARY: (\d+)|RACECHECK SUMMARY: (\d+)", text)
    if not counts:
        raise Failed(f"gave no summary: {result.last_line()}")
    errors = sum(int(a or b) for a, b in counts)
    if errors or result.status != 0:
        raise Failed(f"{errors} errors, status {result.status}; see log.txt")
    return {"line": f"clean ({result.seconds:.0f} s)"}


# ---- Agreement on pictures ----


def published_model(machine):
    """The tutorial's published weights as a model file, and pictures for them."""
    data = pathlib.Path(machine.environment.get("ASL_TEST_DATA") or "/nonexistent") / "seed"
    if not (data / "model.pth").exists():
        raise Skip("no real pictures: set ASL_TEST_DATA")
    model = machine.work / "published.safetensors"
    environment = {"PYTHONPATH": str(SOURCE / "bindings" / "python")}
    machine.must([sys.executable, "-B", "-m", "libasl.convert", data / "model.pth", model], 60,
                 environment=environment)  # fmt: skip
    with open(data / "expected.csv", newline="", encoding="utf-8") as file:
        return model, [data / "images" / row["image"] for row in csv.DictReader(file)]


def logits_of(machine, model, pictures, backend, precision):
    result = machine.must([machine.program("asl-classify"), "-m", model, "--json", "--logits",
                           "--backend", backend, "--precision", precision, *pictures],
                          120)  # fmt: skip
    return [list(json.loads(line)["logits"].values()) for line in result.out.splitlines()]


def agreement(machine, precision):
    model, pictures = published_model(machine)
    expected = logits_of(machine, model, pictures, "reference", "fp32")
    actual = logits_of(machine, model, pictures, machine.backend, precision)
    pairs = [(a, e) for one, other in zip(actual, expected) for a, e in zip(one, other)]
    distance = math.hypot(*(a - e for a, e in pairs)) / math.hypot(*(e for _, e in pairs))
    largest = max(abs(a - e) for a, e in pairs)
    same = sum(a.index(max(a)) == e.index(max(e)) for a, e in zip(actual, expected))
    seen = {"distance": distance, "largest": largest, "same_label": same, "pictures": len(pictures)}
    line = f"{distance:.1e} of the length, {same} of {len(pictures)} labels the same"
    if distance > LIMITS[precision] or same < len(pictures):
        raise Failed(f"{line}; at most {LIMITS[precision]:.0e} and all labels")
    return seen | {"line": line}


# ---- Stopping and going on ----


class Runs:
    """Short runs of asl-train with the same settings."""

    def __init__(self, machine, folder):
        self.machine = machine
        few = 2 if machine.rehearse else 8
        preset = "tiny" if machine.rehearse else "seed"
        self.first = [folder, "-p", preset, "-e", 6, "-b", 16, "-n", few, "--checkpoint-steps", 3,
                      "--split", "random", "--seed", 5, "--backend", machine.backend, "-q"]

    def argv(self, name, *more):
        return [self.machine.program("asl-train"), *self.first, "-o", self.machine.work / name,
                *more]  # fmt: skip

    def model(self, name):
        return (self.machine.work / name / "model.safetensors").read_bytes()


def changed(path):
    """When the file was last written; None: it is not there."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def wait_for_checkpoint(process, folder, seconds):
    """Until the process has written one, or is over."""
    end, path = time.monotonic() + seconds, folder / "last.ckpt"
    before = changed(path)
    while time.monotonic() < end and process.poll() is None and changed(path) == before:
        time.sleep(0.002)


def killed(machine, folder):
    """A run that is killed again and again ends with the bits of one that never was."""
    runs, chance = Runs(machine, folder), random.Random(7)
    machine.must(runs.argv("whole", "--force"), 90)
    kills, more, run = 0, ["--force"], machine.work / "killed"
    shutil.rmtree(run, ignore_errors=True)
    for _ in range(4):
        process = machine.start(runs.argv("killed", *more), stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)  # fmt: skip
        wait_for_checkpoint(process, run, min(60, machine.left()))
        time.sleep(chance.uniform(0, 0.05))
        kills += process.poll() is None
        machine.kill(process)
        more = ["--resume"] if (run / "run.json").exists() else ["--force"]
    machine.must(runs.argv("killed", *more), 90)
    if runs.model("killed") != runs.model("whole"):
        raise Failed(f"other bits after {kills} kills")
    return {"line": f"the same bits after {kills} kills", "kills": kills}


def other_backend(machine, folder):
    """A run that a GPU began is finished by the processor."""
    runs, run = Runs(machine, folder), machine.work / "moved"
    shutil.rmtree(run, ignore_errors=True)
    process = machine.start(runs.argv("moved", "--force"), stdout=subprocess.DEVNULL,
                            stderr=subprocess.DEVNULL)  # fmt: skip
    wait_for_checkpoint(process, run, min(60, machine.left()))
    process.send_signal(signal.SIGINT)
    try:
        status = process.wait(min(30, max(1, machine.left())))
    except subprocess.TimeoutExpired:
        machine.kill(process)
        raise Failed("asl-train did not stop within 30 s of SIGINT") from None
    result = machine.must([machine.program("asl-train"), folder, "-o", run, "--resume",
                           "--backend", "cpu", "--json", "-q"],
                          150)  # fmt: skip
    last = result.json()["epochs"][-1]
    if last["epoch"] != 6 or not math.isfinite(last["train_loss"]):
        raise Failed(f"ended with {last}")
    return {"line": f"stopped with {status}, finished by the processor", "last": last}


def memory(machine, folder):
    """A batch that no GPU has room for is refused in words, at once. The pictures are packed in the
    run "many"."""
    if machine.rehearse:
        raise Skip("there is no GPU")
    result = machine.run([machine.program("asl-train"), folder, "-o", machine.work / "many",
                          "--force", "-e", 1, "-b", 16384, "--val", 0, "--backend", machine.backend,
                          "-q"], 60)  # fmt: skip
    if result.status is None:
        raise Failed("did not end within 60 s")
    said = result.last_line()
    if result.status == 0:
        raise Skip("this GPU has room for a batch of 16,384 pictures")
    if result.status not in (1, 3, 4) or "GPU" not in said or "MiB" not in said:
        raise Failed(f"status {result.status}: {said}")
    return {"line": f"status {result.status}: {said.partition(': ')[2]}", "said": said}


def together(checks):
    """Runs functions side by side: {name: function} -> {name: outcome of `attempt`}."""
    with concurrent.futures.ThreadPoolExecutor(max(1, len(checks))) as pool:
        futures = {name: pool.submit(check) for name, check in checks.items()}
        return {name: future.result() for name, future in futures.items()}
