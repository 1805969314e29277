# SPDX-License-Identifier: MIT
"""What --help says and what the manual shows, read anew: docs/man has its own ways to read them,
which are under test here.

ASL_BIN is the folder of the built programs, ASL_MAN that of the built pages, ASL_SOURCE the source
tree."""

from __future__ import annotations

import os
import pathlib
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

SOURCE = pathlib.Path(os.environ.get("ASL_SOURCE", pathlib.Path(__file__).parents[2])).resolve()
BIN = pathlib.Path(os.environ.get("ASL_BIN", SOURCE / "build" / "bin")).resolve()
MAN = pathlib.Path(os.environ.get("ASL_MAN", SOURCE / "build" / "docs" / "man")).resolve()
PROGRAMS = sorted(path.name for path in BIN.glob("asl-*"))

# Columns in which options start: two in --help, seven on a page.
HELP_ROW = re.compile(r"^  (?:-(\w), |    )--([\w-]+)(?: (\S+))?", re.M)
PAGE_ROW = re.compile(r"^ {7}(?:-(\w), )?--([\w-]+)(?: (\S+))?", re.M)


@dataclass(frozen=True)
class Row:
    """An option, and all that is said about it, in small letters with single spaces."""

    letter: str
    name: str
    argument: str
    text: str


def skip_all(reason: str) -> None:
    """End the whole test as skipped."""
    print(f"skipped: {reason}")
    sys.exit(77)


def need(*tools: str) -> None:
    for tool in tools:
        if not shutil.which(tool):
            skip_all(f"{tool} is not installed")
    if not PROGRAMS:
        skip_all(f"no programs in {BIN}")


def help_of(program: str) -> str:
    return subprocess.run([BIN / program, "--help"], check=True, capture_output=True,
                          text=True).stdout


def page_of(program: str) -> pathlib.Path:
    return MAN / "man1" / f"{program}.1"


def show(page: pathlib.Path, width: int = 80) -> str:
    """A page as plain text."""
    shown = subprocess.run(["man", "-l", str(page)], check=True, capture_output=True,
                           env={**os.environ, "MANWIDTH": str(width), "LC_ALL": "C.UTF-8"})
    return shown.stdout.decode()


def section(shown: str, title: str) -> str:
    """What stands below a heading of a page; "" when there is none."""
    found = re.search(rf"^{title}\n(.*?)(?=^\S)", shown, re.M | re.S)
    return found[1] if found else ""


def rows(text: str, row: re.Pattern[str]) -> dict[str, Row]:
    found = list(row.finditer(text))
    ends = [*(at.start() for at in found[1:]), len(text)]
    out = {}
    for at, end in zip(found, ends):
        letter, name, argument = (part or "" for part in at.groups())
        out[name] = Row(letter, name, argument, " ".join(text[at.end():end].split()).lower())
    return out


def problems(said: str, shown: str) -> list[str]:
    """How a page differs from what --help says."""
    wanted = rows(said.partition("\nExit status")[0], HELP_ROW)
    there = rows(section(shown, "OPTIONS"), PAGE_ROW)
    out = [f"--{name} is not on the page" for name in wanted.keys() - there.keys()]
    out += [f"--{name} is only on the page" for name in there.keys() - wanted.keys()]
    for name in wanted.keys() & there.keys():
        want, have = wanted[name], there[name]
        if want.letter != have.letter or want.argument not in ("", have.argument):
            out.append(f"--{name} is spelled otherwise")
        text = re.split(r" \w[\w, ]*:$|\n\n", want.text)[0]  # without the next heading
        default = re.search(r" \[(\S+)\]", text)
        plain = text[:default.start()] if default else text
        page = f"{have.argument.lower()} {have.text}".replace("(1)", "")
        if name != "version" and plain not in page:
            out.append(f"--{name} says '{page}', not '{plain}'")
        if default and f"(default {default[1]})" not in page:
            out.append(f"--{name} lacks the default {default[1]}")
    return out


def warnings(page: pathlib.Path) -> str:
    """What groff has to say about a page, asked as lintian asks it."""
    command = ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", str(page)]
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                          text=True, env={**os.environ, "LC_ALL": "C.UTF-8", "MANROFFSEQ": "",
                                          "MANWIDTH": "80"}).stderr


def examples(markdown: str) -> list[list[str]]:
    """The calls of our programs in the code of a document, as words."""
    code = "\n".join(text for text in markdown.splitlines() if text.startswith("    "))
    code = code.replace("\\\n", " ").replace("|\n", "| ")
    found = re.findall(r"(?<![\w/.-])(asl-[a-z]+ [^|\n]*)", code)
    return [call.split() for call in found]
