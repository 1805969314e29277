# SPDX-License-Identifier: MIT
"""asl-eval on several data sets: its figures and its calibration, each against the same worked out
here from the logits that asl-classify prints; and what other programs make of a calibration."""

import json
import math
import random
import unittest

import programs

LABELS = ["A", "B", "J", "nothing"]
NOTHING = LABELS.index("nothing")


def empty(seed, size=32):
    """A picture of the class "nothing": dim noise, now and then with a bright corner."""
    noise = random.Random(f"nothing {seed}")
    corner = noise.randrange(0, size // 3)
    return programs.png(size, size, lambda x, y: [noise.randrange(0, 90)] * 3
                        if max(x, y) > corner else [200] * 3)


def make(folder, first, per_class, spelling=None, size=32):
    """A data set whose pictures are numbered from `first` on, so that no two sets share any."""
    for label in LABELS:
        target = folder / (spelling or {}).get(label, label)
        target.mkdir(parents=True)
        for i in range(per_class):
            data = empty(first + i, size) if label == "nothing" else programs.picture(
                label, first + i, size)
            (target / f"{i:04}.png").write_bytes(data)


def softmax(logits, temperature):
    top = max(logits)
    powers = [math.exp((value - top) / temperature) for value in logits]
    return [power / sum(powers) for power in powers]


def mean(values):
    values = list(values)
    return sum(values) / len(values)


class Set:
    """The true classes and logits of a data set, and what follows from them."""

    def __init__(self, pictures):
        self.pictures = pictures

    def right(self, labels):
        return [logits.index(max(logits)) == truth for truth, logits in self.pictures
                if LABELS[truth] in labels]

    def loss(self, temperature):
        return mean(-math.log(softmax(logits, temperature)[truth])
                    for truth, logits in self.pictures)

    def ece(self, temperature):
        bins = {}
        for truth, logits in self.pictures:
            scores = softmax(logits, temperature)
            score = max(scores)
            right = scores.index(score) == truth
            bins.setdefault(min(int(15 * score), 14), []).append((score, right))
        return sum(abs(sum(score - right for score, right in pairs)) for pairs in bins.values()
                   ) / len(self.pictures)

    def letters(self, temperature):
        """Letter scores of hands, and of nothing."""
        scores = [(truth, 1 - softmax(logits, temperature)[NOTHING])
                  for truth, logits in self.pictures]
        return ([score for truth, score in scores if truth != NOTHING],
                [score for truth, score in scores if truth == NOTHING])


def best_temperature(sets):
    """Where the mean of the losses is smallest, by a search of another kind than the program's."""
    low, high = math.log(0.05), math.log(20)
    while high - low > 1e-6:
        third = (high - low) / 3
        left, right = (mean(data.loss(math.exp(at)) for data in sets)
                       for at in (low + third, high - third))
        low, high = (low, high - third) if left < right else (low + third, high)
    return math.exp(low)


def reached(scores, threshold):
    return mean(score >= threshold for score in scores)


class Eval(programs.Case):
    """One model, made once, serves all tests here."""

    @classmethod
    def setUpClass(cls):
        cls.made = Eval("runTest")
        programs.Case.setUp(cls.made)
        cls.shared = cls.made.folder
        make(cls.shared / "own", 0, 10)
        make(cls.shared / "ann", 100, 12)
        make(cls.shared / "ben", 200, 5, size=40)
        cls.made.train("own", "run", "--epochs", "6", "--label-smoothing", "0.1")
        cls.model = cls.shared / "run" / "model.safetensors"
        cls.sets = {name: cls.read(name) for name in ("own", "ann", "ben")}

    @classmethod
    def tearDownClass(cls):
        cls.made.doCleanups()

    def runTest(self):
        """So that setUpClass() can make an instance."""

    @classmethod
    def read(cls, name, *options):
        paths = sorted((cls.shared / name).glob("*/*.png"))
        out = cls.made.run_program("asl-classify", "-m", cls.model, "--json", "--logits", *options,
                                   *paths).out
        return Set([(LABELS.index(path.parent.name), list(json.loads(line)["logits"].values()))
                    for path, line in zip(paths, out.splitlines())])

    def eval(self, *arguments, code=0):
        return self.run_program("asl-eval", "-m", self.model, *arguments, code=code)

    def eval_json(self, *arguments):
        return json.loads(self.eval("--json", *arguments).out)

    def data(self, *names):
        return [self.shared / name for name in names]

    def check(self, document, data, temperature=1):
        """The figures of one data set."""
        self.assertEqual(document["n"], len(data.pictures))
        self.assertAlmostEqual(document["accuracy"], mean(data.right(LABELS)), places=6)
        self.assertAlmostEqual(document["accuracy_without_jz"],
                               mean(data.right(["A", "B", "nothing"])), places=6)
        by_class = {label: mean(data.right([label])) for label in LABELS}
        self.assertAlmostEqual(document["mean_per_class"], mean(by_class.values()), places=6)
        for label in LABELS:
            self.assertAlmostEqual(document["recall_by_class"][label], by_class[label], places=6)
        worst = min(("A", "B"), key=by_class.get)
        self.assertEqual(document["worst_letter"],
                         {"label": worst, "recall": document["recall_by_class"][worst]})
        self.assertAlmostEqual(document["loss"], data.loss(temperature), places=5)
        self.assertAlmostEqual(document["ece"], data.ece(temperature), places=5)

    def test_figures(self):
        for name in ("ann", "ben"):
            self.check(self.eval_json(*self.data(name)), self.sets[name])

    def test_several(self):
        document = self.eval_json(*self.data("own", "ann", "ben"))
        figures = document["datasets"]
        for each, name in zip(figures, ("own", "ann", "ben")):
            self.check(each, self.sets[name])
            self.assertFalse(each["trained_on"])
        whole = document["means"]["all"]
        self.assertEqual((whole["datasets"], document["means"]["trained_on"]), (3, None))
        for key in ("accuracy", "accuracy_without_jz", "mean_per_class", "loss", "ece",
                    "letter_recall", "false_letters", "false_letters_at_95"):
            self.assertAlmostEqual(whole[key], mean(each[key] for each in figures), places=6)
        for label in LABELS:
            self.assertAlmostEqual(whole["recall_by_class"][label], mean(
                each["recall_by_class"][label] for each in figures), places=6)
        worst = min(figures, key=lambda each: each["accuracy_without_jz"])
        self.assertEqual(document["worst_dataset"]["name"], worst["path"])

    def test_letters(self):
        """The threshold is that of the data where the model has none."""
        document = self.eval_json(*self.data("ann", "ben"))
        self.assertTrue(document["letter_threshold_found"])
        threshold = document["letter_threshold"]
        recalls = []
        for each, name in zip(document["datasets"], ("ann", "ben")):
            hands, others = self.sets[name].letters(1)
            self.assertAlmostEqual(each["letter_recall"], reached(hands, threshold), places=6)
            self.assertAlmostEqual(each["false_letters"], reached(others, threshold), places=6)
            own = sorted(hands, reverse=True)[math.ceil(0.95 * len(hands) - 1e-9) - 1]
            below = max((score for score in hands if score < own), default=own)
            self.assertAlmostEqual(each["false_letters_at_95"], reached(others, (own + below) / 2),
                                   places=6)
            recalls.append(each["letter_recall"])
        self.assertGreaterEqual(mean(recalls), 0.95 - 1e-9)

    def test_trained_on(self):
        paths = self.data("own", "ann", "ben")
        document = self.eval_json("--trained-on", "data/own/,nobody", *paths)
        self.assertEqual([each["trained_on"] for each in document["datasets"]],
                         [True, False, False])
        means = document["means"]
        self.assertEqual((means["trained_on"]["datasets"], means["never_seen"]["datasets"]), (1, 2))
        self.assertAlmostEqual(means["never_seen"]["accuracy"], mean(
            each["accuracy"] for each in document["datasets"][1:]), places=6)
        self.assertIn(document["worst_dataset"]["name"], map(str, paths[1:]))
        result = self.eval("--trained-on", "own,nobody", *paths)
        self.assertIn("'nobody'", result.err)
        self.assertNotIn("'own'", result.err)

    def test_text(self):
        paths = self.data("own", "ann", "ben")
        lines = self.eval(*paths, "--trained-on", "own").out.splitlines()
        self.assertEqual(lines[0].split()[0], "pictures")
        self.assertTrue(lines[1].endswith("own (trained on)"))
        self.assertTrue(lines[2].endswith("ann"))
        self.assertTrue(lines[4].endswith("mean of 2 never seen"))
        self.assertTrue(lines[5].endswith("mean of 1 trained on"))
        self.assertIn("worst data set", lines[7])
        self.assertEqual(len({line.index("%") for line in lines[1:6]}), 1)
        self.assertIn("mean of 3 data sets", self.eval(*paths).out)
        self.assertNotIn("precision", "\n".join(lines))
        self.assertEqual(self.eval(*paths, "--details").out.count("precision"), 3)
        self.assertIn("precision", self.eval(paths[0]).out)

    def test_other_spellings(self):
        make(self.folder / "typed", 100, 12, {"A": "a", "nothing": "Blank"})
        (self.folder / "typed" / "7").mkdir()
        (self.folder / "typed" / "7" / "1.png").write_bytes(programs.picture("A", 1))
        result = self.eval("typed", "--json")
        self.check(json.loads(result.out), self.sets["ann"])
        self.assertIn("class '7'", result.err)

    # ---- Calibration ----

    def calibrate(self, *arguments):
        return self.eval_json("--calibrate", "out.safetensors", *arguments)["calibration"]

    def test_calibration(self):
        sets = [self.sets["ann"], self.sets["ben"]]
        found = self.calibrate(*self.data("ann", "ben"))
        temperature = found["temperature"]
        self.assertAlmostEqual(temperature / best_temperature(sets), 1, delta=1e-3)
        self.assertAlmostEqual(found["loss_before"], mean(data.loss(1) for data in sets), places=5)
        self.assertAlmostEqual(found["loss"], mean(data.loss(temperature) for data in sets),
                               places=5)
        self.assertAlmostEqual(found["ece"], mean(data.ece(temperature) for data in sets), places=4)
        self.assertLessEqual(found["loss"], found["loss_before"])
        hands = [data.letters(temperature)[0] for data in sets]
        recall = mean(reached(scores, found["letter_threshold"]) for scores in hands)
        self.assertAlmostEqual(found["letter_recall"], recall, places=6)
        self.assertGreaterEqual(recall, 0.95 - 1e-9)
        # No higher one would do: the next hand below is among the 95 %.
        next_score = min(score for scores in hands for score in scores
                         if score >= found["letter_threshold"])
        self.assertLess(mean(mean(score > next_score for score in scores) for scores in hands),
                        0.95)

    def test_calibrated_model(self):
        """The figures of a model that was written are those that were promised."""
        found = self.calibrate(*self.data("ann", "ben"), "--mirror", "both")
        document = json.loads(self.run_program("asl-eval", "-m", "out.safetensors", "--json",
                                               *self.data("ann", "ben")).out)
        self.assertAlmostEqual(document["temperature"], found["temperature"], places=5)
        self.assertAlmostEqual(document["letter_threshold"], found["letter_threshold"], places=6)
        self.assertFalse(document["letter_threshold_found"])
        for key in ("loss", "ece", "letter_recall", "false_letters"):
            self.assertAlmostEqual(document["means"]["all"][key], found[key], places=4)
        info = self.run_json("asl-info", "-m", "out.safetensors")["model"]
        self.assertEqual(info["mirror"], "both")
        # Once more from there, with what the model says of mirrors: nothing is left to find.
        again = json.loads(self.run_program(
            "asl-eval", "-m", "out.safetensors", "--json", "--calibrate", "again.safetensors",
            *self.data("ann", "ben")).out)["calibration"]
        self.assertAlmostEqual(again["temperature"], found["temperature"], places=4)
        self.assertAlmostEqual(again["loss_before"], again["loss"], places=6)
        self.assertEqual(self.run_json("asl-info", "-m", "again.safetensors")["model"]["mirror"],
                         "both")

    def test_strangers_calibrate(self):
        self.assertEqual(self.calibrate(*self.data("own", "ann", "ben"), "--trained-on", "own"),
                         self.calibrate(*self.data("ann", "ben"), "--force"))
        result = self.eval(*self.data("own"), "--trained-on", "own", "--calibrate", "never", code=3)
        self.assertIn("never seen", result.err)
        self.assertFalse((self.folder / "never").exists())

    def test_calibration_replaces_nothing(self):
        arguments = [*self.data("ann"), "--calibrate", "out.safetensors"]
        self.assertIn("written: out.safetensors", self.eval(*arguments).out)
        self.assertIn("--force", self.eval(*arguments, code=1).err)
        self.eval(*arguments, "--force")

    # ---- Mirrors ----

    def test_mirror(self):
        """Read mirrored, mirrored pictures are what they were."""
        for path in self.data("ann")[0].glob("*/*.png"):
            target = self.folder / "mirrored" / path.parent.name
            target.mkdir(parents=True, exist_ok=True)
            target.joinpath(path.name).write_bytes(mirrored(path.read_bytes()))
        plain = self.eval_json(*self.data("ann"))
        other = self.eval_json("mirrored", "--mirror", "on")
        unlike = self.eval_json("mirrored")
        self.assertEqual((other["confusion"], other["loss"]), (plain["confusion"], plain["loss"]))
        self.assertNotEqual(unlike["loss"], plain["loss"])
        both = [self.eval_json(data, "--mirror", "both")["loss"]
                for data in (*self.data("ann"), "mirrored")]
        self.assertEqual(both[0], both[1])

    def test_mirrors_of_single_pictures(self):
        picture = self.data("ann")[0] / "A" / "0001.png"
        logits = {}
        for side in ("model", "off", "on", "both", "auto"):
            out = self.run_program("asl-classify", "-m", self.model, "--json", "--logits",
                                   "--mirror", side, picture).out
            logits[side] = list(json.loads(out)["logits"].values())
        self.assertEqual(logits["model"], logits["off"])
        self.assertIn(logits["auto"], (logits["off"], logits["on"]))
        for both, off, on in zip(logits["both"], logits["off"], logits["on"]):
            self.assertAlmostEqual(both, (off + on) / 2, delta=1e-5)
        self.run_program("asl-classify", "-m", self.model, "--mirror", "left", picture, code=2)

    # ---- No letter ----

    def test_no_letter(self):
        threshold = self.calibrate(*self.data("ann", "ben"))["letter_threshold"]
        paths = sorted(self.data("ann")[0].glob("*/*.png"))
        command = ["asl-classify", "-m", "out.safetensors", *paths]
        lines = [json.loads(line) for line in self.run_program(*command, "--json").out.splitlines()]
        texts = self.run_program(*command).out.splitlines()
        refused = 0
        for line, text, path in zip(lines, texts, paths):
            scores = {entry["label"]: entry["score"] for entry in line["top"]}
            self.assertTrue(text.endswith(str(path)))
            if "nothing" in scores:
                self.assertAlmostEqual(line["letter_score"], 1 - scores["nothing"], places=6)
            if line["letter_score"] < threshold:
                self.assertIsNone(line["label"])
                self.assertTrue(text.startswith(f"no letter {line['letter_score']:.2f} "))
                refused += 1
            else:
                self.assertEqual(line["label"], line["top"][0]["label"])
                self.assertTrue(text.startswith(f"{line['label']} {line['score']:.2f} "))
        self.assertTrue(0 < refused < len(paths))
        path = paths[[line["label"] for line in lines].index(None)]
        out = self.run_program("asl-classify", "-m", "out.safetensors", "--top", "2", path,
                               "--draw", "drawn").out
        self.assertEqual(len(out.splitlines()), 3)
        self.assertTrue((self.folder / "drawn" / path.name).exists())


def mirrored(data):
    """A PNG of programs.png() with each row from right to left."""
    width, height = (int.from_bytes(data[at:at + 4], "big") for at in (16, 20))
    start = data.index(b"IDAT") + 4
    size = int.from_bytes(data[start - 8:start - 4], "big")
    rows = programs.zlib.decompress(data[start:start + size])
    return programs.png(width, height, lambda x, y: rows[
        y * (3 * width + 1) + 1 + 3 * (width - 1 - x):][:3])


if __name__ == "__main__":
    unittest.main()
