# SPDX-License-Identifier: MIT
"""One class of exceptions for each status of the library, all of them libasl.Error."""

from __future__ import annotations

import ctypes
from typing import Any

from libasl._native import lib
from libasl._structs import asl_error


class Error(Exception):
    """Something that the library refused or could not do.

    code is the status in C, such as -21; name what C calls it, such as "ASL_ERR_IO"; offset the
    byte, row or item that it is about, if any, and errno that of the failed system call, or 0."""

    code = 0
    name = "ASL_UNKNOWN"
    offset: int | None
    errno: int

    def __init__(self, message: str = "", *, offset: int | None = None, errno: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.errno = errno

    def __str__(self) -> str:
        return self.message


class StoppedError(Error):
    """A callback asked to stop, and there is no result."""

    code, name = 1, "ASL_STOPPED"


class ArgumentError(Error, ValueError):
    """A value that cannot be."""

    code, name = -1, "ASL_ERR_ARG"


class StateError(Error, RuntimeError):
    """The call is not allowed now."""

    code, name = -2, "ASL_ERR_STATE"


class ClosedError(StateError, ValueError):
    """The object was closed before."""


class BusyError(Error, RuntimeError):
    """Another thread, a call further up or another process is using it."""

    code, name = -3, "ASL_ERR_BUSY"


class TooNewError(Error, RuntimeError):
    """The package is newer than the library."""

    code, name = -4, "ASL_ERR_TOO_NEW"


class NoMemoryError(Error, MemoryError):
    """There is no memory."""

    code, name = -20, "ASL_ERR_NOMEM"


class InputOutputError(Error, OSError):
    """Reading or writing failed."""

    code, name = -21, "ASL_ERR_IO"


class SystemCallError(Error, OSError):
    """The operating system refused."""

    code, name = -22, "ASL_ERR_SYSTEM"


class PathError(Error, OSError):
    """The path leads to something that cannot be used so."""

    code, name = -23, "ASL_ERR_PATH"


class LimitError(Error):
    """Larger than a limit allows."""

    code, name = -24, "ASL_ERR_LIMIT"


class NotFoundError(Error, FileNotFoundError):
    """There is no such file or folder."""

    code, name = -25, "ASL_ERR_NOT_FOUND"


class ExistsError(Error, FileExistsError):
    """It is there already."""

    code, name = -26, "ASL_ERR_EXISTS"


class TruncatedError(Error, EOFError):
    """The data end too early."""

    code, name = -40, "ASL_ERR_TRUNCATED"


class ChecksumError(Error):
    """The data are damaged."""

    code, name = -41, "ASL_ERR_CHECKSUM"


class ImageError(Error):
    """A damaged picture."""

    code, name = -42, "ASL_ERR_IMAGE"


class UnsupportedError(Error):
    """A kind of data, or a request, that is not supported."""

    code, name = -43, "ASL_ERR_UNSUPPORTED"


class CsvError(Error):
    """A malformed CSV file; offset is the row."""

    code, name = -44, "ASL_ERR_CSV"


class DatasetError(Error):
    """A data set that is of no use."""

    code, name = -45, "ASL_ERR_DATASET"


class DatasetChangedError(Error):
    """The data are not those of the checkpoint."""

    code, name = -46, "ASL_ERR_DATASET_CHANGED"


class PackError(Error):
    """A damaged packed data set."""

    code, name = -47, "ASL_ERR_PACK"


class ModelError(Error):
    """A damaged model file."""

    code, name = -60, "ASL_ERR_MODEL"


class ModelTooNewError(Error):
    """A model file from a newer version."""

    code, name = -61, "ASL_ERR_MODEL_TOO_NEW"


class ArchitectureError(Error):
    """Layers that do not fit together."""

    code, name = -62, "ASL_ERR_ARCHITECTURE"


class LabelsError(Error):
    """Classes that do not match."""

    code, name = -63, "ASL_ERR_LABELS"


class BackendError(Error):
    """A backend that is not available."""

    code, name = -80, "ASL_ERR_BACKEND"


class DeviceLostError(Error):
    """The device that computes is gone."""

    code, name = -81, "ASL_ERR_DEVICE_LOST"


class DivergedError(Error, ArithmeticError):
    """Loss or weights stopped being finite."""

    code, name = -82, "ASL_ERR_DIVERGED"


class InternalError(Error, RuntimeError):
    """A defect of the library."""

    code, name = -99, "ASL_ERR_INTERNAL"


class TrainingWarning(UserWarning):
    """Something went wrong without ending the training, such as a checkpoint not written."""


CLASSES: dict[int, type[Error]] = {
    found.code: found
    for found in list(globals().values())
    if isinstance(found, type)
    and issubclass(found, Error)
    and found not in (Error, ClosedError)
}


def from_status(status: int, error: asl_error) -> Error:
    """The exception for a status and what the library says of it."""
    found = CLASSES.get(status, Error)
    message = error.message.decode("utf-8", "replace")
    if not message:
        message = lib.asl_status_text(status).decode()
    result = found(
        message,
        offset=error.offset if error.offset >= 0 else None,
        errno=error.sys_errno,
    )
    if found is Error:  # a later version's
        result.code = status
        result.name = lib.asl_status_name(status).decode()
    return result


def call(function: Any, *arguments: Any) -> int:
    """Call a function that takes an asl_error last. Raises when it fails; otherwise returns its
    status, which may say more than success."""
    error = asl_error()
    status: int = function(*arguments, ctypes.byref(error))
    if status < 0:
        raise from_status(status, error)
    return status
