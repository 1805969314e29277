# SPDX-License-Identifier: MIT
"""One class of exceptions for each status."""

from __future__ import annotations

import pathlib
import pickle
import re

import libasl
import pytest
from conftest import SOURCE
from libasl import _errors, _native, _structs

TABLE = {
    int(code): (name, text)
    for name, code, text in re.findall(
        r"X\((\w+), (-?\d+), \"([^\"]+)\"\)", (SOURCE / "include/asl/base.h").read_text()
    )
}


def test_every_status_but_success_and_partial_has_a_class() -> None:
    assert len(TABLE) >= 30
    assert set(TABLE) - {0, 2} == set(_errors.CLASSES)


@pytest.mark.parametrize("code", sorted(_errors.CLASSES))
def test_classes_say_what_the_library_says(code: int) -> None:
    kind = _errors.CLASSES[code]
    native = _structs.asl_error()
    native.offset = -1
    error = _errors.from_status(code, native)
    assert type(error) is kind and issubclass(kind, libasl.Error)
    assert getattr(libasl, kind.__name__) is kind and kind.__name__ in libasl.__all__
    assert (error.code, error.name) == (code, f"ASL_{TABLE[code][0]}")
    assert error.name == _native.lib.asl_status_name(code).decode()
    assert str(error) == error.message == TABLE[code][1]
    assert error.offset is None and error.errno == 0
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and vars(again) == vars(error)


def test_natural_bases() -> None:
    for kind, base in (
        (libasl.ArgumentError, ValueError),
        (libasl.ClosedError, ValueError),
        (libasl.NoMemoryError, MemoryError),
        (libasl.NotFoundError, FileNotFoundError),
        (libasl.ExistsError, FileExistsError),
        (libasl.InputOutputError, OSError),
        (libasl.TruncatedError, EOFError),
        (libasl.LibraryError, ImportError),
    ):
        assert issubclass(kind, base)


def test_a_status_of_a_later_version() -> None:
    native = _structs.asl_error()
    native.message = "new trouble".encode()
    error = _errors.from_status(-77, native)
    assert type(error) is libasl.Error
    assert (error.code, error.name, str(error)) == (-77, "ASL_UNKNOWN", "new trouble")


def test_errno_and_offset_come_along(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        libasl.Model(tmp_path / "none")
    assert isinstance(missing.value, libasl.NotFoundError)
    assert missing.value.errno == 2 and "none" in str(missing.value)
    (tmp_path / "data.csv").write_text('image_path,target\na.png,A\nb.png,"B\n')
    with pytest.raises(libasl.CsvError) as csv:
        libasl.Dataset(tmp_path)
    assert csv.value.offset == 3
