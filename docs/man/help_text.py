# SPDX-License-Identifier: MIT
"""What a program's --help says, taken apart. examples/common/cli_options.c prints it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Optional

USAGE = re.compile(r"Usage: (asl-[a-z]+) \[options\](?: (.+))?")
HEADING = re.compile(r"([A-Z][^:]*):")
# "  -m, --model MODEL         model file": short and long name, value, what it does.
OPTION = re.compile(r"  (?:-(\w), |    )--([a-z-]+)(?: (\S+))?(?:  +(.*))?")
CONTINUED = re.compile(r" {28}(\S.*)")
DEFAULT = re.compile(r"(.*) \[([^][]+)\]")
EXIT = re.compile(r"(\d+) ([^,.]+)")


class HelpError(Exception):
    """A text that is not what --help of our programs looks like."""


@dataclass
class Option:
    """One row; `text` is a sentence without its full stop, `default` is None where none shows."""

    letter: str
    name: str
    argument: str
    text: str = ""
    default: Optional[str] = None

    @property
    def choices(self) -> list[str]:
        """The words to choose from, or []."""
        return self.argument.split("|") if "|" in self.argument else []


@dataclass
class Group:
    """The options below one heading."""

    title: str
    options: list[Option] = field(default_factory=list)


@dataclass
class Help:
    """All of it. `arguments` is the usage line without the program and its options."""

    program: str
    arguments: str
    summary: str
    groups: list[Group]
    details: list[str]
    exit_status: list[tuple[str, str]]

    @property
    def options(self) -> list[Option]:
        """Of all groups."""
        return [option for group in self.groups for option in group.options]

    @property
    def positional(self) -> list[str]:
        """The arguments that are no option's value: "SRC OUT" is ["SRC", "OUT"]."""
        rest = re.sub(r"-\w \w+", "", self.arguments)
        return re.findall(r"[A-Z]+", rest)


def paragraphs(lines: list[str]) -> list[str]:
    """Each paragraph as one line."""
    text = "\n".join(lines).strip("\n")
    return [" ".join(part.split()) for part in re.split(r"\n{2,}", text)] if text else []


def parse_options(lines: list[str]) -> tuple[list[Group], list[str]]:
    """The groups, and the lines below --version, which is always the last option."""
    groups: list[Group] = []
    last: Optional[Option] = None
    for at, line in enumerate(lines):
        heading, row = HEADING.fullmatch(line), OPTION.fullmatch(line)
        more = CONTINUED.fullmatch(line)
        if row and groups:
            letter, name, argument, text = (part or "" for part in row.groups())
            last = Option(letter, name, argument, text)
            groups[-1].options.append(last)
        elif more and last:
            last.text = f"{last.text} {more[1]}".lstrip()
        elif last and last.name == "version":
            return groups, lines[at:]
        elif heading:
            groups.append(Group(heading[1]))
        elif line:
            raise HelpError(f"neither a heading nor an option: '{line}'")
    raise HelpError("no option --version at the end")


def parse(text: str) -> Help:
    """@raise HelpError when the text has another form."""
    lines = text.splitlines()
    usage = USAGE.fullmatch(lines[0]) if lines else None
    if not usage:
        raise HelpError(f"no usage line in '{text[:80]}'")
    first = next((i for i, line in enumerate(lines) if HEADING.fullmatch(line)), len(lines))
    groups, rest = parse_options(lines[first:])
    for option in (option for group in groups for option in group.options):
        default = DEFAULT.fullmatch(option.text)
        if default:
            option.text, option.default = default.groups()
        if not option.text:
            raise HelpError(f"{usage[1]}: --{option.name} says nothing")
    details = paragraphs(rest)
    if not details or not details[-1].startswith("Exit status: "):
        raise HelpError(f"{usage[1]}: no exit status at the end")
    exit_status = EXIT.findall(details.pop())
    return Help(usage[1], usage[2] or "", " ".join(paragraphs(lines[1:first])), groups, details,
                exit_status)
