# SPDX-License-Identifier: MIT
"""The completion for bash: asl.bash, and a function for each program with its options."""

from __future__ import annotations

import pathlib
import re
import shlex
import textwrap
from typing import Any

from help_text import Help, Option

# What is offered for a value, by what --help calls it. Folders always come with files.
OFFERS = {
    "MODEL": "_asl__files safetensors",
    "IMAGE": "_asl__files jpg jpeg png",
    "SRC": "_asl__files csv pack",
    "DATA": "_asl__files csv pack",
    "SOURCES": "_asl__files csv pack",
    "HOW": "_asl__words none light strong; _asl__files json",
    "OUT": "_asl__folders",
    "SOURCE": "_asl__words synth:; _asl__files",
    "RUN": "_asl__folders",
    "FOLDER": "_asl__folders",
    "CAMERA": "_asl__cameras",
    "TARGET": "_asl__words stdout uinput fifo: exec:; _asl__files",
    "BOX": "_asl__words auto",
    "N": "", "X": "", "WxH": "", "X,Y,W,H": "", "NAMES": "",
}  # fmt: skip
SUFFIX = re.compile(r"\(\.(\w+)\)$")


def offer(program: str, option: Option, info: dict[str, Any]) -> str:
    """The command that offers values for an option."""
    if option.choices:
        return "_asl__words " + shlex.join(option.choices)
    if option.argument == "FILE":
        suffix = SUFFIX.search(option.text)
        return f"_asl__files {suffix[1]}" if suffix else "_asl__files"
    if option.argument == "NAME":
        lists = {"preset": info["presets"], "backend": [{"name": "auto"}, *info["backends"]]}
        return "_asl__words " + shlex.join(entry["name"] for entry in lists[option.name])
    return known(f"{program} --{option.name} {option.argument}", option.argument)


def known(where: str, value: str) -> str:
    if value not in OFFERS:
        raise ValueError(f"{where}: add {value} to OFFERS in docs/completion/completion.py")
    return OFFERS[value]


def spellings(option: Option) -> str:
    return f"-{option.letter} | --{option.name}" if option.letter else f"--{option.name}"


def function(text: Help, info: dict[str, Any]) -> str:
    """What may stand where in a program's command line."""
    names = " ".join(f"--{option.name}" for option in text.options)
    after: dict[str, list[str]] = {}
    for option in text.options:
        if option.argument:
            after.setdefault(offer(text.program, option, info), []).append(spellings(option))
    offers = "; ".join(dict.fromkeys(known(text.program, value) for value in text.positional))
    rows = [f"_{text.program.replace('-', '_')}()", "{", "    case $1 in",
            *case("options", f"_asl__words {names}"), *case("arguments", offers)]
    for command, options in after.items():
        rows += case(" | ".join(options), command)
    return "\n".join([*rows, *case("*", "return 1"), "    esac", "}"])


def case(pattern: str, command: str) -> list[str]:
    """A branch of a case, in lines that fit a page."""
    def lines(text: str, indent: int) -> str:
        return textwrap.fill(text, 96, initial_indent=" " * indent, break_on_hyphens=False,
                             subsequent_indent=" " * (indent + 4)).replace("\n", " \\\n")
    return [lines(f"{pattern})", 4), *([lines(command, 8)] if command else []), "        ;;"]


def script(helps: list[Help], info: dict[str, Any]) -> str:
    """The whole file."""
    common = (pathlib.Path(__file__).with_name("asl.bash")).read_text(encoding="utf-8")
    programs = " ".join(text.program for text in helps)
    return "\n\n".join([common.rstrip("\n"), *(function(text, info) for text in helps),
                        f"complete -F _asl__complete {programs}"]) + "\n"
