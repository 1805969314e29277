# SPDX-License-Identifier: MIT
"""Print the platform tag of a wheel that contains a shared library (PEP 600).

    manylinux.py LIBRARY

The tag promises that the library runs wherever the C library is at least as new as the tag says. So
it may need nothing but the C library itself, and the newest of its symbol versions is the tag's.
Exits with 1, saying why, where no tag would be true. Needs readelf.
"""

import os
import re
import subprocess
import sys

# All are the C library of every Linux that such wheels are for.
ALLOWED = {"libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1",
           "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}  # fmt: skip
MACHINES = {"Advanced Micro Devices X86-64": "x86_64", "AArch64": "aarch64"}
OLDEST = (2, 17)  # glibc of the oldest systems that still install wheels


class TagError(Exception):
    """No manylinux tag is true of this library."""


def readelf(option: str, library: str) -> str:
    """What the program of this name tells of a library."""
    done = subprocess.run(["readelf", "--wide", option, library], text=True, check=False,
                          capture_output=True, env=os.environ | {"LC_ALL": "C"})
    if done.returncode != 0:
        raise TagError(done.stderr.strip())
    return done.stdout


def machine(header: str) -> str:
    """The processor in the words of a tag."""
    found = re.search(r"Machine:\s*(.*)", header)
    name = found.group(1).strip() if found else "unknown"
    if name not in MACHINES:
        raise TagError(f"processor '{name}' has no tag here; known: {', '.join(MACHINES)}")
    return MACHINES[name]


def check_dynamic(section: str) -> None:
    """That it needs nothing but the C library, and looks nowhere of its own."""
    strangers = sorted(set(re.findall(r"\(NEEDED\).*\[(.*)\]", section)) - ALLOWED)
    if strangers:
        raise TagError(f"needs {', '.join(strangers)}, which other machines may lack; link it "
                       "statically (ASL_STATIC_DEPENDENCIES)")
    path = re.search(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", section)
    if path:
        raise TagError(f"looks for libraries in '{path.group(1)}', a folder of this machine")


def newest_glibc(versions: str) -> tuple[int, int]:
    """The newest symbol version that is wanted of the C library."""
    newest = OLDEST
    for name in re.findall(r"Name: (\S+)\s+Flags", versions):
        number = re.fullmatch(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?", name)
        if not number:
            raise TagError(f"wants the symbol version {name}, which no tag promises")
        newest = max(newest, (int(number.group(1)), int(number.group(2))))
    return newest


def tag(library: str) -> str:
    """Such as manylinux_2_34_x86_64."""
    check_dynamic(readelf("--dynamic", library))
    if re.search(r"GNU_STACK.* RWE ", readelf("--program-headers", library)):
        raise TagError("wants an executable stack, which newer systems refuse")
    major, minor = newest_glibc(readelf("--version-info", library))
    return f"manylinux_{major}_{minor}_{machine(readelf('--file-header', library))}"


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    try:
        print(tag(sys.argv[1]))
    except TagError as error:
        sys.exit(f"manylinux.py: '{sys.argv[1]}': {error}")


if __name__ == "__main__":
    main()
