# SPDX-License-Identifier: MIT
"""The way from pictures to letters: prepare, train, evaluate, classify, and what each prints."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

import programs


class Use(programs.Case):
    """One model, made once by the programs themselves, serves all tests here."""

    @classmethod
    def setUpClass(cls):
        cls.made = Use("runTest")
        programs.Case.setUp(cls.made)
        cls.shared = cls.made.folder
        programs.make_csv(cls.shared / "source", per_class=16)
        cls.made.run_program("asl-prepare", "source", "data", "--size", "32", "--format", "png")
        cls.made.train("data", "run", "--epochs", "12", "--val", "0.25")
        programs.make_csv(cls.shared / "others", per_class=4, size=40)
        programs.make_folder(cls.shared / "fewer", per_class=4, labels=["A", "B"])

    @classmethod
    def tearDownClass(cls):
        cls.made.doCleanups()

    def runTest(self):
        """So that setUpClass() can make an instance."""

    def setUp(self):
        super().setUp()
        for name in ("data", "others", "fewer", "run"):
            (self.folder / name).symlink_to(self.shared / name)
        self.model = "run/model.safetensors"

    # ---- asl-eval ----

    def test_learned(self):
        document = self.run_json("asl-eval", "-m", self.model, "data")
        self.assertGreater(document["accuracy"], 0.8)

    def test_eval_json(self):
        document = self.run_json("asl-eval", "-m", self.model, "others")
        self.assertEqual(document["n"], 12)
        self.assertEqual(document["labels"], programs.LABELS)
        confusion = document["confusion"]
        self.assertEqual([sum(row) for row in confusion], [4, 4, 4])
        self.assertEqual(sum(confusion[i][i] for i in range(3)), document["correct"])
        self.assertAlmostEqual(document["accuracy"], document["correct"] / 12, places=6)
        for i, label in enumerate(programs.LABELS):
            scores = document["per_class"][label]
            named = sum(row[i] for row in confusion)
            precision = confusion[i][i] / named if named else 0
            recall = confusion[i][i] / 4
            f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0
            self.assertEqual(scores["support"], 4)
            self.assertAlmostEqual(scores["precision"], precision, places=6)
            self.assertAlmostEqual(scores["recall"], recall, places=6)
            self.assertAlmostEqual(scores["f1"], f1, places=6)
        self.assertEqual(set(document["groups"]), set(programs.GROUPS))
        self.assertEqual(sum(group["n"] for group in document["groups"].values()), 12)

    def test_eval_text(self):
        text = self.run_program("asl-eval", "-m", self.model, "others").out
        lines = text.splitlines()
        self.assertEqual(lines[2].split(), ["precision", "recall", "f1-score", "support"])
        rows = {line.split()[0]: line.split() for line in lines[4:7]}
        for label in programs.LABELS:
            self.assertEqual(rows[label][-1], "4")
        for row in ("accuracy", "macro avg", "weighted avg"):
            self.assertIn(row, text)
        self.assertIn("Accuracy by group", text)

    def test_eval_several(self):
        document = self.run_json("asl-eval", "-m", self.model, "data", "others", "fewer")
        self.assertEqual([d["path"] for d in document["datasets"]], ["data", "others", "fewer"])
        self.assertEqual([d["n"] for d in document["datasets"]], [48, 12, 8])
        self.assertEqual(document["datasets"][2]["per_class"]["space"]["support"], 0)
        text = self.run_program("asl-eval", "-m", self.model, "data", "others").out
        self.assertIn("mean of 2 data sets", text)

    def test_eval_same_for_any_batch_and_threads(self):
        first = self.run_json("asl-eval", "-m", self.model, "others", "--batch", "1")
        second = self.run_json("asl-eval", "-m", self.model, "others", "--batch", "5",
                               "--threads", "3")
        self.assertEqual(first, second)

    def test_gate(self):
        self.run_program("asl-eval", "-m", self.model, "data", "--min-accuracy", "0")
        (self.folder / "wrong").mkdir()
        rows = ["image_path,target"]
        for label, target in zip(programs.LABELS, ["B", "space", "A"]):
            for path in sorted((self.folder / "others" / label).iterdir()):
                rows.append(f"{path.resolve().name},{target}")
                (self.folder / "wrong" / path.name).write_bytes(path.read_bytes())
        (self.folder / "wrong" / "data.csv").write_text("\n".join(rows) + "\n")
        result = self.run_program("asl-eval", "-m", self.model, "wrong", "--min-accuracy", "0.9",
                                  code=5)
        self.assertIn("--min-accuracy 0.9", result.err)
        self.assertIn("precision", result.out)

    def test_confusion_picture(self):
        arguments = ["asl-eval", "-m", self.model, "others", "--confusion", "matrix.png"]
        self.run_program(*arguments)
        self.assertTrue((self.folder / "matrix.png").read_bytes().startswith(b"\x89PNG"))
        self.assertIn("--force", self.run_program(*arguments, code=1).err)
        self.run_program(*arguments, "--force")

    def test_eval_limit(self):
        document = self.run_json("asl-eval", "-m", self.model, "data", "--per-class", "2")
        self.assertEqual(document["n"], 6)

    def test_eval_bad_picture(self):
        programs.make_folder(self.folder / "bad", per_class=3)
        good = (self.folder / "bad" / "A" / "A0000.png").read_bytes()
        (self.folder / "bad" / "A" / "A0000.png").write_bytes(good[:80])
        result = self.run_program("asl-eval", "-m", self.model, "bad", "--json")
        document = json.loads(result.out)
        self.assertEqual((document["n"], document["skipped"]), (8, 1))
        self.assertIn("A/A0000.png", result.err)

    def test_eval_unknown_class(self):
        programs.make_folder(self.folder / "more", per_class=2, labels=["A", "B", "Q"])
        result = self.run_program("asl-eval", "-m", self.model, "more", "--json")
        self.assertEqual(json.loads(result.out)["n"], 4)
        self.assertIn("'Q'", result.err)
        programs.make_folder(self.folder / "other", per_class=2, labels=["Q", "R"])
        self.assertIn("other", self.run_program("asl-eval", "-m", self.model, "other", code=3).err)

    # ---- asl-classify ----

    def test_classify_text(self):
        out = self.run_program("asl-classify", "-m", self.model, "others/A/A0000.png",
                               "others/B/B0000.png").out.splitlines()
        self.assertEqual(len(out), 2)
        label, score, ms, unit, path = out[0].split()
        self.assertIn(label, programs.LABELS)
        self.assertTrue(0 <= float(score) <= 1)
        self.assertGreater(float(ms), 0)
        self.assertEqual((unit, path), ("ms", "others/A/A0000.png"))

    def test_classify_json(self):
        paths = sorted(str(path.relative_to(self.folder))
                       for path in (self.folder / "others").glob("*/*.png"))
        out = self.run_program("asl-classify", "-m", self.model, "--json", "--logits", *paths).out
        lines = [json.loads(line) for line in out.splitlines()]
        self.assertEqual([line["path"] for line in lines], paths)
        for line in lines:
            self.assertEqual(line["schema"], 1)
            self.assertEqual(len(line["top"]), 3)
            self.assertEqual(line["top"][0]["label"], line["label"])
            self.assertEqual(line["top"][0]["score"], line["score"])
            scores = [entry["score"] for entry in line["top"]]
            self.assertEqual(scores, sorted(scores, reverse=True))
            self.assertAlmostEqual(sum(scores), 1, places=4)
            self.assertEqual(set(line["logits"]), set(programs.LABELS))
            self.assertEqual(max(line["logits"], key=line["logits"].get), line["label"])
            self.assertGreater(line["ms"], 0)

    def test_every_isa_reads_the_same(self):
        paths = sorted(str(path.relative_to(self.folder))
                       for path in (self.folder / "others").glob("*/*.png"))
        first = None
        for isa in [*self.levels(), "auto"]:
            out = self.run_program("asl-classify", "-m", self.model, "--json", "--logits", "--isa",
                                   isa, *paths).out
            lines = [json.loads(line) for line in out.splitlines()]
            first = first or lines
            for line, plain in zip(lines, first):
                self.assertEqual(line["label"], plain["label"], isa)
                for label, logit in plain["logits"].items():
                    # Sums of other orders: a few units in the last place of numbers near 10.
                    self.assertAlmostEqual(line["logits"][label], logit, delta=1e-3, msg=isa)
            counted = self.run_json("asl-eval", "-m", self.model, "others", "--isa", isa)
            self.assertEqual(sum(map(sum, counted["confusion"])), 12)
            result = self.run_program("asl-classify", "-m", self.model, "--verbose", "--isa", isa,
                                      paths[0])
            self.assertIn(f"cpu {self.levels()[-1] if isa == 'auto' else isa} ", result.err)

    def test_bf16_reads_nearly_the_same(self):
        paths = sorted(str(path.relative_to(self.folder))
                       for path in (self.folder / "others").glob("*/*.png"))
        plain = [json.loads(line) for line in self.run_program(
            "asl-classify", "-m", self.model, "--json", "--logits", *paths).out.splitlines()]
        for isa in self.levels():
            result = self.run_program("asl-classify", "-m", self.model, "--json", "--logits",
                                      "--verbose", "--isa", isa, "--precision", "bf16", *paths)
            self.assertIn(f"cpu {isa} bf16 ", result.err)
            for line, wanted in zip(map(json.loads, result.out.splitlines()), plain):
                largest = max(map(abs, wanted["logits"].values()))
                for label, logit in wanted["logits"].items():
                    self.assertAlmostEqual(line["logits"][label], logit, delta=0.02 * largest,
                                           msg=isa)

    def test_top(self):
        path = "others/A/A0000.png"
        out = self.run_program("asl-classify", "-m", self.model, "--top", "2", path).out
        self.assertEqual(len(out.splitlines()), 2)
        out = self.run_program("asl-classify", "-m", self.model, "--json", "--top", "99", path).out
        self.assertEqual(len(json.loads(out)["top"]), 3)

    def test_standard_input(self):
        data = (self.folder / "others" / "A" / "A0000.png").read_bytes()
        piped = json.loads(self.run_program("asl-classify", "-m", self.model, "--json", "-",
                                            stdin=data).out)
        direct = json.loads(self.run_program("asl-classify", "-m", self.model, "--json",
                                             "others/A/A0000.png").out)
        self.assertEqual(piped["top"], direct["top"])
        result = self.run_program("asl-classify", "-m", self.model, "-", stdin=b"junk", code=3)
        self.assertIn("standard input", result.err)

    def test_bad_pictures_do_not_stop_the_rest(self):
        (self.folder / "junk.png").write_bytes(b"junk")
        result = self.run_program("asl-classify", "-m", self.model, "junk.png", "missing.jpg",
                                  "others", "others/A/A0000.png", code=3)
        self.assertEqual(len(result.out.splitlines()), 1)
        errors = result.err.splitlines()
        self.assertEqual(len(errors), 3)
        for name, line in zip(("junk.png", "missing.jpg", "others"), errors):
            self.assertIn(name, line)

    def test_roi(self):
        size = 64
        inner = programs.picture("B", 5)
        self.assertTrue(inner)
        (self.folder / "frame.png").write_bytes(programs.png(
            size, size, lambda x, y: (255, 255, 255) if 16 <= x < 48 and 24 <= y < 28
            else (40, 40, 40)))
        run = ["asl-classify", "-m", self.model, "--json", "frame.png"]
        whole = json.loads(self.run_program(*run).out)
        part = json.loads(self.run_program(*run, "--roi", "16,16,32,32").out)
        self.assertNotEqual(whole["top"], part["top"])
        result = self.run_program(*run, "--roi", "40,40,32,32", code=3)
        self.assertIn("frame.png", result.err)

    def test_draw(self):
        jpeg = self.folder / "jpg"
        self.run_program("asl-prepare", "others", "jpg", "--size", "300")
        source = jpeg / "A" / "A0000.jpg"
        arguments = ["asl-classify", "-m", self.model, source, "others/B/B0000.png", "--draw",
                     "drawn/deep"]
        self.run_program(*arguments)
        drawn = self.folder / "drawn" / "deep"
        self.assertTrue((drawn / "A0000.jpg").read_bytes().startswith(b"\xff\xd8"))
        png = (drawn / "B0000.png").read_bytes()
        self.assertEqual(int.from_bytes(png[16:20], "big"), 240)
        self.assertIn("--force", self.run_program(*arguments, code=1).err)
        self.run_program(*arguments, "--force")

    def test_draw_equal_names(self):
        for name in ("x", "y"):
            (self.folder / name).mkdir()
            (self.folder / name / "hand.png").write_bytes(programs.picture("A", 1))
        self.run_program("asl-classify", "-m", self.model, "x/hand.png", "y/hand.png",
                         "x/../x/hand.png", "others/A/A0000.png", "--draw", "drawn")
        self.assertEqual({path.name for path in (self.folder / "drawn").iterdir()},
                         {"x-hand.png", "y-hand.png", "x-hand-2.png", "A0000.png"})

    def test_draw_never_over_the_picture(self):
        data = programs.picture("A", 1)
        (self.folder / "hand.png").write_bytes(data)
        result = self.run_program("asl-classify", "-m", self.model, "hand.png", "--draw", ".",
                                  "--force", code=1)
        self.assertIn("hand.png", result.err)
        self.assertEqual((self.folder / "hand.png").read_bytes(), data)

    def test_draw_standard_input(self):
        self.run_program("asl-classify", "-m", self.model, "--draw", "drawn", "--", "-",
                         stdin=programs.picture("A", 1))
        self.assertTrue((self.folder / "drawn" / "stdin.png").exists())

    def test_start_without_drawing_libraries(self):
        trace = dict(os.environ, LD_TRACE_LOADED_OBJECTS="1")
        loaded = subprocess.run([programs.BIN / "asl-classify"], env=trace, check=True,
                                stdout=subprocess.PIPE).stdout
        self.assertIn(b"libasl", loaded)
        self.assertNotIn(b"cairo", loaded)

    def test_draw_needs_the_other_program(self):
        (self.folder / "bin").mkdir()
        alone = shutil.copy(programs.BIN / "asl-classify", self.folder / "bin")
        arguments = [alone, "-m", self.model, "others/A/A0000.png"]
        env = os.environ | {"LD_LIBRARY_PATH": str(programs.BIN.parent / "lib")}
        self.run_program(*arguments, env=env)
        result = self.run_program(*arguments, "--draw", "drawn", code=1, env=env)
        self.assertIn("asl-classify-draw", result.err)
        self.assertFalse((self.folder / "drawn").exists())

    # ---- Models ----

    def test_info(self):
        document = self.run_json("asl-info", "-m", self.model)
        model = document["model"]
        self.assertEqual(model["labels"], programs.LABELS)
        self.assertEqual((model["width"], model["height"], model["channels"]), (32, 32, 3))
        self.assertEqual(sum(layer["parameters"] for layer in model["layers"]),
                         model["parameters"])
        self.assertIn("Total parameters", self.run_program("asl-info", "-m", self.model).out)

    def test_damaged_model(self):
        data = pathlib.Path(self.shared / self.model).read_bytes()
        for name, content in (("empty", b""), ("short", data[:1000]), ("text", b"hello" * 100),
                              ("flipped", data[:-9] + bytes([data[-9] ^ 64]) + data[-8:])):
            (self.folder / name).write_bytes(content)
            for arguments in (["asl-eval", "-m", name, "data"], ["asl-info", "-m", name],
                              ["asl-classify", "-m", name, "others/A/A0000.png"]):
                result = self.run_program(*arguments, code=3)
                self.assertEqual(len(result.err.splitlines()), 1, result.err)

    def test_unknown_backend(self):
        self.run_program("asl-eval", "-m", self.model, "data", "--backend", "abacus", code=4)
        self.run_program("asl-classify", "-m", self.model, "x.png", "--backend", "abacus", code=4)

    def test_engine_without_isa(self):
        engine = ["--backend", "reference", "--isa", "c"]
        for arguments in (["asl-eval", "-m", self.model, "data"],
                          ["asl-classify", "-m", self.model, "others/A/A0000.png"]):
            self.assertIn("isa", self.run_program(*arguments, *engine, code=2).err)


if __name__ == "__main__":
    unittest.main()
