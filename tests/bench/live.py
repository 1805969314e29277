#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long asl-camera takes from a frame to its events, and how busy it keeps the processor.

    tests/bench/live.py [--build build] [--seconds 20]

A tool to run by hand, on a machine that does nothing else, with the tests built
(-DASL_BUILD_TESTS=ON). The camera is the tests' double, 640x480 in MJPEG at 30 frames a second,
whose own time is not counted; the network is `seed` at 224x224. Needs /dev/fuse, and Xvfb for the
rows with a window. Prints the table of docs/benchmarks.md."""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import prepare

ROWS = [  # what, arguments, window
    ("recognition only", ["--headless"], False),
    ("in a window of 960x720", [], True),
    ("in a window, recording", ["--record", "film.mp4"], True),
]


def double(programs, folder):
    """The camera double, once it is ready."""
    process = subprocess.Popen(
        [programs / "camera_double", folder, "--fps", "30", "--formats", "MJPG", "--spell",
         "THE QUICK BROWN FOX JUMPS"], stdout=subprocess.PIPE, text=True)  # fmt: skip
    if process.stdout.readline() != "ready\n":
        raise SystemExit("the camera double does not start; is /dev/fuse there?")
    return process


def run(programs, model, arguments, window, seconds, folder):
    """(share of a core, what the last line of --json says) of one run."""
    camera = pathlib.Path(folder) / "camera"
    camera.mkdir(exist_ok=True)
    player = double(programs.parent / "tests" / "bin", camera)
    screen = ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24"] if window else []
    argv = [programs / "asl-camera", "-m", model, "--camera", camera / "video0", "--json",
            "--seconds", str(seconds), "--threads", "2", *arguments]  # fmt: skip
    # The shell's `times` has the processor time of asl-camera alone, without Xvfb's.
    line = 'out=$1; shift; "$@" >"$out" || exit; times >&2'
    begin = time.monotonic()
    done = subprocess.run([*screen, "bash", "-c", line, "bash", "events.json", *argv], cwd=folder,
                          stderr=subprocess.PIPE, text=True)  # fmt: skip
    wall = time.monotonic() - begin
    player.terminate()
    player.wait()
    if done.returncode:
        raise SystemExit(done.stderr.strip())
    user, system = (sum(float(part) * unit for part, unit in
                        zip(text.removesuffix("s").split("m"), (60, 1)))
                    for text in done.stderr.splitlines()[-1].split())  # fmt: skip
    last = (pathlib.Path(folder) / "events.json").read_text().splitlines()[-1]
    return (user + system) / wall, json.loads(last)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=prepare.SOURCE / "build")
    parser.add_argument("--seconds", type=float, default=20)
    arguments = parser.parse_args()
    programs = (arguments.build / "bin").resolve()
    print("| asl-camera | share of a core | frame to events, p50 | p95 | frames/s |")
    print("| --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        model = pathlib.Path(folder) / "seed.safetensors"
        subprocess.run([programs / "asl-synth", "hands", "-n", "2", "-q"], cwd=folder, check=True)
        subprocess.run([programs / "asl-train", "hands", "-o", "run", "--epochs", "1", "--val", "0",
                        "-q"], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # fmt: skip
        os.rename(pathlib.Path(folder) / "run" / "model.safetensors", model)
        for what, more, window in ROWS:
            share, end = run(programs, model, more, window, arguments.seconds, folder)
            print(f"| {what} | {100 * share:.0f} % | {end['latency_p50_ms']:.1f} ms | "
                  f"{end['latency_p95_ms']:.1f} ms | {end['frames'] / arguments.seconds:.1f} |")


if __name__ == "__main__":
    main()
