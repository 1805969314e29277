# SPDX-License-Identifier: MIT
"""What both sides of the comparison work on: the peers' Python, the models and the pictures. All
of it lies under build/peers."""

import csv
import os
import pathlib
import shutil
import subprocess
import sys

import asl

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
BUILTIN = SOURCE / "lib" / "model" / "builtin"
DATA = pathlib.Path(os.environ.get("ASL_TEST_DATA") or SOURCE.parent / "shared" / "data")
PUBLISHED = DATA / "seed" / "model.pth"
PAGE = SOURCE / "docs" / "benchmarks.md"

PICTURES = 128  # at least 64, and whole batches of 32
BASE = ["numpy", "onnx"]


def open_library(build):
    """libasl as built in a folder: its path, and the library."""
    shared = (build / "lib" / "libasl.so").resolve()
    if not shared.exists():
        sys.exit(f"no '{shared}': build libasl first, or name its folder with --build")
    return shared, asl.Library(shared)


def python_in(folder):
    """The Python that has the peers."""
    return folder / "venv" / "bin" / "python"


def environment(folder, threads):
    """What the peers' processes get to see."""
    return os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads),
                         "TORCHINDUCTOR_CACHE_DIR": str(folder / "inductor")}  # fmt: skip


def install(python, packages, arguments):
    """Bring the current releases; returns why that failed, or None."""
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python.parents[1]], check=True)
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", "--upgrade", *packages,
                           *arguments], stderr=subprocess.PIPE, text=True)  # fmt: skip
    if done.returncode == 0:
        return None
    lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    return (lines or ["ERROR: pip failed"])[-1].removeprefix("ERROR: ")[:160]


def choose(source, target):
    """A manifest of PICTURES of those listed in `source`, every class in turn."""
    with open(source, newline="") as file:
        rows = list(csv.DictReader(file))
    by_class = {}
    for row in rows:
        by_class.setdefault(row["target"], []).append(row)
    turns = [row for turn in zip(*by_class.values()) for row in turn]
    with open(target, "w", newline="") as file:
        writer = csv.DictWriter(file, ["image_path", "target"], extrasaction="ignore")
        writer.writeheader()
        writer.writerows(turns[:PICTURES])


def make_pictures(library, programs, folder):
    """Drawn hands as JPEG files, packed for training, and as plain bytes; the class of each."""
    hands, pack, plain = folder / "hands", folder / "hands.pack", folder / "hands.bgr"
    if not (hands / "data.csv").exists():
        shutil.rmtree(hands, ignore_errors=True)
        per_class = -(-PICTURES // asl.CLASSES)
        subprocess.run([programs / "asl-synth", hands, "--quiet", "--per-class", str(per_class),
                        "--size", str(asl.SIDE)], check=True)  # fmt: skip
    choose(hands / "data.csv", hands / "bench.csv")
    library.pack(hands / "bench.csv", pack)
    pixels, classes = library.read_pack(pack)
    plain.write_bytes(pixels)
    return {"pictures": str(plain), "pack": str(pack), "classes": classes,
            "jpeg": str(min(hands.glob("A/*.jpg")))}  # fmt: skip


def make_models(library, python, folder):
    """The model for inference in every format, and fresh weights for training."""
    model, fresh = folder / "seed.safetensors", folder / "fresh.safetensors"
    library.create_seed(fresh)
    if PUBLISHED.exists():
        environment = os.environ | {"PYTHONPATH": str(SOURCE / "bindings" / "python")}
        convert = [sys.executable, "-B", "-m", "libasl.convert", "--force", PUBLISHED, model]
        subprocess.run(convert, env=environment, check=True)
    else:
        shutil.copyfile(fresh, model)
    subprocess.run([python, "-B", HERE / "networks.py", model, folder], check=True)
    origin = "the tutorial's published weights" if PUBLISHED.exists() else "random weights"
    return {"model": str(model), "fresh": str(fresh), "files": str(folder), "weights": origin,
            "labels": library.labels(model)}  # fmt: skip
