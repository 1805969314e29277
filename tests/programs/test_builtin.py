# SPDX-License-Identifier: MIT
"""The built-in model: every program reads with it when none is named, and says so. In a build
without it (ASL_BUILTIN_MODEL=OFF) every program says what to do instead."""

import json
import unittest

import programs

LETTERS = [chr(code) for code in range(ord("A"), ord("Z") + 1)] + ["del", "nothing", "space"]
LIVE = [name for name in ("asl-camera", "asl-quiz") if (programs.BIN / name).exists()]
# Of every program that reads letters, a call that ends by itself.
CALLS = {
    "asl-classify": ["hand.png"],
    "asl-eval": ["hands"],
    "asl-bench": ["--seconds", "0.05", "--batch", "1"],
    "asl-camera": ["--headless", "--fast", "--seconds", "0.2", "synth:A"],
    "asl-quiz": ["--headless", "--fast", "--seconds", "0.2", "synth:A"],
}


class BuiltIn(programs.Case):
    def setUp(self):
        super().setUp()
        self.builtin = {entry["name"]: entry for entry in self.run_json("asl-info")["builtin"]}
        self.there = self.builtin["letters"]["available"]
        (self.folder / "hand.png").write_bytes(programs.picture("A", 1, 64))
        programs.make_folder(self.folder / "hands", per_class=2)

    def calls(self):
        for program, arguments in CALLS.items():
            if (programs.BIN / program).exists():
                with self.subTest(program=program):
                    yield program, arguments

    def with_letters(self):
        if not self.there:
            self.skipTest("this build has no built-in model")

    def test_list(self):
        self.assertEqual(list(self.builtin), ["letters", "hands"])
        text = self.run_program("asl-info").out
        for name, entry in self.builtin.items():
            self.assertIn(f"  {name:12} ", text)
            self.assertEqual(entry["available"], entry["model"] is not None)
        self.assertEqual("not in this build" in text,
                         not all(entry["available"] for entry in self.builtin.values()))

    def test_facts(self):
        self.with_letters()
        model = self.run_json("asl-info", "--builtin", "letters")["model"]
        self.assertEqual((model["path"], model["labels"]), ("letters", LETTERS))
        self.assertTrue(0.01 <= model["temperature"] <= 100)
        self.assertTrue(0 <= model["letter_threshold"] <= 1)
        self.assertIn(model["mirror"], [None, "off", "on", "both", "auto"])
        self.assertIn("\nModel letters\n", self.run_program("asl-info", "--builtin", "letters").out)

    def test_every_program_reads(self):
        self.with_letters()
        for program, arguments in self.calls():
            result = self.run_program(program, *arguments, "--json")
            self.assertEqual(json.loads(result.out.splitlines()[0])["model"], "built-in")

    def test_said_in_words(self):
        self.with_letters()
        for program in ("asl-classify", "asl-eval"):
            result = self.run_program(program, "--verbose", *CALLS[program])
            self.assertIn("model: built-in", result.err)
        self.assertIn("weights  built-in\n", self.run_program("asl-bench", *CALLS["asl-bench"]).out)
        for program in LIVE:
            self.assertIn("model: built-in", self.run_program(program, *CALLS[program]).err)

    def test_left_out(self):
        if self.there:
            self.skipTest("this build has the built-in model")
        for program, arguments in self.calls():
            result = self.run_program(program, *arguments, code=3)
            self.assertIn("built without the model for letters; name a model file", result.err)
        self.run_program("asl-info", "--builtin", "letters", code=3)

    def test_save(self):
        """What is saved reads alike, takes the room it should, and replaces nothing unasked."""
        self.with_letters()
        size, top = {}, {}
        for weights in ("f32", "f16", "i8"):
            name = f"{weights}.safetensors"
            save = ["--builtin", "letters", "--save", name, "--weights", weights]
            self.assertEqual(self.run_program("asl-info", *save).out, "")
            self.run_program("asl-info", *save, code=1)
            self.run_program("asl-info", *save, "--force")
            size[weights] = (self.folder / name).stat().st_size
            line = self.run_program("asl-classify", "-m", name, "--json", "hand.png").out
            top[weights] = json.loads(line)
        self.assertTrue(size["f32"] > 1.9 * size["f16"] > 3.5 * size["i8"])
        self.assertLessEqual(size["i8"], 1200 * 1000)
        own = json.loads(self.run_program("asl-classify", "--json", "hand.png").out)
        for weights in ("f32", "i8"):  # They are the built-in's own numbers.
            self.assertEqual(top[weights]["top"], own["top"])
        # Written from 8 bits and read again, they are the same 8 bits.
        self.run_program("asl-info", "-m", "i8.safetensors", "--save", "again.safetensors",
                         "--weights", "i8")
        self.assertEqual((self.folder / "again.safetensors").read_bytes(),
                         (self.folder / "i8.safetensors").read_bytes())

    def test_wrong_arguments(self):
        for arguments, code in ((["--save", "x.safetensors"], 2),
                                (["-m", "x", "--builtin", "letters"], 2),
                                (["--builtin", "words"], 2),
                                (["--weights", "i4"], 2),
                                (["-m", "missing", "--save", "x.safetensors"], 3)):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.run_program("asl-info", *arguments, code=code).out, "")
        self.assertFalse((self.folder / "x.safetensors").exists())


if __name__ == "__main__":
    unittest.main()
