# SPDX-License-Identifier: MIT
"""The capture code against a camera double: every format, and every fault a camera can have."""

import json
import os
import subprocess
import unittest

import camera
from camera import COLORS, Double, close_to, probe

NO_DEVICE, FAILED, BAD_INPUT, USAGE = 4, 1, 3, 2


class Camera(unittest.TestCase):
    def capture(self, *faults, frames=20, options=(), double=()):
        """Read from a double that plays `faults`; return the probe's result."""
        with Double(*double, *faults) as device:
            result = probe("--folder", device.folder, "--frames", frames, *options)
            self.device = device
        self.assertEqual(result.err, "")
        return result

    def check_whole(self, result, colors=COLORS, tolerance=3, code=0):
        """Nothing but whole pictures came, in order."""
        self.assertEqual(result.code, code, result)
        self.assertGreater(len(result.frames), 0, result)
        for frame in result.frames:
            self.assertTrue(close_to(frame.colors, colors, tolerance), (frame, result))
        for before, after in zip(result.frames, result.frames[1:]):
            self.assertLess(before.sequence, after.sequence)
            self.assertLess(before.time, after.time)


    def check_damaged(self, result, count):
        """On a busy machine, a bad frame may be dropped for a newer one before it is looked at."""
        counts = result.counts
        self.assertTrue(1 <= counts.damaged <= count <= counts.damaged + counts.dropped, result)


class Formats(Camera):
    def test_mjpeg_without_tables_is_preferred_where_it_is_faster(self):
        result = self.capture()
        self.check_whole(result)
        self.assertIn("Double Cam", result.name)
        self.assertIn("640x480 MJPEG, 60 frames/s", result.name)
        self.assertEqual(result.frames[0].size, "640x480")
        self.assertEqual(result.counts.damaged, 0)

    def test_yuyv_is_converted_by_the_library(self):
        result = self.capture(double=["--formats", "YUYV"])
        self.check_whole(result)
        self.assertIn("640x480 YUYV", result.name)

    def test_other_formats_go_through_libv4l2(self):
        result = self.capture(double=["--formats", "NV12"])
        # libv4lconvert leaves the range of luma as it is.
        self.check_whole(result, tolerance=20)
        self.assertIn("RGB3", result.name)

    def test_sizes_and_formats_can_be_asked_for(self):
        result = self.capture(options=["--width", 320, "--height", 240, "--format", "mjpeg"])
        self.check_whole(result)
        self.assertIn("320x240 MJPEG", result.name)

    def test_a_format_that_is_not_there_is_an_error(self):
        result = self.capture(options=["--format", "mjpeg"], double=["--formats", "YUYV"])
        self.assertEqual(result.code, NO_DEVICE)
        self.assertIn("has no MJPEG", result.message)


class Names(Camera):
    def test_a_camera_is_found_by_number_path_and_name(self):
        with Double("--second", "Other Cam") as device:
            for spec in ["", "0", device.path, "Double Cam", "double"]:
                result = probe("--folder", device.folder, "--frames", 2, spec)
                self.assertEqual(result.code, 0, result)
                self.assertIn(device.path, result.name)

    def test_a_name_that_fits_two_or_none(self):
        with Double("--second", "Other Cam") as device:
            two = probe("--folder", device.folder, "cam")
            none = probe("--folder", device.folder, "--camera", "Zoom")
            number = probe("--folder", device.folder, "7")
            file = probe("--folder", device.folder, "nowhere.mp4")
        self.assertEqual((two.code, none.code, number.code, file.code),
                         (USAGE, NO_DEVICE, NO_DEVICE, BAD_INPUT))
        self.assertIn("'cam' could be any of 2 cameras", two.message)
        self.assertIn("'Zoom' is not the name of a camera", none.message)
        self.assertIn("there is no camera", number.message)
        self.assertIn("video7", number.message)
        self.assertIn("'nowhere.mp4' is neither a file, a folder nor a camera", file.message)

    def test_no_camera_at_all(self):
        result = probe("--folder", "/proc/self/fdinfo")
        self.assertEqual(result.code, NO_DEVICE)
        self.assertIn("there is no camera in /proc/self/fdinfo; plug one in", result.message)

    def test_a_metadata_node_is_no_camera(self):
        with Double() as device:
            result = probe("--folder", device.folder, f"{device.folder}/video1")
        self.assertEqual(result.code, NO_DEVICE)
        self.assertIn("takes no pictures", result.message)

    def test_a_device_that_is_no_camera(self):
        result = probe("/dev/null")
        self.assertEqual(result.code, NO_DEVICE)
        self.assertIn("'/dev/null' is not a camera", result.message)

    def test_the_list(self):
        with Double("--second", "Other Cam") as device:
            text = subprocess.run([camera.PROBE, "--list-cameras", "--folder", device.folder],
                                  capture_output=True, text=True, check=True).stdout
            document = json.loads(subprocess.run(
                [camera.PROBE, "--list-cameras", "--json", "--folder", device.folder],
                capture_output=True, text=True, check=True).stdout)
        self.assertIn(f"{device.path}  Double Cam\n", text)
        self.assertIn("MJPEG 640x480 60/s, 320x240 60/s\n", text)
        self.assertNotIn("video1", text)
        self.assertEqual([c["name"] for c in document["cameras"]], ["Double Cam", "Other Cam"])
        self.assertIn({"format": "YUYV", "width": 640, "height": 480, "fps": 10},
                      document["cameras"][0]["modes"])

    def test_an_empty_list(self):
        done = subprocess.run([camera.PROBE, "--list-cameras", "--folder", "/proc/self/fdinfo"],
                              capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, NO_DEVICE)
        self.assertIn("there is no camera", done.stderr)


class Access(Camera):
    def test_busy(self):
        with Double() as device:
            holder = subprocess.Popen([camera.PROBE, "--folder", device.folder],
                                      stdout=subprocess.PIPE, text=True)
            holder.stdout.readline()
            result = probe("--folder", device.folder)
            holder.terminate()
            holder.communicate()
            again = probe("--folder", device.folder, "--frames", 2)
        self.assertEqual(result.code, NO_DEVICE)
        self.assertIn("is in use by live_probe (process", result.message)
        self.assertIn(str(holder.pid), result.message)
        self.check_whole(again)

    def test_no_permission(self):
        with Double("--open-error", "13") as device:
            result = probe("--folder", device.folder)
        self.assertEqual(result.code, NO_DEVICE)
        self.assertIn(f"cannot open '{device.path}': Permission denied", result.message)

    def test_buffers_are_refused(self):
        result = self.capture("refuse@0:1")
        self.check_whole(result)  # the fault is due with the first frame only
        with Double("--formats", "YUYV", "refuse@3:-1", "broken@4") as device:
            result = probe("--folder", device.folder)
        self.assertEqual(result.code, NO_DEVICE)
        self.assertIn("cannot start camera", result.message)


class Faults(Camera):
    def test_unplugged(self):
        result = self.capture("unplug@10", frames=1000)
        self.check_whole(result, code=NO_DEVICE)
        self.assertEqual(result.end, "end")
        self.assertIn("was unplugged", result.message)
        self.assertIn("Double Cam", result.message)

    def test_stalled(self):
        result = self.capture("stall@10", frames=1000, options=["--stall", 500])
        self.check_whole(result, code=FAILED)
        self.assertIn("sent no picture for 0.5 s; unplug it", result.message)
        self.assertLess(result.seconds, 5)

    def test_one_failed_call_is_borne(self):
        result = self.capture("eio@5:1", frames=30)
        self.check_whole(result)
        self.assertEqual(result.counts.restarts, 0)
        self.assertEqual(result.counts.damaged, 1)

    def test_endless_failure_ends(self):
        result = self.capture("eio@5:-1", frames=1000)
        self.check_whole(result, code=FAILED)
        self.assertIn("keeps failing: Input/output error", result.message)
        self.assertEqual(result.counts.restarts, 1)
        self.assertLess(result.seconds, 5)

    def test_a_broken_stream_is_started_again(self):
        result = self.capture("broken@10", frames=40)
        self.check_whole(result)
        self.assertEqual(result.counts.restarts, 1)
        self.assertEqual(self.device.log.count("streamon 640x480"), 2)

    def test_bad_frames_are_left_out(self):
        for fault in ["flag@5:3", "short@5:3", "corrupt@5:3", "empty@5:3"]:
            with self.subTest(fault):
                result = self.capture(fault, frames=30, double=["--fps", "30"])
                self.check_whole(result)
                self.check_damaged(result, 3)
                self.assertEqual(result.counts.restarts, 0)

    def test_short_raw_frames_are_left_out(self):
        result = self.capture("short@5:3", frames=30, double=["--formats", "YUYV"])
        self.check_whole(result)
        self.check_damaged(result, 3)

    def test_only_bad_frames(self):
        result = self.capture("corrupt@5:-1", frames=1000, options=["--stall", 500])
        self.check_whole(result, code=FAILED)
        self.assertIn("sent only damaged pictures", result.message)

    def test_missing_frames_are_counted(self):
        result = self.capture("skip@5:7", frames=20)
        self.check_whole(result)
        self.assertGreaterEqual(result.counts.dropped, 7)
        self.assertEqual(result.frames[-1].sequence,
                         len(result.frames) - 1 + result.counts.dropped)

    def test_the_size_changes_with_a_word(self):
        result = self.capture("event@10:320x240", frames=30)
        self.check_whole(result)
        self.assertEqual(result.counts.restarts, 1)

    def test_the_size_changes_without_a_word(self):
        result = self.capture("resize@10:320x240", frames=30, double=["--formats", "YUYV"])
        self.check_whole(result)
        self.assertEqual(result.counts.restarts, 1)
        result = self.capture("resize@10:320x240", frames=30, double=["--formats", "MJPG"])
        self.check_whole(result)
        self.assertEqual({f.size for f in result.frames}, {"640x480", "320x240"})

    def test_the_driver_dies(self):
        with Double() as device:
            process = subprocess.Popen([camera.PROBE, "--folder", device.folder, "--stall", "1000"],
                                       stdout=subprocess.PIPE, text=True)
            for _ in range(5):
                process.stdout.readline()
            device.process.kill()
            out, _ = process.communicate(timeout=20)
        self.assertIn(process.returncode, (FAILED, NO_DEVICE))
        self.assertRegex(out, r"(?m)^(end|error) camera 'Double Cam' ")


class Flow(Camera):
    def test_the_newest_frame_wins(self):
        """A slow reader sees new pictures, not a queue of old ones."""
        result = self.capture(frames=8, options=["--wait", 150])
        self.check_whole(result)
        self.assertGreater(result.counts.dropped, 8)
        steps = [b.time - a.time for a, b in zip(result.frames, result.frames[1:])]
        self.assertGreater(sum(steps) / len(steps), 120e6)

    def test_a_pause_lets_go_of_the_camera(self):
        with Double() as device:
            process = subprocess.Popen(
                [camera.PROBE, "--folder", device.folder, "--frames", "10", "--pause-at", "5",
                 "--pause", "1500"], stdout=subprocess.PIPE, text=True)
            lines = [process.stdout.readline() for _ in range(6)]
            other = probe("--folder", device.folder, "--frames", 3)
            before = os.times()
            out, _ = process.communicate(timeout=20)
            after = os.times()
        self.assertEqual(len([x for x in lines if x.startswith("frame")]), 5)
        self.check_whole(other)
        self.assertEqual(process.returncode, 0, out)
        self.assertEqual(out.count("frame"), 5)
        self.assertLess(after.children_user - before.children_user, 1.0)

    def test_gone_while_paused(self):
        with Double() as device:
            process = subprocess.Popen(
                [camera.PROBE, "--folder", device.folder, "--frames", "10", "--pause-at", "5",
                 "--pause", "800"], stdout=subprocess.PIPE, text=True)
            for _ in range(6):
                process.stdout.readline()
            device.close()
            out, _ = process.communicate(timeout=20)
        self.assertEqual(process.returncode, NO_DEVICE)
        self.assertIn("error there is no camera", out)


if __name__ == "__main__":
    camera.require_double()
    unittest.main()
