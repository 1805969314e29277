# SPDX-License-Identifier: MIT
"""Markdown to the man macros: as much of it as our pages need.

Headings, paragraphs, indented code, bulleted lists ("* "), definitions (a line with a term, then
":   " and what it means, as Pandoc writes them), tables, **bold**, *italic*, `code`, links, and
references to other pages such as asl-train(1)."""

from __future__ import annotations

import re
from typing import Callable

INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s][^*]*)\*|\[([^]]+)\]\([^)]+\)"
                    r"|\b([a-z][a-z0-9_.-]*)\(([1-8])\)")
CODE = {"-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}


def plain(text: str) -> str:
    """Text that roff shows as it is."""
    text = text.replace("\\", r"\e")
    return "".join(c if ord(c) < 128 else rf"\[u{ord(c):04X}]" for c in text)


def code(text: str) -> str:
    """As plain(), for what may be copied and pasted: signs stay ASCII."""
    return re.sub(r"[-'`^~]", lambda found: CODE[found[0]], plain(text))


def _typed(font: str, text: str) -> str:
    r"""In another font; \& keeps a full stop from ending a sentence."""
    return rf"\f{font}{code(text)}" + (r"\&" if text.endswith((".", "?", "!")) else "") + r"\fR"


def bold(text: str) -> str:
    return _typed("B", text)


def italic(text: str) -> str:
    return _typed("I", text)


def line(text: str) -> str:
    """A line of text that roff does not take for a request."""
    return rf"\&{text}" if text[:1] in (".", "'") else text


def inline(text: str) -> str:
    """What stands within a paragraph."""
    parts: list[str] = []
    end = 0
    for found in INLINE.finditer(text):
        parts.append(plain(text[end:found.start()]))
        fixed, strong, weak, link, page, section = found.groups()
        if fixed or strong:
            parts.append(bold(fixed or strong))
        elif weak:
            parts.append(italic(weak))
        elif link:
            parts.append(inline(link))
        else:
            parts.append(f"{bold(page)}({section})")
        end = found.end()
    return "".join(parts) + plain(text[end:])


def sentence(text: str) -> str:
    """With a capital and a full stop."""
    text = text.strip()
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", ":", "?")) else ".")


def definition(term: str, body: str) -> list[str]:
    """Both are roff already."""
    return [".TP", line(term), line(body)]


def _code_block(lines: list[str]) -> list[str]:
    shown = "\n".join(text[4:] for text in lines).rstrip("\n").split("\n")
    # .EE turns hyphenation on.
    return [".PP", ".RS 4", ".EX", *(line(code(text)) for text in shown), ".EE", ".RE", ".nh"]


def _table(lines: list[str]) -> list[str]:
    """Each row a definition: of the first cell, by the last one; those between follow by name."""
    rows = [[cell.strip() for cell in text.strip().strip("|").split("|")] for text in lines]
    head, out = rows[0], []
    for row in rows[2:]:
        between = [f"{name.capitalize()}: {cell}." for name, cell in zip(head[1:-1], row[1:-1])
                   if cell]
        out += definition(inline(row[0]), inline(" ".join([sentence(row[-1]), *between])))
    return out


def _definitions(lines: list[str]) -> list[str]:
    parts = re.split(r"\n(?=\S)", "\n".join(lines))
    out: list[str] = []
    for term, body in zip(parts[::2], parts[1::2]):
        out += definition(inline(term), inline(" ".join(body[1:].split())))
    return out


def _bullets(lines: list[str]) -> list[str]:
    items = re.split(r"^\* ", "\n".join(lines), flags=re.M)[1:]
    return [row for item in items
            for row in (r".IP \(bu 2", line(inline(" ".join(item.split()))))]


def _paragraph(lines: list[str]) -> list[str]:
    return [".PP", line(inline(" ".join(text.strip() for text in lines)))]


def _kind(block: list[str]) -> Callable[[list[str]], list[str]]:
    if block[0].startswith("    "):
        return _code_block
    if block[0].startswith("|"):
        return _table
    if block[0].startswith("* "):
        return _bullets
    if len(block) > 1 and block[1].startswith(":   "):
        return _definitions
    return _paragraph


def blocks(text: str) -> list[str]:
    """Text below one heading, as lines of roff."""
    found: list[list[str]] = []
    for part in re.split(r"\n{2,}", text.strip("\n")):
        lines = part.split("\n")
        if found and lines[0].startswith("    ") and found[-1][0].startswith("    "):
            found[-1] += ["", *lines]  # code with an empty line in it
        elif part.strip():
            found.append(lines)
    return [row for block in found for row in _kind(block)(block)]


def sections(text: str) -> tuple[str, dict[str, list[str]]]:
    """The text above the first "# " heading, and the roff below each of them; "## " headings
    become subsections."""
    text = re.sub(r"<!--.*?-->\n*", "", text, flags=re.S)
    head, *rest = re.split(r"^# ", text, flags=re.M)
    out: dict[str, list[str]] = {}
    for part in rest:
        title, _, body = part.partition("\n")
        first, *others = re.split(r"^## ", body, flags=re.M)
        rows = blocks(first)
        for other in others:
            subtitle, _, below = other.partition("\n")
            rows += [f'.SS "{plain(subtitle)}"', *blocks(below)]
        out[title] = rows
    return head.strip(), out
