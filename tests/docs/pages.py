# SPDX-License-Identifier: MIT
"""The pages of the documentation, and the blocks in them.

A block stands between ``` fences and says what it is in. A comment on the line before may say more:

    <!-- file: NAME -->       it is written to this file, for the blocks after it
    <!-- not run: REASON -->  it cannot run in a test
    <!-- needs: NAME... -->   anywhere: what the blocks of the page find where they run
"""

import dataclasses
import pathlib
import re

SOURCE = pathlib.Path(__file__).resolve().parents[2]

NOT_TRIED = (
    "docs/benchmarks.md",  # its commands take an hour, an idle machine and the network
    "docs/events.md",  # also a manual page, whose blocks are indented; it shows a camera
    "docs/packaging.md",  # tests/install does what it shows
    "bindings/python/README.md",  # and so does tests/wheel
)

RUN = {"sh", "console", "c", "cpp", "python"}
SHOWN = {"text", "json", "csv", "cmake"}

FENCE = re.compile(r"^( *)```(\w*)\s*$")
COMMENT = re.compile(r"^ *<!-- (file|not run): (.+?) -->$")
NEEDS = re.compile(r"^<!-- needs: (.+?) -->$", re.M)


@dataclasses.dataclass
class Block:
    """What stands between two fences."""

    place: str  # for messages: page and line
    language: str
    text: str
    file: str | None = None
    reason: str | None = None  # why it is not run


@dataclasses.dataclass
class Page:
    """One file."""

    path: pathlib.Path
    text: str

    @property
    def name(self) -> str:
        """As seen from the top of the tree."""
        return str(self.path.relative_to(SOURCE))

    def needs(self) -> list[str]:
        """What its blocks find where they run."""
        return [name for names in NEEDS.findall(self.text) for name in names.split()]

    def blocks(self) -> list[Block]:
        """In their order."""
        found: list[Block] = []
        lines = self.text.split("\n")
        at = 0
        while at < len(lines):
            fence = FENCE.match(lines[at])
            end = at + 1
            if fence is not None:
                while end < len(lines) and lines[end].strip() != "```":
                    end += 1
                body = "".join(line.removeprefix(fence[1]) + "\n" for line in lines[at + 1:end])
                found.append(Block(f"{self.name}:{at + 1}", fence[2], body))
                comment = COMMENT.match(lines[at - 1]) if at > 0 else None
                if comment is not None and comment[1] == "file":
                    found[-1].file = comment[2]
                elif comment is not None:
                    found[-1].reason = comment[2]
                end += 1
            at = end
        return found

    def prose(self) -> str:
        """All but the blocks, with as many lines."""
        inside, kept = False, []
        for line in self.text.split("\n"):
            fence = FENCE.match(line) is not None
            kept.append("" if fence or inside else line)
            inside ^= fence
        return "\n".join(kept)

    def indented(self) -> list[int]:
        """Lines of blocks that are indented by four spaces instead of fenced, outside lists."""
        found, before, in_list = [], "", False
        for number, line in enumerate(self.prose().split("\n"), 1):
            if re.match(r" *([-*]|\d+\.) ", line):
                in_list = True
            elif line and not line.startswith(" "):
                in_list = False
            if line.startswith("    ") and not before.strip() and not in_list:
                found.append(number)
            before = line
        return found


def pages() -> list[Page]:
    """All of them, the first to read first."""
    found = [SOURCE / name for name in ("README.md", "CONTRIBUTING.md", "examples/README.md")]
    manual = SOURCE / "docs" / "man"  # has tests of its own
    found += sorted(p for p in (SOURCE / "docs").rglob("*.md") if manual not in p.parents)
    found += sorted((SOURCE / "bindings").rglob("*.md"))
    return [Page(path, path.read_text(encoding="utf-8")) for path in found]
