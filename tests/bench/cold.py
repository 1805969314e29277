# SPDX-License-Identifier: MIT
"""Fresh processes: time to the first label, peak memory, and what an installation weighs.

    python3 cold.py PACKAGE

prints version and installed size of a Python package of the interpreter that runs it, as JSON."""

import contextlib
import importlib.metadata
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

SAMPLE_SECONDS = 0.02


# A process that shared its parent's memory until it became another program keeps that as its peak,
# so a large parent has a small one do it.
SMALL_PARENT = """import os, sys
null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_WRONLY, 0) for fd in (1, 2)]
usage = os.wait4(os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=null), 0)[2]
print(usage.ru_maxrss)"""


def peak_memory(argv, environment):
    """Peak resident MB of a program."""
    done = subprocess.run([sys.executable, "-I", "-S", "-c", SMALL_PARENT, *argv], check=True,
                          env=environment, capture_output=True, text=True)  # fmt: skip
    return int(done.stdout) / 1024


def launch(argv, environment):
    """Wall seconds of a program that must succeed."""
    silence = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
               (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)]  # fmt: skip
    begin = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, environment, file_actions=silence)
    _, status = os.waitpid(pid, 0)
    seconds = time.perf_counter() - begin
    if status:
        raise RuntimeError(f"'{argv[0]}' ended with status {os.waitstatus_to_exitcode(status)}")
    return seconds


def first_labels(programs, environment, count):
    """Start each program `count` times in turns, after a first start of each that warms the page
    cache. Name to medians of wall time and memory, and the label; a fault for one that fails."""
    results, runs = {}, {}
    for name, argv in programs.items():
        first = subprocess.run(argv, env=environment, capture_output=True, text=True)
        if first.returncode:
            lines = first.stderr.strip().splitlines() or ["no message"]
            results[name] = {"fault": lines[-1][:160]}
        else:
            runs[name] = []
            results[name] = {"label": first.stdout.split()[0]}
    for _ in range(count):
        for name, done in runs.items():
            done.append(launch(programs[name], environment))
    for name, done in runs.items():
        memory = [peak_memory(programs[name], environment) for _ in range(3)]
        results[name] |= {"seconds": statistics.median(done), "rss_mb": statistics.median(memory)}
    return results


def resident(pid, path):
    """MB resident of process `pid` without its mapping of the file at `path`."""
    total, counts = 0, True
    for line in pathlib.Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            counts = not line.endswith(path)
        elif counts and line.startswith("Rss:"):
            total += int(line.split()[1])
    return total / 1024


def peak_resident(argv, environment, path, interval=SAMPLE_SECONDS):
    """The most MB resident, sampled, of a program without its mapping of the file at `path`."""
    process = subprocess.Popen(argv, env=environment, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE)
    path = pathlib.Path(path).resolve()
    peak, message = 0.0, None
    while message is None:
        try:
            _, message = process.communicate(timeout=interval)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):  # it ends at this moment
                peak = max(peak, resident(process.pid, str(path)))
    if process.returncode:
        raise RuntimeError(message.decode().strip().splitlines()[-1])
    return peak


def stripped_kb(library, models):
    """Size of a shared library without its symbols, and without the models that are part of it."""
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "-o", copy.name, library], check=True)
        return (os.stat(copy.name).st_size - sum(os.stat(model).st_size for model in models)) / 1000


def canonical(name):
    """A package's name as PyPI compares them."""
    return re.sub(r"[-_.]+", "-", name).lower()


def installed(package):
    """Version of a package, MB on disk of itself, and of itself with all that it asks for."""
    from pip._vendor.packaging.requirements import Requirement

    wanted, seen, sizes = [(canonical(package), "")], set(), {}
    while wanted:
        name, extra = wanted.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        paths = (file.locate() for file in distribution.files or ())
        sizes[name] = sum(path.stat().st_size for path in paths if path.exists()) / 1e6
        for requirement in map(Requirement, distribution.requires or ()):
            if not requirement.marker or requirement.marker.evaluate({"extra": extra}):
                wanted += [(canonical(requirement.name), more)
                           for more in ("", *requirement.extras)]  # fmt: skip
    return {"version": importlib.metadata.version(package),
            "own_mb": sizes[canonical(package)], "all_mb": sum(sizes.values())}


if __name__ == "__main__":
    print(json.dumps(installed(sys.argv[1])))
