# SPDX-License-Identifier: MIT
"""What the public headers declare, read from their text."""

import pathlib
import re


def read(folder):
    """The text of all public headers without comments and preprocessor lines."""
    texts = []
    for path in sorted(pathlib.Path(folder).glob("asl/*.h")):
        text = re.sub(r"/\*.*?\*/", " ", path.read_text(encoding="utf-8"), flags=re.S)
        text = text.replace("\\\n", " ")
        texts.append(re.sub(r"^\s*#.*$", "", text, flags=re.M))
    if not texts:
        raise SystemExit(f"no public headers under '{folder}'")
    return "\n".join(texts)


def functions(text):
    """Names declared with ASL_API."""
    return set(re.findall(r"\bASL_API\b[^;(]*?\b(\w+)\s*\(", text))


def structs(text):
    """{name: [fields]} of the structs whose members are public."""
    found = {}
    for name, body in re.findall(r"\btypedef\s+struct\s+(\w+)\s*\{(.*?)\}\s*\w+\s*;", text, re.S):
        found[name] = [field for member in body.split(";") for field in fields(member)]
    return found


def fields(member):
    """Names in one member declaration: `int32_t a, b`, `char c[2]` or `void (*d)(int)`."""
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", member)
    if pointer:
        return [pointer.group(1)]
    parts = (re.sub(r"\[.*?\]", "", part) for part in member.split(","))
    return [re.findall(r"\w+", part)[-1] for part in parts if part.strip()]
