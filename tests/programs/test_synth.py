# SPDX-License-Identifier: MIT
# labels: slow
"""asl-synth: what it writes, that the same call gives the same bytes, and what it refuses."""

import csv
import json
import math
import os
import signal
import subprocess
import time
import unittest

import programs

CLASSES = [chr(ord("A") + i) for i in range(26)] + ["del", "nothing", "space"]
SMALL = ["--per-class", 4, "--size", 32, "--signers", 2]


def jpeg_size(data):
    """Width and height from a baseline JPEG's frame header."""
    at = 2
    while data[at + 1] != 0xC0:
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return (int.from_bytes(data[at + 7:at + 9], "big"),
            int.from_bytes(data[at + 5:at + 7], "big"))


class Synth(programs.Case):
    def synth(self, out, *arguments, code=0):
        return self.run_program("asl-synth", out, *arguments, code=code)

    def hashes(self, out):
        """Path and content of every file of a data set."""
        folder = self.folder / out
        return {str(path.relative_to(folder)): programs.sha256(path)
                for path in sorted(folder.rglob("*")) if path.is_file()}

    def rows(self, path):
        with open(self.folder / path, newline="") as file:
            return list(csv.DictReader(file))

    def test_tree_and_tables(self):
        result = self.synth("out", *SMALL)
        self.assertIn("116 pictures of 29 classes by 2 signers", result.out)
        out = self.folder / "out"
        self.assertEqual((out / "classes.txt").read_text().split("\n"), CLASSES + [""])
        self.assertEqual(sorted(path.name for path in out.iterdir() if path.is_dir()), CLASSES)
        for label in CLASSES:
            self.assertEqual(sorted(path.name for path in (out / label).iterdir()),
                             ["s00_0000.jpg", "s00_0002.jpg", "s01_0001.jpg", "s01_0003.jpg"])
        rows = self.rows("out/data.csv")
        self.assertEqual(list(rows[0]), ["image_path", "target", "group"])
        self.assertEqual([row["target"] for row in rows], [c for c in CLASSES for _ in range(4)])
        for row in rows:
            label, name = row["image_path"].split("/")
            self.assertEqual((label, name[:3]), (row["target"], row["group"]))
            self.assertEqual(jpeg_size((out / row["image_path"]).read_bytes()), (32, 32))
        self.assertEqual(len(set(self.hashes("out").values())), 116 + 3, "no two files are alike")

    def test_recipe(self):
        self.synth("out", *SMALL, "--seed", 7)
        recipe = json.loads((self.folder / "out" / "synth.json").read_text())
        self.assertEqual({key: recipe[key] for key in ("per_class", "size", "signers", "seed")},
                         {"per_class": 4, "size": 32, "signers": 2, "seed": 7})

    def test_json(self):
        document = self.run_json("asl-synth", "out", *SMALL)
        self.assertEqual((document["n"], document["classes"], document["signers"]), (116, 29, 2))

    def test_other_programs_read_it(self):
        self.synth("out", *SMALL)
        document = self.run_json("asl-prepare", "out", "small", "--size", 24)
        self.assertEqual((document["n"], document["skipped"]), (116, 0))
        self.assertEqual(sorted(document["classes"]), CLASSES)

    def test_same_bytes_for_any_threads(self):
        for out, threads in (("one", 1), ("two", 2), ("five", 5), ("again", 1)):
            self.synth(out, *SMALL, "--threads", threads, "--landmarks", f"{out}.csv",
                       "--sheet", f"{out}.png")
        expected = self.hashes("one")
        for out in ("two", "five", "again"):
            self.assertEqual(self.hashes(out), expected)
            for ending in ("csv", "png"):
                self.assertEqual(programs.sha256(self.folder / f"{out}.{ending}"),
                                 programs.sha256(self.folder / f"one.{ending}"))

    def test_a_picture_does_not_depend_on_how_many_there_are(self):
        self.synth("few", *SMALL)
        self.synth("more", "--per-class", 6, "--size", 32, "--signers", 2)
        few, more = self.hashes("few"), self.hashes("more")
        for path in few:
            if path.endswith(".jpg"):
                self.assertEqual(few[path], more[path])

    def test_a_signer_for_each_picture(self):
        strangers = ["--per-class", 4, "--size", 32, "--signers", 0]
        result = self.synth("out", *strangers)
        self.assertIn("116 pictures of 29 classes by 116 signers", result.out)
        rows = self.rows("out/data.csv")
        self.assertEqual(len({row["group"] for row in rows}), 116)
        for row in rows:
            name = row["image_path"].split("/")[1]
            self.assertEqual(name.split("_")[0], row["group"])
        few = self.hashes("out")
        self.synth("more", "--per-class", 5, "--size", 32, "--signers", 0, "--threads", 1)
        more = self.hashes("more")
        for path in few:
            if path.endswith(".jpg"):
                self.assertEqual(few[path], more[path])

    def test_variety(self):
        """People hold their hands less alike in life than by the book, and have more than one way
        to sign a letter: the index finger of P is level or points down."""
        turned, down = {}, set()
        for variety in (0, 1):
            self.synth("out", "--per-class", 24, "--size", 32, "--signers", 0, "--variety", variety,
                       "--landmarks", "joints.csv", "--force")
            angles = []
            for row in self.rows("joints.csv"):
                x, y = ([float(row[f"{axis}{joint}"]) for joint in range(21)] for axis in "xy")
                if row["image_path"].startswith("B/"):
                    angles.append(abs(math.atan2(x[9] - x[0], y[0] - y[9])))
                if variety == 1 and row["image_path"].startswith("P/"):
                    down.add(y[8] - y[5] > abs(x[8] - x[5]))
            turned[variety] = sum(angles) / len(angles)
        self.assertGreater(turned[1], 1.3 * turned[0])
        self.assertEqual(down, {False, True})

    def test_seeds_differ(self):
        self.synth("a", *SMALL)
        self.synth("b", *SMALL, "--seed", 1)
        a, b = self.hashes("a"), self.hashes("b")
        self.assertFalse([path for path in a if path.endswith(".jpg") and a[path] == b[path]])

    def test_landmarks(self):
        self.synth("out", "--per-class", 6, "--size", 48, "--landmarks", "joints.csv")
        rows = self.rows("joints.csv")
        self.assertEqual(list(rows[0]), ["image_path"] + [f"{axis}{joint}" for joint in range(21)
                                                          for axis in "xyv"])
        signs = [row for row in rows if not row["image_path"].startswith("nothing/")]
        self.assertEqual(len(signs), 28 * 6)
        self.assertLess(len(rows), 29 * 6, "backgrounds have no joints")
        inside = visible = 0
        for row in signs:
            self.assertTrue((self.folder / "out" / row["image_path"]).exists())
            for joint in range(21):
                here = all(0 <= float(row[f"{axis}{joint}"]) < 48 for axis in "xy")
                inside += here
                visible += row[f"v{joint}"] == "1"
                self.assertTrue(here or row[f"v{joint}"] == "0", "what is outside cannot be seen")
        self.assertGreater(inside / (21 * len(signs)), 0.97)
        self.assertTrue(0.4 < visible / (21 * len(signs)) < 0.95, visible)

    def test_landmarks_know_the_letters(self):
        """In L thumb and index reach out; in S no finger tip is far from the wrist."""
        self.synth("out", "--per-class", 6, "--size", 48, "--landmarks", "joints.csv")

        def reach(row, joint):
            def distance(k):
                return ((float(row[f"x{k}"]) - float(row["x0"])) ** 2
                        + (float(row[f"y{k}"]) - float(row["y0"])) ** 2) ** 0.5
            return distance(joint) / distance(9)  # in palms

        for row in self.rows("joints.csv"):
            if row["image_path"].startswith("L/"):
                self.assertGreater(reach(row, 8), 1.5)
                self.assertLess(reach(row, 20), 1.3)
            if row["image_path"].startswith("S/"):
                self.assertLess(max(reach(row, tip) for tip in (8, 12, 16, 20)), 1.4)

    def test_sheet(self):
        for count in (1, 4):
            self.synth(f"out{count}", "--per-class", count, "--size", 32, "--sheet",
                       f"sheet{count}.png")
            data = (self.folder / f"sheet{count}.png").read_bytes()
            self.assertEqual(data[:8], b"\x89PNG\r\n\x1a\n")
            self.assertGreater(len(data), 20000)

    def test_odd_sizes(self):
        for size in (16, 17, 225):
            self.synth(f"out{size}", "--per-class", 1, "--size", size)
            path = self.folder / f"out{size}" / "Q" / "s00_0000.jpg"
            self.assertEqual(jpeg_size(path.read_bytes()), (size, size))

    def test_force_replaces_an_earlier_run(self):
        self.synth("out", *SMALL)
        before = self.hashes("out")
        message = self.synth("out", *SMALL, code=1).err
        self.assertIn("'out' is already there; use --force", message)
        self.assertEqual(self.hashes("out"), before)
        mine = self.folder / "out" / "A" / "mine.png"
        mine.write_text("mine")
        self.synth("out", "--per-class", 1, "--size", 32, "--force")
        self.assertEqual(len(list((self.folder / "out").rglob("*.jpg"))), 29)
        self.assertEqual(mine.read_text(), "mine")

    def test_force_spares_what_is_not_ours(self):
        (self.folder / "photos").mkdir()
        (self.folder / "photos" / "A").mkdir()
        (self.folder / "photos" / "A" / "dear.jpg").write_text("mine")
        for force in ([], ["--force"]):
            message = self.synth("photos", *SMALL, *force, code=1).err
            self.assertIn("'photos' holds something else", message)
        self.assertEqual(list(self.hashes("photos")), ["A/dear.jpg"])

    def test_existing_outputs(self):
        for option in ("--landmarks", "--sheet"):
            (self.folder / "there").write_text("mine")
            message = self.synth("out", *SMALL, option, "there", code=1).err
            self.assertIn("'there' is already there; use --force", message)
            self.assertFalse((self.folder / "out").exists())
        self.assertIn("'there' is a file", self.synth("there", *SMALL, code=1).err)

    def test_unwritable(self):
        self.assertIn("cannot make the folder '/proc/out'",
                      self.synth("/proc/out", *SMALL, code=1).err)
        self.assertIn("cannot write 'missing/joints.csv'",
                      self.synth("out", *SMALL, "--landmarks", "missing/joints.csv", code=1).err)
        self.assertFalse((self.folder / "out" / "data.csv").exists(), "an unfinished data set")

    def test_wrong_arguments(self):
        for arguments in ([], ["a", "b"], ["out", "--per-class", "0"], ["out", "--per-class", "x"],
                          ["out", "--size", "8"], ["out", "--size", "100000"],
                          ["out", "--signers", "-1"], ["out", "--signers", "1001"],
                          ["out", "--variety", "1.5"], ["out", "--seed", "-1"], ["out", "--sheet"],
                          ["out", "--unknown"]):
            with self.subTest(arguments=arguments):
                result = self.run_program("asl-synth", *arguments, code=2)
                self.assertTrue(result.err.startswith("asl-synth: "), result.err)
                self.assertEqual(result.out, "")
        self.assertFalse((self.folder / "out").exists())

    def test_help_and_version(self):
        text = self.run_program("asl-synth", "--help").out
        for word in ("--per-class", "--size", "--signers", "--variety", "--landmarks", "--sheet",
                     "--seed"):
            self.assertIn(word, text)
        self.assertLessEqual(max(map(len, text.split("\n"))), 80)
        self.assertRegex(self.run_program("asl-synth", "--version").out, r"^asl-synth .*\d+\.\d+")

    def test_interrupt(self):
        child = subprocess.Popen([programs.BIN / "asl-synth", "out", "--per-class", "5000"],
                                 cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(child.kill)
        deadline = time.monotonic() + 60
        while not list(self.folder.rglob("*.jpg")) and time.monotonic() < deadline:
            time.sleep(0.02)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
        self.assertEqual((child.returncode, out), (130, b""))
        self.assertFalse(os.path.exists(self.folder / "out" / "data.csv"))


if __name__ == "__main__":
    unittest.main()
