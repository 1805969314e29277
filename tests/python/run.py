# SPDX-License-Identifier: MIT
"""Runs the tests of the Python package, with whatever interpreter runs this.

    run.py tests [PYTEST-ARGUMENT...]   the tests beside this file; LIBASL_LIBRARY names the library
    run.py types                        mypy --strict over the package, its examples and these tests

Exits with 77, saying so, when pytest or mypy is missing.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parents[1] / "bindings" / "python"
PYTEST = ("-q", "-p", "no:cacheprovider", "-W", "error", "-o", "faulthandler_timeout=100")


def run(tool: str, *arguments: str) -> int:
    if importlib.util.find_spec(tool) is None:
        print(f"skipped: {sys.executable} has no {tool} (Debian: python3-pytest, mypy)")
        return 77
    environment = {**os.environ, "MYPYPATH": f"{PACKAGE}:{HERE}"}
    command = [sys.executable, "-B", "-X", "dev", "-m", tool, *arguments]
    return subprocess.run(command, cwd=HERE, env=environment, check=False).returncode


def main() -> int:
    if sys.argv[1:2] == ["tests"]:
        # Pytest's own place is shared with other runs, which clear it up at the same time.
        with tempfile.TemporaryDirectory() as scratch:
            place = f"--basetemp={scratch}/pytest"
            return run("pytest", *PYTEST, place, str(HERE), *sys.argv[2:])
    if sys.argv[1:] == ["types"]:
        settings = (f"--config-file={HERE / 'mypy.ini'}", f"--cache-dir={os.devnull}")
        folders = (PACKAGE / "libasl", PACKAGE / "examples", HERE)
        return run("mypy", *settings, *map(str, folders))
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main())
