# SPDX-License-Identifier: MIT
"""Every target of --text-to, and every way in which one goes wrong."""

import os
import pty
import resource
import signal
import stat
import time
import unittest

from sinks import Case

HELLO = b"+HELK\n-1\n+L\n+O \n+W\xc3\x96RLD\n-4\n+\xc3\x89\n"
TEXT = "HELLO W\u00c9"


def applied(raw):
    """What a reader sees that knows backspace."""
    text = ""
    for character in raw.decode():
        text = text[:-1] if character == "\b" else text + character
    return text


class Stdout(Case):
    def test_text_and_backspaces(self):
        out, err = self.finish(self.start("text", "stdout"), HELLO)
        self.assertEqual(applied(out), TEXT + "\n")
        self.assertEqual(out[:6], b"HELK\bL")
        self.assertEqual(err, "")

    def test_nothing_spelled_prints_nothing(self):
        out, _ = self.finish(self.start("text", "stdout"), b".\np\n+A\n-1\ng\n+\n")
        self.assertEqual(out, b"")

    def test_a_terminal_is_wiped(self):
        ours, theirs = pty.openpty()
        process = self.start("text", "stdout", stdout=theirs)
        self.finish(process, b"+AB\n-1\n")
        os.close(theirs)
        self.assertEqual(os.read(ours, 100), b"AB\b \b\r\n")
        os.close(ours)

    def test_each_letter_comes_at_once(self):
        process = self.start("text", "stdout")
        process.stdin.write(b"+A\n")
        process.stdin.flush()
        self.assertEqual(os.read(process.stdout.fileno(), 10), b"A")
        self.finish(process)

    def test_a_reader_that_leaves(self):
        process = self.start("text", "stdout")
        process.stdout.close()
        process.stdin.write(b"+A\n")
        process.stdin.close()
        self.assertEqual(process.wait(10), 1)
        self.assertIn("cannot write", process.stderr.read().decode())

    def test_a_full_disk(self):
        with open("/dev/full", "wb") as full:
            _, err = self.finish(self.start("text", "stdout", stdout=full), b"+A\n", code=1)
        self.assertIn("No space left on device", err)


class File(Case):
    def test_the_file_holds_the_text(self):
        self.finish(self.start("text", "out.txt"), HELLO)
        self.assertEqual((self.folder / "out.txt").read_text("utf-8"), TEXT + "\n")

    def test_it_does_at_any_time(self):
        process = self.start("text", "out.txt")
        process.stdin.write(b"+ABC\n-1\n")
        process.stdin.flush()
        path = self.folder / "out.txt"
        self.until(lambda: path.exists() and path.read_bytes() == b"AB", "AB in the file")
        process.kill()

    def test_what_was_there_stays(self):
        path = self.folder / "out.txt"
        path.write_text("before\n")
        self.finish(self.start("text", "out.txt"), b"+AB\n-9\n+C\n")
        self.assertEqual(path.read_text(), "before\nC\n")
        self.finish(self.start("text", "out.txt"), b"+A\n-1\n")
        self.assertEqual(path.read_text(), "before\nC\n")

    def test_what_cannot_be_written_is_named(self):
        for target, reason in ((".", "Is a directory"), ("no/where", "No such file or directory"),
                               ("/dev/null", "not a plain file")):
            _, err = self.finish(self.start("text", target), code=1)
            self.assert_one_line(err, f"'{target}'", reason)
        _, err = self.finish(self.start("text", ""), code=2)
        self.assert_one_line(err, "none of stdout, FILE, fifo:PATH, exec:CMD and uinput")

    def test_a_full_disk_keeps_what_was_there(self):
        process = self.start("text", "out.txt", preexec_fn=lambda: (
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN),
            resource.setrlimit(resource.RLIMIT_FSIZE, (5, 5))))
        _, err = self.finish(process, b"+ABCD\n+EFG\n", code=1)
        self.assert_one_line(err, "cannot write text to 'out.txt': File too large")
        self.assertEqual((self.folder / "out.txt").read_bytes(), b"ABCD")


class Fifo(Case):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "pipe"

    def test_text_waits_for_a_reader(self):
        process = self.start("text", "fifo:pipe")
        process.stdin.write(b"+HALP\n-3\n+ELP\n?\n")
        process.stdin.flush()
        self.until(self.path.exists, "the pipe")
        self.assertTrue(stat.S_ISFIFO(self.path.stat().st_mode))
        self.assertEqual(process.stderr.readline(), b"status: nobody reads the pipe\n")
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        os.set_blocking(reader, True)
        process.stdin.write(b".\n+!\n?\n")
        process.stdin.flush()
        self.assertEqual(process.stderr.readline(), b"status: none\n")
        # What was deleted before anyone read it is never seen.
        self.assertEqual(os.read(reader, 100), b"HELP!")
        self.finish(process, b"-1\n")
        self.assertEqual(os.read(reader, 100), b"\b\n")
        self.assertFalse(self.path.exists())

    def test_another_reader_may_come(self):
        os.mkfifo(self.path)
        process = self.start("text", "fifo:pipe")
        for word in (b"ONE", b"TWO"):
            reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
            process.stdin.write(b".\n+" + word + b"\n")
            process.stdin.flush()
            got = b""

            def read():
                nonlocal got
                try:
                    got += os.read(reader, 100)
                except BlockingIOError:
                    pass
                return got == word

            self.until(read, word)
            os.close(reader)
            process.stdin.write(b".\n+x\n-1\n")
            process.stdin.flush()
            time.sleep(0.1)
        self.finish(process)
        self.assertTrue(self.path.exists(), "a pipe that was there must stay")

    def test_nobody_ever_reads(self):
        _, err = self.finish(self.start("text", "fifo:pipe"), b"+A\n", code=1, timeout=5)
        self.assert_one_line(err, "text for 'fifo:pipe' was never read")
        _, err = self.finish(self.start("text", "fifo:pipe"), b"", code=0)

    def test_a_reader_that_sleeps(self):
        os.mkfifo(self.path)
        reader = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        process = self.start("text", "fifo:pipe")
        start = time.monotonic()
        _, err = self.finish(process, b"+" + b"A" * 60000 + b"\n+" + b"B" * 60000 + b"\n?\n+" +
                             b"C" * 60000 + b"\n", code=1)
        self.assertLess(time.monotonic() - start, 5)
        self.assertIn("status: the pipe is full", err)
        self.assertIn("nobody has read the last 65536 bytes", err)

    def test_something_else_is_there(self):
        self.path.write_text("mine")
        _, err = self.finish(self.start("text", "fifo:pipe"), code=1)
        self.assert_one_line(err, "'pipe': it is not a named pipe")
        _, err = self.finish(self.start("text", "fifo:a/b"), code=1)
        self.assert_one_line(err, "No such file or directory")


class Exec(Case):
    def test_a_command_reads_it(self):
        out, _ = self.finish(self.start("text", "exec:cat > got; echo done"), HELLO)
        self.assertEqual(applied((self.folder / "got").read_bytes()), TEXT + "\n")
        self.assertEqual(out, b"done\n")

    def test_a_command_that_dies(self):
        for command, reason in (("exit 3", "ended with status 3"), ("exit 0", "ended with status 0"),
                                ("kill -9 $$", "ended by signal 9"),
                                ("no-such-command", "not found (status 127)")):
            process = self.start("text", f"exec:{command} 2>/dev/null")
            _, err = self.finish(process, b"+A\n" + b"s20\n.\n" * 100 + b"+B\n", code=1)
            self.assert_one_line(err, command, reason)

    def test_a_command_that_fails_in_the_end(self):
        _, err = self.finish(self.start("text", "exec:cat >got; exit 7"), b"+A\n", code=1)
        self.assert_one_line(err, "ended with status 7")

    def test_a_command_that_stays(self):
        start = time.monotonic()
        process = self.start("text", "exec:sleep 61 & sleep 61")
        _, err = self.finish(process, b"+A\n", code=1)
        self.assert_one_line(err, "did not end with its input and was stopped")
        self.assertLess(time.monotonic() - start, 5)

    def test_a_command_that_cannot_be_stopped_nicely(self):
        process = self.start("text", "exec:trap '' TERM; sleep 61; sleep 61")
        _, err = self.finish(process, b"+A\n", code=1, timeout=15)
        self.assert_one_line(err, "was stopped")

    def test_ctrl_c_leaves_the_command_its_text(self):
        process = self.start("text", "exec:cat > got", start_new_session=True)
        process.stdin.write(b"+AB\n")
        process.stdin.flush()
        time.sleep(0.2)
        os.killpg(process.pid, signal.SIGINT)
        self.finish(process, b"+C\n")
        self.assertEqual((self.folder / "got").read_bytes(), b"ABC\n")

    def test_a_slow_command_does_not_stop_us(self):
        start = time.monotonic()
        process = self.start("text", "exec:sleep 0.5; cat > got")
        self.finish(process, b"+" + b"A" * 60000 + b"\n+" + b"B" * 60000 + b"\n")
        self.assertLess(time.monotonic() - start, 4)
        self.assertEqual((self.folder / "got").stat().st_size, 120001)


class Keyboard(Case):
    def test_no_uinput(self):
        if os.path.exists("/dev/uinput"):
            self.skipTest("/dev/uinput is there")
        _, err = self.finish(self.start("text", "uinput"), code=4)
        self.assert_one_line(err, "cannot type with '/dev/uinput': No such file or directory",
                             "modprobe uinput")

    def test_it_starts_paused(self):
        if not os.access("/dev/uinput", os.W_OK):
            self.skipTest("/dev/uinput cannot be written")
        _, err = self.finish(self.start("text", "uinput"), b"?\n+Q\n")
        self.assertIn("status: typing is off", err)


if __name__ == "__main__":
    unittest.main()
