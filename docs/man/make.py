# SPDX-License-Identifier: MIT
"""Makes the manual pages and the completion for bash from what the programs say about themselves.

    make.py OUT --version 1.0.0 --changelog debian/changelog --info INFO.json HELP.txt...

HELP.txt is what a program prints for --help, INFO.json what asl-info prints for --json. The prose
lies beside this file, NAME.md for each page; asl-events is docs/events.md. The date is
SOURCE_DATE_EPOCH, or else that of the newest entry in the changelog: the same input gives the same
bytes."""

from __future__ import annotations

import argparse
import datetime
import email.utils
import json
import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "completion")]

import completion  # noqa: E402
import help_text  # noqa: E402
import page  # noqa: E402
import roff  # noqa: E402

OVERVIEWS = (("asl", 7), ("asl-events", 7), ("libasl", 3))


def prose_of(name: str) -> str:
    """NAME.md, or the document of that name among the others, which begins with a title and has its
    sections one level below it."""
    own = HERE / f"{name}.md"
    if own.exists():
        return own.read_text(encoding="utf-8")
    text = (HERE.parent / f"{name.partition('-')[2]}.md").read_text(encoding="utf-8")
    if not text.startswith("# "):
        raise ValueError(f"docs/{name.partition('-')[2]}.md does not begin with a title")
    title, _, body = text[2:].partition("\n")
    body = re.sub(r"^## (.*)", lambda found: f"# {found[1].upper()}", body, flags=re.M)
    return (f"{name} - {title[:1].lower()}{title[1:]}\n\n# DESCRIPTION\n{body}\n"
            "# SEE ALSO\n\nasl(7), asl-camera(1), asl-quiz(1)\n")


def filled(prose: str, helps: list[help_text.Help]) -> str:
    """With "@programs" and "@exit-status" replaced by lists."""
    programs = "\n\n".join(
        f"{text.program}(1)\n:   {roff.sentence(about)}" for text in helps
        for about in [page.about_of(prose_of(text.program), text.program)])
    codes = "\n\n".join(f"**{code}**\n:   {roff.sentence(meaning)}"
                        for code, meaning in helps[0].exit_status)
    return prose.replace("@programs", programs).replace("@exit-status", codes)


def date_of(changelog: pathlib.Path) -> str:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        moment = datetime.datetime.fromtimestamp(int(epoch), datetime.timezone.utc)
    else:
        entry = re.search(r"^ -- .*>  (.*)", changelog.read_text(encoding="utf-8"), re.M)
        if not entry:
            raise ValueError(f"{changelog}: no line ' -- NAME <ADDRESS>  DATE'")
        moment = email.utils.parsedate_to_datetime(entry[1])
    return moment.date().isoformat()


def write(path: pathlib.Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def link(path: pathlib.Path, target: str) -> None:
    path.unlink(missing_ok=True)
    path.symlink_to(target)


def make(arguments: argparse.Namespace) -> None:
    book = page.Book(arguments.version, date_of(arguments.changelog))
    helps = [help_text.parse(path.read_text(encoding="utf-8")) for path in arguments.helps]
    for text in helps:
        write(arguments.out / "man1" / f"{text.program}.1",
              page.program_page(book, text, prose_of(text.program)))
    for name, section in OVERVIEWS:
        prose = filled(prose_of(name), helps)
        write(arguments.out / f"man{section}" / f"{name}.{section}",
              page.prose_page(book, name, section, prose))
    info = json.loads(arguments.info.read_text(encoding="utf-8"))
    write(arguments.out / "completion" / "libasl", completion.script(helps, info))
    for text in helps:
        link(arguments.out / "completion" / text.program, "libasl")


def main() -> int:
    parser = argparse.ArgumentParser(description="Makes the manual pages and the completion.")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("helps", nargs="+", type=pathlib.Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--changelog", required=True, type=pathlib.Path)
    parser.add_argument("--info", required=True, type=pathlib.Path)
    try:
        make(parser.parse_args())
    except (help_text.HelpError, ValueError, OSError) as error:
        print(f"make.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
