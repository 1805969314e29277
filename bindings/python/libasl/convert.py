# SPDX-License-Identifier: MIT
"""Turn a published PyTorch checkpoint of the tutorial's network into a model file.

    python3 -m libasl.convert IN.pth OUT.safetensors

Needs nothing but Python. A .pth file is a pickle, and a pickle is a program: here it is read by an
interpreter of its own (see Pickle), which knows only what a state dict consists of and never calls
or imports anything that the file names.
"""

from __future__ import annotations

import argparse
import array
import io
import json
import math
import os
import pickletools
import shutil
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from libasl import __version__

EXIT_FAILED, EXIT_DATA = 1, 3

# Far above what the tutorial's network needs: its weights are 1.1 MB, and its pickle is 1 KB. Each
# byte of a pickle may become an object, and few bytes of an archive many.
MAX_FILE = 1 << 30
MAX_PICKLE = 1 << 18
MAX_ITEMS = 1 << 16
MAX_STORAGE = 64 << 20
MAX_MESSAGE = 300

# Formats of torch.save() before PyTorch 1.6, which wrote four pickles and the raw storages.
STREAM_MAGIC = 0x1950A86A20F9469CFC6C
STREAM_PROTOCOL = 1001

# The preset "seed" of lib/model/preset.c, and how its tensors are shaped.
ARCHITECTURE = (
    "conv2d 16 k5 bias; relu; max_pool 2; conv2d 32 k5 bias; relu; max_pool 2; "
    "conv2d 64 k3 bias; relu; max_pool 2; conv2d 128 k5 bias; relu; max_pool 2; "
    "global_pool avg; dense 256; relu; dense classes"
)
SHAPES: dict[str, tuple[int | None, ...]] = {
    "conv1.weight": (16, 3, 5, 5), "conv1.bias": (16,),
    "conv2.weight": (32, 16, 5, 5), "conv2.bias": (32,),
    "conv3.weight": (64, 32, 3, 3), "conv3.bias": (64,),
    "conv4.weight": (128, 64, 5, 5), "conv4.bias": (128,),
    "fc1.weight": (256, 128), "fc1.bias": (256,),
    "fc2.weight": (None, 256), "fc2.bias": (None,),
}  # fmt: skip
ALPHABET = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "del", "nothing", "space"]

# Element of each storage: its code in the array or struct module, and bytes.
STORAGES = {
    "FloatStorage": ("f", 4), "DoubleStorage": ("d", 8), "HalfStorage": ("e", 2),
    "BFloat16Storage": ("bfloat16", 2), "LongStorage": ("q", 8), "IntStorage": ("i", 4),
    "ShortStorage": ("h", 2), "CharStorage": ("b", 1), "ByteStorage": ("B", 1),
}  # fmt: skip


class DataError(Exception):
    """The input is damaged, hostile, or not what this tool converts.

    The message may repeat what the file says, but not all of it."""

    def __init__(self, message: str) -> None:
        super().__init__(message if len(message) <= MAX_MESSAGE else message[:MAX_MESSAGE] + "...")


class Global:
    """A name in the pickle that is allowed: it stands for itself and does nothing."""

    def __init__(self, name: str) -> None:
        self.name = name


class Storage:
    """A reference to a block of numbers elsewhere in the file."""

    def __init__(self, kind: str, key: str, count: int) -> None:
        self.kind, self.key, self.count = kind, key, count


class Tensor:
    """A view of a storage."""

    def __init__(
        self, storage: Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...]
    ) -> None:
        self.storage, self.offset, self.shape, self.stride = storage, offset, shape, stride

    def count(self) -> int:
        return math.prod(self.shape)

    def is_contiguous(self) -> bool:
        step = 1
        for size, stride in zip(reversed(self.shape), reversed(self.stride)):
            if size != 1 and stride != step:
                return False
            step *= size
        return True


def is_count(value: object) -> bool:
    return type(value) is int and 0 <= value < 1 << 40


def are_counts(values: object) -> bool:
    return type(values) is tuple and all(is_count(value) for value in values)


class Pickle:
    """Evaluates one pickle made of plain values, OrderedDict and tensors, and nothing else.

    value: what it holds. storages: the kind of every storage it mentions, by key."""

    ALLOWED = {
        "collections.OrderedDict",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
        *("torch." + name for name in STORAGES),
    }
    MARK = object()
    LITERALS = {
        "NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": (),
    }  # fmt: skip
    CONSTANTS = {
        "BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE",
        "SHORT_BINSTRING", "BINSTRING",
    }  # fmt: skip

    def __init__(self, stream: IO[bytes]) -> None:
        self.stack: list[Any] = []
        self.memo: dict[Any, Any] = {}
        self.storages: dict[str, str] = {}
        self.room = MAX_ITEMS
        begin = stream.tell()
        try:
            for opcode, argument, position in pickletools.genops(stream):
                if position is not None and position - begin > MAX_PICKLE:
                    raise DataError("the pickle is too large")
                if opcode.name != "STOP":
                    self.step(opcode.name, argument)
            (self.value,) = self.stack
        except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
            raise DataError(f"damaged pickle: {error}") from None

    def step(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in self.LITERALS:
            stack.append(self.LITERALS[name])
        elif name in self.CONSTANTS:
            stack.append(argument)
        elif name == "MARK":
            stack.append(self.MARK)
        elif name in ("EMPTY_DICT", "EMPTY_LIST"):
            stack.append({} if name == "EMPTY_DICT" else [])
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(self.memo[argument])
        elif name == "GLOBAL":
            stack.append(self.find(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            attribute, module = stack.pop(), stack.pop()
            stack.append(self.find(module, attribute))
        elif name not in ("PROTO", "FRAME"):
            self.build(name)

    def build(self, name: str) -> None:
        """Opcodes that make a value of those on the stack."""
        stack = self.stack
        if name in ("TUPLE1", "TUPLE2", "TUPLE3"):
            size = int(name[-1])
            if len(stack) < size:
                raise ValueError("a tuple lacks members")
            stack[-size:] = [tuple(stack[-size:])]
        elif name == "TUPLE":
            items = self.pop_to_mark()
            stack.append(tuple(items))
        elif name in ("SETITEM", "SETITEMS"):
            items = self.pop_to_mark() if name == "SETITEMS" else self.pop(2)
            if type(stack[-1]) is not dict:
                raise ValueError("an item is set outside a dictionary")
            stack[-1].update(self.items(zip(items[::2], items[1::2], strict=True)))
        elif name in ("APPEND", "APPENDS"):
            items = self.pop_to_mark() if name == "APPENDS" else self.pop(1)
            if type(stack[-1]) is not list:
                raise ValueError("an item is appended outside a list")
            stack[-1].extend(items)
        elif name == "BINPERSID":
            stack.append(self.storage(stack.pop()))
        elif name == "REDUCE":
            function, arguments = self.pop(2)
            stack.append(self.reduce(function, arguments))
        elif name == "BUILD":  # OrderedDict's attribute _metadata, which only torch wants
            stack.pop()
            if type(stack[-1]) is not dict:
                raise ValueError("attributes are set on something else than a dictionary")
        else:
            raise DataError(f"refused: the pickle uses {name}, which no state dict needs")

    def pop(self, count: int) -> list[Any]:
        if len(self.stack) < count:
            raise ValueError("the stack is empty")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def pop_to_mark(self) -> list[Any]:
        items = []
        while (item := self.stack.pop()) is not self.MARK:
            items.append(item)
        return items[::-1]

    def items(self, pairs: Iterable[Any]) -> dict[str | int, Any]:
        """A dictionary of pairs. A key must be plain: hashing a tuple of tuples may take for ever,
        or all of the stack. A list may be made a dictionary of many times, so they are counted."""
        made = {}
        for key, value in pairs:
            if type(key) not in (str, int):
                raise ValueError("a key is neither a text nor a number")
            self.room -= 1
            if self.room < 0:
                raise DataError("the pickle holds too many items")
            made[key] = value
        return made

    def find(self, module: object, attribute: object) -> Global:
        if type(module) is not str or type(attribute) is not str:
            raise ValueError("a name is not a text")
        name = f"{module}.{attribute}"
        if name not in self.ALLOWED:
            raise DataError(
                f"refused: the file asks for {name!r}, which is not part of a state dict; "
                "save model.state_dict() instead"
            )
        return Global(name)

    def storage(self, reference: Any) -> Storage:
        tag, kind, key, _, count = reference[:5]
        view = reference[5] if len(reference) > 5 else None
        name = kind.name.removeprefix("torch.") if type(kind) is Global else None
        if type(key) is not str:
            raise ValueError("the key of a storage is not a text")
        if tag != "storage" or name not in STORAGES or view is not None or not is_count(count):
            raise ValueError(f"unknown storage {key!r}")
        if self.storages.setdefault(key, name) != name:
            raise ValueError(f"storage {key!r} has two types")
        return Storage(name, key, count)

    def reduce(self, function: Any, arguments: Any) -> object:
        name = function.name if type(function) is Global else None
        if name == "collections.OrderedDict":
            (pairs,) = ((),) if arguments == () else arguments
            return self.items(pairs.items() if type(pairs) is dict else pairs)
        if name == "torch._utils._rebuild_parameter" and type(arguments[0]) is Tensor:
            return arguments[0]
        if name == "torch._utils._rebuild_tensor_v2":
            storage, offset, shape, stride = arguments[:4]
            good = are_counts(shape) and are_counts(stride) and len(shape) == len(stride)
            if type(storage) is Storage and is_count(offset) and good:
                return Tensor(storage, offset, shape, stride)
        raise ValueError("an object cannot be rebuilt")


ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError,
              EOFError, ValueError, OSError)  # fmt: skip


class ZipFile:
    """torch.save() since PyTorch 1.6: a zip archive with data.pkl and one entry per storage."""

    def __init__(self, stream: IO[bytes]) -> None:
        try:
            self.archive = zipfile.ZipFile(stream)
        except ZIP_ERRORS as error:
            raise DataError(f"damaged archive: {error}") from None
        names = self.archive.namelist()
        found = [name for name in names if name == "data.pkl" or name.endswith("/data.pkl")]
        if len(found) != 1:
            raise DataError("the archive holds no data.pkl: not written by torch.save()")
        self.prefix = found[0].removesuffix("data.pkl")
        if self.prefix + "byteorder" in names and self.read("byteorder", 16) != b"little":
            raise DataError("written on a big-endian machine")
        self.root = Pickle(io.BytesIO(self.read("data.pkl", MAX_PICKLE))).value

    def read(self, name: str, limit: int) -> bytes:
        try:
            info = self.archive.getinfo(self.prefix + name)
            if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                raise DataError(f"entry {name!r} of the archive is compressed in an unusual way")
            if info.file_size > limit:
                raise DataError(f"entry {name!r} of the archive is too large")
            return self.archive.read(info)
        except KeyError:
            raise DataError(f"the archive holds no entry {name!r}") from None
        except ZIP_ERRORS as error:
            raise DataError(f"damaged archive: {error}") from None

    def bytes_of(self, storage: Storage) -> bytes:
        return self.read("data/" + storage.key, MAX_STORAGE)


class StreamFile:
    """torch.save() before PyTorch 1.6."""

    def __init__(self, stream: IO[bytes]) -> None:
        magic, protocol, system = (Pickle(stream).value for _ in range(3))
        if magic != STREAM_MAGIC or protocol != STREAM_PROTOCOL or type(system) is not dict:
            raise DataError("not written by torch.save()")
        if system.get("little_endian") is not True:
            raise DataError("written on a big-endian machine")
        content = Pickle(stream)
        self.root, self.blocks = content.value, {}
        keys = Pickle(stream).value
        if type(keys) is not list or not all(
            type(key) is str and key in content.storages for key in keys
        ):
            raise DataError("a storage belongs to no tensor")
        for key in keys:
            (count,) = struct.unpack("<q", self.exactly(stream, 8))
            if not is_count(count):
                raise DataError(f"storage {key!r} has a length of {count}")
            self.blocks[key] = self.exactly(stream, count * STORAGES[content.storages[key]][1])
        if stream.read(1):
            raise DataError("bytes follow the last storage")

    @staticmethod
    def exactly(stream: IO[bytes], size: int) -> bytes:
        data = stream.read(size)
        if len(data) != size:
            raise DataError("the file ends too early")
        return data

    def bytes_of(self, storage: Storage) -> bytes:
        if storage.key not in self.blocks:
            raise DataError(f"storage {storage.key!r} is missing")
        return self.blocks[storage.key]


def state_dict(root: Any) -> dict[str, Tensor]:
    """Name to tensor, out of what torch.save() was given."""
    for key in ("state_dict", "model_state_dict"):
        if type(root) is dict and type(root.get(key)) is dict:
            root = root[key]
    if type(root) is not dict or not root:
        raise DataError("holds no state dict")
    for name, tensor in root.items():
        if type(name) is not str or type(tensor) is not Tensor:
            raise DataError(f"entry {name!r} is not a tensor: not a state dict")
    if all(name.startswith("module.") for name in root):  # torch.nn.DataParallel
        return {name.removeprefix("module."): tensor for name, tensor in root.items()}
    return root


def check_shapes(tensors: Mapping[str, Tensor]) -> int:
    """Exactly the tensors of the seed network; returns the number of classes."""
    for name in SHAPES:
        if name not in tensors:
            raise DataError(f"has no tensor {name!r}: not the tutorial's network (preset seed)")
    for name in tensors:
        if name not in SHAPES:
            raise DataError(f"tensor {name!r} is not part of the tutorial's network (preset seed)")
    classes = tensors["fc2.weight"].shape[:1]
    for name, wanted in SHAPES.items():
        wanted = tuple(classes[0] if n is None and classes else n for n in wanted)
        if tensors[name].shape != wanted:
            raise DataError(f"tensor {name!r} has shape {list(tensors[name].shape)} "
                            f"where the tutorial's network has {list(wanted)}")  # fmt: skip
    return classes[0]


def decode(code: str, data: bytes) -> array.array[float]:
    """Numbers of a storage as an array of float32."""
    if code == "bfloat16":
        wide = array.array("I", (value << 16 for value in array.array("H", data)))
        return array.array("f", wide.tobytes())
    if code == "e":
        return array.array("f", (value for (value,) in struct.iter_unpack("<e", data)))
    return array.array("f", array.array(code, data))


def values_of(name: str, tensor: Tensor, source: ZipFile | StreamFile) -> bytes:
    """Bytes of a tensor as little-endian float32."""
    code, size = STORAGES[tensor.storage.kind]
    data = source.bytes_of(tensor.storage)
    if len(data) != tensor.storage.count * size:
        raise DataError(f"the storage of tensor {name!r} has {len(data)} bytes, "
                        f"not {tensor.storage.count * size}")  # fmt: skip
    if not tensor.is_contiguous():
        raise DataError(f"tensor {name!r} is not contiguous; save tensor.contiguous()")
    begin, end = tensor.offset * size, (tensor.offset + tensor.count()) * size
    if end > len(data):
        raise DataError(f"tensor {name!r} reaches past its storage")
    values = decode(code, data[begin:end])
    if not all(map(math.isfinite, values)):
        raise DataError(f"tensor {name!r} holds a value that is not finite")
    return values.tobytes()


def encode(
    tensors: Mapping[str, tuple[tuple[int, ...], bytes]], labels: Sequence[str]
) -> bytes:
    """The model file, byte for byte as asl_model_save() writes it (docs/model-format.md)."""
    metadata = {
        "asl.architecture": ARCHITECTURE,
        "asl.channel_order": "bgr",
        "asl.crc32": "00000000",
        "asl.format": "1.0",
        "asl.input": "3x224x224",
        "asl.kind": "model",
        "asl.labels": ",".join(labels),
        "asl.mean": "0,0,0",
        "asl.preset": "seed",
        "asl.std": "1,1,1",
        "asl.writer": f"libasl {__version__}",
    }
    header: dict[str, object] = {"__metadata__": metadata}
    end = 0
    for name in sorted(tensors):
        shape, data = tensors[name]
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [end, end + len(data)]}
        end += len(data)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    content = struct.pack("<Q", len(text)) + text + b"".join(tensors[n][1] for n in sorted(tensors))
    key = b'"asl.crc32":"'
    at = content.index(key) + len(key)
    return content[:at] + b"%08x" % zlib.crc32(content) + content[at + 8 :]


def check_labels(labels: Sequence[str], classes: int) -> None:
    if not 2 <= classes <= 1024:
        raise DataError(f"the network has {classes} classes; 2..1024 are allowed")
    if len(labels) != classes:
        raise DataError(f"the network has {classes} classes, but {len(labels)} names were given; "
                        "name them with --labels")  # fmt: skip
    for label in labels:
        try:
            size = len(label.encode())
        except UnicodeEncodeError:  # bytes of the command line that are not UTF-8
            size = 0
        if not 1 <= size <= 63:
            raise DataError(f"class name {label!r} is empty, longer than 63 bytes or not UTF-8")
        if any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 for c in label):
            raise DataError(f"class name {label!r} holds a control character")
    if len(set(labels)) != len(labels):
        raise DataError("two classes have the same name")


def convert(data: bytes, labels: Sequence[str]) -> bytes:
    """The bytes of a model file from those of a .pth file."""
    stream = io.BytesIO(data)
    source: ZipFile | StreamFile = ZipFile(stream) if data.startswith(b"PK") else StreamFile(stream)
    tensors = state_dict(source.root)
    check_labels(labels, check_shapes(tensors))
    return encode({n: (t.shape, values_of(n, t, source)) for n, t in tensors.items()}, labels)


def write_atomically(path: str, content: bytes) -> None:
    """Under a temporary name in the same folder, synced, then renamed."""
    path = os.path.realpath(path)
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{os.urandom(8).hex()}")
    with open(temporary, "xb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if os.path.exists(path):
                shutil.copymode(path, temporary)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m libasl.convert",
        description="Turn a PyTorch state dict of the tutorial's network (.pth) into a model file. "
        "Nothing that the input file asks to run is run.",
        epilog="Exit codes: 0 done, 1 cannot write, 2 usage, 3 missing or unsuitable input.",
    )
    parser.add_argument("input", metavar="IN.pth", help="what torch.save(model.state_dict()) wrote")
    parser.add_argument("output", metavar="OUT.safetensors", help="the model file to write")
    parser.add_argument(
        "--labels",
        metavar="A,B,...",
        type=lambda text: text.split(","),
        default=ALPHABET,
        help="names of the classes in order; default: A..Z,del,nothing,space",
    )
    parser.add_argument("-f", "--force", action="store_true", help="replace OUT when it exists")
    parser.add_argument("--version", action="version", version=f"libasl {__version__}")
    return parser.parse_args(arguments)


def report(message: object) -> None:
    printable = "".join(c if c.isprintable() else "?" for c in str(message))
    print(f"libasl.convert: {printable}", file=sys.stderr)


def main(arguments: Sequence[str] | None = None) -> int:
    options = parse_arguments(arguments)
    if os.path.lexists(options.output) and not options.force:
        report(f"'{options.output}' is already there; use --force to replace it")
        return EXIT_FAILED
    try:
        if not os.path.isfile(options.input):
            raise DataError("no such file")
        if os.path.getsize(options.input) > MAX_FILE:
            raise DataError("the file is too large")
        with open(options.input, "rb") as file:
            content = convert(file.read(), options.labels)
    except (DataError, OSError) as error:
        report(f"'{options.input}': {error.strerror if isinstance(error, OSError) else error}")
        return EXIT_DATA
    try:
        write_atomically(options.output, content)
    except OSError as error:
        report(f"cannot write '{options.output}': {error.strerror}")
        return EXIT_FAILED
    return 0


if __name__ == "__main__":
    sys.exit(main())
