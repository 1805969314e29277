#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# labels: slow
"""asl-camera from end to end, without a window: sources, sinks, and how it ends. What the sources
and sinks do alone is tested in tests/camera and tests/live."""

import json
import os
import signal
import subprocess
import time
import unittest

import programs

if not (programs.BIN / "asl-camera").exists():
    programs.skip_all("asl-camera was not built: SDL2 or libv4l2 is missing")


class Camera(programs.Case):
    @classmethod
    def setUpClass(cls):
        """A model that knows three signs, badly: here it only matters that it answers."""
        case = cls("run_program")
        case.setUp()
        cls.addClassCleanup(case.doCleanups)
        programs.make_folder(case.folder / "data", labels=["H", "E", "nothing"])
        case.train("data", "run")
        cls.model = case.folder / "run" / "model.safetensors"

    def camera(self, *arguments, code=0, headless=True, **more):
        window = ["--headless"] if headless else []
        return self.run_program("asl-camera", "-m", self.model, *window, *arguments, code=code,
                                **more)

    def events(self, *arguments, code=0):
        out = self.camera("--json", *arguments, code=code).out
        return [json.loads(line) for line in out.splitlines()]

    def test_events(self):
        events = self.events("synth:HE", "--fast", "--scores")
        self.assertEqual(events[0]["event"], "start")
        self.assertEqual(events[0]["labels"], ["E", "H", "nothing"])
        self.assertIn("HE", events[0]["source"])
        self.assertEqual(events[-1]["event"], "end")
        self.assertEqual(events[-1]["code"], 0)
        frames = [event for event in events if event["event"] == "scores"]
        self.assertEqual(len(frames), events[-1]["frames"])
        self.assertGreater(len(frames), 30)
        times = [event["time_us"] for event in frames]
        self.assertEqual(times, sorted(times))
        self.assertGreater(events[-1]["latency_p50_ms"], 0)
        self.assertLessEqual(events[-1]["latency_p50_ms"], events[-1]["latency_p95_ms"])
        self.assertEqual({event["schema"] for event in events}, {1})

    def test_the_same_seed_gives_the_same_events(self):
        runs = [self.events("synth:HE", "--fast", "--seed", "3", "--scores") for _ in range(2)]
        for events in runs:
            events.pop()  # the last line has latencies
        self.assertEqual(*runs)

    def test_the_box(self):
        states = [event for event in self.events("synth:E", "--fast", "--roi", "10,20,100,90")
                  if event["event"] == "state"]
        self.assertEqual(states[0]["box"], [10, 20, 100, 90])
        states = [event for event in self.events("synth:E", "--fast") if event["event"] == "state"]
        self.assertEqual(states[0]["box"], [208, 128, 224, 224])

    def test_pictures_and_text(self):
        picture = self.folder / "e.png"
        picture.write_bytes(programs.picture("E", 1, 64))
        self.camera(picture, "--fast", "--picture-ms", "1500", "--text-to", "text.txt",
                    "--method", "average")
        self.assertTrue((self.folder / "text.txt").exists())

    def test_record(self):
        self.camera("synth:HE", "--fast", "--record", "a.mp4", "--seconds", "1")
        facts = subprocess.run(["ffprobe", "-v", "error", "-count_frames", "-show_entries",
                                "stream=codec_type,width,height,nb_read_frames", "-of", "json",
                                self.folder / "a.mp4"], capture_output=True, check=True)
        stream = json.loads(facts.stdout)["streams"][0]
        self.assertEqual((stream["codec_type"], stream["width"], stream["height"]),
                         ("video", 640, 480))
        self.assertGreater(int(stream["nb_read_frames"]), 20)
        before = programs.sha256(self.folder / "a.mp4")
        result = self.camera("synth:HE", "--record", "a.mp4", code=2)
        self.assertIn("--force", result.err)
        self.assertEqual(programs.sha256(self.folder / "a.mp4"), before)
        self.camera("synth:HE", "--fast", "--record", "a.mp4", "--force", "--seconds", "0.5")
        self.assertNotEqual(programs.sha256(self.folder / "a.mp4"), before)

    def start(self, *arguments, **more):
        process = subprocess.Popen([programs.BIN / "asl-camera", "-m", self.model, *arguments],
                                   cwd=self.folder, text=True, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, **more)
        self.addCleanup(process.kill)
        return process

    def test_interrupted(self):
        process = self.start("--headless", "--json", "--record", "a.mp4", "synth:" + 50 * "HE")
        while json.loads(process.stdout.readline())["event"] == "start":
            pass
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
        self.assertEqual(process.returncode, 130, err)
        self.assertEqual(json.loads(out.splitlines()[-1])["code"], 130)
        subprocess.run(["ffprobe", "-v", "error", self.folder / "a.mp4"], check=True)

    def test_a_reader_that_leaves_ends_it(self):
        process = self.start("--headless", "--json", "--scores", "synth:" + 50 * "HE")
        process.stdout.readline()
        process.stdout.close()
        self.assertEqual(process.wait(timeout=30), 1)
        process.stderr.close()

    def test_a_command_that_dies_is_told_and_the_rest_goes_on(self):
        result = self.camera("synth:EHEHEHEH", "--fast", "--text-to", "exec:exit 7", "--text-to",
                             "text.txt", "--profile", "fluent", "--method", "vote", code=1)
        self.assertIn("exit 7", result.err)

    def test_what_goes_wrong(self):
        for arguments, code, words in (
                (["nowhere.mp4"], 3, "nowhere.mp4"),
                (["--camera", "No Such Camera"], 4, "No Such Camera"),
                (["--camera", "0", "synth:A"], 2, "only one"),
                (["synth:A", "--roi", "1,2,3"], 2, "--roi"),
                (["synth:A", "--capture", "640"], 2, "--capture"),
                (["synth:A", "--json", "--text-to", "stdout"], 2, "standard output"),
                (["synth:A", "--words", "none.txt"], 3, "none.txt"),
                (["synth:A", "--text-to", "file/is/not/there"], 1, "file/is/not/there"),
                (["synth:1"], 2, "1")):
            with self.subTest(arguments=arguments):
                result = self.camera(*arguments, code=code)
                self.assertIn(words, result.err)
                self.assertLessEqual(len(result.err.splitlines()), 2 if code == 2 else 1, result.err)

    def test_no_display(self):
        env = {key: value for key, value in os.environ.items()
               if key not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
        result = self.camera("synth:A", headless=False, code=4, env=env)
        self.assertIn("--headless", result.err)

    def test_a_window_that_nobody_sees(self):
        env = os.environ | {"SDL_VIDEODRIVER": "dummy"}
        self.camera("synth:HE", "--seconds", "2", "--record", "a.mp4", headless=False, env=env)
        subprocess.run(["ffprobe", "-v", "error", self.folder / "a.mp4"], check=True)

    def test_the_list_of_cameras(self):
        result = subprocess.run([programs.BIN / "asl-camera", "--list-cameras", "--json"],
                                capture_output=True, text=True)
        self.assertIn(result.returncode, (0, 4))
        self.assertEqual(json.loads(result.stdout)["schema"], 1)


if __name__ == "__main__":
    unittest.main()
