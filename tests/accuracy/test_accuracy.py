# SPDX-License-Identifier: MIT
"""The built-in model reads as well as docs/accuracy.md says, within five points: on the rendered
hands in this folder and, where they are, on real pictures of people whom it has not learned from.
And that page and the model card say what was measured."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest

SOURCE = pathlib.Path(os.environ.get("ASL_SOURCE", pathlib.Path(__file__).parents[2])).resolve()
BIN = pathlib.Path(os.environ.get("ASL_BIN", SOURCE / "build" / "bin")).resolve()
DATA = pathlib.Path(os.environ.get("ASL_TEST_DATA") or SOURCE.parent / "shared" / "data")
KEPT = SOURCE / "docs" / "accuracy"
SLACK = 0.05
sys.path.insert(0, str(KEPT))

import figures  # noqa: E402  (from the folder above)


def run(*command):
    return subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=500, check=False)


def has_model():
    entries = json.loads(run(BIN / "asl-info", "--json").stdout)["builtin"]
    return next(entry["available"] for entry in entries if entry["name"] == "letters")


class Accuracy(unittest.TestCase):
    def measure(self, folder):
        result = run(BIN / "asl-eval", "--quiet", "--json", folder)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout)

    def hold(self, name, folder, key):
        """As good as when it was last written down."""
        kept = [run.datasets[folder.name] for run in figures.runs_of(figures.load_runs(), name)
                if folder.name in run.datasets]
        self.assertEqual(len(kept), 1, f"no figure for {folder.name}: run docs/accuracy/measure.sh")
        self.assertGreaterEqual(self.measure(folder)[key], kept[0][key] - SLACK)

    @unittest.skipUnless(has_model(), "this build has no built-in model")
    def test_rendered_hands(self):
        self.hold("hands", SOURCE / "tests" / "accuracy" / "hands", "accuracy")

    @unittest.skipUnless(has_model(), "this build has no built-in model")
    def test_strangers(self):
        archives = sorted((DATA / "dev").glob("*.tar"))
        if not archives:
            self.skipTest(f"no real pictures in '{DATA}'; ASL_TEST_DATA names their folder")
        with tempfile.TemporaryDirectory(prefix="asl-accuracy-") as folder:
            for archive in archives:
                with self.subTest(source=archive.stem), tarfile.open(archive) as pictures:
                    pictures.extractall(folder)
                    self.hold("builtin", pathlib.Path(folder, archive.stem), "accuracy_without_jz")

    def test_pages_are_current(self):
        result = run(sys.executable, "-B", KEPT / "make.py", "--check")
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_readme_is_current(self):
        readme = (SOURCE / "README.md").read_text()
        for run_kept in figures.runs_of(figures.load_runs(), "builtin"):
            for name, data in run_kept.datasets.items():
                for row in re.findall(rf"^\| `{name}` .*$", readme, re.M):
                    self.assertIn(f" {figures.percent(data['accuracy_without_jz'])} ", row)
                    break
                else:
                    self.assertIn(name, figures.learned(), "README.md does not tell of it")

    def test_pages_of_the_model_in_the_tree(self):
        """Not of an earlier one."""
        made = json.loads((figures.BUILTIN / "run.json").read_text())
        digest = run("sha256sum", figures.BUILTIN / "letters.safetensors").stdout.split()[0]
        self.assertEqual(made["model_sha256"], digest)


if __name__ == "__main__":
    unittest.main()
