# SPDX-License-Identifier: MIT
"""Holds the comments of the public headers to what a reference has to say.

    ASL_DOXYFILE=FILE test_reference.py

Doxygen reads the headers without a warning, and its XML shows for every function what it does, each
parameter, what it returns and when, and since when it exists; and every type, field, constant and
macro with its meaning. Exit code 77 means skipped.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ElementTree

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "abi"))
import public_headers  # noqa: E402

Element = ElementTree.Element

# Whose meaning asl/base.h tells once for all calls.
CONVENTIONAL = {"out", "err"}
LIFETIME = re.compile(r"[Ss]tatic|[Vv]alid|\blives?\b|released")


def doxygen(folder: pathlib.Path, *settings: str) -> str:
    """Run it into a folder; returns what it had to say."""
    configuration = pathlib.Path(os.environ["ASL_DOXYFILE"]).read_text(encoding="utf-8")
    lines = [configuration, f'OUTPUT_DIRECTORY = "{folder}"', "GENERATE_XML = YES", *settings]
    result = subprocess.run(["doxygen", "-"], input="\n".join(lines), text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return result.stdout.strip() or ("" if result.returncode == 0 else "doxygen failed")


def text(element: Element | None) -> str:
    """All its words, with single spaces."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


class Reference:
    """What Doxygen understood."""

    def __init__(self, folder: pathlib.Path, headers: pathlib.Path) -> None:
        self.returned = public_headers.returned(public_headers.documented(headers))
        self.members: dict[str, list[Element]] = {}
        self.compounds: dict[str, Element] = {}
        for path in sorted((folder / "xml").glob("*.xml")):
            for compound in ElementTree.parse(path).getroot().iter("compounddef"):
                self.compounds[text(compound.find("compoundname"))] = compound
                for member in compound.iter("memberdef"):
                    self.members.setdefault(member.get("kind", ""), []).append(member)
        self.functions = {text(f.find("name")): f for f in self.members.get("function", [])}
        self.types = {text(t.find("name")): t for t in self.members.get("typedef", [])}
        self.structs = {name: compound for name, compound in self.compounds.items()
                        if compound.get("kind") == "struct"}
        self.constants = {text(value.find("name"))
                          for enum in self.members.get("enum", [])
                          for value in enum.iter("enumvalue")}

    def has_thread_rule(self, function: Element) -> bool:
        """In its own comment, or in that of a handle; without a handle it is any thread."""
        handles = [text(self.types[name].find("detaileddescription"))
                   + text(self.types[name].find("briefdescription"))
                   for name in self.handles(function)]
        told = description(function)
        return not handles or "thread" in told or all("thread" in handle for handle in handles)

    def handles(self, function: Element) -> set[str]:
        """Types of its parameters that are handles: opaque structs."""
        words = {word for p in function.iter("param") for word in text(p.find("type")).split()}
        return {word for word in words if word in self.types and word not in self.structs
                and text(self.types[word].find("type")).startswith("struct ")}


def description(member: Element) -> str:
    """Brief and details."""
    return f"{text(member.find('briefdescription'))} {text(member.find('detaileddescription'))}"


def section(member: Element, kind: str) -> str:
    """The text after @return or @since."""
    return " ".join(text(s) for s in member.iter("simplesect") if s.get("kind") == kind)


def parameter_problems(function: Element) -> list[str]:
    """Parameters that neither have a line of their own, nor are named, nor are what the call is
    about (`asl_model *model`)."""
    told = {text(name) for name in function.iter("parametername")}
    told |= {text(word) for word in function.iter("computeroutput")}
    problems = []
    for parameter in function.iter("param"):
        name, kind = text(parameter.find("declname")), text(parameter.find("type"))
        about = re.sub(r"\bconst\b|[ *]", "", kind) in (f"asl_{name}", "void") and "*" in kind
        options = re.search(r"asl_\w*options \*$", kind) is not None and name == "options"
        if kind == "void" and not name:
            continue
        if not (name in told or name in CONVENTIONAL or about or options):
            problems.append(f"nothing is said about '{name}'")
    return problems


def status_problems(reference: Reference, name: str, function: Element) -> list[str]:
    """What @return lacks."""
    found = reference.returned[name]
    types = [text(p.find("type")) for p in function.iter("param")]
    names = [text(p.find("declname")) for p in function.iter("param")]
    wanted = {"ASL_OK", "ASL_ERR_ARG"}
    if any(re.search(r"const asl_\w*(options|hints|allocator) \*$", kind) for kind in types):
        wanted.add("ASL_ERR_TOO_NEW")
    if any(kind.endswith("**") and kind.startswith(("asl_", "void")) for kind in types):
        wanted.add("ASL_ERR_NOMEM")
    if "path" in names:
        wanted |= {"ASL_ERR_IO", "ASL_ERR_NOT_FOUND", "ASL_ERR_PATH"}
    problems = [f"@return does not name {status}" for status in sorted(wanted - found)]
    return problems + [f"@return names {status}, which does not exist"
                       for status in sorted(found - reference.constants)]


def function_problems(reference: Reference, name: str) -> list[str]:
    """What the comment of a function leaves open."""
    function = reference.functions[name]
    told, kind = description(function), text(function.find("type"))
    problems = parameter_problems(function)
    if not text(function.find("briefdescription")):
        problems.append("no sentence says what it does")
    if not re.fullmatch(r"\d+\.\d+", section(function, "since")):
        problems.append("@since is missing")
    if kind == "asl_status":
        problems += status_problems(reference, name, function)
    if kind.endswith("*"):
        problems += [] if LIFETIME.search(told) else ["how long the result is valid is not said"]
        problems += [] if re.search("NULL|Static", told) else ["whether it gives NULL is not said"]
    if name.endswith("_free") and "NULL is allowed" not in told:
        problems.append("NULL is not allowed")
    if not reference.has_thread_rule(function):
        problems.append("which thread may call it is not said")
    return [f"{name}: {problem}" for problem in problems]


def undocumented(reference: Reference) -> list[str]:
    """Types, fields, constants and macros without a meaning."""
    problems = [f"struct {name}: nothing is said about it"
                for name, compound in reference.structs.items()
                if not text(compound.find("briefdescription"))]
    for name, compound in reference.structs.items():
        problems += [f"{name}.{text(field.find('name'))}: nothing is said about it"
                     for field in compound.iter("memberdef") if not description(field).strip()]
    for kind in ("typedef", "enum", "define"):
        problems += [f"{kind} {text(member.find('name'))}: nothing is said about it"
                     for member in reference.members.get(kind, []) if not description(member).strip()]
    for enum in reference.members.get("enum", []):
        problems += [f"{text(value.find('name'))}: nothing is said about it"
                     for value in enum.iter("enumvalue") if not description(value).strip()]
    return problems


def missing(reference: Reference, headers: pathlib.Path) -> list[str]:
    """What the headers declare and the reference lacks."""
    declared = public_headers.read(headers)
    whole = "\n".join(path.read_text(encoding="utf-8") for path in headers.glob("asl/*.h"))
    fields = {f"{name}.{text(field.find('name'))}"
              for name, compound in reference.structs.items()
              for field in compound.iter("memberdef")}
    wanted = {f"{name}.{field}" for name, listed in public_headers.structs(declared).items()
              for field in listed}
    macros = set(re.findall(r"^#define (ASL_[A-Z]\w*)(?<!_H)\b", whole, re.M))
    known = {text(macro.find("name")) for macro in reference.members.get("define", [])}
    lacking = public_headers.functions(declared) - reference.functions.keys()
    lacking |= (wanted - fields) | (macros - known - {"ASL_STATUS_TABLE"})
    return [f"{name}: not in the reference" for name in sorted(lacking)]


def dangling(headers: pathlib.Path) -> list[str]:
    """Calls and pages that comments name and that do not exist."""
    names = public_headers.functions(public_headers.read(headers))
    problems = []
    for path in sorted(headers.glob("asl/*.h")):
        header = path.read_text(encoding="utf-8")
        problems += [f"{path.name}: names {call}(), which does not exist"
                     for call in sorted(set(re.findall(r"\b(asl_\w+)\(\)", header)) - names)]
        problems += [f"{path.name}: names {page}, which does not exist"
                     for page in sorted(set(re.findall(r"\bdocs/[\w/-]+\.md", header)))
                     if not (SOURCE / page).exists()]
    return problems


def check(folder: pathlib.Path, headers: pathlib.Path) -> list[str]:
    """All that is wrong."""
    reference = Reference(folder, headers)
    problems = [problem for name in reference.functions
                for problem in function_problems(reference, name)]
    return problems + undocumented(reference) + missing(reference, headers) + dangling(headers)


FAULTY = """
/** @file asl/faulty.h
 * Every comment here leaves something open. */
#define ASL_MACRO 1
/** Statuses. */
enum { ASL_OK = 0, /**< Fine. */ ASL_ERR_ARG = -1 };
/** Status. */
typedef int32_t asl_status;
/** A handle. */
typedef struct asl_thing asl_thing;
/** Options. */
typedef struct asl_thing_options {
    uint32_t struct_size;
} asl_thing_options;
/** Make it. @return ASL_OK; ASL_ERR_GONE; as asl_other(). @since 1.0 */
ASL_API asl_status asl_thing_create(asl_thing **out, const char *path, int32_t depth,
                                    const asl_thing_options *options, asl_error *err);
/** @return nothing. */
ASL_API void asl_thing_free(asl_thing *thing);
/** Its name. @since 1.0 */
ASL_API const char *asl_thing_name(const asl_thing *thing);
/** See docs/no-such-page.md. Any thread. @since 1.0 */
ASL_API int32_t asl_fine(void);
"""

EXPECTED = """
asl_thing_create: nothing is said about 'depth'
asl_thing_create: nothing is said about 'path'
asl_thing_create: @return does not name ASL_ERR_ARG
asl_thing_create: @return does not name ASL_ERR_IO
asl_thing_create: @return does not name ASL_ERR_NOMEM
asl_thing_create: @return does not name ASL_ERR_NOT_FOUND
asl_thing_create: @return does not name ASL_ERR_PATH
asl_thing_create: @return does not name ASL_ERR_TOO_NEW
asl_thing_create: @return names ASL_ERR_GONE, which does not exist
asl_thing_create: which thread may call it is not said
asl_thing_free: no sentence says what it does
asl_thing_free: @since is missing
asl_thing_free: NULL is not allowed
asl_thing_free: which thread may call it is not said
asl_thing_name: how long the result is valid is not said
asl_thing_name: whether it gives NULL is not said
asl_thing_name: which thread may call it is not said
asl_thing_options.struct_size: nothing is said about it
ASL_ERR_ARG: nothing is said about it
a.h: names asl_other(), which does not exist
a.h: names docs/no-such-page.md, which does not exist
define ASL_MACRO: nothing is said about it
"""


class ReferenceTest(unittest.TestCase):
    """Doxygen over the headers, and over one that is full of faults."""

    maxDiff = None

    def setUp(self) -> None:
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="asl-reference-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def test_the_reference_is_complete(self) -> None:
        self.assertEqual(doxygen(self.folder), "")
        self.assertTrue((self.folder / "index.html").exists())
        self.assertEqual(check(self.folder, SOURCE / "include"), [])

    def test_what_is_missing_is_found(self) -> None:
        headers = self.folder / "include"
        (headers / "asl").mkdir(parents=True)
        (headers / "asl" / "a.h").write_text(FAULTY.replace("faulty.h", "a.h"), encoding="utf-8")
        said = doxygen(self.folder, f'INPUT = "{headers / "asl"}"', "USE_MDFILE_AS_MAINPAGE =",
                       "GENERATE_HTML = NO", "WARN_AS_ERROR = NO")
        for name in ("struct_size", "ASL_MACRO", "ASL_ERR_GONE"):  # what Doxygen itself finds
            self.assertIn(name, said)
        self.assertEqual(sorted(check(self.folder, headers)), sorted(EXPECTED.split("\n")[1:-1]))


if __name__ == "__main__":
    if not shutil.which("doxygen"):
        print("skipped: there is no doxygen (Debian: doxygen)")
        sys.exit(77)
    unittest.main()
