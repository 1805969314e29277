# SPDX-License-Identifier: MIT
"""Sources that are no cameras: a drawn hand, pictures, video files."""

import os
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import unittest
import zlib

import camera
from camera import COLORS, close_to, probe

FAILED, USAGE, BAD_INPUT = 1, 2, 3


def png(color, side=16):
    rows = (b"\0" + bytes(color) * side) * side

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(
            ">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows))
            + chunk(b"IEND", b""))


class Folder(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = pathlib.Path(holder.name)


class DrawnHand(unittest.TestCase):
    def test_the_same_seed_gives_the_same_pictures(self):
        first, again, other = (probe("--fast", "--seed", seed, "--letters", 4, "synth:AB")
                               for seed in (1, 1, 2))
        self.assertEqual(first.end, "end", first)
        self.assertEqual(first.code, 0)
        self.assertEqual([f.checksum for f in first.frames], [f.checksum for f in again.frames])
        self.assertNotEqual(first.frames[0].checksum, other.frames[0].checksum)

    def test_fast_time_is_exact(self):
        result = probe("--fast", "--fps", 25, "--letters", 4, "synth:A")
        self.assertEqual([f.time for f in result.frames],
                         [40_000_000 * i for i in range(len(result.frames))])
        self.assertEqual([f.sequence for f in result.frames], list(range(len(result.frames))))
        self.assertLess(result.seconds, result.frames[-1].time * 1e-9 + 1)

    def test_letters_a_second(self):
        length = {text: probe("--fast", "--fps", 10, "--letters", 2, f"synth:{text}").frames[-1].time
                  for text in ("AB", "ABABAB", "AAAAAA")}
        self.assertAlmostEqual((length["ABABAB"] - length["AB"]) * 1e-9, 4 * 0.5, delta=0.15)
        # Letting go between double letters takes a little longer.
        self.assertGreater(length["AAAAAA"], length["ABABAB"])

    def test_real_time(self):
        start = os.times()
        result = probe("--letters", 4, "synth:AB")
        end = os.times()
        seconds = (result.frames[-1].time - result.frames[0].time) * 1e-9
        self.assertGreater(seconds, 2)
        self.assertGreaterEqual(result.seconds, seconds)
        used = end.children_user - start.children_user
        if not camera.SANITIZED:
            self.assertLess(used, 0.8 * seconds)

    def test_late_frames_are_dropped(self):
        result = probe("--letters", 4, "--wait", 200, "synth:A")
        self.assertGreater(result.counts.dropped, 20, result)
        self.assertEqual(result.counts.frames + result.counts.dropped,
                         result.frames[-1].sequence + 1)

    def test_sizes_signs_and_hands(self):
        result = probe("--fast", "--width", 321, "--height", 123, "--left-handed", "--letters", 9,
                       "synth:az. <<.")
        self.assertEqual((result.end, result.frames[0].size), ("end", "321x123"))

    def test_what_cannot_be_signed(self):
        for text, words in [("", "no text after 'synth:'"), ("A1", "no sign for '1'"),
                            ("ÄB", "no sign for 'Ä'")]:
            result = probe("--fast", f"synth:{text}")
            self.assertEqual(result.code, USAGE, result)
            self.assertIn(words, result.message)


class Pictures(Folder):
    def test_a_folder_in_the_order_that_people_count(self):
        for number, red in [(10, 30), (9, 20), (1, 10)]:
            (self.folder / f"{number}.png").write_bytes(png((red, 0, 0)))
        (self.folder / "notes.txt").write_text("no picture")
        result = probe("--fast", "--fps", 10, "--picture", 300, self.folder)
        self.assertEqual((result.end, result.code), ("end", 0), result)
        self.assertEqual([f.colors[0][0] for f in result.frames], [10] * 3 + [20] * 3 + [30] * 3)
        self.assertEqual([f.time for f in result.frames], [100_000_000 * i for i in range(9)])

    def test_one_and_several(self):
        paths = []
        for i in range(3):
            paths.append(self.folder / f"{i}.PNG")
            paths[i].write_bytes(png((i, 0, 0), 16 + i))
        one = probe("--fast", "--picture", 1, paths[2])
        all_three = probe("--fast", "--picture", 1, *reversed(paths))
        self.assertEqual([f.size for f in one.frames], ["18x18"])
        self.assertEqual([f.size for f in all_three.frames], ["18x18", "17x17", "16x16"])

    def test_damaged_ones_are_named_and_left_out(self):
        (self.folder / "a.png").write_bytes(png((1, 2, 3)))
        (self.folder / "b.png").write_bytes(b"nothing like it")
        result = probe("--fast", "--picture", 1, self.folder)
        self.assertEqual((len(result.frames), result.counts.damaged, result.code), (1, 1, 0))
        self.assertIn("b.png", result.err)
        one = probe(self.folder / "b.png")
        self.assertEqual(one.code, BAD_INPUT)
        self.assertIn("b.png", one.message)

    def test_nothing_to_show(self):
        empty = probe(self.folder)
        (self.folder / "a.png").write_bytes(b"")
        (self.folder / "b.png").write_bytes(b"")
        broken = probe(self.folder)
        self.assertEqual((empty.code, broken.code), (BAD_INPUT, BAD_INPUT))
        self.assertIn("there is no picture", empty.message)
        self.assertIn("none of the 2 pictures", broken.message)

    def test_real_time_shows_every_picture(self):
        for i in range(4):
            (self.folder / f"{i}.png").write_bytes(png((i, 0, 0)))
        result = probe("--picture", 100, "--wait", 150, self.folder)
        self.assertEqual({f.colors[0][0] for f in result.frames}, {0, 1, 2, 3})
        self.assertGreater(result.counts.dropped, 0)


@unittest.skipUnless(shutil.which("ffmpeg"), "ffmpeg, which makes the videos, is not installed")
class Videos(Folder):
    def make(self, name, *options, seconds=1):
        """Quarters as those of the camera double, 160x120, 25 frames a second."""
        path = self.folder / name
        boxes = ",".join(
            f"drawbox={80 * (i % 2)}:{60 * (i // 2)}:80:60:#{r:02x}{g:02x}{b:02x}:fill"
            for i, (r, g, b) in enumerate(COLORS))
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i",
                        f"color=black:160x120:r=25:d={seconds},format=rgb24,{boxes}", *options,
                        str(path)], check=True, stdin=subprocess.DEVNULL)
        return path

    def test_common_files(self):
        for name in ["a.mp4", "a.mkv", "a.avi", "a.mpg"]:
            with self.subTest(name):
                result = probe("--fast", self.make(name))
                self.assertEqual((result.end, result.code), ("end", 0), result)
                self.assertEqual(len(result.frames), 25)
                self.assertEqual(result.frames[0].size, "160x120")
                self.assertEqual(result.frames[0].time, 0)
                self.assertAlmostEqual(result.frames[-1].time, 24 * 40e6, delta=2e6)
                for frame in result.frames:
                    self.assertTrue(close_to(frame.colors, COLORS, 12), frame)

    def test_real_time(self):
        result = probe(self.make("a.mp4"))
        self.assertEqual(result.end, "end")
        self.assertGreater(result.seconds, 0.95)
        self.assertLess(result.seconds, 4)
        slow = probe(self.make("b.mp4"), "--wait", 100)
        self.assertGreater(slow.counts.dropped, 5)

    def test_a_phone_held_upright(self):
        flat = self.make("flat.mp4")
        for degrees, order in [(90, (1, 3, 0, 2)), (180, (3, 2, 1, 0)), (270, (2, 0, 3, 1))]:
            turned = self.folder / f"{degrees}.mp4"
            subprocess.run(["ffmpeg", "-v", "error", "-i", flat, "-metadata:s:v",
                            f"rotate={degrees}", "-codec", "copy", turned], check=True,
                           stdin=subprocess.DEVNULL)
            result = probe("--fast", "--frames", 1, turned)
            self.assertEqual(result.frames[0].size, "160x120" if degrees == 180 else "120x160")
            wanted = [COLORS[i] for i in order]
            self.assertTrue(close_to(result.frames[0].colors, wanted, 12),
                            (degrees, result.frames[0]))

    def test_cut_off(self):
        whole = self.make("a.mkv", "-vf", "noise=alls=40:allf=t").read_bytes()
        cut = self.folder / "cut.mkv"
        cut.write_bytes(whole[:len(whole) * 2 // 3])
        result = probe("--fast", cut)
        self.assertEqual(result.end, "end", result)
        self.assertLess(len(result.frames), 25)

    def test_what_is_no_video(self):
        sound = self.folder / "sound.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "sine=d=0.2", sound],
                       check=True, stdin=subprocess.DEVNULL)
        text = self.folder / "text.mp4"
        text.write_text("no video\n" * 100)
        empty = self.folder / "empty.mp4"
        empty.write_bytes(b"")
        # A playlist would make the program open other files.
        listing = self.folder / "list.m3u8"
        listing.write_text(f"#EXTM3U\n#EXTINF:1,\n{self.make('a.ts')}\n#EXT-X-ENDLIST\n")
        for path in [sound, text, empty, listing]:
            with self.subTest(path.name):
                result = probe(path)
                self.assertEqual(result.code, BAD_INPUT, result)
                self.assertIn(path.name, result.message)
                self.assertEqual(result.err, "")

    def test_a_pipe_is_no_file(self):
        pipe = self.folder / "pipe.mp4"
        os.mkfifo(pipe)
        result = probe(pipe)
        self.assertEqual(result.code, BAD_INPUT)
        self.assertIn("pipe.mp4' is not a regular file", result.message)

    def test_hostile_files(self):
        """Bytes changed at random never crash it, and never keep it for ever."""
        noise = random.Random(7)
        files = [self.make("a.mp4").read_bytes(), self.make("a.avi").read_bytes()]
        path = self.folder / "hostile.mp4"
        for _ in range(20):
            data = bytearray(noise.choice(files))
            for _ in range(noise.randrange(1, 60)):
                data[noise.randrange(len(data))] = noise.randrange(256)
            path.write_bytes(data)
            result = probe("--fast", path, timeout=30)
            self.assertIn(result.code, (0, BAD_INPUT), result)
            self.assertIn(result.end, ("end", "error"), result)


if __name__ == "__main__":
    unittest.main()
