# SPDX-License-Identifier: MIT
"""Holds the pages of the documentation together: links lead somewhere, every page is in the index,
and blocks say what language they are in."""

import re
import unittest

from pages import NOT_TRIED, RUN, SHOWN, SOURCE, Page, pages

LINK = re.compile(r"\]\(([^()\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.*?) *#*$", re.M)
INDEX = SOURCE / "docs" / "README.md"


def links(page: Page) -> list[str]:
    """Targets of links and pictures, but not those within `code`."""
    return LINK.findall(re.sub(r"`[^`\n]*`", "", page.prose()))


def slug(heading: str) -> str:
    """The anchor that a heading gets where Markdown is shown."""
    heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", heading).replace(" ", "-")


def anchors(page: Page) -> set[str]:
    """All of a page; the second of equal headings gets -1."""
    found: set[str] = set()
    for name in map(slug, HEADING.findall(page.prose())):
        number = 0
        while f"{name}-{number}" in found or not number and name in found:
            number += 1
        found.add(f"{name}-{number}" if number else name)
    return found


def link_problems(page: Page) -> list[str]:
    """Links that lead nowhere."""
    problems = []
    for link in links(page):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", target):
            continue
        place = (page.path.parent / target).resolve() if target else page.path
        if target and not place.exists():
            problems.append(f"{page.name}: '{target}' does not exist")
        elif SOURCE not in place.parents:
            problems.append(f"{page.name}: '{target}' is not in the tree")
        elif anchor:
            text = page.text if place == page.path else place.read_text(encoding="utf-8")
            if anchor not in anchors(Page(place, text)):
                problems.append(f"{page.name}: '{target}' has no heading for '#{anchor}'")
    return problems


def block_problems(page: Page) -> list[str]:
    """Blocks that nobody can try, or could not if they were wrong."""
    problems = [f"{block.place}: '{block.language}' is no language that the tests know; see "
                "tests/docs/pages.py"
                for block in page.blocks() if block.language not in RUN | SHOWN]
    return problems + [f"{page.name}:{line}: an indented block; fence it"
                       for line in page.indented()]


class PagesTest(unittest.TestCase):
    """One test for each promise."""

    maxDiff = None

    def test_links_lead_somewhere(self) -> None:
        self.assertEqual([problem for page in pages() for problem in link_problems(page)], [])

    def test_every_page_is_in_the_index(self) -> None:
        index = Page(INDEX, INDEX.read_text(encoding="utf-8"))
        linked = {(INDEX.parent / link.partition("#")[0]).resolve() for link in links(index)}
        there = {page.path for page in pages() if INDEX.parent in page.path.parents}
        self.assertEqual(sorted(map(str, there - linked - {INDEX})), [])

    def test_blocks_say_what_they_are_in(self) -> None:
        self.assertEqual([problem for page in pages() if page.name not in NOT_TRIED
                          for problem in block_problems(page)], [])


class SelfTest(unittest.TestCase):
    """The tests above can fail."""

    def test_anchors_are_those_of_the_web(self) -> None:
        page = Page(INDEX, "# What `auto` takes, and why\n## See [it](x.md): C++\n### A\n# A\n")
        self.assertEqual(anchors(page),
                         {"what-auto-takes-and-why", "see-it-c", "a", "a-1"})

    def test_broken_links_are_found(self) -> None:
        page = Page(INDEX, "# One\n[a](none.md) [b](#two) [c](#one) `[d](none2.md)` [e](../..)\n"
                           "```text\n[f](none3.md)\n```\n[g](https://x.org/) ![h](none4.png)\n")
        self.assertEqual(link_problems(page),
                         ["docs/README.md: 'none.md' does not exist",
                          "docs/README.md: '' has no heading for '#two'",
                          "docs/README.md: '../..' is not in the tree",
                          "docs/README.md: 'none4.png' does not exist"])

    def test_blocks_that_nobody_tries_are_found(self) -> None:
        page = Page(INDEX, "Text.\n\n    asl-info\n\n* a list\n\n    with a second line\n\n"
                           "```\nasl-info\n```\n\n```sh\nasl-info\n```\n")
        self.assertEqual(block_problems(page),
                         ["docs/README.md:9: '' is no language that the tests know; see "
                          "tests/docs/pages.py",
                          "docs/README.md:3: an indented block; fence it"])


if __name__ == "__main__":
    unittest.main()
