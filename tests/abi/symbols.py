# SPDX-License-Identifier: MIT
"""Writes docs/symbols.md: what there is to each exported function.

    symbols.py ROOT           writes it
    symbols.py ROOT --check   fails when it is not current
    symbols.py --self-test

Both fail when something is missing: a doc comment with @since, the statuses of those that return
one, a place in lib/asl.map, a test in C, a binding in Python, or a call in the program that keeps
each released version working.
"""

import ast
import pathlib
import re
import sys
import tempfile
import unittest

import public_headers

# Where tests of functions are; tests/abi would not count, as consumer.c there calls them all.
TESTS = ("unit", "backends", "faults", "spell", "embed")
HEAD = """<!-- Made by tests/abi/symbols.py. -->
# Exported functions

Every function of the shared library: in which header it is declared and documented, since which
version it is there (which is the node of `lib/asl.map` that lists it), a test in C that calls it,
and whether the Python package binds it and the C++ layer uses it. A test makes this table again and
fails on any hole; [abi](abi.md) tells what is promised about them.

| function | header | since | documented | C test | Python | C++ |
|---|---|---|---|---|---|---|
"""


def called(text):
    """Names of functions that C code calls."""
    return set(re.findall(r"\b(asl_\w+)\s*\(", public_headers.without_comments(text)))


def tests_of(root):
    """{function: path of a test that calls it}, one of its own module if there is one."""
    found = {}
    for folder in TESTS:
        for path in sorted((root / "tests" / folder).rglob("*.c")):
            for function in called(path.read_text(encoding="utf-8")):
                found.setdefault(function, path.relative_to(root).as_posix())
    return found


def bound(path):
    """Functions that the Python package binds: the keys of its table."""
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {key.value for node in ast.walk(tree) if isinstance(node, ast.Dict)
            for key in node.keys
            if isinstance(key, ast.Constant) and str(key.value).startswith("asl_")}


def check_comment(function, returned):
    if not function.comment:
        return ["has no doc comment"]
    problems = [] if function.since else ["its comment has no @since"]
    if function.fails and "ASL_OK" not in returned:
        problems.append("its comment has no @return with the statuses")
    return problems


def check_consumers(root):
    """Each released version's program uses all that its headers declare."""
    problems = []
    for program in sorted((root / "tests" / "abi").glob("[0-9]*/consumer.c")):
        headers = public_headers.read(program.parent / "include")
        unused = public_headers.functions(headers) - called(program.read_text(encoding="utf-8"))
        problems += [f"{name}: not called by {program.relative_to(root).as_posix()}"
                     for name in sorted(unused)]
    return problems


def survey(root):
    """(the page, problems)"""
    functions = public_headers.documented(root / "include")
    returned = public_headers.returned(functions)
    nodes, _ = public_headers.version_nodes(root / "lib" / "asl.map")
    node_of = {name: node for node, names in nodes.items() for name in names}
    tests = tests_of(root)
    python = bound(root / "bindings" / "python" / "libasl" / "_native.py")
    layer = sorted((root / "bindings" / "cpp").glob("*.hpp"))
    layer_text = "\n".join(header.read_text(encoding="utf-8") for header in layer)
    cpp = set(re.findall(r"\basl_\w+", public_headers.without_comments(layer_text)))
    rows, problems = [], []
    for function in functions:
        name = function.name
        found = check_comment(function, returned.get(name, ()))
        if name not in node_of:
            found.append("not listed in lib/asl.map")
        elif function.since and node_of[name] != f"ASL_{function.since}":
            found.append(f"is listed under {node_of[name]}, and documented since {function.since}")
        if name not in tests:
            found.append("no test in C calls it")
        if name not in python:
            found.append("not bound in Python")
        problems += [f"{name}: {problem}" for problem in found]
        marks = ["yes" if good else "**no**"
                 for good in (not check_comment(function, returned.get(name, ())), name in python)]
        rows.append(f"| `{name}` | `{function.header}` | {function.since} | {marks[0]} | "
                    f"`{tests.get(name, '')}` | {marks[1]} | {'yes' if name in cpp else ''} |")
    names = {function.name for function in functions}
    problems += [f"{name}: bound in Python, not declared" for name in sorted(python - names)]
    problems += check_consumers(root)
    return HEAD + "\n".join(rows) + "\n", problems


def run(root, checking):
    text, problems = survey(root)
    path = root / "docs" / "symbols.md"
    if not checking:
        path.write_text(text, encoding="utf-8")
    elif not path.exists() or path.read_text(encoding="utf-8") != text:
        problems.append(f"{path} is not current: run tests/abi/symbols.py {root}")
    return text, problems


class SelfTest(unittest.TestCase):
    """A small tree without a hole, and one hole at a time."""

    TREE = {
        "include/asl/a.h": "/** Makes one. @return ASL_OK; ASL_ERR_ARG. @since 1.0 */\n"
                           "ASL_API asl_status asl_make(int a, int *out);\n"
                           "/** How many.\n * @since 1.1 */\nASL_API int32_t asl_count(void);\n",
        "lib/asl.map": "ASL_1.0 { global: asl_make; local: *; };\n"
                       "ASL_1.1 { global: asl_count; } ASL_1.0;\n",
        "tests/unit/a.c": "int main(void) { return asl_make(0, 0) + asl_count (); }\n",
        "tests/abi/1.0/include/asl/a.h": "ASL_API asl_status asl_make(int a, int *out);\n",
        "tests/abi/1.0/consumer.c": "int main(void) { return asl_make(0, 0); }\n",
        "bindings/python/libasl/_native.py": "FUNCTIONS = {'asl_make': 1, 'asl_count': 2}\n",
        "docs/symbols.md": "",
    }
    HOLES = (
        ("include/asl/a.h", "@since 1.0", "", "asl_make: its comment has no @since"),
        ("include/asl/a.h", "@return ASL_OK; ASL_ERR_ARG.", "", "asl_make: its comment has no"),
        ("include/asl/a.h", "/** How", "/* How", "asl_count: has no doc comment"),
        ("include/asl/a.h", "@since 1.1", "@since 1.0", "asl_count: is listed under ASL_1.1"),
        ("lib/asl.map", "asl_count;", "", "asl_count: not listed in lib/asl.map"),
        ("tests/unit/a.c", "asl_count (", "/* asl_count() */ (", "asl_count: no test in C"),
        ("tests/abi/1.0/consumer.c", "asl_make(0, 0)", "0", "asl_make: not called by tests/abi/1"),
        ("bindings/python/libasl/_native.py", "'asl_count'", "'count'", "asl_count: not bound"),
        ("bindings/python/libasl/_native.py", "'asl_count'", "'asl_count': 3, 'asl_gone'",
         "asl_gone: bound in Python, not declared"),
    )

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        for path, text in self.TREE.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_text(text, encoding="utf-8")

    def test_a_whole_tree_passes(self):
        text, problems = run(self.root, checking=False)
        self.assertEqual(problems, [])
        self.assertIn("| `asl_count` | `asl/a.h` | 1.1 | yes | `tests/unit/a.c` | yes |  |", text)
        self.assertEqual(run(self.root, checking=True)[1], [])

    def test_each_hole_is_found(self):
        for path, old, new, problem in self.HOLES:
            with self.subTest(problem):
                self.assertIn(old, self.TREE[path])
                (self.root / path).write_text(self.TREE[path].replace(old, new), encoding="utf-8")
                _, problems = run(self.root, checking=False)
                self.assertEqual(len(problems), 1, problems)
                self.assertIn(problem, problems[0])
                (self.root / path).write_text(self.TREE[path], encoding="utf-8")

    def test_a_table_that_is_not_current_is_found(self):
        self.assertIn("is not current", run(self.root, checking=True)[1][0])


def main():
    if sys.argv[1:] == ["--self-test"]:
        unittest.main(argv=sys.argv[:1])
    checking = sys.argv[2:] == ["--check"]
    if len(sys.argv) != 2 and not checking:
        sys.exit(__doc__)
    text, problems = run(pathlib.Path(sys.argv[1]), checking)
    count = text.count("\n| `asl_")
    print("\n".join(problems + [f"{count} functions, {len(problems)} problems"]))
    sys.exit(1 if problems or count == 0 else 0)


if __name__ == "__main__":
    main()
