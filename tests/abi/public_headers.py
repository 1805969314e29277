# SPDX-License-Identifier: MIT
"""What the public headers declare and say, read from their text."""

import dataclasses
import pathlib
import re
import sys

STRUCT = r"\btypedef\s+struct\s+(\w+)\s*\{(.*?)\}\s*\w+\s*;"
STATUS = r"ASL_(?:OK|STOPPED|PARTIAL|ERR_\w+)\b"


def files(folder):
    """Paths of all public headers."""
    found = sorted(pathlib.Path(folder).glob("asl/*.h"))
    if not found:
        raise SystemExit(f"no public headers under '{folder}'")
    return found


def without_comments(text):
    return re.sub(r"/\*.*?\*/", " ", text, flags=re.S)


def read(folder):
    """The text of all public headers without comments and preprocessor lines."""
    texts = []
    for path in files(folder):
        text = without_comments(path.read_text(encoding="utf-8")).replace("\\\n", " ")
        texts.append(re.sub(r"^\s*#.*$", "", text, flags=re.M))
    return "\n".join(texts)


def functions(text):
    """Names declared with ASL_API."""
    return set(re.findall(r"\bASL_API\b[^;(]*?\b(\w+)\s*\(", text))


def structs(text):
    """{name: [fields]} of the structs whose members are public."""
    found = {}
    for name, body in re.findall(STRUCT, text, re.S):
        found[name] = [field for member in body.split(";") for field in fields(member)]
    return found


def handles(text):
    """Names of the structs whose members are private."""
    return set(re.findall(r"\btypedef\s+struct\s+(\w+)\s+\1\s*;", text))


def fields(member):
    """Names in one member declaration: `int32_t a, b`, `char c[2]` or `void (*d)(int)`."""
    pointer = re.search(r"\(\s*\*\s*(\w+)\s*\)", member)
    if pointer:
        return [pointer.group(1)]
    parts = (re.sub(r"\[.*?\]", "", part) for part in member.split(","))
    return [re.findall(r"\w+", part)[-1] for part in parts if part.strip()]


def constants(text):
    """{name: value as written, or None} of the enumerators; ASL__ ones are not public."""
    found = {}
    for body in re.findall(r"\benum\s*\{(.*?)\}", text, re.S):
        # The statuses come from a macro: what it is called with is no constant.
        for part in re.sub(r"ASL_STATUS_TABLE\(\w*\)", "", body).split(","):
            name, _, value = (side.strip() for side in part.partition("="))
            if name and not name.startswith("ASL__"):
                found[name] = value or None
    return found


def declarations(folder):
    """{name: what is declared, as a list of its parts with blanks made alike}: a struct's members,
    an enumerator's value, or one part that is the whole declaration."""
    text = re.sub(r"\bASL_(BEGIN|END)_DECLS\b", " ", read(folder))
    text = re.sub(r"ASL_STATUS_TABLE\(\w+\)", " ", text)
    found = {}
    for name, body in re.findall(STRUCT, text, re.S):
        found[name] = [" ".join(member.split()) for member in body.split(";") if member.strip()]
    found |= {name: [value] for name, value in constants(text).items()}
    found |= {name: [str(code)] for name, code, _ in statuses(folder)}
    text = re.sub(r"\b(typedef\s+struct\s+\w+|enum)\s*\{.*?\}[^;]*;", " ", text, flags=re.S)
    for part in (" ".join(part.split()) for part in text.split(";")):
        name = re.search(r"^typedef .*?(?:\(\*(\w+)\)|(\w+)$)|(\w+) ?\(", part)
        if name:
            found[next(filter(None, name.groups()))] = [part]
    return found


def statuses(folder):
    """[(name, code, text)] of the table of statuses, in its order."""
    text = "".join(path.read_text(encoding="utf-8") for path in files(folder))
    table = re.search(r"#define ASL_STATUS_TABLE\(X\)((?:.*\\\n)*.*\n)", text)
    rows = re.findall(r'X\((\w+), (-?\d+), "([^"]*)"\)', table.group(1)) if table else []
    return [(f"ASL_{name}", int(code), meaning) for name, code, meaning in rows]


@dataclasses.dataclass(frozen=True)
class Function:
    """One declaration and the doc comment right before it."""

    name: str
    header: str  # such as "asl/image.h"
    returns: str  # such as "const char *"
    comment: str  # one line of text, "" without a doc comment

    @property
    def since(self):
        found = re.search(r"@since (\d+\.\d+)", self.comment)
        return found.group(1) if found else ""

    @property
    def fails(self):
        return self.returns == "asl_status"


def documented(folder):
    """All functions in the order of the headers."""
    found = []
    pattern = re.compile(r"(?:/\*\*((?:(?!\*/).)*)\*/\s*)?^ASL_API\s+([^;(]*?)(\w+)\s*\(",
                         re.S | re.M)
    for path in files(folder):
        for comment, returns, name in pattern.findall(path.read_text(encoding="utf-8")):
            text = " ".join(re.sub(r"^\s*\*", "", line).strip() for line in comment.split("\n"))
            found.append(Function(name, f"asl/{path.name}", returns.strip(), text.strip()))
    return found


def returned(all_functions):
    """{function: statuses that its comment promises}. Those of another function are included where
    the comment begins with "As asl_other()" or its @return says "as asl_other()", save what an
    "except" takes out again."""
    named = {function.name: function for function in all_functions}

    def collect(name, seen):
        text = re.sub(r"^As (?=asl_)", "@return as ", named[name].comment)
        found = set(re.findall(STATUS, text))
        for clause in re.findall(r"@return ([^@]*)", text):
            others = re.findall(r"\bas (asl_\w+)\(\)(?: and (asl_\w+)\(\))?", clause)
            for other in (other for pair in others for other in pair):
                if other in named and other not in seen and named[other].fails:
                    found |= collect(other, seen | {other})
            found -= set(re.findall(STATUS, clause.partition(" except ")[2]))
        return found

    return {name: collect(name, {name}) for name, function in named.items() if function.fails}


def version_nodes(path):
    """({node: [symbols in order]}, problems) of a linker's version script."""
    text = without_comments(pathlib.Path(path).read_text(encoding="utf-8"))
    nodes, problems = {}, []
    for node, body, _ in re.findall(r"([\w.]+)\s*\{(.*?)\}\s*([\w.]*)\s*;", text, re.S):
        shown, _, hidden = body.partition("local:")
        nodes[node] = re.findall(r"[^\s;]+", shown.replace("global:", ""))
        problems += [f"{node}: '{symbol}' is no name; wildcards export what nobody declared"
                     for symbol in nodes[node] if not re.fullmatch(r"\w+", symbol)]
        if nodes[node] != sorted(set(nodes[node])):
            problems.append(f"{node}: the names are not sorted, each once")
        if not re.fullmatch(r"ASL_\d+\.\d+", node):
            problems.append(f"{node}: expected a name such as ASL_1.0")
        if hidden and re.findall(r"[^\s;]+", hidden) != ["*"]:
            problems.append(f"{node}: 'local:' hides something else than *")
    if len(re.findall(r"local:\s*\*\s*;", text)) != 1:
        problems.append("exactly one node says 'local: *;'")
    listed = [symbol for symbols in nodes.values() for symbol in symbols]
    problems += [f"{symbol}: listed in two nodes"
                 for symbol in sorted({name for name in listed if listed.count(name) > 1})]
    return nodes, problems


def bare(text):
    """A header without its comments, the licence line excepted, nor the lines that held only
    those: it stays the same when somebody finds better words."""
    first, _, rest = text.partition("\n")
    rest = re.sub(r"/\*.*?\*/", "\0", rest, flags=re.S)
    rest = re.sub(r"^[ \t]*(\0[ \t]*)+\n", "", rest, flags=re.M)
    rest = re.sub(r"[ \t]*\0", "", rest)
    rest = re.sub(r"[ \t]+$", "", rest, flags=re.M)
    return f"{first}\n" + re.sub(r"\n{3,}", "\n\n", rest).strip("\n") + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: public_headers.py HEADER.h   prints it without its comments")
    print(bare(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")), end="")
