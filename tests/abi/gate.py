# SPDX-License-Identifier: MIT
"""The ABI gate: the library as it is built now against what was released.

    gate.py check LIBRARY HEADERS ABI-FOLDER   against each ABI-FOLDER/<version>/libasl.abi
    gate.py dump LIBRARY HEADERS OUT.abi       writes such a file

LIBRARY must have debug information. What abidiff reports is a failure, unless it is an addition
that ABI-FOLDER/<version>/additions.abignore names: see docs/abi.md. Exits with 77 without the
tools of libabigail (Debian: abigail-tools).
"""

import configparser
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import public_headers

HERE = pathlib.Path(__file__).resolve().parent
OPAQUE = HERE / "opaque.abignore"
# Neither paths nor lines, so that the file is the same wherever it is made. Never --headers-dir2
# for abidiff: against a file it hides changes of structs.
DUMP = ("--no-show-locs", "--no-comp-dir-path", "--no-corpus-path", "--no-elf-needed",
        "--type-id-style", "hash", "--exported-interfaces-only", "--suppressions", OPAQUE)
# Not before the first line, by which abidiff knows the kind of file.
LICENCE = "  <!-- SPDX-License-Identifier: MIT -->\n"
# What an entry of additions.abignore may say; anything else could hide a break.
ADDITIONS = {
    "suppress_function": {"change_kind": "added-function"},
    "suppress_type": {"type_kind": "struct", "has_data_member_inserted_at": "end",
                      "has_size_change": "yes"},
}


class GateError(Exception):
    """The comparison itself cannot be trusted."""


def run(*command, allowed=(0,)):
    done = subprocess.run([str(part) for part in command], text=True, capture_output=True,
                          check=False)
    if done.returncode not in allowed:
        raise GateError(f"{' '.join(str(part) for part in command)}: status {done.returncode}\n"
                        f"{done.stdout}{done.stderr}")
    return done


def exports(library):
    lines = run("nm", "-D", "--defined-only", library).stdout.splitlines()
    return {line.split()[-1].partition("@")[0] for line in lines if line.split()[-2] != "A"}


def typed_functions(text):
    """{name: number of its parameters} of the exported functions whose types a dump knows."""
    found = re.findall(r"<function-decl name='(\w+)'[^>]* elf-symbol-id='[^']*'>"
                       r"(.*?)</function-decl>", text, re.S)
    return {name: body.count("<parameter ") for name, body in found}


def parameter_count(declaration):
    """Of a function as it stands in a header."""
    inside = declaration.partition("(")[2].rpartition(")")[0]
    while "(" in inside:  # those of parameters that are functions
        inside = re.sub(r"\([^()]*\)", "", inside)
    return 0 if inside == "void" else inside.count(",") + 1


def dump(library, headers, out):
    """Writes the interface of a library. abidw and abidiff are content without debug information,
    and then see no types, or only those of some parameters: so all that the headers declare must
    be there."""
    if ".debug_info" not in run("readelf", "-SW", library).stdout:
        raise GateError(f"{library}: no debug information: every change of a type would pass")
    run("abidw", *DUMP, "--out-file", out, library)
    text = pathlib.Path(out).read_text(encoding="utf-8")
    typed = typed_functions(text)
    blind = exports(library) - typed.keys()
    if blind:
        raise GateError(f"{library}: no types are known of {', '.join(sorted(blind))}: compile "
                        "all of it with -g")
    for name, parts in public_headers.declarations(headers).items():
        if name in typed and typed[name] != parameter_count(parts[0]):
            raise GateError(f"{library}: abidw sees {typed[name]} parameters in {name}(), not "
                            f"{parameter_count(parts[0])}: see {OPAQUE.name}")
    declared = public_headers.read(headers)
    for name in public_headers.structs(declared):
        if struct_size(text, name) is None:
            raise GateError(f"{library}: abidw does not see into {name}: see {OPAQUE.name}")
    for name in public_headers.handles(declared):
        if struct_size(text, name) is not None:
            raise GateError(f"{library}: abidw sees into {name}, which is private: compile the "
                            "library with gcc")
    if re.search(r"='/", text):
        raise GateError(f"{out}: holds a path of the machine that made it")
    first, _, rest = text.partition("\n")
    pathlib.Path(out).write_text(f"{first}\n{LICENCE}{rest}", encoding="utf-8")


def struct_size(text, name):
    """Bits of a struct in a dump, or None."""
    found = re.search(rf"<class-decl name='{name}' size-in-bits='(\d+)'", text)
    return int(found.group(1)) if found else None


def entries(path):
    """[(kind, {key: value})] of an additions.abignore."""
    sections = []
    for block in re.split(r"^(?=\[)", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        parser = configparser.ConfigParser(interpolation=None)
        parser.read_string(block)
        kind = parser.sections()[0]
        sections.append((kind, dict(parser[kind])))
    return sections


def check_additions(path, baseline, current, structs):
    """Problems of the list of additions: too much power, or nothing to do."""
    problems = []
    before, now = (file.read_text(encoding="utf-8") for file in (baseline, current))
    for kind, keys in entries(path):
        name = keys.pop("name", "")
        keys.pop("label", None)
        if keys != ADDITIONS.get(kind) or not re.fullmatch(r"asl_\w+", name):
            problems.append(f"{path}: [{kind}] {name}: an entry has a name and "
                            f"{ADDITIONS.get(kind, 'is for a function or a type')}, no more")
        elif kind == "suppress_function":
            if name in typed_functions(before) or name not in typed_functions(now):
                problems.append(f"{path}: {name}: is no function added since")
        elif structs.get(name, [""])[0] != "struct_size":
            problems.append(f"{path}: {name}: does not begin with struct_size, so it is frozen")
        elif struct_size(before, name) == struct_size(now, name):
            problems.append(f"{path}: {name}: has not grown")
    return problems


def compare(baseline, current, additions):
    """abidiff's report, "" when nothing changed. Its status is made of bits: 1 and 2 mean that it
    could not work, 4 a change, 8 one that cannot be compatible."""
    done = run("abidiff", "--no-show-locs", "--suppressions", additions, baseline, current,
               allowed=(0, 4, 8, 12))
    return "" if done.returncode == 0 else done.stdout + done.stderr or "abidiff says nothing"


def check_declarations(before, now, grown):
    """Every declaration of the old headers is in the new ones, word for word; only the structs in
    `grown` may have more members at their end. abidiff needs help here: it does not see constants,
    lets names and const pass, and with leave to grow a struct may change in every way."""
    problems = []
    for name, parts in public_headers.declarations(before).items():
        there = public_headers.declarations(now).get(name)
        kept = there[:len(parts)] if there and name in grown else there
        if kept != parts:
            problems.append(f"{name}: was '{'; '.join(parts)}' and is "
                            + (f"'{'; '.join(there)}'" if there else "gone"))
    return problems


def check(library, headers, folder):
    """(versions compared with, problems)"""
    structs = public_headers.structs(public_headers.read(headers))
    problems = []
    baselines = sorted(pathlib.Path(folder).glob("*/libasl.abi"))
    with tempfile.TemporaryDirectory() as scratch:
        current = pathlib.Path(scratch) / "current.abi"
        dump(library, headers, current)
        for baseline in baselines:
            version = baseline.parent.name
            additions = baseline.parent / "additions.abignore"
            named = [(kind, keys.get("name", "")) for kind, keys in entries(additions)]
            grown = {name for kind, name in named if kind == "suppress_type"}
            found = check_declarations(baseline.parent / "include", headers, grown)
            found += filter(None, [compare(baseline, current, additions)])
            problems += check_additions(additions, baseline, current, structs)
            problems += [f"against {version}: {problem}" for problem in found]
            for kind, name in named:
                print(f"added since {version}: {kind} {name}")
    return [baseline.parent.name for baseline in baselines], problems


def tools_exist():
    missing = [tool for tool in ("abidw", "abidiff") if not shutil.which(tool)]
    if missing:
        print(f"SKIPPED: no {' and no '.join(missing)}; Debian has them in abigail-tools")
    return not missing


def main():
    arguments = sys.argv[1:]
    if len(arguments) != 4 or arguments[0] not in ("check", "dump"):
        sys.exit(__doc__)
    if not tools_exist():
        sys.exit(77)
    try:
        if arguments[0] == "dump":
            dump(*arguments[1:])
            return
        versions, problems = check(*arguments[1:])
    except GateError as error:
        sys.exit(f"gate.py: {error}")
    print("\n".join(problems + [f"compared with {', '.join(versions) or 'nothing'}: "
                                f"{len(problems)} problems"]))
    sys.exit(1 if problems or not versions else 0)


if __name__ == "__main__":
    main()
