#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# labels: slow
"""The built-in model reads words that a drawn hand spells, of signers whom it has never seen, with
double letters: from synth:TEXT, and from a camera (the double of tests/camera) in a real window."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time
import unittest

import programs

TESTS = programs.BIN.parent / "tests" / "bin"

if not (programs.BIN / "asl-camera").exists():
    programs.skip_all("asl-camera was not built: SDL2 or libv4l2 is missing")
if b"__asan_init" in (programs.BIN / "asl-camera").read_bytes():
    programs.skip_all("a build with sanitizers is too slow for a camera")
MODEL = programs.SOURCE / "lib" / "model" / "builtin" / "letters.safetensors"
if "not in this build" in subprocess.run([programs.BIN / "asl-info"], capture_output=True, text=True,
                                         check=True).stdout:
    programs.skip_all("this build has no built-in model")

WORDS = ["DEAF", "BALLOON", "QUICK", "FOX", "JUMP", "WORLD", "SIGN", "LETTER"]


def distance(a, b):
    """Edits that make one text the other."""
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (left != right))
    return row[-1]


class Spelling(programs.Case):
    def read(self, text, *more):
        out = self.run_program("asl-camera", f"synth:{text}", "--headless",
                               "--text-to", "stdout", "--letters", "2", *more).out
        return out.strip()

    def test_hello(self):
        self.assertEqual(self.read("HELLO", "--fast"), "HELLO")

    def test_hello_in_real_time(self):
        """Frames are dropped when the machine is busy, and the word is still read; when it is so
        busy that a whole double letter is missed, it has more than one chance."""
        texts = []
        while "HELLO" not in texts and len(texts) < 4:
            texts.append(self.read("HELLO"))
        self.assertIn("HELLO", texts)

    def test_words(self):
        results = {word: self.read(word, "--fast") for word in WORDS}
        wrong = sum(distance(*pair) for pair in results.items())
        print(f"{wrong} of {len(''.join(WORDS))} letters wrong: {results}", file=sys.stderr)
        self.assertLessEqual(wrong, 0.05 * len("".join(WORDS)), results)

    def test_a_film_of_hands_it_has_not_seen(self):
        """The stream test of tests/spell, with scores of this model on drawn hands of others."""
        subprocess.run([programs.BIN / "asl-synth", "others", "-n", "8", "--size", "108",
                        "--signers", "4", "--variety", "0", "--seed", "99", "-q"],
                       cwd=self.folder, check=True)
        done = subprocess.run([TESTS / "spell_stream", "--seeds=1", "--check", f"--model={MODEL}",
                               f"--pictures={self.folder / 'others'}"],
                              capture_output=True, text=True, check=True)
        print(done.stdout, file=sys.stderr)
        errors = {line.split("|")[1].strip(" *"): float(line.split("|")[4].split()[0])
                  for line in done.stdout.splitlines()[4:]}
        self.assertLess(errors["hmm default"], 18, "CER % at 2 letters a second")

    def test_a_del_takes_a_letter_back(self):
        self.run_program("asl-camera", "synth:HEL<LLO", "--headless", "--fast",
                         "--text-to", "text.txt")
        text = (self.folder / "text.txt").read_text().strip()
        self.assertLessEqual(distance("HELLO", text), 1, text)

    def test_a_quiz_is_won(self):
        (self.folder / "words.txt").write_text("HELLO\n")
        out = self.run_program("asl-quiz", "synth:HELLO", "--headless", "--fast",
                               "--words", "words.txt", "--rounds", "1", "--letters", "1",
                               "--json").out
        results = [event for event in map(json.loads, out.splitlines())
                   if event["event"] == "result"]
        self.assertEqual([(event["word"], event["missed"]) for event in results],
                         [("HELLO", [])])

    def test_a_camera_in_a_window(self):
        for tool in ("xvfb-run", "xdotool", "import", "convert"):
            if not shutil.which(tool):
                self.skipTest(f"{tool} is missing")
        if not (TESTS / "camera_double").exists() or not os.access("/dev/fuse", os.W_OK):
            self.skipTest("the camera double needs libfuse3 and /dev/fuse")
        camera = self.folder / "camera"
        camera.mkdir()
        player = subprocess.Popen([TESTS / "camera_double", camera, "--fps", "30", "--formats",
                                   "MJPG", "--spell", "HELLO"], stdout=subprocess.PIPE, text=True)
        self.addCleanup(player.wait)
        self.addCleanup(player.terminate)
        self.assertEqual(player.stdout.readline(), "ready\n")
        # Then a pause: the camera is let go, and next to no time is taken (ticks of 10 ms).
        line = ('"$@" >events.json & P=$!; sleep 6; import -window root screen.png; '
                'xdotool key --window "$(xdotool search --name asl-camera | head -1)" space; '
                'sleep 1; cut -d" " -f14,15 /proc/$P/stat >ticks; sleep 2; '
                'cut -d" " -f14,15 /proc/$P/stat >>ticks; kill -INT $P; wait $P; test $? = 130')
        subprocess.run(["xvfb-run", "-a", "-s", "-screen 0 1280x800x24", "bash", "-c", line, "bash",
                        programs.BIN / "asl-camera", "--camera",
                        camera / "video0", "--json"],
                       cwd=self.folder, check=True, timeout=60, stderr=subprocess.DEVNULL)
        events = [json.loads(line) for line in
                  (self.folder / "events.json").read_text().splitlines()]
        self.assertIn("Double Cam", events[0]["source"])
        before, after = (sum(map(int, line.split())) for line in
                         (self.folder / "ticks").read_text().splitlines())
        self.assertLessEqual(after - before, 10, "busy while paused")
        self.assertIn(True, [event.get("paused") for event in events])
        player.terminate()
        self.assertEqual(player.stdout.read().splitlines()[-1], "close")
        self.assertLessEqual(distance("HELLO", events[-1]["text"]), 1, events[-1])
        pixels = subprocess.run(["convert", "screen.png", "-depth", "8", "rgb:-"], check=True,
                                cwd=self.folder, capture_output=True).stdout
        red = sum(r > 200 and g < 60 and b < 80
                  for r, g, b in zip(pixels[::3], pixels[1::3], pixels[2::3]))
        self.assertGreater(red, 500, "the red box is not on the screen")
        kept = os.environ.get("ASL_KEEP_SCREENS")
        if kept:
            shutil.copy(self.folder / "screen.png", pathlib.Path(kept) / f"{time.time():.0f}.png")


if __name__ == "__main__":
    unittest.main()
