# SPDX-License-Identifier: MIT
"""examples/train-builtin.sh refuses sources that are missing or damaged, and names every one,
before it does anything else."""

import csv
import subprocess
import unittest

import programs

SCRIPT = programs.SOURCE / "examples" / "train-builtin.sh"
TABLE = programs.SOURCE / "lib" / "model" / "builtin" / "sources.tsv"


class TrainBuiltIn(programs.Case):
    def script(self, *arguments, code):
        result = subprocess.run([SCRIPT, *map(str, arguments)], cwd=self.folder, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual(result.returncode, code, result.stderr)
        return result

    def rows(self):
        with open(TABLE, encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))

    def test_the_table(self):
        """Nothing is learned from that may not be: only these licences, and nothing of dev/."""
        names = [row["name"] for row in self.rows()]
        self.assertEqual(len(set(names)), len(names))
        for row in self.rows():
            with self.subTest(name=row["name"]):
                self.assertRegex(row["sha256"], "^[0-9a-f]{64}$")
                self.assertIn(row["use"], ("learn", "choose", "test"))
                if row["use"] == "learn":
                    self.assertEqual(row["folder"], "train")
                    self.assertIn(row["licence"], ("public domain", "MIT", "Apache-2.0"))
                    self.assertGreater(float(row["weight"]), 0)
                else:
                    self.assertEqual(float(row["weight"]), 0)

    def test_every_wrong_source_is_named(self):
        for folder in ("train", "dev"):
            (self.folder / "sources" / folder).mkdir(parents=True)
        (self.folder / "sources" / "train" / "davidlee.tar").write_bytes(b"not the archive")
        (self.folder / "sources" / "dev" / "cyril.tar").write_bytes(b"")
        for argument in ("sources", "sources/train"):
            problems = self.script(argument, "work", code=3).stderr.splitlines()
            for row in self.rows():
                archive = f"{row['folder']}/{row['name']}.tar"
                wrong = "damaged" if row["name"] in ("davidlee", "cyril") else "missing"
                named = [line for line in problems if f" {archive} is {wrong}" in line]
                self.assertEqual(len(named), 0 if row["use"] == "test" else 1, archive)
            self.assertIn("are not complete", problems[-1])
        self.assertFalse((self.folder / "work").exists())

    def test_arguments(self):
        self.assertIn("train/NAME.tar", self.script("--help", code=0).stdout)
        self.script(code=2)
        self.script("--fast", code=2)
        self.script("a", "b", "c", code=2)
        self.assertIn("'absent'", self.script("absent", code=3).stderr)


if __name__ == "__main__":
    unittest.main()
