# SPDX-License-Identifier: MIT
"""The machine under the numbers: what it is, and how much of it was there for us."""

import os
import pathlib
import platform
import sys
import time

FLAGS = ("avx2", "fma", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16")


def progress(text):
    print(f"{time.strftime('%H:%M:%S')}  {text}", file=sys.stderr, flush=True)


def processor_times():
    """Ticks of this machine so far: (all, idle, taken by other machines)."""
    ticks = [int(n) for n in pathlib.Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4], ticks[7]


def processor_shares(since):
    """Per cent idle and per cent taken by other machines since then."""
    total, idle, stolen = (now - then for now, then in zip(processor_times(), since))
    return 100 * idle / max(total, 1), 100 * stolen / max(total, 1)


def idle_now():
    """Per cent idle; warns when that is not nearly all."""
    before = processor_times()
    time.sleep(2)
    idle, _ = processor_shares(before)
    if idle < 95:
        progress(f"warning: only {idle:.0f} % idle; other work on this machine blurs the times")
    return idle


def facts(library):
    """What the numbers depend on."""
    lines = [line.partition(":") for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()]
    known = {key.strip(): value.strip() for key, _, value in lines}
    return {"processor": known.get("model name", platform.machine()), "cores": os.cpu_count(),
            "family": f"family {known.get('cpu family')} model {known.get('model')}",
            "flags": [flag for flag in FLAGS if flag in known.get("flags", "").split()],
            "libasl_features": library.cpu_features().decode(),
            "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9),
            "system": f"{platform.system()} {platform.release()}",
            "python": platform.python_version()}  # fmt: skip
