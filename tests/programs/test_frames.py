# SPDX-License-Identifier: MIT
# labels: slow
"""asl-frames: what it writes, that the same call gives the same bytes, and what it refuses; and the
way from there to a hand finder that other programs use."""

import csv
import json
import math
import subprocess
import unittest

import programs

SMALL = ["--count", 60, "--size", 48, "--signers", 5]
SIDES = [0.09 * 1.5 ** step for step in range(7)]


class Frames(programs.Case):
    def frames(self, out, *arguments, code=0):
        return self.run_program("asl-frames", out, *arguments, code=code)

    def rows(self, out):
        with open(self.folder / out / "data.csv", newline="") as file:
            return list(csv.DictReader(file))

    def hashes(self, out):
        folder = self.folder / out
        return {str(path.relative_to(folder)): programs.sha256(path)
                for path in sorted(folder.rglob("*")) if path.is_file()}

    def check_class(self, row, size):
        """The class is the place of the grid that the box is nearest to."""
        if row["target"] == "none":
            self.assertEqual({row[key] for key in ("x", "y", "width", "height")}, {""})
            return
        left, top, width, height = (float(row[key]) for key in ("x", "y", "width", "height"))
        x, y, side = (int(row["target"][at + 1:at + 4]) / 1000 for at in (0, 4, 8))
        self.assertLess(abs(left + width / 2 - x * size), size / 16 + 0.2)
        self.assertLess(abs(top + height / 2 - y * size), size / 16 + 0.2)
        error = abs(math.log(max(width, height) / size / side, 1.5))
        self.assertLess(error, 0.55 if side < 0.999 else 1.05)

    def test_tree_and_table(self):
        result = self.frames("out", *SMALL)
        self.assertIn("60 frames of 48x48 with 5 signers and 0 photographs", result.out)
        rows = self.rows("out")
        self.assertEqual(list(rows[0]),
                         ["image_path", "target", "group", "x", "y", "width", "height"])
        self.assertEqual(len(rows), 60)
        for row in rows:
            self.assertEqual(row["image_path"].split("/")[0], row["target"])
            self.assertTrue((self.folder / "out" / row["image_path"]).exists())
            self.check_class(row, 48)
        self.assertEqual({row["group"] for row in rows}, {f"s{i:03}" for i in range(5)})
        self.assertIn("none", {row["target"] for row in rows})
        recipe = json.loads((self.folder / "out" / "frames.json").read_text())
        self.assertEqual((recipe["count"], recipe["size"], recipe["seed"]), (60, 48, 0))

    def test_shares(self):
        self.frames("all", *SMALL, "--empty", 0)
        self.assertNotIn("none", {row["target"] for row in self.rows("all")})
        self.frames("empty", *SMALL, "--empty", 1)
        self.assertEqual({row["target"] for row in self.rows("empty")}, {"none"})

    def test_same_bytes_for_any_threads(self):
        for out, threads in (("one", 1), ("three", 3)):
            self.frames(out, *SMALL, "--threads", threads, "--contact", f"{out}.png")
        self.assertEqual(self.hashes("one"), self.hashes("three"))
        self.assertEqual(programs.sha256(self.folder / "one.png"),
                         programs.sha256(self.folder / "three.png"))

    def test_photographs(self):
        programs.make_folder(self.folder / "photos", per_class=4, size=64)
        table = ["image_path,label,cx,cy,w,h"]
        table += [f"photos/A/A000{i}.png,A,0.5,0.4,0.5,0.{i + 3}" for i in range(4)]
        table += [f"photos/B/B000{i}.png,,,,," for i in range(4)]
        (self.folder / "boxes.csv").write_text("\n".join(table) + "\n")
        result = self.frames("out", *SMALL, "--photos", "boxes.csv", "--photo-share", 1)
        self.assertIn("and 8 photographs", result.out)
        for row in self.rows("out"):
            self.check_class(row, 48)

    def test_plain(self):
        self.frames("out", "--count", 30, "--size", 64, "--plain", "--empty", 0)
        out = self.run_json("asl-prepare", "out", "small", "--size", 32)
        self.assertEqual(out["n"], 30)
        for row in self.rows("out"):
            self.assertGreaterEqual(float(row["x"]), 0)
            self.assertLessEqual(float(row["x"]) + float(row["width"]), 64.1)

    def test_force_clears_what_was_there(self):
        self.frames("out", *SMALL)
        self.frames("out", *SMALL, code=1)
        self.frames("out", "--count", 5, "--size", 48, "--force")
        files = [path for path in (self.folder / "out").rglob("*.jpg")]
        self.assertEqual(len(files), 5)

    def test_refusals(self):
        (self.folder / "full").mkdir()
        (self.folder / "full" / "note.txt").write_text("mine")
        self.assertIn("something else", self.frames("full", *SMALL, code=1).err)
        head = "image_path,cx,cy,w,h\n"
        for text, code, words in (("a,b\n", 3, "first line"), (head + "a.png,1\n", 3, "line 2"),
                                  (head + "a.png,0.5,0.5,2,0.5\n", 3, "line 2"),
                                  (head + "gone.png,0.5,0.5,0.5,0.5\n", 3, "gone.png")):
            with self.subTest(text=text):
                (self.folder / "boxes.csv").write_text(text)
                result = self.frames("out", *SMALL, "--photos", "boxes.csv", "--photo-share", 1,
                                     "--force", code=code)
                self.assertIn(words, result.err)
        self.assertIn("none.csv", self.frames("out", *SMALL, "--photos", "none.csv", code=3).err)

    def test_from_frames_to_a_found_hand(self):
        """A finder that has seen next to nothing: here it only matters that it answers."""
        self.frames("data", "--count", 200, "--size", 64)
        self.run_program("asl-train", "data", "-o", "hands", "--preset", "finder", "--epochs", 1)
        programs.make_folder(self.folder / "letters")
        self.train("letters", "run")
        (self.folder / "room.png").write_bytes(programs.picture("A", 1, 96))
        run = ["asl-classify", "-m", "run/model.safetensors", "--json", "room.png", "--find"]
        line = json.loads(self.run_program(*run, "--finder", "hands/model.safetensors").out)
        self.assertEqual(set(line["hand"]), {"found", "score", "x", "y", "side", "box"})
        self.assertTrue(0 <= line["hand"]["score"] <= 1)
        result = self.run_program(*run, "--finder", "run/model.safetensors", code=3)
        self.assertIn("no finder's model", result.err)
        result = self.run_program(*run[:-1], "--finder", "hands/model.safetensors", code=2)
        self.assertIn("--find", result.err)
        self.check_prepare()
        if (programs.BIN / "asl-camera").exists():
            self.check_camera()

    def check_prepare(self):
        finder = ["--find", "--finder", "hands/model.safetensors"]
        whole = self.run_json("asl-prepare", "letters", "whole", "--size", 32)
        found = self.run_json("asl-prepare", "letters", "found", "--size", 32, *finder)
        self.assertEqual(whole["n"], found["n"])
        recipe = json.loads((self.folder / "found" / "prepare.json").read_text())
        self.assertEqual(recipe["finder"], "hands/model.safetensors")
        self.run_program("asl-prepare", "letters", "a.pack", "--format", "pack", *finder, code=2)
        self.run_program("asl-prepare", "letters", "b", *finder[1:], code=2)
        result = self.run_program("asl-prepare", "letters", "b", "--find", "--finder",
                                  "run/model.safetensors", code=3)
        self.assertIn("no finder's model", result.err)

    def check_camera(self):
        camera = ["asl-camera", "-m", "run/model.safetensors", "--headless", "--json", "--fast",
                  "--roi", "auto", "synth:A"]
        out = self.run_program(*camera, "--finder", "hands/model.safetensors").out
        states = [json.loads(line) for line in out.splitlines() if '"state"' in line]
        self.assertIn(states[0]["found"], (True, False))
        result = self.run_program(*camera[:-3], "synth:A", "--finder", "hands/model.safetensors",
                                  code=2)
        self.assertIn("--roi auto", result.err)

    @unittest.skipUnless((programs.BIN / "asl-camera").exists(), "asl-camera was not built")
    def test_the_builtin_finder_follows_a_drawn_hand(self):
        programs.make_folder(self.folder / "letters")
        self.train("letters", "run")
        result = subprocess.run(
            [programs.BIN / "asl-camera", "-m", self.folder / "run" / "model.safetensors",
             "--headless", "--json", "--fast", "--roi", "auto", "--seed", "3", "synth:AB.C"],
            capture_output=True, text=True, timeout=300)
        if "built without" in result.stderr:
            self.skipTest("this library has no finder built in")
        self.assertEqual(result.returncode, 0, result.stderr)
        found = [json.loads(line)["found"] for line in result.stdout.splitlines()
                 if '"state"' in line]
        self.assertEqual(found[0], False)
        self.assertIn(True, found)
        self.assertEqual(found[-1], False, "the hand is down at the end")


if __name__ == "__main__":
    unittest.main()
