# SPDX-License-Identifier: MIT
# labels: slow
"""asl-train: what a run leaves behind, and the rules about starting, stopping and going on."""

import csv
import json
import os
import signal
import subprocess
import time
import unittest

import programs

OUTPUTS = {"model.safetensors", "best.safetensors", "last.ckpt", "metrics.csv", "run.json",
           "accuracy.png", "loss.png", "cache.pack"}


class Train(programs.Case):
    def setUp(self):
        super().setUp()
        self.data = programs.make_csv(self.folder / "data")
        self.run_folder = self.folder / "run"

    def facts(self, name="run"):
        return json.loads((self.folder / name / "run.json").read_text())

    def test_outputs(self):
        result = self.train("data", "run", "--seed", "7")
        names = {path.name for path in self.run_folder.iterdir()}
        self.assertLessEqual(OUTPUTS, names)
        self.assertFalse([name for name in names if name.endswith(".tmp")])
        self.assertIn("Total parameters", result.out.split("epoch")[0])
        self.assertIn("split: group", result.out)
        self.assertEqual(sum(line.startswith("epoch ") for line in result.out.splitlines()), 2)
        for name in ("accuracy.png", "loss.png"):
            self.assertEqual((self.run_folder / name).read_bytes()[16:24],
                             (800).to_bytes(4, "big") + (500).to_bytes(4, "big"))

    def test_metrics(self):
        self.train("data", "run")
        with open(self.run_folder / "metrics.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(list(rows[0]), ["epoch", "train_loss", "train_accuracy", "val_loss",
                                         "val_accuracy", "learning_rate", "seconds"])
        self.assertEqual([row["epoch"] for row in rows], ["1", "2"])
        for row in rows:
            self.assertTrue(0 <= float(row["val_accuracy"]) <= 1)
            self.assertGreater(float(row["train_loss"]), 0)
            self.assertEqual(float(row["learning_rate"]), 1e-3)

    def test_facts(self):
        self.train("data", "run", "--seed", "7", "--lr", "0.002", "--optimizer", "sgd",
                   "--schedule", "one-cycle", "--label-smoothing", "0.1", "--split", "block")
        facts = self.facts()
        self.assertEqual(facts["schema"], 1)
        expected = {"preset": "tiny", "size": 32, "epochs": 2, "batch": 8, "lr": 0.002,
                    "optimizer": "sgd", "schedule": "one-cycle", "momentum": 0.9,
                    "weight_decay": 0, "label_smoothing": 0.1, "val": 0.15, "split": "block",
                    "per_class": 0, "precision": "auto", "seed": 7, "sources": None,
                    "select_on": None, "augment": "none", "epoch_pictures": 0, "init": None,
                    "average": 0, "start_size": 0, "start_share": 0.6}
        self.assertEqual(facts["settings"], expected)
        self.assertEqual(facts["split"]["kind"], "block")
        self.assertEqual(facts["split"]["train"] + facts["split"]["validation"], 24)
        self.assertEqual(facts["data"]["pictures"], 24)
        self.assertEqual(facts["data"]["classes"], programs.LABELS)
        self.assertNotIn(str(self.folder), json.dumps(facts))

    def test_same_run_same_bits_anywhere(self):
        other = self.folder / "elsewhere"
        other.mkdir()
        programs.make_csv(other / "data")
        self.train("data", "run")
        self.train("elsewhere/data", "elsewhere/run", "--threads", "3")
        for name in ("model.safetensors", "best.safetensors", "run.json"):
            self.assertEqual(programs.sha256(self.run_folder / name),
                             programs.sha256(other / "run" / name), name)

    def test_same_bits_for_any_number_of_threads(self):
        for isa in self.levels():
            sums = set()
            for threads in ("1", "2", "3", "5"):
                run = f"{isa}-{threads}"
                self.train("data", run, "--isa", isa, "--threads", threads)
                sums.add(tuple(programs.sha256(self.folder / run / name)
                               for name in ("model.safetensors", "best.safetensors", "run.json")))
            self.assertEqual(len(sums), 1, isa)

    def test_precision_is_a_setting(self):
        self.train("data", "plain", "--isa", "c")
        self.train("data", "run", "--isa", "c", "--precision", "bf16")
        self.assertEqual(self.facts()["settings"]["precision"], "bf16")
        self.assertNotEqual(*(programs.sha256(self.folder / run / "model.safetensors")
                              for run in ("plain", "run")))
        result = self.run_program("asl-train", "data", "-o", "run", "--resume", "--epochs", "3",
                                  "--isa", "c")
        self.assertIn("cpu c bf16 ", result.err)

    def test_isa_is_no_setting(self):
        self.train("data", "run", "--isa", "c")
        self.assertNotIn("isa", self.facts()["settings"])
        result = self.run_program("asl-train", "data", "-o", "run", "--resume", "--epochs", "3",
                                  "--isa", self.levels()[-1])
        self.assertIn(f"cpu {self.levels()[-1]} ", result.err)

    def test_json(self):
        result = self.train("data", "run", "--json")
        document = json.loads(result.out)
        self.assertEqual(document["schema"], 1)
        self.assertEqual([epoch["epoch"] for epoch in document["epochs"]], [1, 2])
        self.assertEqual(document["split"]["kind"], "group")

    def test_quiet(self):
        result = self.train("data", "run", "--quiet")
        self.assertEqual(result.err, "")
        self.assertEqual(len(result.out.splitlines()), 2)

    def test_splits(self):
        for split in ("random", "block", "group"):
            self.train("data", split, "--split", split, "--epochs", "1")
            self.assertEqual(self.facts(split)["split"]["kind"], split)
        result = self.train("data", "none", "--val", "0", "--epochs", "1")
        self.assertEqual(self.facts("none")["split"]["validation"], 0)
        self.assertIn("split: none", result.out)
        with open(self.folder / "none" / "metrics.csv", newline="") as file:
            self.assertEqual(next(csv.DictReader(file))["val_loss"], "")
        programs.make_folder(self.folder / "plain")
        self.assertIn("split: block", self.train("plain", "auto", "--epochs", "1").out)
        result = self.train("plain", "impossible", "--split", "group", code=3)
        self.assertFalse((self.folder / "impossible").exists())

    def test_dry_run(self):
        result = self.run_program("asl-train", "data", "--dry-run")
        self.assertIn("Total parameters", result.out)
        self.assertIn("split: group", result.out)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["data"])

    def test_seed_preset_has_the_tutorials_size(self):
        labels = [chr(65 + i) for i in range(26)] + ["del", "nothing", "space"]
        programs.make_folder(self.folder / "all", per_class=2, labels=labels)
        document = self.run_json("asl-train", "all", "--dry-run")
        self.assertEqual(document["model"]["parameters"], 277949)
        self.assertEqual(document["model"]["labels"], labels)

    def test_existing_run_is_kept(self):
        self.train("data", "run")
        before = programs.sha256(self.run_folder / "model.safetensors")
        result = self.train("data", "run", "--seed", "1", code=1)
        self.assertIn("--resume", result.err)
        self.assertIn("--force", result.err)
        self.assertEqual(programs.sha256(self.run_folder / "model.safetensors"), before)
        self.train("data", "run", "--seed", "1", "--force")
        self.assertNotEqual(programs.sha256(self.run_folder / "model.safetensors"), before)
        self.train("data", "run", "--force", "--resume", code=2)

    def test_finished_run_says_so(self):
        self.train("data", "run")
        before = programs.sha256(self.run_folder / "model.safetensors")
        (self.run_folder / "model.safetensors").unlink()
        result = self.run_program("asl-train", "data", "-o", "run", "--resume")
        self.assertIn("nothing to train", result.err)
        self.assertEqual(programs.sha256(self.run_folder / "model.safetensors"), before)

    def test_more_epochs(self):
        self.train("data", "run")
        self.train("data", "whole", "--epochs", "4")
        self.run_program("asl-train", "data", "-o", "run", "--resume", "--epochs", "4",
                         "--threads", "1")
        self.assertEqual(programs.sha256(self.run_folder / "model.safetensors"),
                         programs.sha256(self.folder / "whole" / "model.safetensors"))
        self.assertEqual(self.facts(), self.facts("whole"))

    def test_settings_cannot_change_on_resume(self):
        self.train("data", "run")
        for option, value in (("--lr", "0.01"), ("--batch", "4"), ("--seed", "5"),
                              ("--preset", "seed"), ("--split", "block"), ("--epochs", "1")):
            result = self.run_program("asl-train", "data", "-o", "run", "--resume", option, value,
                                      code=2)
            self.assertIn(option, result.err)

    def test_resume_without_a_run_starts(self):
        result = self.train("data", "run", "--resume")
        self.assertIn("starting from the beginning", result.err)
        self.train("data", "fresh")
        self.assertEqual(programs.sha256(self.run_folder / "model.safetensors"),
                         programs.sha256(self.folder / "fresh" / "model.safetensors"))

    def test_pictures_need_not_be_named_again(self):
        self.train("data", "run")
        self.train("data", "whole", "--epochs", "3")
        self.run_program("asl-train", "-o", "run", "--resume", "--epochs", "3")
        for name in ("model.safetensors", "run.json"):
            self.assertEqual(programs.sha256(self.run_folder / name),
                             programs.sha256(self.folder / "whole" / name), name)
        (self.run_folder / "cache.pack").unlink()
        result = self.run_program("asl-train", "-o", "run", "--resume", "--epochs", "4", code=3)
        self.assertIn("name the pictures again", result.err)
        self.assertIn("give DATA", self.run_program("asl-train", "-o", "new", code=2).err)

    def test_settings_of_an_older_version(self):
        self.train("data", "run")
        self.train("data", "whole", "--epochs", "3")
        facts = self.facts()
        for name in ("sources", "select_on", "augment", "epoch_pictures", "init", "average",
                     "start_size", "start_share"):
            del facts["settings"][name]
        (self.run_folder / "run.json").write_text(json.dumps(facts))
        for option, value in (("--average", "0.9"), ("--augment", "light")):
            result = self.run_program("asl-train", "data", "-o", "run", "--resume", option, value,
                                      code=2)
            self.assertIn(option, result.err)
        self.run_program("asl-train", "data", "-o", "run", "--resume", "--epochs", "3")
        self.assertEqual(self.facts(), self.facts("whole"))

    def test_changed_data_is_noticed(self):
        self.train("data", "run")
        (self.data / "A" / "A0000.png").write_bytes(programs.picture("A", 999))
        result = self.run_program("asl-train", "data", "-o", "run", "--resume", "--epochs", "3",
                                  code=3)
        self.assertTrue(result.err)

    def test_damaged_facts(self):
        self.train("data", "run")
        (self.run_folder / "run.json").write_text('{"schema": 1')
        result = self.run_program("asl-train", "data", "-o", "run", "--resume", code=3)
        self.assertIn("run.json", result.err)

    def test_bad_picture_is_skipped(self):
        (self.data / "A" / "A0000.png").write_bytes(b"not a picture")
        result = self.train("data", "run")
        self.assertIn("A/A0000.png", result.err)
        self.assertEqual(self.facts()["data"]["pictures"], 23)
        self.assertEqual(self.facts()["data"]["skipped"], 1)

    def test_unusable_data(self):
        (self.folder / "empty").mkdir()
        programs.make_folder(self.folder / "one", labels=["A"])
        for data in ("empty", "one", "missing"):
            self.train(data, "run", code=3)
            self.assertFalse(self.run_folder.exists())
        self.train("data", "run", "--preset", "huge", code=2)
        self.assertFalse(self.run_folder.exists())

    def start(self, *more):
        return subprocess.Popen(
            [programs.BIN / "asl-train", "data", "-o", "run", "--preset", "tiny", "--size", "32",
             "--epochs", "1000", "--batch", "8", "--threads", "1", *more],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def wait_for(self, name):
        deadline = time.monotonic() + 60
        while not (self.run_folder / name).exists():
            self.assertLess(time.monotonic(), deadline, f"no {name}")
            time.sleep(0.01)

    def test_only_one_at_a_time(self):
        process = self.start()
        self.wait_for("last.ckpt")
        result = self.run_program("asl-train", "data", "-o", "run", "--resume", code=1)
        self.assertIn("another asl-train", result.err)
        process.kill()
        process.communicate()

    def test_interrupt(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number):
                process = self.start("--resume")
                self.wait_for("metrics.csv")
                time.sleep(0.1)
                process.send_signal(number)
                _, err = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 130, err)
                self.assertIn(b"asl-train data -o run --resume", err)
                self.assertIn("best.safetensors", os.listdir(self.run_folder))
                self.assertNotIn("model.safetensors", os.listdir(self.run_folder))


class InterruptedThenResumed(programs.Case):
    def test_same_bits(self):
        programs.make_csv(self.folder / "data")
        self.train("data", "whole", "--epochs", "12")
        process = subprocess.Popen(
            [programs.BIN / "asl-train", "data", "-o", "run", "--preset", "tiny", "--size", "32",
             "--epochs", "12", "--batch", "8", "--threads", "1"],
            cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not (self.folder / "run" / "metrics.csv").exists():
            time.sleep(0.005)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130)
        self.run_program("asl-train", "data", "-o", "run", "--resume")
        self.assertEqual(programs.sha256(self.folder / "run" / "model.safetensors"),
                         programs.sha256(self.folder / "whole" / "model.safetensors"))


if __name__ == "__main__":
    unittest.main()
