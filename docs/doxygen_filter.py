# SPDX-License-Identifier: MIT
"""Prints a public header as Doxygen has to see it: the table of statuses as the enumeration that the
compiler makes of it, fields that share a declaration and a comment each with their own, and statuses
in comments as links."""

import pathlib
import re
import sys

TABLE = re.compile(r"#define ASL_STATUS_TABLE\(X\)(?:.*\\\n)+.*\n")
STATUS = re.compile(r'X\((\w+), (-?\d+), "(.*?)"\)')
EXPANSION = re.compile(r"#define ASL__STATUS_CONSTANT.*?#undef ASL__STATUS_CONSTANT\n", re.S)
FIELDS = re.compile(r"^( +[\w ]+ )(\w+(?:, \w+)+);(\s*/\*\*<.*?\*/)", re.M | re.S)
COMMENT = re.compile(r"/\*\*.*?\*/", re.S)
NAMED_STATUS = re.compile(r"(?<![\w:])(?<!== )(ASL_(?:OK|STOPPED|PARTIAL|ERR_[A-Z_]+))\b")


def enumeration(table: re.Match[str]) -> str:
    """enum { ASL_OK = 0, ... } with the texts as comments."""
    constants = (f"ASL_{name} = {code}, /**< {text[0].upper()}{text[1:]}. */"
                 for name, code, text in STATUS.findall(table[0]))
    return "enum {\n" + "\n".join(constants) + "\n};\n"


def one_by_one(fields: re.Match[str]) -> str:
    """`int a, b; /**< Text. */` as two declarations."""
    return "\n".join(f"{fields[1]}{name};{fields[3]}" for name in fields[2].split(", "))


def filtered(header: str) -> str:
    """The whole text."""
    header = COMMENT.sub(lambda comment: NAMED_STATUS.sub(r"::\1", comment[0]), header)
    header = EXPANSION.sub("", TABLE.sub(enumeration, header))
    return FIELDS.sub(one_by_one, header)


if __name__ == "__main__":
    sys.stdout.write(filtered(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")))
