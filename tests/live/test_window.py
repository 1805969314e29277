# SPDX-License-Identifier: MIT
"""The window: keys and mouse under Xvfb, no display, a display that goes away, and SDL's dummy
driver. Pictures of the screen are compared by pixels."""

import os
import shutil
import signal
import subprocess
import time
import unittest

from sinks import Case, LEAKS_ALLOWED, needs, said

NO_DISPLAY = {key: value for key, value in os.environ.items()
              if key not in ("DISPLAY", "WAYLAND_DISPLAY", "SDL_VIDEODRIVER")}
BOX_RED = (0xF0, 0x14, 0x2D)


class Headless(Case):
    def test_no_display(self):
        _, err = self.finish(self.start("window", env=NO_DISPLAY), code=4, timeout=10)
        self.assert_one_line(err, "cannot open a window")
        env = {**NO_DISPLAY, **LEAKS_ALLOWED, "DISPLAY": ":987"}
        _, err = self.finish(self.start("window", env=env), code=4)
        self.assert_one_line(err, "cannot open a window")

    def test_the_dummy_driver_on_request(self):
        process = self.start("window", env={**NO_DISPLAY, "SDL_VIDEODRIVER": "dummy"})
        self.assertEqual(process.stdout.readline(), b"ready dummy\n")
        process.send_signal(signal.SIGTERM)
        self.finish(process, code=130)


class Display(Case):
    """Under an X server of our own."""

    def setUp(self):
        super().setUp()
        ours, theirs = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(theirs), "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
            pass_fds=[theirs], stderr=subprocess.DEVNULL)
        os.close(theirs)
        self.addCleanup(self.end_server)
        number = b""
        while not number.endswith(b"\n"):
            piece = os.read(ours, 16)
            self.assertTrue(piece, "Xvfb did not start")
            number += piece
        os.close(ours)
        # libdbus and the X libraries leak; with the dummy driver all leaks count.
        self.env = {**NO_DISPLAY, **LEAKS_ALLOWED, "DISPLAY": f":{number.decode().strip()}"}

    def end_server(self):
        self.server.terminate()
        self.server.wait(10)

    def open(self, driver, env, *window):
        """live_sinks in a window; `window` says what to look for on the X server."""
        self.process = self.start("window", env=env)
        self.assertEqual(self.process.stdout.readline(), f"ready {driver}\n".encode())
        self.do("search", "--sync", "--onlyvisible", *window)
        self.window = self.do("search", *window).split()[0]
        os.set_blocking(self.process.stdout.fileno(), False)
        time.sleep(0.3)

    def do(self, *arguments):
        return subprocess.run(["xdotool", *map(str, arguments)], env=self.env, check=True,
                              capture_output=True, timeout=20).stdout.decode()

    def key(self, *names):
        self.do("key", "--delay", "30", *names)

    def lines(self, *expected):
        """The next events."""
        got = []

        def enough():
            piece = self.process.stdout.read() or b""
            got.extend(line for line in piece.decode().splitlines()
                       if not line.startswith(("redraw", "processor")))
            return len(got) >= len(expected)

        self.until(enough, expected)
        self.assertEqual(got, list(expected))

    def quit(self):
        self.key("q")
        self.process.wait(10)
        self.assertEqual(self.process.returncode, 0, self.process.stderr.read())

    def screenshot(self):
        """The whole screen as rows of RGB."""
        raw = subprocess.run(["import", "-window", "root", "-depth", "8", "rgb:-"], env=self.env,
                             check=True, capture_output=True, timeout=20).stdout
        self.assertEqual(len(raw), 1024 * 768 * 3)
        return raw

    def is_gone(self, server):
        """Without the display the program ends, says so and leaves nothing else."""
        server.kill()
        server.wait(10)
        self.assertEqual(self.process.wait(10), 4)
        out = self.process.stdout.read() or b""
        self.assertIn(b"lost 0 0 0 0 0\n", out)
        self.assertIn(b"processor ", out)
        self.assertEqual(said(self.process.stderr.read()), "")


class Screen(Display):
    def setUp(self):
        super().setUp()
        self.open("x11", self.env, "--name", "asl live test")

    def place(self):
        values = dict(line.split("=") for line in
                      self.do("getwindowgeometry", "--shell", self.window).split())
        return [int(values[name]) for name in ("X", "Y", "WIDTH", "HEIGHT")]

    def test_keys(self):
        self.key("space", "BackSpace", "c", "r", "m", "s", "t", "F1")
        self.lines(*(f"{name} 0 0 0 0 0" for name in
                     ("pause", "delete", "clear", "record", "mirror", "snapshot", "output",
                      "help")))
        self.key("1", "2", "3", "plus", "minus", "equal", "question", "KP_Add", "KP_Subtract")
        self.lines(*(f"{event} 0 0 0 0" for event in
                     ("suggestion 1", "suggestion 2", "suggestion 3", "resize 1", "resize -1",
                      "resize 1", "help 0", "resize 1", "resize -1")))
        self.key("Left", "Right", "Up", "Down", "shift+Right")
        self.lines("move 0 -10 0 0 0", "move 0 10 0 0 0", "move 0 0 -10 0 0", "move 0 0 10 0 0",
                   "move 0 1 0 0 0")
        # Combinations and other keys are left alone.
        self.key("ctrl+c", "alt+s", "x", "4", "R")
        self.lines("record 0 0 0 0 0")
        self.quit()

    def test_escape(self):
        self.key("Escape")
        self.lines("quit 0 0 0 0 0")
        self.assertEqual(self.process.wait(10), 0)

    def test_a_signal(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(10), 130)

    def test_the_mouse_drags(self):
        x, y, _, _ = self.place()
        self.do("mousemove", x + 100, y + 90, "mousedown", 1)
        self.lines("grab 0 0 0 100 90")
        self.do("mousemove", x + 130, y + 80)
        self.lines("drag 0 0 0 130 80")
        self.do("mouseup", 1, "mousemove", x + 10, y + 10, "click", 4)
        self.lines("resize 1 0 0 0 0")
        self.quit()

    @unittest.skipUnless(shutil.which("import"), "imagemagick is not installed")
    def test_what_is_on_the_screen(self):
        x, y, width, height = self.place()
        self.assertEqual((width, height), (640, 480))
        raw = self.screenshot()
        red = sum(raw[i:i + 3] == bytes(BOX_RED) for i in range(0, len(raw), 3))
        # Four sides of about 220 pixels, four pixels wide.
        self.assertTrue(2000 < red < 5000, red)
        corner = ((y + 2) * 1024 + x + 2) * 3
        self.assertEqual(tuple(raw[corner:corner + 3]), (0x0D, 0x12, 0x18))
        self.quit()

    @unittest.skipUnless(shutil.which("import"), "imagemagick is not installed")
    def test_the_window_can_be_resized(self):
        self.do("windowsize", "--sync", self.window, 800, 600)
        time.sleep(0.5)
        x, y, width, height = self.place()
        self.assertEqual((width, height), (800, 600))
        raw = self.screenshot()
        # The ground of the last corner is drawn: nothing is left of the smaller window.
        corner = ((y + 597) * 1024 + x + 797) * 3
        self.assertEqual(tuple(raw[corner:corner + 3]), (0x0D, 0x12, 0x18))
        red = [i // 3 for i in range(0, len(raw), 3) if raw[i:i + 3] == bytes(BOX_RED)]
        self.assertGreater(max(red) // 1024 - min(red) // 1024, 250)
        self.quit()

    def test_the_display_goes_away(self):
        self.is_gone(self.server)


@unittest.skipUnless(shutil.which("weston"), "weston is not installed")
class Wayland(Display):
    """Under a Wayland compositor that shows its screen in a window of the X server."""

    def setUp(self):
        super().setUp()
        runtime = self.folder / "runtime"
        runtime.mkdir(mode=0o700)
        self.env["XDG_RUNTIME_DIR"] = str(runtime)
        self.weston = subprocess.Popen(
            ["weston", "--backend=x11-backend.so", "--use-pixman", "--no-config", "--idle-time=0",
             "--width=1024", "--height=768", "--socket=wl"], env=self.env,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(self.stop, self.weston)
        self.until((runtime / "wl").exists, "weston did not start")
        # libdecor would say that it has no plugin for title bars.
        self.both = {**self.env, "WAYLAND_DISPLAY": "wl", "SDL_VIDEO_WAYLAND_ALLOW_LIBDECOR": "0"}
        self.wayland = {key: self.both[key] for key in self.both if key != "DISPLAY"}

    @unittest.skipUnless(shutil.which("import"), "imagemagick is not installed")
    def test_it_is_shown(self):
        def red():
            raw = self.screenshot()
            return sum(raw[i:i + 3] == bytes(BOX_RED) for i in range(0, len(raw), 3))

        self.open("wayland", self.wayland, "--class", "weston")
        self.until(lambda: 2000 < red() < 5000, "the box, when the compositor has faded in", 30)
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(10), 130)

    def test_x11_goes_first(self):
        self.open("x11", self.both, "--name", "asl live test")
        self.quit()

    def test_the_compositor_goes_away(self):
        self.open("wayland", self.wayland, "--class", "weston")
        self.is_gone(self.weston)


if __name__ == "__main__":
    needs("Xvfb", "xdotool")
    unittest.main()
