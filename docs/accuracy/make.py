# SPDX-License-Identifier: MIT
"""Makes docs/accuracy.md and docs/model-card.md of what was measured. No figure in them is typed.

    python3 docs/accuracy/make.py               write both pages
    python3 docs/accuracy/make.py --check       fail unless both are current
    python3 docs/accuracy/make.py add TABLE NAME TITLE COMMAND <JSON
                                                keep what `asl-eval --json` printed as NAME.json,
                                                in place of an earlier NAME

runs.tsv lists what is kept, in the order of the tables' rows:

    builtin     the built-in model, read as it asks to be
    mirror      the same, read from other sides
    hands       the same, on the rendered hands of tests/accuracy
    published   the tutorial's published weights
    own         networks trained and tested on the ASL Alphabet
    leave-out   networks that learned from all sources but the one that they are tested on
    walls       the same, after one run with backgrounds replaced
    long        the same, before the backgrounds were replaced
    short       the same, smaller and after a third of the pictures
    length      networks that learned from the same pictures for different times
    signers     networks that learned from few or many people
    ablation    networks that learned without one ingredient
"""

from __future__ import annotations

import json
import pathlib
import re
import sys
from typing import Any, Callable

import card
from figures import HERE, Run, load_runs, shrink
from tables import accuracy_tables

DOCS = HERE.parent
TABLES = ["builtin", "mirror", "hands", "published", "own", "leave-out", "walls",
          "long", "short", "length", "signers", "ablation"]
COLUMNS = "table\tname\ttitle\tcommand"


def fill(template: str, pieces: dict[str, str]) -> str:
    """The template with each line @NAME@ replaced, and without the sections whose pieces are all
    empty: nothing was measured for them yet."""
    text = (HERE / template).read_text(encoding="utf-8")
    kept = []
    for section in re.split(r"\n(?=## )", text):
        names = re.findall(r"^@([A-Z_]+)@$", section, re.M)
        if names and not any(pieces[name] for name in names):
            continue
        for name in names:
            section = section.replace(f"@{name}@", pieces[name])
        kept.append(re.sub(r"\n{3,}", "\n\n", section))
    return "\n".join(kept).rstrip("\n") + "\n"


def pages(runs: list[Run]) -> dict[pathlib.Path, str]:
    return {DOCS / "accuracy.md": fill("accuracy.md.in", accuracy_tables(runs)),
            DOCS / "model-card.md": fill("model-card.md.in", card.pieces(runs))}


def rounded(value: Any) -> Any:
    """As precise as anybody reads it."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return round(value, 5) if isinstance(value, float) else value


def add(table: str, name: str, title: str, command: str, document: dict[str, Any]) -> None:
    """Keep a measurement and its row."""
    if table not in TABLES:
        raise SystemExit(f"make.py: no table '{table}'; there are {', '.join(TABLES)}")
    kept = HERE / f"{name}.json"
    lines = (f"{json.dumps(data)}: {json.dumps(rounded(figures), sort_keys=True)}"
             for data, figures in shrink(document).items())
    kept.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    path = HERE / "runs.tsv"
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()[1:]]
    row = [table, name, title, command]
    places = [i for i, old in enumerate(rows) if old[1] == name]
    if places:
        rows[places[0]] = row
    else:
        rows.append(row)
    rows.sort(key=lambda old: TABLES.index(old[0]))
    path.write_text("\n".join([COLUMNS, *("\t".join(old) for old in rows)]) + "\n",
                    encoding="utf-8")


def each(what: Callable[[pathlib.Path, str], bool]) -> int:
    return sum(what(path, text) for path, text in pages(load_runs()).items())


def write(path: pathlib.Path, text: str) -> bool:
    path.write_text(text, encoding="utf-8")
    return False


def is_old(path: pathlib.Path, text: str) -> bool:
    old = not path.exists() or path.read_text(encoding="utf-8") != text
    if old:
        print(f"{path} is not current: run docs/accuracy/make.py")
    return old


def main(arguments: list[str]) -> int:
    if not arguments:
        return each(write)
    if arguments == ["--check"]:
        return min(each(is_old), 1)
    if arguments[0] == "add" and len(arguments) == 5:
        _, table, name, title, command = arguments
        add(table, name, title, command, json.load(sys.stdin))
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
