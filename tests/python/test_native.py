# SPDX-License-Identifier: MIT
"""The declarations for ctypes against the version script, the headers, and a C compiler."""

from __future__ import annotations

import ctypes
import inspect
import os
import pathlib
import re
import subprocess
import sys
from typing import Any

import libasl
import pytest
from conftest import SOURCE
from libasl import _native, _structs

sys.path.insert(0, str(SOURCE / "tests" / "abi"))

import public_headers  # noqa: E402

HEADERS = public_headers.read(SOURCE / "include")
# Python's names of the constants in C, by their common beginning there.
CHOICES = {
    "ASL_FORMAT_": libasl.Format,
    "ASL_ENCODING_": libasl.Encoding,
    "ASL_SPLIT_": libasl.SplitKind,
    "ASL_WEIGHTS_": libasl.Weights,
    "ASL_BUILTIN_": libasl.Builtin,
    "ASL_MIRROR_": libasl.Mirror,
    "ASL_OPTIMIZER_": libasl.Optimizer,
    "ASL_SCHEDULE_": libasl.Schedule,
}
SPELLER = (libasl.SpellerMethod, libasl.SpellerProfile, libasl.EventKind)


def bound_structs() -> dict[str, Any]:
    return {
        name: value
        for name, value in vars(_structs).items()
        if name.startswith("asl_") and inspect.isclass(value)
    }


def test_every_exported_function_is_bound() -> None:
    text = (SOURCE / "lib" / "asl.map").read_text()
    exported = set(re.findall(r"^\s+(asl_\w+);", text, re.M))
    assert exported and exported == set(_native.FUNCTIONS)
    assert exported == public_headers.functions(HEADERS)


def parameters(name: str) -> tuple[str, list[str]]:
    """What a function in the headers returns, and its parameters."""
    found = re.search(rf"ASL_API\s+([^;]*?)\b{name}\s*\(([^;]*)\)\s*;", HEADERS)
    assert found, name
    given = [re.sub(r"\s+", " ", part).strip() for part in found[2].split(",")]
    return found[1].strip(), [] if given == ["void"] else given


def kind_of(declaration: str) -> str:
    """A C type, roughly: "pointer" or the name of the value."""
    if "*" in declaration:
        return "pointer"
    return declaration.replace("const ", "").split()[0]


KINDS = {
    "void": (None,),
    "pointer": (),
    "asl_status": (ctypes.c_int32,),
    "int32_t": (ctypes.c_int32,),
    "int64_t": (ctypes.c_int64,),
    "uint64_t": (ctypes.c_uint64,),
    "size_t": (ctypes.c_size_t,),
    "float": (ctypes.c_float,),
    "double": (ctypes.c_double,),
    "asl_image_view": (_structs.asl_image_view,),
}


def fits(declaration: str, kind: Any) -> bool:
    wanted = kind_of(declaration)
    if wanted != "pointer":
        return kind in KINDS[wanted]
    if kind in (ctypes.c_void_p, ctypes.c_char_p):
        return kind is not ctypes.c_char_p or "char" in declaration
    target = getattr(kind, "_type_", None)
    if inspect.isclass(target) and issubclass(target, ctypes.Structure):
        return target.__name__ in declaration  # a pointer to the very struct
    return target is not None


def test_every_function_is_declared_as_in_the_headers() -> None:
    for name, (result, arguments) in _native.FUNCTIONS.items():
        returns, given = parameters(name)
        assert fits(returns, result), (name, returns, result)
        assert len(given) == len(arguments), name
        for declaration, kind in zip(given, arguments):
            assert fits(declaration, kind), (name, declaration, kind)


def test_the_library_gets_these_declarations() -> None:
    for name, (result, arguments) in _native.FUNCTIONS.items():
        function = getattr(_native.lib, name)
        assert function.restype is result
        assert tuple(function.argtypes) == arguments
    with pytest.raises(AttributeError):
        _native.lib.asl_nonsense()


def probe(lines: list[str], tmp_path: pathlib.Path) -> list[str]:
    """What a C program with these lines in main() prints."""
    source, program = tmp_path / "probe.c", tmp_path / "probe"
    body = "\n".join(lines)
    source.write_text(
        "#include <asl/asl.h>\n#include <stdio.h>\n"
        f"int main(void) {{\n{body}\nreturn 0;\n}}\n"
    )
    env = {key: value for key, value in os.environ.items() if key != "LD_PRELOAD"}
    compiler = os.environ.get("CC", "cc")
    command = [compiler, "-std=c11", f"-I{SOURCE}/include", "-o", str(program), str(source)]
    subprocess.run(command, check=True, env=env)
    done = subprocess.run([program], check=True, env=env, capture_output=True, text=True)
    return done.stdout.split()


def test_structs_are_laid_out_as_in_c(tmp_path: pathlib.Path) -> None:
    declared, bound = public_headers.structs(HEADERS), bound_structs()
    assert set(declared) == set(bound)
    lines, expected = [], []
    for name, fields in declared.items():
        assert [field[0] for field in bound[name]._fields_] == fields, name
        lines.append(f'printf("%zu\\n", sizeof({name}));')
        expected.append(str(ctypes.sizeof(bound[name])))
        for field in fields:
            found = getattr(bound[name], field)
            member = f"(({name} *)0)->{field}"
            lines.append(f'printf("%zu:%zu\\n", offsetof({name}, {field}), sizeof({member}));')
            expected.append(f"{found.offset}:{found.size}")
    assert probe(lines, tmp_path) == expected


def test_fields_are_of_the_same_kind() -> None:
    plain = {
        "uint32_t": ctypes.c_uint32,
        "int32_t": ctypes.c_int32,
        "int64_t": ctypes.c_int64,
        "uint64_t": ctypes.c_uint64,
        "double": ctypes.c_double,
    }
    bodies = dict(re.findall(r"typedef\s+struct\s+(\w+)\s*\{(.*?)\}\s*\w+\s*;", HEADERS, re.S))
    checked = 0
    for name, struct in bound_structs().items():
        for member in bodies[name].split(";"):
            words = member.split(None, 1)
            if words and words[0] in plain:
                for field in public_headers.fields(member):
                    assert dict(struct._fields_)[field] is plain[words[0]], (name, field)
                    checked += 1
    assert checked > 100


def test_constants_have_the_values_of_c(tmp_path: pathlib.Path) -> None:
    lines, expected = [], []
    for prefix, kind in CHOICES.items():
        names = set(re.findall(rf"\b{prefix}(\w+)\s*=", HEADERS))
        assert names == set(kind.__members__), prefix
        for member in kind:
            lines.append(f'printf("%d\\n", {prefix}{member.name});')
            expected.append(str(int(member)))
    names = set(re.findall(r"\bASL_SPELLER_(\w+)\s*=", HEADERS))
    assert names == {name for kind in SPELLER for name in kind.__members__}
    for kind in SPELLER:
        for member in kind:
            lines.append(f'printf("%d\\n", ASL_SPELLER_{member.name});')
            expected.append(str(int(member)))
    assert probe(lines, tmp_path) == expected


def test_the_allocator_can_be_set_from_c_only_while_nothing_is_in_use(
    model: libasl.Model,
) -> None:
    error = _structs.asl_error()
    assert model.labels
    status = _native.lib.asl_set_allocator(None, error)
    assert status == libasl.StateError.code
    assert b"memory" in error.message or b"use" in error.message
