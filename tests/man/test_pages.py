#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every program has a page that says what its --help says, and nothing else."""

import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import manual
from manual import BIN, MAN, PROGRAMS, SOURCE

manual.need("man", "lexgrog")

PAGES = sorted(MAN.glob("man[1-9]/*.[1-9]"))
EXIT_CODES = {"0", "1", "2", "3", "4", "5", "130"}  # examples/common/cli.h


class Pages(unittest.TestCase):
    def test_one_for_each_program(self):
        self.assertEqual([path.stem for path in PAGES if path.suffix == ".1"], PROGRAMS)
        others = {path.name for path in PAGES if path.suffix != ".1"}
        self.assertEqual(others, {"asl.7", "asl-events.7", "libasl.3"})

    def test_options_are_those_of_help(self):
        for program in PROGRAMS:
            with self.subTest(program=program):
                said, shown = manual.help_of(program), manual.show(manual.page_of(program))
                self.assertEqual(manual.problems(said, shown), [])
                self.assertGreater(len(manual.rows(said, manual.HELP_ROW)), 3)
                self.assertIn(" ".join(said.splitlines()[0].split()[1:]),
                              " ".join(manual.section(shown, "SYNOPSIS").split()))

    def test_sections(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                shown = manual.show(page)
                for title in ("NAME", "DESCRIPTION", "SEE ALSO"):
                    self.assertTrue(manual.section(shown, title), title)
                if page.suffix == ".1":
                    for title in ("SYNOPSIS", "OPTIONS", "EXIT STATUS", "EXAMPLES"):
                        self.assertTrue(manual.section(shown, title), title)

    def test_no_warnings(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                self.assertEqual(manual.warnings(page), "")

    def test_fits_the_terminal(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                self.assertLessEqual(max(map(len, manual.show(page).splitlines())), 80)
                # Code is not wrapped; options and prose are.
                narrow = manual.section(manual.show(page, 60), "OPTIONS|DESCRIPTION")
                prose = [line for line in narrow.splitlines() if not line.startswith(" " * 11)]
                self.assertLessEqual(max(map(len, prose)), 60)

    def test_name_is_found(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                found = subprocess.run(["lexgrog", str(page)], check=True, capture_output=True,
                                       text=True).stdout
                self.assertRegex(found, rf': "{page.stem} - [A-Za-z].*"')

    def test_references_lead_somewhere(self):
        known = {f"{page.stem}({page.suffix[1:]})" for page in PAGES} | {"mpirun(1)"}
        for page in PAGES:
            with self.subTest(page=page.name):
                shown = " ".join(manual.show(page).split("\n", 1)[1].split())
                self.assertLessEqual(set(re.findall(r"\b[a-z][a-z-]*\([1-8]\)", shown)), known)

    def test_exit_codes(self):
        shown = manual.section(manual.show(MAN / "man7" / "asl.7"), "EXIT STATUS")
        self.assertEqual(set(re.findall(r"^ {7}(\d+) ", shown, re.M)), EXIT_CODES)
        header = (SOURCE / "examples/common/cli.h").read_text()
        enum = re.search(r"enum \{\s*CLI_OK.*?\}", header, re.S)[0]
        self.assertEqual(set(re.findall(r"CLI_\w+ = (\d+)", enum)), EXIT_CODES)

    def test_examples_have_options_that_exist(self):
        known = {program: manual.rows(manual.help_of(program), manual.HELP_ROW)
                 for program in PROGRAMS}
        sources = [*(SOURCE / "docs/man").glob("*.md"), SOURCE / "docs/events.md"]
        calls = [call for path in sources for call in manual.examples(path.read_text())]
        self.assertGreater(len(calls), 20)
        for program, *words in calls:
            with self.subTest(call=[program, *words]):
                options = known[program].values()
                names = {f"--{row.name}" for row in options} | {f"-{row.letter}" for row in options}
                given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
                self.assertLessEqual(given, names)


class Making(unittest.TestCase):
    """docs/man/make.py on its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def make(self, out, fails=False, epoch=None, **changes):
        """Make all pages; a change is the text that a program says instead."""
        environment = {key: value for key, value in os.environ.items()
                       if key != "SOURCE_DATE_EPOCH"}
        if epoch is not None:
            environment["SOURCE_DATE_EPOCH"] = str(epoch)
        info = json.loads((MAN / "said" / "info.json").read_text())
        (self.folder / "info.json").write_text(json.dumps(info))
        helps = []
        for program in PROGRAMS:
            text = changes.get(program.replace("-", "_"), manual.help_of(program))
            helps.append(self.folder / f"{program}.txt")
            helps[-1].write_text(text)
        done = subprocess.run(
            [sys.executable, "-B", SOURCE / "docs/man/make.py", self.folder / out, "--version",
             "1.0.0", "--changelog", SOURCE / "cmake/debian/changelog", "--info",
             self.folder / "info.json", *helps], env=environment, capture_output=True, text=True,
            check=False)
        self.assertEqual(done.returncode, 1 if fails else 0, done.stderr)
        return done.stderr

    def bytes_of(self, out):
        return {path.name: path.read_bytes() for path in (self.folder / out).rglob("*.[1-9]")}

    def test_reproducible(self):
        self.make("a", epoch=86400)
        self.make("b", epoch=86400)
        self.make("c", epoch=0)
        self.assertEqual(self.bytes_of("a"), self.bytes_of("b"))
        self.assertIn(b".TH ASL\\-INFO 1 1970-01-02 ", self.bytes_of("a")["asl-info.1"])
        for name, text in self.bytes_of("a").items():
            self.assertEqual(text.replace(b"1970-01-02", b"1970-01-01"), self.bytes_of("c")[name])

    def test_refuses_what_it_cannot_read(self):
        said = manual.help_of("asl-info")
        for wrong, complaint in (
                ("", "no usage line"), (said.replace("Usage", "Use"), "no usage line"),
                (said.partition("Exit")[0], "no exit status"),
                (said.replace("  -m, --model", "  -mm, --model"), "neither a heading nor an option"),
                (said.replace("-m, --model MODEL ", "-m, --model THING "),
                 "asl-info --model THING: add THING to OFFERS"),
                (said.replace("model file (.safetensors)", ""), "--model says nothing")):
            with self.subTest(complaint=complaint):
                self.assertIn(complaint, self.make("out", fails=True, asl_info=wrong))

    def test_a_new_option_reaches_the_page(self):
        said = manual.help_of("asl-info").replace(
            "      --json  ", "      --colour red|green\n" + " " * 28 + "paint it; red is the "
            "colour of a cherry\n" + " " * 28 + "[red]\n      --json  ")
        self.make("out", asl_info=said)
        page = self.folder / "out" / "man1" / "asl-info.1"
        self.assertEqual(manual.problems(said, manual.show(page)), [])
        self.assertIn("\\fBred\\fR is the colour", page.read_text())


class CanFail(unittest.TestCase):
    """Each of these checks finds what it looks for."""

    def setUp(self):
        self.said = manual.help_of("asl-classify")
        self.page = manual.page_of("asl-classify").read_text()

    def differs(self, old, new):
        self.assertIn(old, self.page)
        with tempfile.NamedTemporaryFile("w", suffix=".1") as file:
            file.write(self.page.replace(old, new))
            file.flush()
            path = pathlib.Path(file.name)
            return manual.problems(self.said, manual.show(path)), manual.warnings(path)

    def test_problems(self):
        for old, new, problem in (
                (r"\fB\-\-logits\fR", r"\fB\-\-logit\fR", "--logits is not on the page"),
                (r"\fB\-\-logits\fR", r"\fB\-\-logit\fR", "--logit is only on the page"),
                (r"\fB\-n\fR, ", "", "--top is spelled otherwise"),
                (r"\fIFOLDER\fR", r"\fIDIR\fR", "--draw is spelled otherwise"),
                ("raw outputs", "outputs", "--logits says"),
                (r"default \fB0\fR", r"default \fB1\fR", "--threads lacks the default 0")):
            with self.subTest(problem=problem):
                found = self.differs(old, new)[0]
                self.assertTrue([text for text in found if text.startswith(problem)], found)

    def test_warnings(self):
        self.assertIn("Nothing", self.differs(".SH \"EXAMPLES\"", ".Nothing\n.SH EXAMPLES")[1])
        self.assertEqual(self.differs(".nh", ".nh")[1], "")

    def test_examples(self):
        text = "Prose.\n\n    asl-x --a 1 \\\n        -b | asl-y\n    asl-z --c | jq -r\n"
        self.assertEqual(manual.examples(text),
                         [["asl-x", "--a", "1", "-b"], ["asl-z", "--c"]])


if __name__ == "__main__":
    unittest.main()
