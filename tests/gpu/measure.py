# SPDX-License-Identifier: MIT
"""All checks and figures of tests/gpu/run.sh, in an order that leaves the machine to each
measurement alone, and the table. Private to it."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import platform
import sys
import time

import checks
import speed
from machine import Failed, Machine, Skip

DONE, FAILED, SKIPPED = "ok", "FAILED", "skipped"


class Report:
    """What came of each step, in the order of the table."""

    def __init__(self, machine):
        self.machine, self.steps = machine, {}

    def attempt(self, call):
        begin = time.monotonic()
        try:
            outcome = {"verdict": DONE} | call()
        except Skip as why:
            outcome = {"verdict": SKIPPED, "line": str(why)}
        except Failed as why:
            outcome = {"verdict": FAILED, "line": str(why)}
        except Exception as error:  # whatever it is, the other steps still count
            outcome = {"verdict": FAILED, "line": f"{type(error).__name__}: {error}"}
        return outcome | {"took_s": time.monotonic() - begin}

    def record(self, name, outcome):
        self.steps[name] = outcome
        print(f"{outcome['verdict']:8} {name}: {outcome['line']}", flush=True)
        self.write()
        return outcome

    def step(self, name, call):
        return self.record(name, self.attempt(call))

    def side_by_side(self, calls):
        attempts = {name: (lambda c=call: self.attempt(c)) for name, call in calls.items()}
        for name, outcome in checks.together(attempts).items():
            self.record(name, outcome)

    def write(self):
        """After every step: whoever stops us finds what there is."""
        document = {"schema": 1, "backend": self.machine.backend, "gpu": speed.driver_version(),
                    "host": {"system": platform.platform(), "cores": os.cpu_count()},
                    "steps": self.steps}  # fmt: skip
        path = self.machine.out / "results.json"
        path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


# ---- The steps ----


def run_all(machine, report):
    precisions = ("fp32",) if machine.rehearse else ("tf32", "fp32", "bf16")
    if report.step("backend", lambda: checks.information(machine))["verdict"] != DONE:
        return
    report.step("description", lambda: checks.description(machine))
    pictures = speed.Pictures(machine)
    libasl = speed.Libasl(machine, pictures)

    def prepare():
        facts = pictures.prepare()
        libasl.pack()
        return facts

    # Neither says how fast anything is, so they may share the machine.
    with concurrent.futures.ThreadPoolExecutor(1) as beside:
        prepared = beside.submit(report.attempt, prepare)
        report.side_by_side({f"suite {name}": lambda n=name: checks.suite(machine, n)
                             for name in checks.SUITES})  # fmt: skip
        for precision in precisions:
            report.step(f"agreement {precision}", lambda p=precision: checks.agreement(machine, p))
        report.record("pictures", prepared.result())
    if report.steps["pictures"]["verdict"] == DONE:
        speeds(machine, report, libasl)
        endings(machine, report, pictures)


def speeds(machine, report, libasl):
    if machine.rehearse:
        epochs, latencies = [(32, "fp32")], ["fp32"]
    else:
        epochs, latencies = [(32, "tf32"), (32, "bf16"), (512, "bf16")], ["bf16", "tf32"]
    for batch, precision in epochs:
        report.step(f"epoch {batch} {precision}", lambda b=batch, p=precision: libasl.epoch(b, p))
    for precision in latencies:
        report.step(f"latency {precision}", lambda p=precision: libasl.bench(p, 512))
    report.step("98 % tutorial's", lambda: libasl.accuracy(
        "batch 32, constant rate", "-e", 10, "-b", 32, "--lr", 1e-3,
        *precision_of(machine, "tf32")))  # fmt: skip
    report.step("98 % fast", lambda: libasl.accuracy(
        "batch 256, one cycle", "-e", 8, "-b", 256, "--lr", 3e-3, "--schedule", "one-cycle",
        *precision_of(machine, "bf16")))  # fmt: skip
    report.step("PyTorch", lambda: speed.peer(machine, 150))


def precision_of(machine, name):
    return ["--precision", "fp32" if machine.rehearse else name]


def endings(machine, report, pictures):
    """Nothing is timed any more. The first takes all memory, the others share it."""
    few = pictures.few
    report.step("out of memory", lambda: checks.memory(machine, pictures.many))
    report.side_by_side({
        "killed and resumed": lambda: checks.killed(machine, few),
        "finished by the cpu": lambda: checks.other_backend(machine, few),
        **{tool: lambda t=tool: checks.sanitizer(machine, t, few)
           for tool in ("memcheck", "racecheck", "initcheck")},
    })  # fmt: skip


# ---- The table ----


def fastest_peer(report, kind, batch, key):
    """(figure, its setting) of PyTorch's best row, or None."""
    rows = [row for row in report.steps.get("PyTorch", {}).get("rows", [])
            if row.get("kind") == kind and row.get("batch") == batch and key in row]  # fmt: skip
    if not rows:
        return None
    best = max(rows, key=lambda row: row[key] if key == "pictures_per_s" else -row[key])
    return best[key], f"{best['way']}, {best['precision']}"


def goals(report):
    """[what, figure, goal, whether it is reached or None] of the figures that have goals."""
    steps, rows = report.steps, []

    def add(what, figure, unit, goal, reached):
        rows.append([what, f"{figure:.3g} {unit}", goal, reached])

    for name, limit in (("epoch 32 tf32", 1.0), ("epoch 32 bf16", 0.6)):
        if "best" in steps.get(name, {}):
            best = steps[name]["best"]
            add(name, best, "s", f"<= {limit} s", best <= limit)
    for batch, factor in ((32, 3.0), (512, 2.0)):
        ours = max((step["pictures_per_s"] for name, step in steps.items()
                    if name.startswith(f"epoch {batch} ") and "pictures_per_s" in step),
                   default=None)  # fmt: skip
        theirs = fastest_peer(report, "train", batch, "pictures_per_s")
        if ours and theirs:
            ratio = ours / theirs[0]
            add(f"batch {batch}, times PyTorch ({theirs[1]})", ratio, "x", f">= {factor:g}x",
                ratio >= factor)  # fmt: skip
    ours = [step["p50_ms"] for name, step in steps.items()
            if name.startswith("latency ") and "p50_ms" in step]  # fmt: skip
    if ours:
        add("one picture, p50", 1e3 * min(ours), "us", "<= 60 us", 1e3 * min(ours) <= 60)
    theirs = fastest_peer(report, "latency", 1, "p50_us")
    if theirs:
        add(f"one picture, PyTorch ({theirs[1]})", theirs[0], "us", "", None)
    reached = [step["reached"]["seconds"] for step in steps.values() if step.get("reached")]
    if reached:
        add("98 % of validation", min(reached), "s", "< 5 s", min(reached) < 5)
    return rows


def table(report):
    lines = [f"{name:22} {step['verdict']:8} {step['line']}"[:150]
             for name, step in report.steps.items()]  # fmt: skip
    rows = goals(report)
    if rows and not report.machine.rehearse:
        words = {True: "reached", False: "MISSED", None: ""}
        lines += ["", f"{'goal':48} {'figure':>12}  {'wanted':10}"]
        lines += [f"{what[:48]:48} {figure:>12}  {goal:10} {words[met]}"
                  for what, figure, goal, met in rows]  # fmt: skip
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser()
    for name in ("build", "work", "out"):
        parser.add_argument(f"--{name}", type=pathlib.Path, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--library-path", default="")
    parser.add_argument("--rehearse", action="store_true")
    a = parser.parse_args()
    for folder in (a.work, a.out):
        folder.mkdir(parents=True, exist_ok=True)
    machine = Machine(a.build, a.work, a.out, a.seconds, a.library_path, a.rehearse)
    report = Report(machine)
    try:
        run_all(machine, report)
    finally:
        text = table(report)
        (a.out / "table.txt").write_text(text, encoding="utf-8")
        print("\n" + text, flush=True)
    failed = sum(step["verdict"] == FAILED for step in report.steps.values())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
