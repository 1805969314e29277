# SPDX-License-Identifier: MIT
"""A manual page, from what a program's --help says and the prose in its .md file."""

from __future__ import annotations

import re
from dataclasses import dataclass

import roff
from help_text import Help, Option

# Sections in the order in which people look for them; others come before these.
LAST = ("EXIT STATUS", "ENVIRONMENT", "FILES", "NOTES", "EXAMPLES", "SEE ALSO")


@dataclass(frozen=True)
class Book:
    """What all pages share."""

    version: str
    date: str

    def title(self, name: str, section: int) -> list[str]:
        """The head of a page. Lines are not justified and words not divided: names stay whole."""
        kind = {1: "User Commands", 3: "Library Functions", 7: "Miscellaneous"}[section]
        return [rf'.\" Made by docs/man/make.py from {name}.md and what --help says.',
                f'.TH {roff.code(name.upper())} {section} {self.date} '
                f'"libasl {self.version}" "{kind}"', ".nh", ".ad l"]


def words_of(names: list[str]) -> str:
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))


def marked(text: str, program: str, values: list[str], words: list[str]) -> str:
    """Plain text of --help in the types of a page: options and words to choose bold, values italic,
    programs with their section."""
    choices = [rf"(?<![\w-])(?P<word>{words_of(words)})(?![\w-])"] if words else []
    named = [rf"\b(?P<value>{words_of(values)})\b"] if values else []
    pattern = "|".join([r"(?<![\w-])(?P<option>--?[A-Za-z][a-z-]*)", r"\b(?P<program>asl-[a-z]+)\b",
                        *named, *choices])
    parts, end = [], 0
    for found in re.finditer(pattern, text):
        parts.append(roff.plain(text[end:found.start()]))
        if found["option"] or found.groupdict().get("word"):
            parts.append(roff.bold(found[0]))
        elif found["program"]:
            reference = "(1)" if found[0] != program and text[found.end():][:1] != "(" else ""
            parts.append(roff.bold(found[0]) + reference)
        else:
            parts.append(roff.italic(found[0]))
        end = found.end()
    return "".join(parts) + roff.plain(text[end:])


def synopsis(text: Help) -> str:
    """The usage line: "[options]" and names in capitals are values, the rest is typed as it is."""
    parts = [roff.bold(text.program), r"[\fIoptions\fR]"]
    for word in text.arguments.split():
        parts.append(re.sub(r"-\w|[A-Z]{2,}", lambda found: roff.bold(found[0]) if "-" in found[0]
                            else roff.italic(found[0]), word))
    return " ".join(parts)


def option_entry(option: Option, program: str) -> list[str]:
    names = [roff.bold(f"-{option.letter}")] if option.letter else []
    term = ", ".join([*names, roff.bold(f"--{option.name}")])
    if option.choices:
        term += " " + "|".join(roff.bold(word) for word in option.choices)
    elif option.argument:
        term += " " + roff.italic(option.argument)
    values = [] if option.choices or not option.argument else [option.argument]
    body = marked(option.text[:1].upper() + option.text[1:], program, values, option.choices)
    if option.default is not None:
        body += f" (default {roff.bold(option.default)})"
    return roff.definition(term, f"{body}.")


def options_section(text: Help) -> list[str]:
    rows: list[str] = []
    for group in text.groups:
        if group.title != "Options":
            rows.append(f'.SS "{roff.plain(group.title)}"')
        for option in group.options:
            rows += option_entry(option, text.program)
    return rows


def exit_section(text: Help) -> list[str]:
    codes = ", ".join(rf"\fB{code}\fR {meaning}" for code, meaning in text.exit_status)
    return [".PP", f"{codes}. {roff.inline('asl(7) says more.')}"]


def joined(head: list[str], sections: dict[str, list[str]]) -> str:
    """The page's text, with the sections in order."""
    order = [title for title in sections if title not in LAST]
    order += [title for title in LAST if title in sections]
    rows = list(head)
    for title in order:
        rows += [f'.SH "{roff.plain(title)}"', *sections[title]]
    return re.sub(r"(\.S[HS] .*\n)\.PP\n", r"\1", "\n".join(rows) + "\n")


def name_section(name: str, about: str) -> list[str]:
    return [rf"{roff.code(name)} \- {roff.plain(about)}"]


def about_of(prose: str, name: str) -> str:
    """The half line behind "asl-train - " at the top of the prose."""
    found = re.fullmatch(rf"{re.escape(name)} - (.+)", roff.sections(prose)[0])
    if not found:
        raise ValueError(f"{name}.md: the first line is not '{name} - WHAT IT DOES'")
    return found[1]


def program_page(book: Book, text: Help, prose: str) -> str:
    sections = roff.sections(prose)[1]
    lead = [text.summary, *text.details]
    description = [row for paragraph in lead for row in
                   (".PP", roff.line(marked(paragraph, text.program, text.positional, [])))]
    made = {"NAME": name_section(text.program, about_of(prose, text.program)),
            "SYNOPSIS": [synopsis(text)],
            "DESCRIPTION": description + sections.pop("DESCRIPTION", []),
            "OPTIONS": options_section(text)}
    clash = set(made) & set(sections)
    if clash:
        raise ValueError(f"{text.program}.md: {clash.pop()} comes from --help")
    return joined(book.title(text.program, 1),
                  {**made, **sections, "EXIT STATUS": exit_section(text)})


def prose_page(book: Book, name: str, section: int, prose: str) -> str:
    """A page without a program."""
    return joined(book.title(name, section),
                  {"NAME": name_section(name, about_of(prose, name)), **roff.sections(prose)[1]})
