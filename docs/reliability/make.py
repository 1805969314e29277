# SPDX-License-Identifier: MIT
"""Makes docs/reliability.md: the faults, what happens, and which test proves it.

    python3 docs/reliability/make.py                write the page
    python3 docs/reliability/make.py --check        fail unless it is current
    python3 docs/reliability/make.py collect LOG... keep the lines that begin with "count: " of
                                                    ctest's logs (Testing/Temporary/LastTest.log)
                                                    as counts.tsv, in place of those of the same
                                                    tests; LOG may be "full:FILE" for a log of
                                                    tests/run.sh full
    python3 docs/reliability/make.py coverage <TABLE
                                                    keep what tests/coverage.sh printed as
                                                    coverage.tsv
    python3 docs/reliability/make.py tests          the tests that the page names, one to a line

faults.tsv has a row for each fault: section, fault, what happens, tests. bugs.tsv has one for each
bug that they found: found by, what went wrong, now, tests.
"""

from __future__ import annotations

import csv
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent / "reliability.md"
COLUMNS = ["test", "size", "count"]
COVERED = re.compile(r"^(\S+\.c) +(\d+) of +(\d+) +[\d.]+ % +(\d+) of +(\d+) +[\d.]+ %$", re.M)


def rows(name: str) -> list[dict[str, str]]:
    with open(HERE / name, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def table(heads: list[str], lines: list[list[str]]) -> str:
    return "\n".join(["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads),
                      *("| " + " | ".join(line) + " |" for line in lines)])


def tests_of(row: dict[str, str]) -> list[str]:
    return row["tests"].split(", ")


def named(row: dict[str, str]) -> str:
    return ", ".join(f"`{name}`" for name in tests_of(row))


def faults() -> str:
    """A table for each section."""
    sections: dict[str, list[list[str]]] = {}
    for fault in rows("faults.tsv"):
        sections.setdefault(fault["section"], []).append(
            [fault["fault"], fault["what happens"], named(fault)])
    return "\n\n".join(f"### {section}\n\n" + table(["fault", "what happens", "proven by"], lines)
                       for section, lines in sections.items())


def bugs() -> str:
    return table(["found by", "what went wrong", "now", "kept away by"],
                 [[bug["found by"], bug["what went wrong"], bug["now"], named(bug)]
                  for bug in rows("bugs.tsv")])


def counts() -> str:
    return table(["test", "size", "counted"],
                 [[f"`{row['test']}`", row["size"], row["count"]] for row in rows("counts.tsv")])


def share(ran: int, there: int) -> str:
    return f"{100 * ran / there:.1f} %" if there else ""


def coverage() -> str:
    """A row for each module, then one for each of its files."""
    modules: dict[str, list[dict[str, str]]] = {}
    for row in rows("coverage.tsv"):
        modules.setdefault(row["file"].split("/")[0], []).append(row)
    lines = []
    for module, files in modules.items():
        sums = [sum(int(row[key]) for row in files)
                for key in ("lines run", "lines", "branches run", "branches")]
        lines.append([f"**`lib/{module}`**", share(sums[0], sums[1]), share(sums[2], sums[3])])
        lines += [[f"`{row['file']}`", share(int(row["lines run"]), int(row["lines"])),
                   share(int(row["branches run"]), int(row["branches"]))] for row in files]
    return table(["module or file", "lines", "branches"], lines)


def keep_coverage(text: str) -> None:
    heads = ["file", "lines run", "lines", "branches run", "branches"]
    lines = ["\t".join(found) for found in COVERED.findall(text)]
    (HERE / "coverage.tsv").write_text("\n".join(["\t".join(heads), *lines]) + "\n",
                                       encoding="utf-8")


def page() -> str:
    text = (HERE / "reliability.md.in").read_text(encoding="utf-8")
    for name, piece in (("FAULTS", faults), ("BUGS", bugs), ("COUNTS", counts),
                        ("COVERAGE", coverage)):
        text = text.replace(f"@{name}@", piece())
    return text


def counted(log: str) -> list[list[str]]:
    """Test and line, in the order of their names."""
    found = []
    for part in re.split(r"^\d+/\d+ Test: ", log, flags=re.M)[1:]:
        name = part.split("\n", 1)[0].strip()
        found += [[name, line] for line in re.findall(r"^count: (.+)$", part, re.M)]
    return sorted(found)


def collect(logs: list[str]) -> None:
    kept: dict[tuple[str, str], list[str]] = {}
    for row in rows("counts.tsv"):
        kept.setdefault((row["test"], row["size"]), []).append(row["count"])
    for log in logs:
        size, _, path = log.rpartition(":")
        fresh: dict[tuple[str, str], list[str]] = {}
        for name, line in counted(pathlib.Path(path).read_text(encoding="utf-8", errors="replace")):
            if not size or line not in kept.get((name, "CI"), []):  # some have but one size
                fresh.setdefault((name, size or "CI"), []).append(line)
        kept.update(fresh)
    lines = ["\t".join([*key, line]) for key in sorted(kept) for line in kept[key]]
    (HERE / "counts.tsv").write_text("\n".join(["\t".join(COLUMNS), *lines]) + "\n",
                                     encoding="utf-8")


def main(arguments: list[str]) -> int:
    if not arguments:
        PAGE.write_text(page(), encoding="utf-8")
    elif arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            print(f"{PAGE} is not current: run docs/reliability/make.py")
            return 1
    elif arguments == ["coverage"]:
        keep_coverage(sys.stdin.read())
    elif arguments == ["tests"]:
        print("\n".join(sorted({name for row in rows("faults.tsv") + rows("bugs.tsv")
                                for name in tests_of(row)})))
    elif arguments[0] == "collect" and len(arguments) > 1:
        collect(arguments[1:])
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
