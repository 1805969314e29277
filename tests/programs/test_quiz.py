#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# labels: slow
"""asl-quiz from end to end: what it prints follows from the letters that were read. The rules alone
are tested in tests/unit/quiz, sources and the window in test_camera.py and tests/live."""

import json
import os
import re
import signal
import subprocess
import unittest

import programs

if not (programs.BIN / "asl-quiz").exists():
    programs.skip_all("asl-quiz was not built: SDL2 or libv4l2 is missing")


class Quiz(programs.Case):
    @classmethod
    def setUpClass(cls):
        """A model that knows three signs, badly: here it only matters that it answers."""
        case = cls("run_program")
        case.setUp()
        cls.addClassCleanup(case.doCleanups)
        programs.make_folder(case.folder / "data", labels=["H", "E", "nothing"])
        case.train("data", "run")
        cls.model = case.folder / "run" / "model.safetensors"

    def quiz(self, *arguments, code=0, words="he\neh 12\nhello\nhehe\n", headless=True, **more):
        (self.folder / "w.txt").write_text(words)
        window = ["--headless"] if headless else []
        return self.run_program("asl-quiz", "-m", self.model, "--words", "w.txt", *window,
                                *arguments, code=code, **more)

    def events(self, *arguments):
        out = self.quiz("--fast", "--json", "--seed", "3", *arguments).out
        return [json.loads(line) for line in out.splitlines()]

    def test_the_whole_game(self):
        events = self.events("synth:HEHEEHHEHEHEHEHEHEHE", "--rounds", "4", "--patience", "0.8",
                             "--profile", "fluent", "--method", "vote")
        kinds = [event["event"] for event in events]
        self.assertEqual((kinds[0], kinds[1], kinds[-2], kinds[-1]),
                         ("start", "task", "score", "end"))
        self.assertGreater(events[-1]["fps"], 0)
        tasks = [event for event in events if event["event"] == "task"]
        self.assertEqual([task["round"] for task in tasks], [1, 2, 3, 4])
        self.assertEqual({task["word"] for task in tasks}, {"HE", "EH", "HEHE"})
        # Play it again with the letters that were read.
        word, place, missed, asked, wrong, reached = None, 0, {}, 0, 0, 0
        for event in events:
            if event["event"] == "task":
                word, place, missed = event["word"], 0, {}
            elif event["event"] == "answer":
                self.assertEqual((event["place"], event["wanted"]), (place, word[place]))
                self.assertEqual(event["right"], event["read"] == word[place])
                if not event["right"]:
                    missed.setdefault(place, event["read"])
                if event["right"] or event["read"] is None:
                    place += 1
                    reached += event["right"]
            elif event["event"] == "result":
                self.assertEqual((event["word"], len(word)), (word, place))
                self.assertEqual({miss["place"]: miss["read"] for miss in event["missed"]}, missed)
                asked, wrong = asked + len(word), wrong + len(missed)
        score = events[-2]
        self.assertEqual((score["words"], score["letters"]), (4, asked))
        self.assertAlmostEqual(score["accuracy"], 1 - wrong / asked)
        seconds = sum(event["seconds"] for event in events if event["event"] == "result")
        self.assertAlmostEqual(score["letters_a_minute"], 60 * reached / seconds, places=4)
        self.assertEqual(set(score["practise"]) <= {"H", "E"}, True)

    def test_the_same_seed_gives_the_same_game(self):
        runs = [self.events("synth:HEHE", "--rounds", "2", "--patience", "1") for _ in range(2)]
        self.assertEqual(*[run[:-1] for run in runs])

    def test_lines(self):
        out = self.quiz("synth:HEHEHEHEHE", "--fast", "--rounds", "2", "--patience", "0.5",
                        words="he\n").out.splitlines()
        self.assertEqual(len(out), 3, out)
        for line in out[:2]:
            self.assertRegex(line, r"^HE: [H_] [E_]  \d+\.\d s")
        self.assertRegex(out[2], r"^2 of 2 words, 4 letters, \d+ % right at once, \d+ a minute\.")

    def test_words(self):
        result = self.quiz("synth:H", "--fast", "--rounds", "1")
        self.assertIn("3 words, and 1 that", result.err)
        for words in ("", "hello\n", "1\n"):
            self.assertIn("no word", self.quiz("synth:H", words=words, code=3).err)
        result = self.run_program("asl-quiz", "-m", self.model, "--headless", "--fast", "synth:H",
                                  "--words", "none.txt", code=3)
        self.assertIn("none.txt", result.err)
        self.quiz("synth:H", "--rounds", "0", code=2)

    def test_windows(self):
        env = os.environ | {"SDL_VIDEODRIVER": "dummy"}
        # The round ends the game within two seconds; the limit leaves room for a slow machine.
        result = self.quiz("synth:HE", "--seconds", "30", "--patience", "0.5", "--rounds", "1",
                           headless=False, env=env)
        self.assertTrue(re.search(r"^\w+:( [HE_])+ ", result.out), result.out)
        env = {key: value for key, value in os.environ.items()
               if key not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
        self.assertIn("--headless", self.quiz("synth:H", headless=False, code=4, env=env).err)


class Show(programs.Case):
    """asl-classify --show."""

    def setUp(self):
        super().setUp()
        programs.make_folder(self.folder / "data")
        self.train("data", "run")

    def test_stays_until_it_is_told_to_go(self):
        process = subprocess.Popen(
            [programs.BIN / "asl-classify", "-m", "run/model.safetensors", "--show",
             "data/A/A0000.png", "data/B/B0000.png"], cwd=self.folder, text=True,
            stdout=subprocess.PIPE, env=os.environ | {"SDL_VIDEODRIVER": "dummy"})
        self.addCleanup(process.kill)
        self.assertIn("A0000.png", process.stdout.readline())
        with self.assertRaises(subprocess.TimeoutExpired):
            process.wait(timeout=1)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.communicate(timeout=30)[0], "")
        self.assertEqual(process.returncode, 130)

    def test_no_display(self):
        env = {key: value for key, value in os.environ.items()
               if key not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
        pictures = ["data/A/A0000.png", "data/B/B0000.png"]
        result = self.run_program("asl-classify", "-m", "run/model.safetensors", "--show",
                                  "--draw", "drawn", *pictures, code=4, env=env)
        self.assertEqual(len(result.out.splitlines()), 1)  # the result is there all the same
        self.assertEqual(len(result.err.splitlines()), 1)
        self.assertIn("cannot open a window", result.err)
        self.assertTrue((self.folder / "drawn" / "A0000.png").exists())


if __name__ == "__main__":
    unittest.main()
