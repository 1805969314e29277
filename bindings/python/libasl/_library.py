# SPDX-License-Identifier: MIT
"""Find and open libasl.so.1, and make sure that it is what its name says.

Other libraries are called libasl too, so it is opened by its exact SONAME and asked who it is. The
first place that has something decides: a library that cannot be used is an error, and never a
reason to look for another one.
"""

import ctypes
import os
import struct

SONAME = "libasl.so.1"
VARIABLE = "LIBASL_LIBRARY"
IDENTITY = "libasl: American Sign Language fingerspelling"
NEEDED = (1, 0)  # major as it is, and at least this minor: it has every function bound here

RTLD_DI_LINKMAP = 2  # of dlinfo()


class LibraryError(ImportError):
    """libasl.so.1 is missing or damaged, or what carries its name is something else."""

    def __init__(self, message: str, path: str | None = None) -> None:
        super().__init__(message, name="libasl", path=path)


class LinkMap(ctypes.Structure):
    """The beginning of struct link_map in <link.h>."""

    _fields_ = [("address", ctypes.c_void_p), ("name", ctypes.c_char_p)]


def load() -> ctypes.CDLL:
    """The library: from the package's own folder, else from the path in the environment variable
    LIBASL_LIBRARY, else by SONAME from where the system's loader looks.

    Raises LibraryError, which says what was tried and what was found."""
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), SONAME)
    named = os.environ.get(VARIABLE)
    tried = [f"'{own}' of the package"]
    if os.path.lexists(own):
        return checked(opened(own, tried))
    tried[0] += ": no such file"
    tried.append(f"{VARIABLE}='{named}'" if named else f"{VARIABLE}: not set")
    if named:
        return checked(opened(os.path.abspath(named), tried))
    tried.append(f"'{SONAME}' by the system's loader")
    return checked(opened(SONAME, tried))


def opened(path: str, tried: list[str]) -> ctypes.CDLL:
    """What dlopen() makes of a path; the last of what was tried is about this one."""
    try:
        if path != SONAME and is_cut_short(path):
            raise OSError("the file ends too early")
        return ctypes.CDLL(path)
    except OSError as error:
        raise LibraryError(
            f"cannot open {SONAME} ({IDENTITY}); tried {'; '.join(tried)}: {error}. Install it "
            f"(Debian: libasl1) or a wheel that contains it, or set {VARIABLE} to its path; "
            "libasl0 of Debian does not serve, it is the unrelated Advanced Simulation Library",
            path,
        ) from None


def is_cut_short(path: str) -> bool:
    """Whether a 64-bit ELF file ends before its table of sections does, which stands last.

    dlopen() maps such a file, and the process ends with a signal at the first missing byte."""
    with open(path, "rb") as file:
        head = file.read(64)
        size = file.seek(0, os.SEEK_END)
    if len(head) < 64 or not head.startswith(b"\x7fELF\x02"):
        return False  # dlopen() itself says what is wrong
    (table,) = struct.unpack_from("=Q", head, 0x28)
    entry, count = struct.unpack_from("=HH", head, 0x3A)
    return bool(table + entry * count > size)


def checked(library: ctypes.CDLL) -> ctypes.CDLL:
    """The same library, once it has said who it is and that it is new enough."""
    path = file_of(library)
    identity = answer(library, "asl_identity")
    if identity != IDENTITY:
        found = "has no asl_identity()" if identity is None else f"says it is '{identity}'"
        raise LibraryError(
            f"'{path}' is not {SONAME} of '{IDENTITY}' but another library of that name: it "
            f"{found}; Debian's libasl0 is one, the unrelated Advanced Simulation Library. "
            f"Set {VARIABLE} to the path of the right one",
            path,
        )
    version = answer(library, "asl_version")
    if not serves(version):
        major, minor = NEEDED
        raise LibraryError(
            f"'{path}' is libasl {version or 'without asl_version()'}, and this package needs "
            f"{major}.{minor} or a later {major}.x; install the libasl that belongs to it, or set "
            f"{VARIABLE} to its path",
            path,
        )
    return library


def serves(version: str | None) -> bool:
    """Whether a version "MAJOR.MINOR.PATCH" has what this package calls."""
    parts = (version or "").split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return False
    return int(parts[0]) == NEEDED[0] and int(parts[1]) >= NEEDED[1]


def answer(library: ctypes.CDLL, name: str) -> str | None:
    """What a function without arguments says of the library; None when there is no such function
    or it says nothing."""
    try:
        function = library[name]  # not cached, unlike an attribute
    except AttributeError:
        return None
    function.argtypes = ()
    function.restype = ctypes.c_char_p
    text: bytes | None = function()
    return None if text is None else text.decode("utf-8", "replace")


def file_of(library: ctypes.CDLL) -> str:
    """The path that was opened; after a search by SONAME only the loader knows it."""
    entry = ctypes.POINTER(LinkMap)()
    try:
        dlinfo = ctypes.CDLL(None)["dlinfo"]
    except AttributeError:
        return library._name
    dlinfo.argtypes = (ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
    if dlinfo(library._handle, RTLD_DI_LINKMAP, ctypes.byref(entry)) != 0:
        return library._name
    return os.fsdecode(entry.contents.name or b"") or library._name
