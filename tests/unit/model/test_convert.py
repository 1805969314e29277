# SPDX-License-Identifier: MIT
"""The converter: on .pth files that this test makes in both of PyTorch's formats, also damaged and
hostile ones (Synthetic), and on the published weights (Published).

torch itself is not needed: the few names that its pickles mention are stood in for below, so that
Python's own pickle module writes what torch.save() would."""

import array
import contextlib
import io
import json
import math
import os
import pickle
import random
import stat
import struct
import subprocess
import sys
import tempfile
import types
import unittest
import zipfile
from collections import OrderedDict

from libasl import convert

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("ASL_TEST_DATA", os.path.join(HERE, "../../../../shared/data"))
PUBLISHED = os.path.join(DATA, "seed", "model.pth")


def stand_in(module, name, kind):
    """A class or function that pickles as module.name."""
    sys.modules.setdefault(module, types.ModuleType(module))
    thing = type(name, (), {}) if kind == "class" else lambda *arguments: None
    thing.__module__, thing.__qualname__, thing.__name__ = module, name, name
    setattr(sys.modules[module], name, thing)
    return thing


REBUILD = stand_in("torch._utils", "_rebuild_tensor_v2", "function")
PARAMETER = stand_in("torch._utils", "_rebuild_parameter", "function")
MODULE = stand_in("torch.nn.modules.conv", "Conv2d", "class")
KINDS = {name: stand_in("torch", name, "class") for name in convert.STORAGES}


class Storage:
    def __init__(self, kind, data):
        self.kind, self.data = kind, data
        self.count = len(data) // convert.STORAGES[kind][1]


class Tensor:
    def __init__(self, storage, shape, offset=0, stride=None):
        steps = [math.prod(shape[i + 1 :]) for i in range(len(shape))]
        self.parts = (storage, offset, tuple(shape), tuple(stride or steps), False, OrderedDict())

    def __reduce__(self):
        return REBUILD, self.parts


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce__(self):
        return PARAMETER, (self.tensor, True, OrderedDict())


class Hostile:
    """Runs a function when an ordinary unpickler loads it."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


class Pickler(pickle.Pickler):
    def __init__(self, stream, stream_format, protocol):
        super().__init__(stream, protocol)
        self.stream_format, self.storages = stream_format, []

    def persistent_id(self, thing):
        if not isinstance(thing, Storage):
            return None
        if thing not in self.storages:
            self.storages.append(thing)
        key = str(self.storages.index(thing))
        view = (None,) if self.stream_format else ()
        return ("storage", KINDS[thing.kind], key, "cpu", thing.count, *view)


def dump(root, stream_format, protocol=2):
    stream = io.BytesIO()
    pickler = Pickler(stream, stream_format, protocol)
    pickler.dump(root)
    return stream.getvalue(), pickler.storages


def zip_bytes(root, protocol=2, extra=(), compression=zipfile.ZIP_STORED):
    content, storages = dump(root, False, protocol)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as archive:
        archive.writestr("archive/data.pkl", content)
        for name, data in extra:
            archive.writestr(name, data)
        for key, storage in enumerate(storages):
            archive.writestr(f"archive/data/{key}", storage.data)
    return stream.getvalue()


def stream_bytes(root, magic=convert.STREAM_MAGIC, little=True):
    content, storages = dump(root, True)
    head = [magic, 1001, {"protocol_version": 1001, "little_endian": little, "type_sizes": {}}]
    parts = [pickle.dumps(item, 2) for item in head]
    parts += [content, pickle.dumps([str(key) for key in range(len(storages))], 2)]
    parts += [struct.pack("<q", storage.count) + storage.data for storage in storages]
    return b"".join(parts)


def numbers(count, seed):
    """Floats that every kind of storage can hold: whole and small."""
    return [(i * 7 + seed) % 50 for i in range(count)]


def pack(kind, values):
    if kind == "BFloat16Storage":
        words = array.array("I", array.array("f", values).tobytes())
        return array.array("H", (word >> 16 for word in words)).tobytes()
    return struct.pack(f"<{len(values)}{convert.STORAGES[kind][0]}", *values)


def shapes(classes=29):
    return {n: tuple(d or classes for d in shape) for n, shape in convert.SHAPES.items()}


def state_dict(kind="FloatStorage", classes=29):
    state = OrderedDict()
    for seed, (name, shape) in enumerate(shapes(classes).items()):
        state[name] = Tensor(Storage(kind, pack(kind, numbers(math.prod(shape), seed))), shape)
    return state


def read_model(content):
    """Metadata, and tensors as bytes by name, of a model file."""
    (length,) = struct.unpack_from("<Q", content)
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__")
    data = content[8 + length :]
    return metadata, {n: data[slice(*t["data_offsets"])] for n, t in header.items()}


def resave(test, folder, content):
    """What the library writes after loading these bytes."""
    source, target = os.path.join(folder, "source"), os.path.join(folder, "target")
    with open(source, "wb") as file:
        file.write(content)
    done = subprocess.run([os.environ["MODEL_RESAVE"], source, target], capture_output=True)
    test.assertEqual((done.returncode, done.stderr), (0, b""))
    with open(target, "rb") as file:
        return file.read()


class Synthetic(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.state = state_dict()
        cls.zip = zip_bytes(cls.state)
        cls.stream = stream_bytes(cls.state)
        cls.model = convert.convert(cls.zip, convert.ALPHABET)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def run_main(self, content, *options, target="out.safetensors"):
        """Exit code and the text on standard error."""
        if content is not None:
            with open(self.path("in.pth"), "wb") as file:
                file.write(content)
        errors = io.StringIO()
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            try:
                code = convert.main([self.path("in.pth"), self.path(target), *options])
            except SystemExit as end:
                code = end.code
        return code, errors.getvalue()

    def refuse(self, content, says, labels=convert.ALPHABET):
        with self.assertRaises(convert.DataError) as caught:
            convert.convert(content, labels)
        self.assertIn(says, str(caught.exception))

    def test_formats_agree(self):
        self.assertEqual(convert.convert(self.stream, convert.ALPHABET), self.model)
        for protocol in (3, 4, 5):
            with self.subTest(protocol=protocol):
                content = zip_bytes(self.state, protocol)
                self.assertEqual(convert.convert(content, convert.ALPHABET), self.model)
        packed = zip_bytes(self.state, compression=zipfile.ZIP_DEFLATED)
        self.assertEqual(convert.convert(packed, convert.ALPHABET), self.model)

    def test_content(self):
        metadata, tensors = read_model(self.model)
        self.assertEqual(metadata["asl.labels"].split(",")[25:], ["Z", "del", "nothing", "space"])
        self.assertEqual(tensors.keys(), convert.SHAPES.keys())
        for seed, (name, shape) in enumerate(shapes().items()):
            wanted = struct.pack(f"<{math.prod(shape)}f", *numbers(math.prod(shape), seed))
            self.assertEqual(tensors[name], wanted)

    def test_library_writes_the_same_bytes(self):
        self.assertEqual(resave(self, self.folder, self.model), self.model)
        labels = ['"quoted"', "back\\slash", "Straße 手", "\u00a0", "x" * 63]
        content = convert.convert(zip_bytes(state_dict(classes=5)), labels)
        self.assertEqual(resave(self, self.folder, content), content)

    def test_number_types(self):
        for kind in convert.STORAGES:
            for make in (zip_bytes, stream_bytes):
                with self.subTest(kind=kind, format=make.__name__):
                    content = make(state_dict(kind))
                    self.assertEqual(convert.convert(content, convert.ALPHABET), self.model)

    def test_wrappers(self):
        variants = {
            "DataParallel": OrderedDict(("module." + n, t) for n, t in self.state.items()),
            "checkpoint": {"epoch": 3, "state_dict": self.state, "loss": 0.5},
            "other checkpoint": {"model_state_dict": self.state, "optimizer": [None, True, {}]},
            "parameters": OrderedDict((n, Parameter(t)) for n, t in self.state.items()),
            "plain": dict(self.state),
        }
        attribute = OrderedDict(self.state)
        attribute._metadata = OrderedDict([("", {"version": 1}), ("conv1", {"version": 1})])
        variants["metadata"] = attribute
        for name, root in variants.items():
            for make in (zip_bytes, stream_bytes):
                with self.subTest(variant=name, format=make.__name__):
                    content = make(root)
                    self.assertEqual(convert.convert(content, convert.ALPHABET), self.model)

    def test_views(self):
        """All tensors in one storage, one after the other; and strides."""
        data, offsets = b"", {}
        for name, tensor in self.state.items():
            offsets[name] = len(data) // 4
            data += tensor.parts[0].data
        whole = Storage("FloatStorage", data)
        state = OrderedDict((n, Tensor(whole, s, offsets[n])) for n, s in shapes().items())
        for make in (zip_bytes, stream_bytes):
            self.assertEqual(convert.convert(make(state), convert.ALPHABET), self.model)
        past = OrderedDict(state, **{"fc2.bias": Tensor(whole, (29,), offsets["fc2.bias"] + 1)})
        self.refuse(zip_bytes(past), "tensor 'fc2.bias' reaches past its storage")
        turned = OrderedDict(state)
        turned["fc1.weight"] = Tensor(whole, (256, 128), offsets["fc1.weight"], (1, 256))
        self.refuse(zip_bytes(turned), "tensor 'fc1.weight' is not contiguous")
        spread = OrderedDict(state, **{"fc1.bias": Tensor(whole, (256,), 0, (2,))})
        self.refuse(stream_bytes(spread), "tensor 'fc1.bias' is not contiguous")
        self.assertTrue(convert.Tensor(None, 0, (4, 1, 3), (3, 77, 1)).is_contiguous())

    def test_other_networks(self):
        def changed(**changes):
            state = OrderedDict(self.state)
            for name, tensor in changes.items():
                state[name.replace("_", ".")] = tensor
            return zip_bytes(state)

        lacking = OrderedDict(self.state)
        del lacking["conv3.bias"]
        flat = Storage("FloatStorage", bytes(4 * 1200))
        self.refuse(zip_bytes(lacking), "has no tensor 'conv3.bias'")
        self.refuse(changed(bn1_weight=Tensor(flat, (16,))), "'bn1.weight' is not part of")
        self.refuse(changed(conv1_weight=Tensor(flat, (1200,))), "has shape [1200] where")
        self.refuse(changed(conv1_weight=Tensor(flat, (16, 3, 25))), "has shape [16, 3, 25] where")
        self.refuse(changed(fc2_bias=Tensor(flat, (30,))), "'fc2.bias' has shape [30] where")
        self.refuse(changed(fc2_weight=Tensor(flat, ())), "'fc2.weight' has shape [] where")
        self.refuse(changed(conv1_bias=5), "entry 'conv1.bias' is not a tensor")
        self.refuse(zip_bytes({}), "holds no state dict")
        self.refuse(zip_bytes([1, 2]), "holds no state dict")
        self.refuse(zip_bytes({3: 4}), "entry 3 is not a tensor")
        bad = array.array("f", [0] * 16)
        for value in (math.nan, math.inf, -math.inf):
            bad[7] = value
            tensor = Tensor(Storage("FloatStorage", bad.tobytes()), (16,))
            self.refuse(changed(conv1_bias=tensor), "'conv1.bias' holds a value that is not finite")
        wide = Tensor(Storage("DoubleStorage", struct.pack("<16d", *[1e300] * 16)), (16,))
        self.refuse(changed(conv1_bias=wide), "not finite")

    def test_labels(self):
        three = zip_bytes(state_dict(classes=3))
        self.refuse(three, "the network has 3 classes, but 29 names were given")
        metadata, _ = read_model(convert.convert(three, ["a", "b", "c"]))
        self.assertEqual(metadata["asl.labels"], "a,b,c")
        for labels, says in (
            (["a", "b", "a"], "same name"),
            (["a", "b", ""], "is empty"),
            (["a", "b", "x" * 64], "longer than 63 bytes"),
            (["a", "b", "é" * 32], "longer than 63 bytes"),
            (["a", "b", "x\n"], "control character"),
            (["a", "b", "x\x7f"], "control character"),
            (["a", "b", "x\u009b"], "control character"),
            (["a", "b", "\udcff"], "not UTF-8"),
        ):
            self.refuse(three, says, labels)
        self.refuse(zip_bytes(state_dict(classes=1)), "1 classes; 2..1024", ["a"])
        code, _ = self.run_main(three, "--labels", "x,y,z")
        self.assertEqual(code, 0)
        with open(self.path("out.safetensors"), "rb") as file:
            self.assertEqual(read_model(file.read())[0]["asl.labels"], "x,y,z")

    def test_hostile_pickles(self):
        proof = self.path("proof")
        attacks = {  # by the names that protocol 2 gives them
            "posix.system": Hostile(os.system, f"touch {proof}"),
            "__builtin__.eval": Hostile(eval, f"open({proof!r}, 'w')"),
            "__builtin__.getattr": Hostile(getattr, "", "upper"),
            "io.open": Hostile(open, proof, "w"),
            "torch.nn.modules.conv.Conv2d": MODULE(),
        }
        for name, attack in attacks.items():
            says = f"refused: the file asks for '{name}'"
            for make in (zip_bytes, stream_bytes):
                for root in (attack, OrderedDict(self.state, evil=attack), {"evil": [attack]}):
                    with self.subTest(attack=name, format=make.__name__):
                        self.refuse(make(root), says)
        self.refuse(stream_bytes({}, magic=attacks["io.open"]), "refused: the file asks for")
        self.refuse(zip_bytes(attacks["io.open"], protocol=4), "refused: the file asks for")
        for name, content in {
            "INST": b"\x80\x02(S'touch'\nios\nsystem\n.",
            "OBJ": b"\x80\x02(cos\nsystem\no.",
            "EXT1": b"\x80\x02\x82\x01.",
            "NEWOBJ": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
            "NEXT_BUFFER": b"\x80\x05\x97.",
            "PERSID": b"Pstorage\n.",
        }.items():
            with self.subTest(opcode=name), self.assertRaises(convert.DataError) as caught:
                convert.Pickle(io.BytesIO(content))
            self.assertIn("refused", str(caught.exception))
        self.assertFalse(os.path.exists(proof))

    def test_damaged_pickles(self):
        ordered = b"ccollections\nOrderedDict\n"
        rebuild = b"ctorch._utils\n_rebuild_tensor_v2\n"
        for content in (
            b"", b".", b"\x80\x02", b"\x80\x02N", b"\x80\x02NN.", b"\x80\x020.",
            b"\x80\x02h\x05.", b"\x80\x02q\x05.", b"\x80\x02Nt.", b"\x80\x02\x86.",
            b"\x80\x02Na.", b"\x80\x02NNa.", b"\x80\x02]N]s.", b"\x80\x02}(Nu.",
            b"\x80\x02}]Ns.", b"\x80\x02NR.", b"\x80\x02NNR.", b"\x80\x02]Nb.", b"\x80\x02NQ.",
            b"\x80\x02X\xff\xff\xff\xff.", b"\x80\x02K\x01\x86.", b"\x80\x02\x93.", b"\xff" * 9,
            b"\x80\x02" + ordered + b"NR.", b"\x80\x02" + ordered + b"K\x01\x85R.",
            b"\x80\x02" + rebuild + b")R.", b"\x80\x02" + rebuild + b"(NK\x00))tR.",
            b"\x80\x02(X\x07\x00\x00\x00storageNNNNtQ.", b"\x80\x02" + ordered + ordered + b"Rb.",
        ):  # fmt: skip
            with self.subTest(content=content), self.assertRaises(convert.DataError):
                convert.Pickle(io.BytesIO(content))

    def test_self_reference(self):
        """A structure that holds itself many times over must not be walked."""
        bomb = {}
        bomb.update((str(i), bomb) for i in range(1000))
        self.refuse(zip_bytes(bomb), "is not a tensor")
        self.refuse(stream_bytes(bomb), "is not a tensor")

    def test_bombs(self):
        """Few bytes that would fill the stack or the memory, or never end, if they were read."""
        ordered = b"ccollections\nOrderedDict\n"
        deep = b")" + b"\x85" * 200000  # a tuple in a tuple in a tuple ...
        wide = b")" + b"q\x00h\x00\x86" * 200  # of two, both the same
        pairs = b"]q\x00(" + b"K\x01N\x86" * 10000 + b"e" + ordered + b"h\x00\x85R" * 100
        for name, content in {
            "deep key": b"\x80\x02}" + deep + b"Ns.",
            "wide key": b"\x80\x02}" + wide + b"Ns.",
            "key of pairs": b"\x80\x02" + ordered + b"](" + wide + b"N\x86e\x85R.",
            "module": b"\x80\x02" + wide + b"X\x01\x00\x00\x00a\x93.",
            "attribute": b"\x80\x02X\x01\x00\x00\x00a" + deep + b"\x93.",
            "storage": b"\x80\x02(X\x07\x00\x00\x00storageN" + wide + b"NK\x01tQ.",
            "items": b"\x80\x02" + pairs + b".",
            "message": b"\x80\x02I" + b"x" * 100000 + b"\n.",
            "name": b"\x80\x02c" + b"x" * 100000 + b"\ny\n.",
            "length": b"\x80\x02" + b"]0" * convert.MAX_PICKLE + b".",
            "objects": b"\x80\x02(" + b"]" * convert.MAX_PICKLE + b"t.",
        }.items():
            with self.subTest(name=name), self.assertRaises(convert.DataError) as caught:
                convert.Pickle(io.BytesIO(content))
            self.assertLess(len(str(caught.exception)), 400)

    def test_damaged_archives(self):
        def archive(**entries):
            stream = io.BytesIO()
            with zipfile.ZipFile(stream, "w") as file:
                for name, data in entries.items():
                    file.writestr(name.replace("__", "/").replace("_pkl", ".pkl"), data)
            return stream.getvalue()

        self.refuse(archive(other=b""), "holds no data.pkl")
        self.refuse(archive(a__data_pkl=b"", b__data_pkl=b""), "holds no data.pkl")
        self.refuse(archive(a__data_pkl=dump(self.state, False)[0]), "holds no entry 'data/")
        self.refuse(zip_bytes(self.state, extra=[("archive/byteorder", "big")]), "big-endian")
        little = zip_bytes(self.state, extra=[("archive/byteorder", "little")])
        self.assertEqual(convert.convert(little, convert.ALPHABET), self.model)
        short = OrderedDict(self.state)
        short["fc2.bias"] = Tensor(Storage("FloatStorage", bytes(29 * 4)), (29,))
        short["fc2.bias"].parts[0].count = 30
        self.refuse(zip_bytes(short), "the storage of tensor 'fc2.bias' has 116 bytes, not 120")
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("a/data.pkl", bytes(convert.MAX_PICKLE + 1))
        self.refuse(bomb.getvalue(), "is too large")
        unusual = zip_bytes(self.state, compression=zipfile.ZIP_LZMA)
        self.refuse(unusual, "is compressed in an unusual way")
        flipped = bytearray(self.zip)
        flipped[len(flipped) // 2] ^= 1
        self.refuse(bytes(flipped), "damaged archive")

    def test_damaged_streams(self):
        self.refuse(stream_bytes(self.state, magic=1), "not written by torch.save()")
        self.refuse(stream_bytes(self.state, little=False), "big-endian")
        self.refuse(self.stream + b"x", "bytes follow the last storage")
        self.refuse(self.stream[:-1], "ends too early")
        keys = pickle.dumps([str(key) for key in range(12)], 2)
        for new in (["77"], [[]], "0", [0]):
            content = self.stream.replace(keys, pickle.dumps(new, 2))
            self.refuse(content, "a storage belongs to no tensor")
        at = self.stream.index(keys) + len(keys)
        for count in (-1, 1 << 62):
            content = self.stream[:at] + struct.pack("<q", count) + self.stream[at + 8 :]
            self.refuse(content, "has a length of")
        first = self.stream[:at] + self.stream[at + 8 + 4800 :]
        self.refuse(first.replace(keys, pickle.dumps([str(k) for k in range(1, 12)], 2)), "missing")

    def test_truncations(self):
        """Cut anywhere, a file is refused; the many places inside the weights are sampled."""
        for content in (self.zip, self.stream):
            size = len(content)
            for length in (*range(0, 1600, 7), *range(1600, size, size // 40), size - 1):
                with self.subTest(length=length), self.assertRaises(convert.DataError):
                    convert.convert(content[:length], convert.ALPHABET)

    def test_random_damage(self):
        """A changed byte in the pickles is refused or harmless, and never anything else."""
        numbers = random.Random(1)
        head = self.stream.index(struct.pack("<q", 1200))
        pickled, storages = dump(self.state, False)
        for _ in range(400):
            damaged = bytearray(self.stream[:head])
            damaged[numbers.randrange(head)] = numbers.randrange(256)
            with contextlib.suppress(convert.DataError):
                convert.convert(bytes(damaged) + self.stream[head:], ["x"])
            damaged = bytearray(pickled)
            damaged[numbers.randrange(len(pickled))] = numbers.randrange(256)
            with contextlib.suppress(convert.DataError):
                convert.Pickle(io.BytesIO(damaged))

    def test_command_line(self):
        target = self.path("out.safetensors")
        self.assertEqual(self.run_main(self.zip), (0, ""))
        with open(target, "rb") as file:
            self.assertEqual(file.read(), self.model)
        os.chmod(target, 0o600)
        code, text = self.run_main(zip_bytes(state_dict("LongStorage")))
        self.assertEqual(code, 1)
        self.assertIn("is already there; use --force", text)
        with open(target, "wb") as file:
            file.write(b"old")
        os.symlink("out.safetensors", self.path("link"))
        self.assertEqual(self.run_main(self.stream, "--force", target="link"), (0, ""))
        self.assertTrue(os.path.islink(self.path("link")))
        self.assertEqual(stat.S_IMODE(os.stat(target).st_mode), 0o600)
        with open(target, "rb") as file:
            self.assertEqual(file.read(), self.model)
        self.assertEqual(sorted(os.listdir(self.folder)), ["in.pth", "link", "out.safetensors"])

    def test_exit_codes(self):
        for content, options, wanted in (
            (None, (), 3),
            (b"", (), 3),
            (b"\x00\xff text\n", (), 3),
            (self.zip, ("--labels", "a,b"), 3),
            (self.zip, ("--bogus",), 2),
            (self.zip, ("third",), 2),
            (self.zip, ("--help",), 0),
            (self.zip, ("--version",), 0),
        ):
            with self.subTest(options=options, wanted=wanted):
                code, text = self.run_main(content, *options)
                self.assertEqual(code, wanted)
                if wanted == 3:
                    self.assertRegex(text, r"\Alibasl.convert: .*in.pth': [^\n]+\n\Z")
        code, text = self.run_main(self.zip, target="absent/out.safetensors")
        self.assertEqual(code, 1)
        self.assertRegex(text, r"\Alibasl.convert: cannot write .*: No such file[^\n]*\n\Z")
        os.mkdir(self.path("folder"))
        code, _ = self.run_main(self.zip, "--force", target="folder")
        self.assertEqual(code, 1)
        self.assertEqual(sorted(os.listdir(self.folder)), ["folder", "in.pth"])
        code, text = self.run_main(zip_bytes(OrderedDict({"a\nb\x1b": Tensor(
            Storage("FloatStorage", bytes(4)), (1,))})))  # fmt: skip
        self.assertEqual((code, text.count("\n")), (3, 1))

    def test_as_a_program(self):
        with open(self.path("in.pth"), "wb") as file:
            file.write(self.zip)
        command = [sys.executable, "-m", "libasl.convert"]
        done = subprocess.run(
            [*command, self.path("in.pth"), self.path("out")], capture_output=True
        )
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))
        self.assertEqual(subprocess.run(command, capture_output=True).returncode, 2)


class Published(unittest.TestCase):
    def test_published_weights(self):
        with open(PUBLISHED, "rb") as file:
            source = file.read()
        content = convert.convert(source, convert.ALPHABET)
        _, tensors = read_model(content)
        for name, shape in shapes().items():  # no two tensors have the same size
            block = struct.pack("<q", math.prod(shape)) + tensors[name]
            self.assertEqual(source.count(block), 1, name)
        with tempfile.TemporaryDirectory() as folder:
            self.assertEqual(resave(self, folder, content), content)


if __name__ == "__main__":
    if sys.argv[1:] == ["Published"] and not os.path.isfile(PUBLISHED):
        print(f"SKIPPED: no file '{PUBLISHED}'; set ASL_TEST_DATA to the folder of real pictures")
        sys.exit(77)
    unittest.main()
