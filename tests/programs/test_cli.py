# SPDX-License-Identifier: MIT
"""What every program does alike: help, version, wrong arguments, missing files, broken output."""

import os
import subprocess
import unittest

import programs

ARGUMENTS = {  # A call that is right but for the files, which are missing.
    "asl-prepare": ["missing", "out"],
    "asl-train": ["missing", "-o", "run"],
    "asl-eval": ["-m", "missing.safetensors", "missing"],
    "asl-classify": ["-m", "missing.safetensors", "missing.png"],
    "asl-info": ["-m", "missing.safetensors"],
    "asl-bench": ["-m", "missing.safetensors"],
    "asl-camera": ["-m", "missing.safetensors", "missing.png"],
    "asl-quiz": ["-m", "missing.safetensors", "missing.png"],
}
# The programs that a build may leave out.
for live in ("asl-camera", "asl-quiz"):
    if not (programs.BIN / live).exists():
        del ARGUMENTS[live]


class Alike(programs.Case):
    def each(self):
        for program, arguments in ARGUMENTS.items():
            with self.subTest(program=program):
                yield program, arguments

    def test_help(self):
        for program, _ in self.each():
            result = self.run_program(program, "--help")
            self.assertTrue(result.out.startswith(f"Usage: {program} "))
            self.assertEqual(result.err, "")
            self.assertEqual(self.run_program(program, "-h").out, result.out)
            for line in result.out.splitlines():
                self.assertLess(len(line), 80, line)
                self.assertEqual(line, line.rstrip())

    def test_version(self):
        for program, _ in self.each():
            result = self.run_program(program, "--version")
            self.assertEqual(result.out, f"{program} (libasl) 1.0.0\n")
            self.assertEqual(self.run_program(program, "-V").out, result.out)

    def test_unknown_option(self):
        for program, arguments in self.each():
            for option in ("--no-such-option", "-%"):
                result = self.run_program(program, option, *arguments, code=2)
                self.assertIn(f"unknown option '{option}'", result.err)
                self.assertIn(f"Try '{program} --help'", result.err)
                self.assertEqual(result.out, "")

    def test_hint(self):
        result = self.run_program("asl-train", "--epoks", "3", "data", code=2)
        self.assertIn("did you mean '--epochs'?", result.err)

    def test_missing_value(self):
        for program, option in (("asl-train", "--epochs"), ("asl-eval", "--model"),
                                ("asl-classify", "--draw"), ("asl-info", "--model"),
                                ("asl-prepare", "--size")):
            self.assertIn(option, self.run_program(program, option, code=2).err)

    def test_flag_with_value(self):
        result = self.run_program("asl-train", "--resume=yes", "data", code=2)
        self.assertIn("--resume takes no value", result.err)

    def test_values(self):
        for program, option, values in (
                ("asl-train", "--epochs", ["0", "-1", "1.5", "x", "", "100001", "1e3", " 3", "0x3"]),
                ("asl-train", "--lr", ["0", "-1", "nan", "inf", "x", "1e-3x", ""]),
                ("asl-train", "--val", ["1", "-0.1", "15%"]),
                ("asl-train", "--split", ["signer", "", "bloc"]),
                ("asl-train", "--optimizer", ["Adam", "adam|sgd"]),
                ("asl-train", "--seed", ["-1", "1.0", "9223372036854775808", "x"]),
                ("asl-train", "--threads", ["-1", "2000"]),
                ("asl-prepare", "--size", ["0", "5000", "big"]),
                ("asl-prepare", "--format", ["gif", "JPG"]),
                ("asl-prepare", "--per-class", ["-1", "many"]),
                ("asl-eval", "--min-accuracy", ["90", "-1", "nan"]),
                ("asl-eval", "--batch", ["0", "4097"]),
                ("asl-train", "--isa", ["sse", "AVX2", "", "c|avx2"]),
                ("asl-eval", "--isa", ["avx"]),
                ("asl-classify", "--isa", ["avx2 "]),
                ("asl-classify", "--top", ["0", "x"]),
                ("asl-bench", "--isa", ["abacus"]),
                ("asl-train", "--precision", ["fp16", "BF16", ""]),
                ("asl-bench", "--seconds", ["0", "61", "nan", "soon"]),
                ("asl-bench", "--batch", ["0", "4097"]),
                ("asl-classify", "--roi", ["1,2,3", "1,2,3,4,5", "a,b,c,d", "0,0,0,5", "-1,0,5,5"])):
            for value in values:
                with self.subTest(program=program, option=option, value=value):
                    result = self.run_program(program, f"{option}={value}", *ARGUMENTS[program],
                                              code=2)
                    self.assertIn(option, result.err)
                    self.assertIn(value, result.err)

    def test_too_few_and_too_many(self):
        for program in ("asl-prepare", "asl-train", "asl-eval", "asl-classify"):
            self.run_program(program, code=2)
        self.run_program("asl-info", "extra", code=2)
        self.run_program("asl-prepare", "a", "b", "c", code=2)
        self.run_program("asl-train", "a", "b", "-o", "run", code=2)
        self.assertIn("--out", self.run_program("asl-train", "a", code=2).err)

    def test_missing_files(self):
        for program, arguments in self.each():
            result = self.run_program(program, *arguments, code=3)
            self.assertIn("missing", result.err)
            self.assertEqual(len(result.err.splitlines()), 1, result.err)
            self.assertEqual(list(self.folder.iterdir()), [])

    def test_unknown_backend(self):
        data = programs.make_folder(self.folder / "data")
        result = self.train(data, "run", "--backend", "abacus", code=4)
        self.assertIn("abacus", result.err)
        self.assertFalse((self.folder / "run").exists())

    def test_isa_that_cannot_run(self):
        data = programs.make_folder(self.folder / "data")
        result = self.train(data, "run", "--backend", "reference", "--isa", "c", code=2)
        self.assertIn("the reference backend has no isa 'c'", result.err)
        self.assertFalse((self.folder / "run").exists())
        missing = [isa for isa in ("avx2", "avx512", "amx") if isa not in self.levels()]
        if not missing:
            self.skipTest("this machine has every instruction set")
        for isa in missing:
            result = self.train(data, "run", "--isa", isa, code=4)
            self.assertIn(f"isa '{isa}' needs", result.err)
            self.assertFalse((self.folder / "run").exists())

    def test_precision_that_cannot_be_had(self):
        data = programs.make_folder(self.folder / "data")
        result = self.train(data, "run", "--backend", "reference", "--precision", "bf16", code=2)
        self.assertIn("the reference backend has no precision 'bf16'", result.err)
        self.assertFalse((self.folder / "run").exists())
        result = self.train(data, "run", "--backend", "cpu", "--precision", "tf32", code=2)
        self.assertIn("the cpu backend has auto, fp32, bf16", result.err)
        if "bf16" in self.run_json("asl-info")["cpu"]:
            self.skipTest("this machine has bfloat16")
        result = self.train(data, "run", "--precision", "bf16", code=4)
        self.assertIn("needs AVX512-BF16 or AMX-BF16", result.err)

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            for program, _ in self.each():
                for option in ("--help", "--version"):
                    result = subprocess.run([programs.BIN / program, option], stdout=full,
                                            stderr=subprocess.PIPE, check=False)
                    self.assertEqual(result.returncode, 1)
                    self.assertIn(b"cannot write to standard output", result.stderr)

    def test_closed_output(self):
        script = f"'{programs.BIN}/asl-info' >&- 2>err"
        result = subprocess.run(["sh", "-c", script], cwd=self.folder, check=False)
        self.assertEqual(result.returncode, 1)

    def test_broken_pipe(self):
        read, write = os.pipe()
        os.close(read)
        result = subprocess.run([programs.BIN / "asl-info"], stdout=write, stderr=subprocess.PIPE,
                                check=False)
        os.close(write)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"Broken pipe", result.stderr)


class Cuda(programs.Case):
    def test_without_a_gpu(self):
        """Asked for by name it is an error with the reason that asl-info gives; auto goes on."""
        cuda = self.run_json("asl-info")["backends"][0]
        self.assertEqual(cuda["name"], "cuda")
        if cuda["available"]:
            self.skipTest(f"this machine has {cuda['reason']}")
        data = programs.make_folder(self.folder / "data", labels=["A", "B"])
        self.train(data, "run")
        model = self.folder / "run" / "model.safetensors"
        picture = data / "A" / "A0000.png"
        (self.folder / "words").write_text("abba\nbaba\nabab\n")
        calls = {
            "asl-train": [data, "-o", "run", "--resume"],
            "asl-eval": ["-m", model, data],
            "asl-classify": ["-m", model, picture],
            "asl-bench": ["-m", model, "--seconds", "0.05", "--train"],
            "asl-camera": ["-m", model, "--headless", picture],
            "asl-quiz": ["-m", model, "--headless", "--words", "words", picture],
        }
        for program in calls.keys() & ARGUMENTS.keys():
            with self.subTest(program=program):
                result = self.run_program(program, *calls[program], "--backend", "cuda", code=4)
                self.assertEqual(result.err.splitlines()[-1],
                                 f"{program}: backend 'cuda' cannot run here: {cuda['reason']}")
        self.assertIn(f"(cuda: {cuda['reason']})",
                      self.run_program("asl-classify", "-v", *calls["asl-classify"]).err)


class Info(programs.Case):
    def test_text(self):
        result = self.run_program("asl-info")
        self.assertIn("libasl       1.0.0", result.out)
        self.assertIn("reference", result.out)

    def test_json(self):
        document = self.run_json("asl-info")
        self.assertEqual(document["version"], "1.0.0")
        self.assertTrue(document["cpu"])
        self.assertEqual(document["isa"][0], "c")
        self.assertIn("--isa        auto c", self.run_program("asl-info").out)
        fastest = [b["reason"] for b in document["backends"] if b["name"] == "cpu"]
        self.assertEqual(fastest, [document["isa"][-1]])
        names = [backend["name"] for backend in document["backends"]]
        self.assertIn("reference", names)
        for backend in document["backends"]:
            self.assertIsInstance(backend["available"], bool)
            self.assertTrue(backend["reason"])
        self.assertLessEqual({"seed", "tiny"}, {p["name"] for p in document["presets"]})


if __name__ == "__main__":
    unittest.main()
