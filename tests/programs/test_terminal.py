# SPDX-License-Identifier: MIT
# labels: slow
"""Progress bars: they fit narrow terminals, leave nothing behind, and stay out of other outputs."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import unittest

import programs


class Terminal(programs.Case):
    def setUp(self):
        super().setUp()
        programs.make_csv(self.folder / "data", per_class=16)

    def on_terminal(self, columns, *arguments, term="xterm"):
        """What a program writes to a terminal of so many columns."""
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        env = {key: value for key, value in os.environ.items() if key != "TERM"}
        if term is not None:
            env["TERM"] = term
        process = subprocess.Popen(
            [programs.BIN / arguments[0], *arguments[1:]], cwd=self.folder, env=env,
            stdin=slave, stdout=subprocess.DEVNULL, stderr=slave)
        os.close(slave)
        data = b""
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            data += part
        os.close(master)
        self.assertEqual(process.wait(timeout=60), 0, data)
        return data.decode()

    ARGUMENTS = ["asl-train", "data", "-o", "run", "--preset", "tiny", "--size", "32", "--epochs",
                 "2", "--threads", "1", "--force"]

    def test_bar_fits(self):
        for columns in (5, 20, 40, 300):
            text = self.on_terminal(columns, *self.ARGUMENTS)
            bars = [part for part in re.split(r"[\r\n]", text) if "epoch" in part and "%" in part]
            self.assertTrue(bars)
            for bar in bars:
                visible = bar.replace("\033[K", "")
                self.assertLess(len(visible), max(columns, 20), repr(visible))
                self.assertNotIn("\033", visible)
            self.assertTrue(text.endswith("\r\033[K"), repr(text[-80:]))
        self.assertTrue(any("loss" in bar and "left" in bar for bar in bars))

    def test_no_bar_where_none_can_be_drawn(self):
        for term in (None, "dumb", ""):
            text = self.on_terminal(80, *self.ARGUMENTS, term=term)
            self.assertNotIn("\033", text)

    def test_progress_option(self):
        self.assertNotIn("\033", self.on_terminal(80, *self.ARGUMENTS, "--progress", "never"))
        self.assertNotIn("\033", self.on_terminal(80, *self.ARGUMENTS, "--quiet"))
        result = subprocess.run(
            [programs.BIN / "asl-train", *self.ARGUMENTS[1:], "--progress", "always"],
            cwd=self.folder, capture_output=True, check=True)
        self.assertIn(b"\033[K", result.stderr)
        self.assertNotIn(b"\033", result.stdout)


if __name__ == "__main__":
    unittest.main()
