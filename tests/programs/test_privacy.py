#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# labels: faults
"""What the programs do behind their user's back, seen with strace: nothing. No connection, no file
but those asked for, no other program, no question who is at the computer; and nothing of that in
what they write."""

import os
import pathlib
import re
import shutil
import subprocess
import unittest

import programs

if not shutil.which("strace"):
    programs.skip_all("strace not found")
if subprocess.run(["strace", "-f", "--seccomp-bpf", "-o", os.devnull, "true"],
                  stderr=subprocess.DEVNULL).returncode != 0:
    programs.skip_all("strace may not look into other processes here")
if b"__asan_init" in (programs.BIN / "asl-info").read_bytes():
    programs.skip_all("a sanitizer looks around by itself, and cannot look for leaks under strace")

# Of somebody whom no output may name; nobody else is called that.
USER = "marlene-q"
# Calls that make or change something, with the places of their paths.
WRITING = {"creat": 0, "mkdir": 0, "mkdirat": 1, "rename": 1, "renameat": 3, "renameat2": 3,
           "link": 1, "linkat": 3, "symlink": 1, "symlinkat": 2, "unlink": 0, "unlinkat": 1,
           "rmdir": 0, "truncate": 0, "chmod": 0, "fchmodat": 1, "mknod": 0, "mknodat": 1,
           "chown": 0, "utimensat": 1, "setxattr": 0}
# Where to learn who the user and what the computer is called.
ASKING = re.compile(r"/etc/(passwd|hostname|machine-id|hosts|nsswitch\.conf)|/var/lib/dbus/.*"
                    r"|/proc/sys/kernel/hostname|/var/run/nscd/.*")
# Sockets of this computer alone; the second is how the kernel tells of devices that are plugged in.
LOCAL = re.compile(r"AF_UNIX|NETLINK_KOBJECT_UEVENT|sa_family=AF_NETLINK, nl_pid=0, nl_groups")
CALL = re.compile(r"^\d+ +(\w+)\((.*)\) += (\S+)")
UNFINISHED = re.compile(r"^(\d+) +(.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")


def whole_lines(text):
    """The lines of a trace, with those joined that another thread's cut in two."""
    begun = {}
    for line in text.splitlines():
        cut, rest = UNFINISHED.match(line), RESUMED.match(line)
        if cut:
            begun[cut[1]] = line[:-len(" <unfinished ...>")]
        elif rest and rest[1] in begun:
            yield begun.pop(rest[1]) + rest[2]
        else:
            yield line


def arguments_of(text):
    """A call's arguments; `-y` puts <path> behind descriptors. Strings are whole (-s)."""
    return re.findall(r'(?:"(?:[^"\\]|\\.)*"|\[[^]]*\]|\{[^}]*\}|<[^>]*>|[^,"\[{<])+', text)


def path_of(arguments, place, folder):
    """The absolute path of an argument, and of the descriptor before it."""
    name = arguments[place].strip().partition('"')[2].rpartition('"')[0]
    base = folder
    if place > 0:
        named = re.search(r"<(.*)>", arguments[place - 1])
        base = pathlib.Path(named[1]) if named else folder
    return os.path.normpath(base / name)


class Trace:
    """What one run of a program did."""

    def __init__(self, text, folder):
        self.calls, self.sockets, self.written, self.started, self.asked = 0, [], [], [], []
        for line in whole_lines(text):
            call = CALL.match(line)
            if call:
                self.calls += 1
                self.add(call[1], arguments_of(call[2]), call[3], folder)

    def add(self, name, arguments, result, folder):
        if name in ("socket", "connect", "bind") and not LOCAL.search(" ".join(arguments)):
            self.sockets.append(f"{name}({', '.join(arguments)})")
        if name in ("execve", "execveat"):
            self.started.append(arguments[0].strip('" '))
        if name in ("uname", "sethostname"):
            self.asked.append(name)
        if name in ("open", "openat"):
            path = path_of(arguments, name == "openat", folder)
            if re.search(r"O_(WRONLY|RDWR|CREAT|TRUNC)", " ".join(arguments)):
                self.written.append(path)
            elif ASKING.fullmatch(path) and result != "-1":
                self.asked.append(path)
        if name in WRITING and result != "-1":  # making what is there already changes nothing
            self.written.append(path_of(arguments, WRITING[name], folder))


class Privacy(programs.Case):
    """Each program in a use of every day, with absolute paths of a telling name."""

    runs = calls = outputs = 0

    @classmethod
    def setUpClass(cls):
        cls.made = cls("runTest")
        programs.Case.setUp(cls.made)
        cls.addClassCleanup(cls.made.doCleanups)
        top = cls.made.folder / USER
        cls.made.folder = cls.top = top
        (top / "home").mkdir(parents=True)
        programs.make_csv(top / "source", per_class=6)
        cls.made.train(top / "source", top / "run")
        cls.model = top / "run" / "model.safetensors"

    @classmethod
    def tearDownClass(cls):
        print(f"count: {cls.runs} runs of all programs under strace, {cls.calls} system calls, "
              f"{cls.outputs} files and streams written: no connection, no stray file, no name")

    def runTest(self):
        """So that setUpClass() can make an instance."""

    def trace(self, program, *arguments, env=None):
        """Runs it and returns (what it did, what it wrote to its streams)."""
        log = self.folder / "trace"
        home = self.top / "home"
        result = subprocess.run(
            ["strace", "-f", "--seccomp-bpf", "-qq", "-y", "-s", "4096", "-o", log, "-e",
             "trace=%network,%file,uname", programs.BIN / program, *map(str, arguments)],
            cwd=self.folder, capture_output=True, timeout=300,
            env={**os.environ, "HOME": str(home), "USER": USER, "LOGNAME": USER,
                 "XDG_CACHE_HOME": str(home / "cache"), **(env or {})})
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return Trace(log.read_text(), self.folder), result.stdout + result.stderr

    def check(self, program, *arguments, out=(), also=r"(?!)", may_start=(), named=(), env=None):
        """One run; `out` are the files and folders that were asked for, `also` a pattern of others,
        `may_start` patterns of programs, `named` the paths that were given and may be repeated."""
        done, said = self.trace(program, *arguments, env=env)
        self.assertGreater(done.calls, 10)
        self.assertEqual(done.sockets, [])
        self.assertEqual(done.asked, [])
        self.assertEqual(done.started[0], str(programs.BIN / program))
        started = [name for name in done.started[1:]
                   if not any(re.fullmatch(pattern, name) for pattern in may_start)]
        self.assertEqual(started, [])
        allowed = [str(path) for path in out]
        stray = {path for path in done.written
                 if not any(path == place or path.startswith((place + "/", place + "."))
                            or self.is_temporary(path, place) for place in allowed)
                 and not re.fullmatch(also, path) and path not in ("/dev/null", "/dev/tty")}
        self.assertEqual(stray, set())
        self.assertEqual(list((self.top / "home").iterdir()), [])
        for path in named:
            said = said.replace(os.fsencode(path), b"")
        self.check_text(f"{program}'s output", said)
        for place in map(pathlib.Path, out):
            for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
                if path.is_file():
                    self.check_text(path, path.read_bytes())
        Privacy.runs += 1
        Privacy.calls += done.calls

    @staticmethod
    def is_temporary(path, place):
        """Whether it is what a file is called before it is whole: .NAME.xxxxxx beside it."""
        folder, name = os.path.split(place)
        return path.startswith(f"{folder}/.{name}.")

    def check_text(self, what, text):
        """Nothing names the user, the home, the folder of the data or the place of the build."""
        Privacy.outputs += 1
        for secret in (USER, str(self.top.parent), str(self.folder), str(programs.SOURCE)):
            self.assertNotIn(secret.encode(), text, f"{what} holds '{secret}'")

    def test_info(self):
        self.check("asl-info")
        self.check("asl-info", "--json")

    def test_synth(self):
        out = self.folder / "drawn"
        self.check("asl-synth", out, "-n", "1", "-s", "64", "--sheet", self.folder / "sheet.png",
                   "--landmarks", self.folder / "joints.csv", named=[out],
                   out=[out, self.folder / "sheet.png", self.folder / "joints.csv"])

    def test_frames(self):
        out = self.folder / "frames"
        self.check("asl-frames", out, "-n", "4", "--contact", self.folder / "contact.png",
                   named=[out], out=[out, self.folder / "contact.png"])

    def test_prepare(self):
        out, source = self.folder / "prepared", self.top / "source"
        self.check("asl-prepare", source, out, "--size", "32", out=[out], named=[out, source])

    def test_train(self):
        out, source = self.folder / "trained", self.top / "source"
        small = ["--preset", "tiny", "--size", "32", "--batch", "8", "--threads", "2"]
        self.check("asl-train", source, "-o", out, "--epochs", "1", *small, out=[out],
                   named=[out, source])
        self.check("asl-train", source, "-o", out, "--epochs", "2", "--resume", out=[out],
                   named=[out, source])

    def test_eval(self):
        source, matrix = self.top / "source", self.folder / "matrix.png"
        self.check("asl-eval", "-m", self.model, source, "--confusion", matrix, out=[matrix],
                   named=[self.model, source, matrix])
        self.check("asl-eval", "-m", self.model, source, "--json", named=[self.model, source])

    def test_classify(self):
        picture, out = self.top / "source" / "A" / "A0000.png", self.folder / "drawn"
        self.check("asl-classify", "-m", self.model, picture, "--json", named=[picture, self.model])
        self.check("asl-classify", picture, "--find", named=[picture])
        self.check("asl-classify", "-m", self.model, picture, "--draw", out, out=[out],
                   named=[picture, out], may_start=[r".*/asl-classify-draw"])

    def test_bench(self):
        """It starts itself to see how long that takes, with files that it removes."""
        temporary = self.folder / "temporary"
        temporary.mkdir()
        self.check("asl-bench", "-p", "tiny", "--seconds", "0.05", "--train", "-q",
                   also=re.escape(str(temporary)) + r"/asl-bench-\w+(/.*)?",
                   may_start=["/proc/self/exe"], env={"TMPDIR": str(temporary)})
        self.assertEqual(list(temporary.iterdir()), [])

    def live(self, program, *arguments, **more):
        if not (programs.BIN / program).exists():
            self.skipTest(f"{program} was not built")
        self.check(program, "-m", self.model, "synth:ABA", "--fast", "--seconds", "1",
                   *arguments, named=[self.model, *more.get("out", ())], **more)

    def test_camera(self):
        text, film = self.folder / "text.txt", self.folder / "film.mp4"
        self.live("asl-camera", "--headless", "--json", "--scores", "--text-to", text, "--record",
                  film, out=[text, film])

    def test_camera_with_a_window(self):
        self.live("asl-camera", env={"SDL_VIDEODRIVER": "dummy"})

    def test_quiz(self):
        words = self.folder / "words.txt"
        words.write_text("aba\n")
        self.live("asl-quiz", "--headless", "--json", "--words", words)


class SelfTest(unittest.TestCase):
    """That the reader of traces sees what it is there for."""

    def trace(self, *lines):
        return Trace("\n".join(lines), pathlib.Path("/here"))

    def test_connections(self):
        for line in ("1 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3",
                     "1 socket(AF_INET6, SOCK_DGRAM, IPPROTO_IP) = 3",
                     "1 socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3",
                     "1 connect(3<socket:[5]>, {sa_family=AF_INET, sin_port=htons(80), "
                     'sin_addr=inet_addr("1.2.3.4")}, 16) = 0'):
            self.assertEqual(len(self.trace(line).sockets), 1, line)
        for line in ("1 socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3",
                     '1 connect(3<socket:[5]>, {sa_family=AF_UNIX, sun_path=@"/tmp/x"}, 20) = 0'):
            self.assertEqual(self.trace(line).sockets, [], line)

    def test_writing(self):
        for line, path in (
                ('1 openat(AT_FDCWD</here>, "a", O_WRONLY|O_CREAT, 0666) = 3</here/a>', "/here/a"),
                ('1 openat(5</b>, ".c", O_RDWR|O_CREAT|O_EXCL, 0666) = 3</b/.c>', "/b/.c"),
                ('1 renameat(5</b>, ".c", 5</b>, "d, e") = 0', "/b/d, e"),
                ('1 mkdir("/f/../g", 0777) = 0', "/g"), ('1 unlink("h") = 0', "/here/h")):
            self.assertEqual(self.trace(line).written, [path])
        for line in ('1 openat(AT_FDCWD</here>, "a", O_RDONLY|O_CLOEXEC) = 3</here/a>',
                     '1 mkdir("/tmp", 0777) = -1 EEXIST (File exists)'):
            self.assertEqual(self.trace(line).written, [])

    def test_lines_that_were_cut(self):
        done = self.trace('7 renameat(4</b>, "c", 4</b>, "d" <unfinished ...>',
                          '8 unlink("/e") = 0', "7 <... renameat resumed>) = 0")
        self.assertEqual(done.written, ["/e", "/b/d"])

    def test_asking_and_starting(self):
        done = self.trace('1 execve("/bin/sh", ["sh"], 0x7 /* 9 vars */) = 0',
                          "1 uname({sysname=\"Linux\", nodename=\"x\"}) = 0",
                          '1 openat(AT_FDCWD</here>, "/etc/passwd", O_RDONLY|O_CLOEXEC) = 3</e>')
        self.assertEqual((done.started, done.asked), (["/bin/sh"], ["uname", "/etc/passwd"]))


if __name__ == "__main__":
    unittest.main()
