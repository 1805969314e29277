# SPDX-License-Identifier: MIT
"""What the tests of the installation share: running tools, and looking into installed files.

ASL_BUILD is the build folder under test, ASL_SOURCE its source tree, ASL_CMAKE the cmake that made
it, CC its compiler and ASL_LAUNCHER what that was started through, such as ccache."""

import os
import pathlib
import re
import subprocess
import sys

SOURCE = pathlib.Path(os.environ.get("ASL_SOURCE", pathlib.Path(__file__).parents[2])).resolve()
BUILD = pathlib.Path(os.environ.get("ASL_BUILD", SOURCE / "build")).resolve()
CMAKE = os.environ.get("ASL_CMAKE", "cmake")
LAUNCHER = os.environ.get("ASL_LAUNCHER", "")
CC = os.environ.get("CC", "cc")

# What the library may stand on; the first two are the C library's.
NEEDED = {"libc.so.6", "libm.so.6", "libz.so.1", "libjansson.so.4", "libjpeg.so.62"}


def run(*command, fails=False, **options):
    """The output of a command that succeeds, or with fails=True one that does not."""
    command = [str(word) for word in command]
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False, **options)
    if (done.returncode != 0) != fails:
        raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}")
    return done.stdout


def environment(**changes):
    """The environment with some variables set or, for None, removed."""
    merged = {**os.environ, **{name: str(value) for name, value in changes.items()}}
    return {name: value for name, value in merged.items() if changes.get(name, "") is not None}


def skip_all(reason):
    """End the whole test as skipped."""
    print(f"skipped: {reason}")
    sys.exit(77)


def version():
    """The version that CMakeLists.txt names."""
    text = (SOURCE / "CMakeLists.txt").read_text()
    return re.search(r"project\(asl VERSION ([0-9.]+)", text).group(1)


def cached(name):
    """A setting of the build under test."""
    text = (BUILD / "CMakeCache.txt").read_text()
    return re.search(rf"^{name}:\w+=(.*)$", text, re.MULTILINE).group(1)


def files(folder):
    """All files below a folder that are no links."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()]


def naming(folder, *places):
    """The files below a folder that hold one of the paths."""
    wanted = [str(place).encode() for place in places]
    return [str(path) for path in files(folder)
            if any(place in path.read_bytes() for place in wanted)]


def library_problems(library):
    """What is wrong with a shared library as a thing to ship; see readelf(1)."""
    dynamic = run("readelf", "-dW", library)
    segments = run("readelf", "-lW", library)
    needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic))
    problems = [f"needs {name}" for name in sorted(needed - NEEDED)
                if not re.match(r"ld-linux.*\.so", name)]
    if "[libasl.so.1]" not in dynamic:
        problems.append("its SONAME is not libasl.so.1")
    if "GNU_RELRO" not in segments:
        problems.append("has no GNU_RELRO segment")
    if not re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", dynamic):
        problems.append("is not bound at once (-z now)")
    if re.search(r"GNU_STACK.* RWE ", segments):
        problems.append("has an executable stack")
    if re.search(r"\((RPATH|RUNPATH|TEXTREL)\)", dynamic):
        problems.append("has a RUNPATH or text relocations")
    return problems
