#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The completion for bash offers what --help shows, and what fits: its functions are called as
readline calls them."""

import json
import pathlib
import subprocess
import tempfile
import unittest

import manual
from manual import MAN, PROGRAMS

manual.need("bash")

SCRIPT = MAN / "completion" / "libasl"
FILES = ["a.safetensors", "b.txt", "c.png", "d.JPG", "e.csv", "f.pack", "two words.safetensors"]
FOLDERS = ["letters", "my run"]


def complete(script, folder, *words):
    """What is offered for the last word."""
    command = ('source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); set -u; '
               '_asl__complete "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"; '
               'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "--norc", "-c", command, str(script), *words], check=True,
                          cwd=folder, capture_output=True, text=True)
    if done.stderr:
        raise AssertionError(done.stderr)
    return sorted(set(done.stdout.splitlines()) - {""})


def differences(script, folder, program):
    """How the options that are offered differ from those of --help."""
    offered = set(complete(script, folder, program, "-"))
    said = manual.rows(manual.help_of(program), manual.HELP_ROW)
    wanted = {f"--{name}" for name in said}
    out = [f"{name} is not offered" for name in sorted(wanted - offered)]
    out += [f"{name} is not in --help" for name in sorted(offered - wanted)]
    for row in said.values():
        for name in [f"--{row.name}", *([f"-{row.letter}"] if row.letter else [])]:
            words = complete(script, folder, program, name, "")
            if "|" in row.argument and words != sorted(row.argument.split("|")):
                out.append(f"{name} offers {words}")
    return out


class Completion(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in FILES:
            (self.folder / name).touch()
        for name in FOLDERS:
            (self.folder / name).mkdir()

    def offers(self, *words):
        return complete(SCRIPT, self.folder, *words)

    def test_each_program_has_it(self):
        links = sorted(path.name for path in SCRIPT.parent.iterdir() if path != SCRIPT)
        self.assertEqual(links, PROGRAMS)
        for name in links:
            self.assertEqual((SCRIPT.parent / name).readlink(), pathlib.Path("libasl"))

    def test_options_are_those_of_help(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                self.assertEqual(differences(SCRIPT, self.folder, program), [])

    def test_a_difference_shows(self):
        broken = self.folder / "broken"
        text = SCRIPT.read_text()
        for old, new, problem in (
                ("--weights --force --json --help", "--weights --force --help", "--json is not offered"),
                ("--weights --force --json --help", "--weights --force --json --xml --help",
                 "--xml is not in --help"),
                ("_asl__words auto always never", "_asl__words auto never", "--progress offers")):
            with self.subTest(problem=problem):
                self.assertIn(old, text)
                broken.write_text(text.replace(old, new))
                program = "asl-info" if "--weights" in old else "asl-synth"
                found = differences(broken, self.folder, program)
                self.assertTrue([line for line in found if line.startswith(problem)], found)

    def test_words(self):
        info = json.loads((MAN / "said" / "info.json").read_text())
        presets = sorted(preset["name"] for preset in info["presets"])
        backends = sorted(["auto", *(backend["name"] for backend in info["backends"])])
        for words, wanted in (
                (["asl-train", "--is"], ["--isa"]),
                (["asl-train", "--isa", "av"], ["avx2", "avx512"]),
                (["asl-train", "--isa", "=", "av"], ["avx2", "avx512"]),
                (["asl-train", "--schedule", "="], ["constant", "one-cycle"]),
                (["asl-train", "--preset", ""], presets),
                (["asl-train", "-p", ""], presets),
                (["asl-bench", "--backend", ""], backends),
                (["asl-train", "--lr", ""], []),
                (["asl-train", "--no"], []),
                (["/usr/bin/asl-train", "--dry"], ["--dry-run"])):
            with self.subTest(words=words):
                self.assertEqual(self.offers(*words), wanted)

    def test_files(self):
        models = ["a.safetensors", "two words.safetensors"]
        for words, wanted in (
                (["asl-eval", "-m", ""], [*models, *FOLDERS]),
                (["asl-eval", "--model", "t"], ["two words.safetensors"]),
                (["asl-eval", "--confusion", ""], ["c.png", *FOLDERS]),
                (["asl-eval", "--json", ""], ["e.csv", "f.pack", *FOLDERS]),
                (["asl-eval", ""], ["e.csv", "f.pack", *FOLDERS]),
                (["asl-classify", "x.png", ""], ["c.png", "d.JPG", *FOLDERS]),
                (["asl-classify", "--", "c"], ["c.png"]),
                (["asl-classify", "--", "--js"], []),
                (["asl-train", "--out", ""], FOLDERS),
                (["asl-camera", "--words", "b"], ["b.txt"]),
                (["asl-camera", ""], [*FILES, *FOLDERS, "synth:"]),
                (["asl-camera", "-t", "f"], ["f.pack", "fifo:"]),
                (["asl-camera", "-t", "fifo", ":", "b"], ["b.txt"]),
                (["asl-camera", "-t", "fifo", ":"], [*FILES, *FOLDERS]),
                (["asl-info", ""], [])):
            with self.subTest(words=words):
                self.assertEqual(self.offers(*words), sorted(wanted))


if __name__ == "__main__":
    unittest.main()
