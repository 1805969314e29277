# SPDX-License-Identifier: MIT
# labels: slow
"""asl-bench: every figure is there and could be true, and nothing is left behind."""

import json
import os
import signal
import subprocess
import time
import unittest

import programs

TIMES = ["p50_ms", "p95_ms", "max_ms", "images_per_s", "start_ms", "rss_mb", "peak_gflops",
         "peak_share"]
TRAINING = ["train_images_per_s", "train_rss_mb"]
TINY = ["--preset", "tiny", "--size", "32", "--seconds", "0.2", "--batch", "8"]


class Bench(programs.Case):
    def setUp(self):
        super().setUp()
        self.scratch = self.folder / "scratch"
        self.scratch.mkdir()
        self.env = {**os.environ, "TMPDIR": str(self.scratch)}

    def bench(self, *arguments, code=0):
        result = self.run_program("asl-bench", *arguments, code=code, env=self.env)
        self.assertEqual(list(self.scratch.iterdir()), [])
        return result

    def bench_json(self, *arguments):
        return json.loads(self.bench(*arguments, "--json").out)

    def check(self, document, keys):
        for key in keys:
            self.assertGreater(document[key], 0, key)
        self.assertLessEqual(document["p50_ms"], document["p95_ms"])
        self.assertLessEqual(document["p95_ms"], document["max_ms"])
        # A new process does more than the fastest half of the pictures in a running one.
        self.assertGreater(document["start_ms"], document["p50_ms"])
        self.assertTrue(1 < document["rss_mb"] < 4000)
        self.assertTrue(0.01 < document["peak_gflops"] < 1e5)

    def test_json(self):
        document = self.bench_json(*TINY, "--threads", "1")
        self.assertEqual(list(document)[0], "schema")
        self.check(document, TIMES)
        expected = {"schema": 1, "preset": "tiny", "size": 32, "height": 32, "batch": 8,
                    "threads": 1, "backend": "cpu", "isa": self.levels()[-1],
                    **dict.fromkeys(TRAINING), "layers": None}
        self.assertEqual({key: document[key] for key in expected}, expected)

    def test_training(self):
        document = self.bench_json(*TINY, "--train", "--threads", "2")
        self.check(document, TIMES + TRAINING)
        self.assertLess(document["train_images_per_s"], document["images_per_s"])
        self.assertTrue(1 < document["train_rss_mb"] < 4000)

    def check_layers(self, layers, macs):
        self.assertEqual(layers[0]["name"], "input")
        self.assertIsNone(layers[0]["gflops"])
        self.assertEqual(layers[-1]["name"], "dense")
        for layer in layers:
            self.assertEqual(list(layer), ["name", "method", "macs", "us", "gflops", "share"])
            self.assertTrue(layer["method"])
            self.assertGreaterEqual(layer["us"], 0)
            if layer["macs"] and layer["us"]:
                self.assertAlmostEqual(layer["gflops"] / (2e-3 * layer["macs"] / layer["us"]), 1, 6)
        self.assertEqual(sum(layer["macs"] for layer in layers), macs)
        self.assertAlmostEqual(sum(layer["share"] for layer in layers), 1, 6)

    def test_layers(self):
        document = self.bench_json(*TINY, "--layers", "--threads", "2")
        self.check(document, TIMES)
        self.check_layers(document["layers"], document["macs"])
        for isa in self.levels():
            layers = self.bench_json(*TINY, "--layers", "--isa", isa)["layers"]
            plain = "avx512" if isa == "amx" else isa  # AMX has no products in float32
            self.assertTrue([x for x in layers if x["method"].endswith(" " + plain)], layers)
        document = self.bench_json(*TINY, "--layers", "--backend", "reference")
        self.check_layers(document["layers"], document["macs"])

        lines = self.bench(*TINY, "--layers", "--quiet").out.splitlines()
        for line in lines:
            self.assertLessEqual(len(line), 80)
        start = [i for i, line in enumerate(lines) if line.startswith("layer")][0]
        self.assertTrue(lines[start + 1].startswith("input "))
        self.assertTrue(lines[-1].startswith("total ") and lines[-1].endswith(" 100.0"))

    def test_each_engine(self):
        for isa in self.levels():
            self.assertEqual(self.bench_json(*TINY, "--isa", isa)["isa"], isa)
        document = self.bench_json(*TINY, "--backend", "reference")
        self.assertEqual((document["backend"], document["isa"]), ("reference", None))

    def test_text(self):
        result = self.bench(*TINY, "--train")
        lines = result.out.splitlines()
        self.assertTrue(lines[0].startswith("network  tiny, 32 x 32 pixels"))
        self.assertTrue(lines[1].startswith("backend  cpu "))
        for line in lines:
            self.assertLessEqual(len(line), 80)
        for unit in ("ms", "pictures/s", "MB", "GFLOP/s", "%"):
            self.assertTrue([line for line in lines if line.endswith(" " + unit)], unit)
        quiet = self.bench(*TINY, "--quiet")
        self.assertEqual(quiet.err, "")
        self.assertNotIn("training", quiet.out)

    def test_model_file(self):
        # A class may be called by what no folder can.
        data = programs.make_folder(self.folder / "data")
        (data / "B").rename(data / "..B")
        (data / "classes.txt").write_text("A\na/b\n..\n")
        rows = [f"{path.relative_to(data)},{target}"
                for target, name in enumerate(("A", "..B", "space"))
                for path in sorted((data / name).iterdir())]
        (data / "data.csv").write_text("image_path,target\n" + "\n".join(rows) + "\n")
        self.train("data", "run", "--epochs", "1")
        model = self.folder / "run" / "model.safetensors"
        picture = data / "A" / "A0000.png"
        document = self.bench_json("-m", model, "--seconds", "0.1", "--batch", "3", "--train")
        self.assertEqual((document["preset"], document["size"]), ("tiny", 32))
        self.check(document, TIMES + TRAINING)
        label = self.bench("-m", model, "--once", picture).out
        named = self.run_program("asl-classify", "-m", model, "--json", picture).out
        self.assertEqual(label, json.loads(named)["label"] + "\n")

    def test_wrong_arguments(self):
        for arguments, code in ((["extra"], 2),
                                (["--preset", "huge"], 2),
                                (["-m", "x", "--preset", "tiny"], 2),
                                (["-m", "x", "--size", "32"], 2),
                                (["--once", "x.jpg"], 3),
                                (["--size", "32"], 2),
                                ([*TINY, "--threads", "1000"], 2),
                                (["-m", "missing"], 3),
                                (["--preset", "seed", "--size", "8"], 3),
                                ([*TINY, "--backend", "abacus"], 4),
                                ([*TINY, "--backend", "reference", "--isa", "c"], 2)):
            with self.subTest(arguments=arguments):
                result = self.bench("--quiet", *arguments, code=code)
                self.assertEqual(result.out, "")
                self.assertTrue(result.err)
        self.env["TMPDIR"] = str(self.folder / "missing")
        self.assertIn("missing", self.bench(*TINY, "--quiet", code=1).err)

    def test_interrupt(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            process = subprocess.Popen(
                [programs.BIN / "asl-bench", *TINY, "--seconds", "60", "--quiet"], env=self.env,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            deadline = time.monotonic() + 60
            while not list(self.scratch.glob("*/first.jpg")):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            process.send_signal(number)
            out, err = process.communicate(timeout=60)
            self.assertEqual((process.returncode, out, programs.said(err)), (130, b"", ""))
            self.assertEqual(list(self.scratch.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
