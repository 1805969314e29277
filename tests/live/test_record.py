# SPDX-License-Identifier: MIT
"""Recordings, read again by ffprobe and ffmpeg: whole, killed, and on a full disk."""

import json
import resource
import signal
import subprocess
import unittest

from sinks import Case, needs


def probe(path):
    """The video stream as ffprobe counts it, and the time of each frame."""
    out = subprocess.run(
        ["ffprobe", "-v", "error", "-count_frames", "-show_streams", "-show_entries",
         "frame=pts_time", "-of", "json", path], check=True, capture_output=True, timeout=60)
    document = json.loads(out.stdout)
    assert not out.stderr, out.stderr
    stream, = document["streams"]
    return stream, [float(frame["pts_time"]) for frame in document["frames"]]


def pixels(path, width, height):
    """The last picture as RGB bytes."""
    out = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        check=True, capture_output=True, timeout=60).stdout
    size = width * height * 3
    assert len(out) % size == 0 and out
    return out[-size:]


def time_of(frame):
    """As in sinks.c, from the first frame on."""
    return frame // 2 * 0.07 + frame % 2 * 0.02 + (1 if frame > 10 else 0)


class Record(Case):
    def record(self, path, frames=30, width=160, height=120, sleep=0, code=0, **options):
        process = self.start("record", path, width, height, frames, sleep, **options)
        return self.finish(process, code=code)

    def test_every_frame_has_its_time(self):
        out, _ = self.record("out.mp4")
        path = self.folder / "out.mp4"
        stream, times = probe(path)
        self.assertIn(stream["codec_name"], ("h264", "mpeg4"))
        self.assertIn(f"codec {'libx264' if stream['codec_name'] == 'h264' else 'mpeg4'}",
                      out.decode())
        self.assertEqual((stream["width"], stream["height"]), (160, 120))
        self.assertEqual(stream["pix_fmt"], "yuv420p")
        self.assertEqual(int(stream["nb_read_frames"]), 30)
        for frame, time in enumerate(times):
            self.assertAlmostEqual(time, time_of(frame), delta=1e-4)
        self.assertIn(f"seconds {time_of(29):.3f}", out.decode())
        duration = float(stream.get("duration") or stream["tags"]["DURATION"])
        self.assertAlmostEqual(duration, time_of(29), delta=0.1)

    def test_the_picture_is_what_was_drawn(self):
        self.record("out.mp4", frames=5)
        last = pixels(self.folder / "out.mp4", 160, 120)

        def at(x, y):
            offset = (y * 160 + x) * 3
            return last[offset:offset + 3]

        for got, want in ((at(20, 100), (200, 8, 8)), (at(140, 100), (8, 8, 200)),
                          (at(140, 36), (8, 200, 200))):
            for a, b in zip(got, want):
                self.assertLess(abs(a - b), 24, (tuple(got), want))

    def test_odd_sizes_are_rounded_down(self):
        self.record("out.mp4", frames=3, width=161, height=121)
        self.assertEqual([probe(self.folder / "out.mp4")[0][k] for k in ("width", "height")],
                         [160, 120])

    def test_an_unwritable_path_is_named(self):
        _, err = self.record("missing/out.mp4", code=1)
        self.assert_one_line(err, "cannot record 'missing/out.mp4': No such file or directory")
        _, err = self.record(".", code=1)
        self.assert_one_line(err, "Is a directory")
        _, err = self.record("http:/example.org/x", code=1)
        self.assert_one_line(err, "No such file or directory")

    def test_a_killed_recording_plays(self):
        process = self.start("record", "out.mp4", 160, 120, 100000, 5)
        for line in process.stdout:
            if line == b"frame 100\n":
                break
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        stream, times = probe(self.folder / "out.mp4")
        # At most one fragment of half a second, about fourteen frames, and a frame are missing.
        self.assertGreaterEqual(int(stream["nb_read_frames"]), 100 - 17)
        self.assertAlmostEqual(times[-1], time_of(len(times) - 1), delta=1e-4)

    def test_an_interrupted_recording_is_whole(self):
        process = self.start("record", "out.mp4", 160, 120, 100000, 5)
        for line in process.stdout:
            if line == b"frame 40\n":
                break
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=10)
        written = 41 + out.count(b"frame ")
        self.assertEqual(int(probe(self.folder / "out.mp4")[0]["nb_read_frames"]), written)

    def full(self, limit):
        """A file that may not grow beyond a limit fails as on a full disk (EFBIG for ENOSPC)."""
        return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    def test_a_full_disk_is_told_once_and_the_rest_plays(self):
        _, err = self.record("out.mp4", frames=300, width=320, height=240, code=1,
                             preexec_fn=self.full(400000))
        self.assert_one_line(err, "cannot record 'out.mp4': File too large")
        path = self.folder / "out.mp4"
        self.assertLessEqual(path.stat().st_size, 400000)
        stream, times = probe(path)
        self.assertGreater(len(times), 5)
        self.assertEqual(int(stream["nb_read_frames"]), len(times))

    def test_a_disk_that_is_full_at_once(self):
        (self.folder / "full.mp4").symlink_to("/dev/full")
        _, err = self.record("full.mp4", code=1)
        self.assert_one_line(err, "cannot record 'full.mp4': No space left on device")

    def test_a_small_tmpfs(self):
        mount = self.folder / "small"
        mount.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", mount],
                          capture_output=True).returncode:
            self.skipTest("mounting a tmpfs needs root")
        self.addCleanup(subprocess.run, ["umount", mount], check=True)
        _, err = self.record("small/out.mp4", frames=300, width=320, height=240, code=1)
        self.assert_one_line(err, "cannot record 'small/out.mp4': No space left on device")
        self.assertGreater(len(probe(mount / "out.mp4")[1]), 1)


if __name__ == "__main__":
    needs("ffprobe", "ffmpeg")
    unittest.main()
