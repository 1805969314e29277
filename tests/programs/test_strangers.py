# SPDX-License-Identifier: MIT
# labels: slow
"""asl-train for strangers: several sources, varied and drawn pictures, averaged weights, a change of
size, validation on other people, and a network to start from."""

import csv
import json
import signal
import subprocess
import time
import unittest

import programs

# Everything at once.
RECIPE = ["--sources", "ann:2,more/ben", "--select-on", "cid,more/dot", "--augment", "strong",
          "--epoch-pictures", "20", "--average", "0.9", "--start-size", "24", "--start-share",
          "0.5", "--schedule", "one-cycle", "--optimizer", "nesterov", "--lr", "0.01"]
SMALL = ["--preset", "tiny", "--size", "32", "--epochs", "4", "--batch", "8"]
FILES = ("model.safetensors", "best.safetensors", "run.json")


class Strangers(programs.Case):
    def setUp(self):
        super().setUp()
        programs.make_folder(self.folder / "ann", per_class=6, size=48)
        programs.make_folder(self.folder / "more" / "ben", per_class=3, size=32)
        programs.make_folder(self.folder / "cid", per_class=2, size=40)
        programs.make_folder(self.folder / "more" / "dot", per_class=1, size=40, labels=["A", "B"])

    def run_recipe(self, run, *more, code=0):
        return self.run_program("asl-train", *RECIPE, *SMALL, "--threads", "1", "-o", run, *more,
                                code=code)

    def facts(self, run="run"):
        return json.loads((self.folder / run / "run.json").read_text())

    def assert_same(self, run, other):
        for name in FILES:
            self.assertEqual(programs.sha256(self.folder / run / name),
                             programs.sha256(self.folder / other / name), name)

    def test_what_is_left(self):
        result = self.run_recipe("run")
        names = {path.name for path in (self.folder / "run").iterdir()}
        self.assertLessEqual({"cache-ann.pack", "cache-ben.pack", "check-cid.pack",
                              "check-dot.pack"}, names)
        self.assertIn("split: selected (cid,dot)", result.out)
        self.assertIn("27 pictures to learn from, 8 to validate on", result.out)
        self.assertIn("mean over sources", result.out)
        facts = self.facts()
        settings = facts["settings"]
        self.assertEqual(settings["sources"], "ann:2,ben:1")
        self.assertEqual(settings["select_on"], "cid,dot")
        self.assertEqual(settings["augment"], "strong")
        self.assertEqual(settings["optimizer"], "nesterov")
        self.assertEqual((settings["epoch_pictures"], settings["start_size"]), (20, 24))
        self.assertEqual((settings["average"], settings["start_share"]), (0.9, 0.5))
        self.assertEqual(facts["data"]["sources"],
                         [{"name": "ann", "weight": 2, "pictures": 18},
                          {"name": "ben", "weight": 1, "pictures": 9}])
        self.assertEqual(facts["split"], {"kind": "selected", "train": 27, "validation": 8})
        sources = facts["result"]["sources"]
        self.assertEqual([(s["name"], s["pictures"]) for s in sources], [("cid", 6), ("dot", 2)])
        self.assertAlmostEqual(facts["result"]["best_val_source_accuracy"],
                               sum(s["accuracy"] for s in sources) / 2)

    def test_metrics(self):
        self.run_recipe("run")
        with open(self.folder / "run" / "metrics.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0])[-3:], ["val_source_accuracy", "val_cid", "val_dot"])
        for row in rows:
            mean, cid, dot, whole = (float(row[name]) for name in (
                "val_source_accuracy", "val_cid", "val_dot", "val_accuracy"))
            self.assertAlmostEqual(mean, (cid + dot) / 2)
            self.assertAlmostEqual(whole, (6 * cid + 2 * dot) / 8)
        document = json.loads(self.run_recipe("other", "--json").out)
        self.assertEqual([s["name"] for s in document["sources"]], ["cid", "dot"])
        best = document["epochs"][document["best_epoch"] - 1]
        self.assertEqual(best["val_source_accuracy"], document["best_val_source_accuracy"])

    def test_pictures_are_packed_larger_but_not_enlarged(self):
        self.run_recipe("run", "--epochs", "1")
        sizes = {name: (self.folder / "run" / f"{name}.pack").stat().st_size
                 for name in ("cache-ann", "cache-ben", "check-cid")}
        for name, side, count in (("cache-ann", 40, 18), ("cache-ben", 32, 9),
                                  ("check-cid", 32, 6)):
            pixels = 3 * side * side * count
            self.assertTrue(pixels < sizes[name] < pixels + 4096 + 200 * count, (name, sizes))

    def test_same_bits_for_any_number_of_threads(self):
        for threads in ("1", "2", "3"):
            self.run_recipe(f"run{threads}", "--threads", threads)
        self.assert_same("run1", "run2")
        self.assert_same("run1", "run3")

    def test_interrupted_then_resumed(self):
        self.run_recipe("whole", "--epochs", "12")
        process = subprocess.Popen(
            [programs.BIN / "asl-train", *RECIPE, *SMALL, "--epochs", "12", "--threads", "1", "-o",
             "run"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not (self.folder / "run" / "metrics.csv").exists():
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertIn(b"  asl-train -o run --resume\n", err)
        (self.folder / "ann").rename(self.folder / "gone")
        self.run_program("asl-train", "-o", "run", "--resume")
        self.assert_same("run", "whole")

    def test_settings_cannot_change(self):
        self.run_recipe("run")
        for option, value in (("--sources", "ann,more/ben"), ("--sources", "ann:2"),
                              ("--select-on", "cid"), ("--augment", "light"),
                              ("--average", "0.5"), ("--epoch-pictures", "21"),
                              ("--start-size", "16"), ("--start-share", "0.4"),
                              ("--optimizer", "sgd"), ("--epochs", "9")):
            result = self.run_program("asl-train", "-o", "run", "--resume", option, value, code=2)
            self.assertIn(option, result.err)
        self.run_program("asl-train", "-o", "run", "--resume", *RECIPE)

    def test_split_by_source(self):
        result = self.run_program("asl-train", "--sources", "ann,cid,more/ben", *SMALL, "-o", "run")
        self.assertIn("split: group", result.out)
        self.assertIn("whole groups, held out: ", result.out)

    def test_dry_run(self):
        result = self.run_program("asl-train", *RECIPE, *SMALL, "--dry-run")
        self.assertIn("27 pictures to learn from, 8 to validate on", result.out)
        self.assertEqual(self.run_json("asl-train", *RECIPE, *SMALL, "--dry-run")["train"], 27)

    def test_classes_in_another_spelling(self):
        for old, new in (("space", "Space"), ("A", "a")):
            (self.folder / "ann" / old).rename(self.folder / "ann" / new)
        (self.folder / "ann" / "B").rename(self.folder / "ann" / "7")
        result = self.run_recipe("run")
        self.assertEqual(self.facts()["data"]["classes"], programs.LABELS)
        self.assertIn("'7'", result.err)
        self.assertIn("ann", result.err)
        self.assertEqual(self.facts()["data"]["sources"][0]["pictures"], 12)

    def test_augmentation_of_a_file(self):
        (self.folder / "keys.json").write_text('{"base": "light", "rotation": 20}\n')
        keys = ["--augment", "keys.json"]
        self.run_recipe("file", *keys)
        self.run_recipe("text", "--augment", '{"base":"light","rotation":20}')
        self.run_recipe("light", "--augment", "light")
        self.assert_same("file", "text")
        self.assertNotEqual(programs.sha256(self.folder / "file" / "model.safetensors"),
                            programs.sha256(self.folder / "light" / "model.safetensors"))
        self.assertEqual(json.loads(self.facts("file")["settings"]["augment"])["rotation"], 20)
        self.run_program("asl-train", "-o", "file", "--resume", *keys)
        (self.folder / "keys.json").unlink()
        self.run_program("asl-train", "-o", "file", "--resume")

    def test_preview(self):
        arguments = [*RECIPE, "--preset", "tiny", "--preview-augment", "sheet.png"]
        result = self.run_program("asl-train", *arguments)
        self.assertEqual(result.out, "")
        sheet = (self.folder / "sheet.png").read_bytes()
        side = 12 * (64 + 4) + 4
        self.assertEqual(sheet[16:24], side.to_bytes(4, "big") * 2)
        self.run_program("asl-train", *arguments, code=1)
        self.run_program("asl-train", *arguments, "--force")
        self.assertEqual((self.folder / "sheet.png").read_bytes(), sheet)
        self.run_program("asl-train", *arguments, "--seed", "1", "--force")
        self.assertNotEqual((self.folder / "sheet.png").read_bytes(), sheet)
        result = self.run_program("asl-train", "ann", "--preview-augment", "other.png", code=2)
        self.assertIn("--augment", result.err)
        self.run_program("asl-train", "ann", "--augment", "light", "--preview-augment",
                         "no/sheet.png", code=3)

    def test_init(self):
        self.train("ann", "first")
        (self.folder / "first" / "best.safetensors").rename(self.folder / "start.safetensors")
        frozen = ["--lr", "1e-12", "--epochs", "1", "--val", "0", "--batch", "8", "-o"]
        init = ["--init", "start.safetensors"]
        self.run_program("asl-train", "more/ben", *init, *frozen, "run")
        self.assertEqual(self.facts()["settings"]["init"], "start.safetensors")
        self.assertEqual(self.facts()["network"]["width"], 32)
        self.run_program("asl-train", "more/ben", *init, *frozen, "larger", "--size", "48")
        self.assertEqual(self.facts("larger")["network"]["width"], 48)
        # Where the first network is gone, RUN still has it.
        (self.folder / "start.safetensors").unlink()
        self.run_program("asl-train", "-o", "run", "--resume", "--epochs", "2")
        self.run_program("asl-train", "more/ben", *init, *frozen, "other", code=3)

    def test_init_with_the_built_in_model(self):
        entries = json.loads(self.run_program("asl-info", "--json").out)["builtin"]
        if not next(entry["available"] for entry in entries if entry["name"] == "letters"):
            self.skipTest("this build has no built-in model")
        init = ["--init", "built-in", "--epochs", "1", "--val", "0", "-o"]
        self.run_program("asl-train", "ann", *init, "run")
        self.assertEqual(self.facts()["settings"]["init"], "built-in")
        self.run_program("asl-train", "ann", *init, "smaller", "--size", "48")
        self.assertEqual(self.facts("smaller")["network"]["width"], 48)
        self.run_program("asl-train", "-o", "run", "--resume", "--epochs", "2")

    def test_init_of_other_classes(self):
        self.train("more/dot", "first", "--val", "0")
        result = self.run_program("asl-train", "ann", "--init", "first/best.safetensors", "-o",
                                  "run", code=3)
        self.assertIn("'space'", result.err)

    def test_bad_lists(self):
        for sources in ("ann:0", "ann:-1", "ann:1e9", "ann,,cid", ",ann", "ann:1,", ""):
            result = self.run_program("asl-train", "--sources", sources, "-o", "run", code=2)
            self.assertIn("--sources", result.err)
        self.run_program("asl-train", "--sources", "ann,./ann", "-o", "run", code=2)
        self.run_program("asl-train", "ann", "--sources", "cid", "-o", "run", code=2)
        self.run_program("asl-train", "--sources", "ann,missing", "-o", "run", code=3)
        self.run_program("asl-train", "ann", "--select-on", "missing", "-o", "run", code=3)
        self.assertFalse((self.folder / "run").exists())

    def test_bad_recipes(self):
        (self.folder / "keys.json").write_text('{"rotatoin": 20}')
        for more, code, words in ((["--augment", "strongest"], 2, "strongest"),
                                  (["--augment", "keys.json"], 3, "rotatoin"),
                                  (["--augment", '{"negative":0.2}'], 3, "'nothing'"),
                                  (["--average", "1"], 2, "--average"),
                                  (["--start-size", "32"], 2, "start_size")):
            result = self.run_program("asl-train", "ann", *SMALL, *more, "-o", "run", code=code)
            self.assertIn(words, result.err)
            self.assertFalse((self.folder / "run").exists())


if __name__ == "__main__":
    unittest.main()
