# SPDX-License-Identifier: MIT
# labels: data
"""The tutorial's published weights, converted, against the outputs that PyTorch gave for them.

expected.csv holds PyTorch 1.13's logits after OpenCV's bilinear resize to 224x224. Pictures of that
size need no resize, so only float rounding is left: 1e-3 absolute on logits of up to 50. Those of
64 pixels pass through our resize, which may differ from OpenCV's by one grey level: 1 % of the
logits' norm."""

import csv
import json
import math
import os
import subprocess
import sys
import unittest

import programs

SEED = programs.DATA / "seed"
if not (SEED / "expected.csv").exists():
    programs.skip_all(f"no published weights in '{SEED}'; set ASL_TEST_DATA to the data folder")


class Published(programs.Case):
    def test_expected_logits(self):
        env = dict(os.environ, PYTHONPATH=str(programs.SOURCE / "bindings" / "python"))
        subprocess.run([sys.executable, "-B", "-m", "libasl.convert", SEED / "model.pth",
                        self.folder / "seed.safetensors"], env=env, check=True)
        with open(SEED / "expected.csv", newline="") as file:
            expected = list(csv.DictReader(file))
        self.assertEqual(len(expected), 58)
        paths = [SEED / "images" / row["image"] for row in expected]
        result = self.run_program("asl-classify", "-m", "seed.safetensors", "--json", "--logits",
                                  "--backend", "reference", *paths)
        lines = [json.loads(line) for line in result.out.splitlines()]
        self.assertEqual(len(lines), 58)
        worst = {"_224.png": 0.0, "_64.png": 0.0}
        for row, line in zip(expected, lines):
            with self.subTest(image=row["image"]):
                self.assertEqual(line["label"], row["predicted"])
                pairs = [(value, float(row[f"logit_{label}"]))
                         for label, value in line["logits"].items()]
                self.assertEqual(len(pairs), 29)
                error = [ours - theirs for ours, theirs in pairs]
                if row["image"].endswith("_224.png"):
                    measured, kind, limit = max(map(abs, error)), "_224.png", 1e-3
                else:
                    norm = math.hypot(*(theirs for _, theirs in pairs))
                    measured, kind, limit = math.hypot(*error) / norm, "_64.png", 0.01
                worst[kind] = max(worst[kind], measured)
                self.assertLessEqual(measured, limit)
        print(f"largest error: {worst['_224.png']:.2e} absolute at 224 pixels, "
              f"{100 * worst['_64.png']:.4f} % of the norm at 64 pixels")


if __name__ == "__main__":
    unittest.main()
