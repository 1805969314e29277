# SPDX-License-Identifier: MIT
"""Runs what the documentation shows: shell blocks with the built programs, C and C++ blocks through
the compiler and the installed library, Python blocks with the binding.

    ASL_BUILD=FOLDER test_blocks.py [PAGE...]

Each page gets a folder of its own, in which its blocks run one after the other. So that this takes
seconds, the programs on the PATH are given few and small pictures, and train for one epoch. Exit
code 77 means skipped."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from pages import NOT_TRIED, RUN, SOURCE, Block, Page, pages

BUILD = pathlib.Path(os.environ.get("ASL_BUILD", SOURCE / "build")).resolve()
SECONDS = 60

# What each program is given behind its own arguments; the last of two options counts.
SMALLER = {
    "asl-synth": "--per-class 4 --size 64 --signers 4",
    "asl-train": "--epochs 1 --batch 16 --threads 2",
    "asl-bench": "--seconds 0.1",
    "asl-camera": "--fast --seconds 20",
    "asl-quiz": "--fast --seconds 20",
}
AS_IT_IS = '*" --resume "* | *" --help "* | *" --version "* | *" --list-cameras "*'

COMPILE = {
    "c": ("cc", "-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-xc"),
    "cpp": ("c++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-xc++"),
}


class Trial:
    """Where blocks run: an installed libasl, small programs, and what pages need."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.prefix = folder / "prefix"
        self.material = folder / "material"
        self.call(["cmake", "--install", str(BUILD), "--prefix", str(self.prefix)], folder)
        library = next(self.prefix.rglob("libasl.so.1"))
        (folder / "bin").mkdir()
        for program in sorted((self.prefix / "bin").iterdir()):
            self.shrink(program)
        self.environment = {
            **os.environ,
            "PATH": f"{folder}/bin:{os.environ['PATH']}",
            "LD_LIBRARY_PATH": str(library.parent),
            "PKG_CONFIG_PATH": str(library.parent / "pkgconfig"),
            "CMAKE_PREFIX_PATH": str(self.prefix),
            "LIBASL_LIBRARY": str(library),
            "PYTHONPATH": str(SOURCE / "bindings" / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": str(folder),
        }
        self.make_material()

    def shrink(self, program: pathlib.Path) -> None:
        """Put a script of the same name on the PATH that adds what keeps it short."""
        script = self.folder / "bin" / program.name
        script.write_text(f'#!/bin/sh\ncase " $* " in {AS_IT_IS}) exec "{program}" "$@" ;; esac\n'
                          f'exec "{program}" "$@" {SMALLER.get(program.name, "")}\n',
                          encoding="utf-8")
        script.chmod(0o755)

    def make_material(self) -> None:
        """What pages may need: drawn hands, one of them alone, a model, words."""
        self.material.mkdir()
        self.shell("asl-synth hands -q && asl-train hands -o run -q --preset tiny --size 32",
                   self.material)
        shutil.copy(next((self.material / "hands" / "A").glob("*.jpg")),
                    self.material / "hand.jpg")
        shutil.copy(self.material / "run" / "best.safetensors",
                    self.material / "model.safetensors")
        (self.material / "words.txt").write_text("HELLO 9\nHELP 5\n", encoding="utf-8")

    def call(self, command: list[str], folder: pathlib.Path, text: str | None = None) -> str:
        """Run it; an error with all it said, if it fails."""
        done = subprocess.run(command, cwd=folder, input=text, text=True, errors="replace",
                              env=getattr(self, "environment", None), timeout=SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}")
        return done.stdout

    def shell(self, script: str, folder: pathlib.Path) -> None:
        """Run a script that ends at the first command that fails."""
        self.call(["bash", "-euo", "pipefail", "-c", script], folder)

    def folder_for(self, page: Page) -> pathlib.Path:
        """A new one, with what the page needs."""
        folder = self.folder / page.name.replace("/", "-")
        folder.mkdir()
        for name in page.needs():
            if (self.material / name).is_dir():
                shutil.copytree(self.material / name, folder / name)
            else:
                shutil.copy(self.material / name, folder / name)
        return folder

    def run(self, block: Block, folder: pathlib.Path) -> None:
        """Try one block."""
        if block.language in COMPILE:
            self.compile(block, folder)
        elif block.language == "sh":
            self.shell(block.text, folder)
        elif block.language == "console":
            self.shell(commands(block.text), folder)
        elif block.language == "python":
            self.call([sys.executable, "-W", "error", "-"], folder, block.text)

    def compile(self, block: Block, folder: pathlib.Path) -> None:
        """A whole program is linked too. Running it is up to a shell block."""
        flags = self.call(["pkg-config", "--cflags", "--libs", "asl"], folder).split()
        program = ["-o", "block"] if re.search(r"\bmain\(", block.text) else ["-c"]
        self.call([*COMPILE[block.language], *program, "-", *flags], folder, block.text)


def commands(text: str) -> str:
    """Those typed at a terminal: lines after "$ ", and what they go on with after a backslash."""
    kept, goes_on = [], False
    for line in text.split("\n"):
        if goes_on or line.startswith("$ "):
            kept.append(line if goes_on else line[2:])
            goes_on = line.endswith("\\")
    return "\n".join(kept)


def obstacle(block: Block, trial: Trial) -> str | None:
    """Why a block cannot be tried here, although it could elsewhere."""
    if block.reason is not None:
        return block.reason
    if block.language in ("sh", "console"):
        for program in sorted(set(re.findall(r"\basl-(?:camera|quiz)\b", block.text))):
            if not (trial.prefix / "bin" / program).exists():
                return f"{program} is not in this build"
    if block.language == "python" and re.search(r"^import numpy", block.text, re.M):
        found = subprocess.run([sys.executable, "-c", "import numpy"], check=False,
                               stderr=subprocess.DEVNULL)
        return "there is no NumPy" if found.returncode != 0 else None
    return None


class BlocksTest(unittest.TestCase):
    """Every page of the documentation."""

    chosen: list[str] = []
    trial: Trial

    @classmethod
    def setUpClass(cls) -> None:
        folder = pathlib.Path(tempfile.mkdtemp(prefix="asl-docs-"))
        cls.addClassCleanup(shutil.rmtree, folder, ignore_errors=True)
        cls.trial = Trial(folder)

    def test_what_the_documentation_shows_works(self) -> None:
        for page in pages():
            if page.name in NOT_TRIED or self.chosen and page.name not in self.chosen:
                continue
            folder = self.trial.folder_for(page)
            for block in page.blocks():
                with self.subTest(block.place):
                    self.try_block(block, folder)

    def try_block(self, block: Block, folder: pathlib.Path) -> None:
        """Write it, run it, and say when it is not run."""
        if block.file is not None:
            (folder / block.file).write_text(block.text, encoding="utf-8")
        if block.language not in RUN:
            return
        reason = obstacle(block, self.trial)
        if reason is None:
            self.trial.run(block, folder)
        print(f"{block.place}: {block.language}: {'ran' if reason is None else reason}", flush=True)

    def test_what_does_not_work_is_found(self) -> None:
        if self.chosen:
            self.skipTest("only some pages")
        for language, text in (("sh", "asl-info --no-such-option\n"), ("sh", "false\ntrue\n"),
                               ("sh", "asl-info | false\n"),
                               ("console", "what it said\n$ asl-info \\\n  --what\n$ true\n"),
                               ("c", "#include <asl/asl.h>\nint main(void) { return asl_no(); }\n"),
                               ("cpp", "int main() { int unused; }\n"),
                               ("python", "import libasl\nlibasl.no_such_thing\n")):
            with self.subTest(text), self.assertRaises(AssertionError):
                self.trial.run(Block("self-test", language, text), self.trial.folder)


if __name__ == "__main__":
    if not (BUILD / "bin" / "asl-train").exists():
        print(f"skipped: there are no programs in '{BUILD}/bin'")
        sys.exit(77)
    BlocksTest.chosen = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
