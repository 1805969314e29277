# SPDX-License-Identifier: MIT
"""asl-prepare: what it writes, what it goes on with, what it refuses."""

import csv
import hashlib
import os
import unittest

import programs


def read_csv(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def contents(folder):
    """Every file below a folder with its checksum."""
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in folder.rglob("*") if path.is_file()}


class Prepare(programs.Case):
    def setUp(self):
        super().setUp()
        self.data = programs.make_folder(self.folder / "data", per_class=6)
        self.out = self.folder / "out"

    def test_folder(self):
        document = self.run_json("asl-prepare", "data", "out", "--per-class", "4", "--size", "24")
        self.assertEqual(document["n"], 12)
        self.assertEqual(document["made"], 12)
        self.assertEqual(document["skipped"], 0)
        self.assertEqual(document["classes"], {"A": 4, "B": 4, "space": 4})
        rows = read_csv(self.out / "data.csv")
        self.assertEqual(list(rows[0]), ["image_path", "target"])
        self.assertEqual(len({row["image_path"] for row in rows}), 12)
        for row in rows:
            self.assertTrue((self.out / row["image_path"]).read_bytes().startswith(b"\xff\xd8"))
            self.assertEqual(row["image_path"].split("/")[0], row["target"])
        self.assertEqual((self.out / "classes.txt").read_text(), "A\nB\nspace\n")
        self.assertEqual((self.out / "skipped.csv").read_text(), "path,reason\n")

    def test_default_limit_and_size(self):
        self.run_program("asl-prepare", "data", "out", "--format", "png")
        files = sorted(self.out.glob("*/*.png"))
        self.assertEqual(len(files), 18)
        header = files[0].read_bytes()[16:24]
        self.assertEqual(header, bytes([0, 0, 0, 224, 0, 0, 0, 224]))

    def test_groups_stay(self):
        programs.make_csv(self.folder / "signers", per_class=4)
        self.run_program("asl-prepare", "signers", "out", "--size", "16")
        rows = read_csv(self.out / "data.csv")
        self.assertEqual({row["group"] for row in rows}, set(programs.GROUPS))

    def test_same_seed_same_files_for_any_thread_count(self):
        for out, seed, threads in (("a", 1, 1), ("b", 1, 3), ("c", 2, 2)):
            self.run_program("asl-prepare", "data", out, "--per-class", "3", "--size", "16",
                             "--seed", seed, "--threads", threads)
        a, b, c = (contents(self.folder / name) for name in "abc")
        self.assertEqual(a, b)
        self.assertNotEqual(set(a), set(c))

    def test_rerun_goes_on(self):
        arguments = ["asl-prepare", "data", "out", "--size", "16", "--format", "png"]
        self.run_program(*arguments)
        before = contents(self.out)
        victim = self.out / "A" / "A0003.png"
        victim.unlink()
        (self.out / "data.csv").unlink()
        self.assertEqual(self.run_json(*arguments)["made"], 1)
        self.assertEqual(contents(self.out), before)

    def test_other_settings_need_force(self):
        self.run_program("asl-prepare", "data", "out", "--size", "16")
        result = self.run_program("asl-prepare", "data", "out", "--size", "20", code=1)
        self.assertIn("--force", result.err)
        self.run_program("asl-prepare", "data", "out", "--size", "20", "--per-class", "2",
                         "--force")
        self.assertEqual(len(list(self.out.glob("*/*.jpg"))), 6)

    def test_never_into_a_foreign_folder(self):
        self.out.mkdir()
        (self.out / "precious.txt").write_text("mine")
        before = contents(self.folder)
        for force in ([], ["--force"]):
            self.run_program("asl-prepare", "data", "out", *force, code=1)
            self.run_program("asl-prepare", "data", "data", *force, code=2)
            self.run_program("asl-prepare", "data", "data/sub", *force, code=2)
            self.run_program("asl-prepare", "data", "data/A/new/sub", *force, code=2)
            self.run_program("asl-prepare", "data/../data", "./data", *force, code=2)
        self.assertEqual(contents(self.folder), before)

    def test_bad_pictures_are_listed(self):
        (self.data / "A" / "A0000.png").write_bytes(b"not a picture")
        good = (self.data / "B" / "B0000.png").read_bytes()
        (self.data / "B" / "B0000.png").write_bytes(good[: len(good) // 2])
        document = self.run_json("asl-prepare", "data", "out", "--size", "16")
        self.assertEqual(document["n"], 16)
        self.assertEqual(document["skipped"], 2)
        skipped = {row["path"]: row["reason"] for row in read_csv(self.out / "skipped.csv")}
        self.assertEqual(set(skipped), {"A/A0000.png", "B/B0000.png"})
        self.assertTrue(all(skipped.values()))
        self.assertEqual(len(read_csv(self.out / "data.csv")), 16)

    def test_class_without_usable_picture(self):
        for path in (self.data / "B").iterdir():
            path.write_bytes(path.read_bytes()[:60])
        result = self.run_program("asl-prepare", "data", "out", "--size", "16", code=3)
        self.assertIn("'B'", result.err)

    def test_equal_names_do_not_collide(self):
        (self.data / "A" / "A0000.jpeg.png").write_bytes(programs.picture("A", 100))
        os.rename(self.data / "A" / "A0001.png", self.data / "A" / "A0000.PNG")
        document = self.run_json("asl-prepare", "data", "out", "--size", "16")
        self.assertEqual(document["n"], 19)
        self.assertEqual(len(list(self.out.glob("*/*.jpg"))), 19)

    def test_pack(self):
        document = self.run_json("asl-prepare", "data", "hands.pack", "--format", "pack",
                                 "--size", "16")
        self.assertEqual(document["n"], 18)
        self.assertTrue((self.folder / "hands.pack").is_file())
        self.run_program("asl-prepare", "data", "hands.pack", "--format", "pack", code=1)
        self.run_program("asl-prepare", "data", "hands.pack", "--format", "pack", "--force")
        again = self.run_json("asl-prepare", "hands.pack", "out", "--size", "16")
        self.assertEqual(again["classes"], document["classes"])

    def test_no_formulas(self):
        labels = ["=1+2", "+a", "-b", "@c", "'=d", "''-e", "'f"]
        programs.make_folder(self.folder / "sheet", per_class=2, labels=labels)
        (self.folder / "sheet" / "+a" / "+bad.png").write_bytes(b"not a picture")
        document = self.run_json("asl-prepare", "sheet", "out", "--size", "16")
        self.assertEqual(set(document["classes"]), set(labels))
        for name in ("data.csv", "skipped.csv"):
            with open(self.out / name, newline="") as file:
                fields = [field for row in csv.reader(file) for field in row]
            self.assertFalse([field for field in fields if field[0] in "=+-@\t\r"])
        again = self.run_json("asl-prepare", "out", "again", "--size", "16")
        self.assertEqual(again["classes"], document["classes"])
        self.assertEqual(again["n"], document["n"])

    def test_output_folder_that_cannot_be_made(self):
        (self.folder / "file").write_text("")
        result = self.run_program("asl-prepare", "data", "file/out", code=1)
        self.assertIn("file/out", result.err)


if __name__ == "__main__":
    unittest.main()
