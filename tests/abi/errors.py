# SPDX-License-Identifier: MIT
"""Writes docs/errors.md from the table of statuses, the doc comments, and errors.ini.

    errors.py ROOT           writes it
    errors.py ROOT --check   fails when it is not current, or shows a message that no code writes
"""

import configparser
import pathlib
import re
import sys
import textwrap

import public_headers

TEXTS = pathlib.Path(__file__).with_name("errors.ini")
WIDTH = 100
CONVERSION = r"%[-.*0-9]*(?:ll|z|j)?[sduxc]"
HEAD = """<!-- Made by tests/abi/errors.py: change tests/abi/errors.ini. -->
# Statuses

Every call that can fail returns an `asl_status`: 0 for success, above 0 for success with a note,
below 0 for failure. On failure handles are NULL, inputs are unchanged and no half-written file is
left. The optional last argument, an `asl_error` that belongs to the caller, holds the same code,
`errno` where there was one, the byte, row or item it is about, and one line of text that names the
bad value and says what to do. Programs decide by the code; the text is for people, and may change.
`asl_status_name()` and `asl_status_text()` give the name and the short text of any code.

Numbers and names are for ever: none is reused or renumbered. Later versions may add statuses, also
to functions that exist, so treat an unknown negative code as a failure and an unknown positive one
as a success. There is room between the groups: the caller's doing (-1 to -19), the system's (-20 to
-39), the data's (-40 to -59), the model's (-60 to -79), and that of the run (-80 to -99).

"""


def texts():
    """{status: {"meaning", "message" and "remedy", each on one line}}"""
    parser = configparser.ConfigParser(interpolation=None, delimiters="=")
    parser.optionxform = str
    parser.read_string(TEXTS.read_text(encoding="utf-8"))
    return {name: {key: " ".join(text.split()) for key, text in parser[name].items()}
            for name in parser.sections()}


def section(row, says, returned):
    name, code, text = row
    functions = sorted(function for function, statuses in returned.items() if name in statuses)
    parts = [says["meaning"]]
    if "message" in says:
        parts.append(f"For example: `{says['message']}`")
    if "remedy" in says:
        parts.append(f"**What to do:** {says['remedy']}")
    if len(functions) == len(returned):
        parts.append(f"From all {len(returned)} functions that return a status.")
    elif functions:
        parts.append("From " + ", ".join(f"`{function}`" for function in functions) + ".")
    wrapped = [textwrap.fill(part, WIDTH, break_on_hyphens=False) for part in parts]
    return "\n\n".join([f"## {name}", f"{code}: {text}", *wrapped]) + "\n"


def page(headers):
    statuses = public_headers.statuses(headers)
    returned = public_headers.returned(public_headers.documented(headers))
    says = texts()
    differ = {name for name, _, _ in statuses} ^ says.keys()
    if differ:
        sys.exit(f"{TEXTS} and the table of statuses differ in {', '.join(sorted(differ))}")
    table = ["| status | code | text |", "|---|---|---|"]
    table += [f"| [{name}](#{name.lower()}) | {code} | {text} |" for name, code, text in statuses]
    sections = [section(row, says[row[0]], returned) for row in statuses]
    return HEAD + "\n".join(table) + "\n\n" + "\n".join(sections)


def invented(library):
    """Messages that no format in the library's sources can make."""
    formats = set()
    string = r'"(?:[^"\\]|\\.)*"'
    for path in sorted(library.rglob("*.c")):
        code = public_headers.without_comments(path.read_text(encoding="utf-8"))
        code = re.sub(r"'(?:[^'\\]|\\.)'", "", code)
        for literal in re.findall(rf"{string}(?:\s*{string})*", code):
            formats.add(re.sub(r'"\s*"', "", literal)[1:-1])
    patterns = [re.compile(".*".join(re.escape(part) for part in re.split(CONVERSION, text)))
                for text in formats if len(re.sub(CONVERSION, "", text)) >= 10]
    # A layer's number may come before, and the text of errno behind.
    return [f"{name}: no code writes '{says['message']}'" for name, says in texts().items()
            if "message" in says and not any(
                pattern.fullmatch(end) for pattern in patterns
                for text in (says["message"], says["message"].rpartition(": ")[0])
                for end in (text, text.partition("): ")[2]))]


def main():
    arguments = sys.argv[1:]
    checking = arguments[1:] == ["--check"]
    if len(arguments) != 1 and not checking:
        sys.exit(__doc__)
    root = pathlib.Path(arguments[0])
    path = root / "docs" / "errors.md"
    text = page(root / "include")
    problems = invented(root / "lib")
    if not checking:
        path.write_text(text, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        problems.append(f"{path} is not current: run tests/abi/errors.py {root}")
    print("\n".join(problems + [f"{len(texts())} statuses, {len(problems)} problems"]))
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
