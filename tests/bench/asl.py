# SPDX-License-Identifier: MIT
"""As much of libasl as the comparison needs, through ctypes: models, data sets, inference and
training.

Private to tests/bench. Structs are those of include/asl/*.h; each call that fails raises Failure
with the library's own line."""

import ctypes
import time
from ctypes import (CFUNCTYPE, POINTER, Structure, byref, c_char, c_char_p, c_double, c_int32,
                    c_int64, c_size_t, c_uint32, c_uint64, c_void_p, sizeof)  # fmt: skip

SIDE, CLASSES = 224, 29  # of the preset "seed"
BGR24 = 1
SPLIT_RANDOM = 1
STOPPED = 1


class Failure(Exception):
    """A call of the library failed."""


class Error(Structure):
    _fields_ = [("struct_size", c_uint32), ("code", c_int32), ("sys_errno", c_int32),
                ("reserved", c_int32), ("offset", c_int64), ("message", c_char * 256)]


class View(Structure):
    _fields_ = [("pixels", c_void_p), ("width", c_int32), ("height", c_int32), ("stride", c_int64),
                ("format", c_int32), ("reserved", c_int32)]


class Sample(Structure):
    _fields_ = [("struct_size", c_uint32), ("class_index", c_int32), ("group_index", c_int32),
                ("reserved", c_int32), ("path", c_char_p)]


class SplitOptions(Structure):
    _fields_ = [("struct_size", c_uint32), ("kind", c_int32), ("fraction", c_double),
                ("seed", c_uint64)]


class InfererOptions(Structure):
    _fields_ = [("struct_size", c_uint32), ("threads", c_int32), ("batch_size", c_int32),
                ("reserved", c_int32), ("backend", c_char_p), ("isa", c_char_p),
                ("precision", c_char_p)]


EpochFunction = CFUNCTYPE(None, c_void_p, c_void_p)


class TrainerOptions(Structure):
    _fields_ = [("struct_size", c_uint32)]
    _fields_ += [(name, c_int32) for name in ("epochs", "batch_size", "optimizer", "schedule",
                                              "nesterov")]
    _fields_ += [(name, c_double) for name in ("learning_rate", "beta1", "beta2", "epsilon",
                                               "momentum", "weight_decay", "label_smoothing")]
    _fields_ += [("seed", c_uint64), ("threads", c_int32), ("checkpoint_steps", c_int32),
                 ("backend", c_char_p), ("isa", c_char_p), ("checkpoint", c_char_p),
                 ("on_progress", c_void_p), ("on_epoch", EpochFunction), ("on_warning", c_void_p),
                 ("user", c_void_p), ("rank", c_int32), ("ranks", c_int32),
                 ("all_reduce", c_void_p), ("precision", c_char_p)]


class EpochMetrics(Structure):
    _fields_ = [("struct_size", c_uint32), ("epoch", c_int32)]
    _fields_ += [(name, c_double) for name in ("train_loss", "train_accuracy", "val_loss",
                                               "val_accuracy", "learning_rate", "seconds")]
    _fields_ += [("is_best", c_int32), ("reserved", c_int32)]


# Calls without a status; all others return one and take an asl_error last.
PLAIN = {
    "asl_version": (c_char_p, []),
    "asl_cpu_features": (c_char_p, []),
    "asl_model_label": (c_char_p, [c_void_p, c_int32]),
    "asl_dataset_count": (c_int64, [c_void_p]),
    "asl_dataset_class_name": (c_char_p, [c_void_p, c_int32]),
    "asl_image_get_view": (View, [c_void_p]),
    "asl_trainer_request_stop": (None, [c_void_p]),
    "asl_trainer_epoch_count": (c_int32, [c_void_p]),
    "asl_split_options_init": (None, [c_void_p, c_size_t]),
    "asl_inferer_options_init": (None, [c_void_p, c_size_t]),
    "asl_trainer_options_init": (None, [c_void_p, c_size_t]),
    "asl_model_free": (None, [c_void_p]),
    "asl_image_free": (None, [c_void_p]),
    "asl_dataset_free": (None, [c_void_p]),
    "asl_trainer_free": (None, [c_void_p]),
}
CHECKED = {
    "asl_model_create": [POINTER(c_void_p), c_char_p, c_void_p],
    "asl_model_load": [POINTER(c_void_p), c_char_p],
    "asl_model_save": [c_void_p, c_char_p],
    "asl_dataset_open": [POINTER(c_void_p), c_char_p, c_void_p],
    "asl_dataset_pack": [POINTER(c_void_p), c_void_p, c_char_p, c_void_p],
    "asl_dataset_split": [POINTER(c_void_p), POINTER(c_void_p), c_void_p, c_void_p,
                          POINTER(SplitOptions)],
    "asl_dataset_get_sample": [POINTER(Sample), c_void_p, c_int64],
    "asl_dataset_load_image": [POINTER(c_void_p), c_void_p, c_int64],
    "asl_image_convert": [POINTER(c_void_p), POINTER(View), c_void_p, c_int32],
    "asl_inferer_create": [POINTER(c_void_p), c_void_p, POINTER(InfererOptions)],
    "asl_inferer_classify": [c_void_p, c_size_t, c_void_p, POINTER(View), c_void_p],
    "asl_inferer_logits": [c_void_p, c_size_t, c_void_p, POINTER(View), c_void_p],
    "asl_inferer_classify_batch": [c_void_p, c_size_t, c_void_p, POINTER(View), c_size_t],
    "asl_trainer_create": [POINTER(c_void_p), c_void_p, c_void_p, c_void_p,
                           POINTER(TrainerOptions)],
    "asl_trainer_run": [c_void_p],
    "asl_trainer_get_epoch": [POINTER(EpochMetrics), c_void_p, c_int32],
}


class Library:
    """libasl.so, its calls as attributes without the prefix; handles are plain integers."""

    def __init__(self, path):
        self.shared = ctypes.CDLL(str(path))
        for name, (result, arguments) in PLAIN.items():
            function = getattr(self.shared, name)
            function.restype, function.argtypes = result, arguments
            setattr(self, name.removeprefix("asl_"), function)
        for name, arguments in CHECKED.items():
            function = getattr(self.shared, name)
            function.restype, function.argtypes = c_int32, [*arguments, POINTER(Error)]
            setattr(self, name.removeprefix("asl_"), self.checked(function))

    @staticmethod
    def checked(function):
        def call(*arguments):
            error = Error(struct_size=sizeof(Error))
            status = function(*arguments, byref(error))
            if status < 0:
                raise Failure(error.message.decode())
            return status

        return call

    def make(self, call, *arguments):
        """The handle that a call gives through its first parameter."""
        handle = c_void_p()
        call(byref(handle), *arguments)
        return handle

    def create_seed(self, path):
        """Write a model file of the preset "seed" with random weights."""
        model = self.make(self.model_create, b"seed", None)
        self.model_save(model, str(path).encode())
        self.model_free(model)

    def labels(self, path):
        """Class names of a model file."""
        model = self.load_model(path)
        names = [self.model_label(model, i).decode() for i in range(CLASSES)]
        self.model_free(model)
        return names

    def load_model(self, path):
        return self.make(self.model_load, str(path).encode())

    def open_dataset(self, path, split=None):
        """A data set, or what a random split of it, (fraction, seed), leaves for training."""
        whole = self.make(self.dataset_open, str(path).encode(), None)
        if not split:
            return whole
        options, train, validation = SplitOptions(), c_void_p(), c_void_p()
        self.split_options_init(byref(options), sizeof(options))
        options.kind, (options.fraction, options.seed) = SPLIT_RANDOM, split
        self.dataset_split(byref(train), byref(validation), None, whole, byref(options))
        self.dataset_free(validation)
        self.dataset_free(whole)
        return train

    def samples(self, dataset):
        """Path and class of each sample; frees the data set."""
        sample, found = Sample(struct_size=sizeof(Sample)), []
        for i in range(self.dataset_count(dataset)):
            self.dataset_get_sample(byref(sample), dataset, i)
            found.append((sample.path, sample.class_index))
        self.dataset_free(dataset)
        return found

    def pack(self, folder, path):
        """Pack the data set in `folder` at the size of the preset "seed"."""
        dataset = self.make(self.dataset_open, str(folder).encode(), None)
        self.dataset_free(self.make(self.dataset_pack, dataset, str(path).encode(), None))
        self.dataset_free(dataset)

    def read_pack(self, path):
        """Pixels as B,G,R bytes one picture after the other, and the class name of each."""
        dataset = self.make(self.dataset_open, str(path).encode(), None)
        pixels, labels = bytearray(), []
        sample = Sample(struct_size=sizeof(Sample))
        for i in range(self.dataset_count(dataset)):
            self.dataset_get_sample(byref(sample), dataset, i)
            labels.append(self.dataset_class_name(dataset, sample.class_index).decode())
            rgb = self.make(self.dataset_load_image, dataset, i)
            bgr = self.make(self.image_convert, byref(self.image_get_view(rgb)), None, BGR24)
            view = self.image_get_view(bgr)
            pixels += ctypes.string_at(view.pixels, view.stride * view.height)
            self.image_free(rgb)
            self.image_free(bgr)
        self.dataset_free(dataset)
        return bytes(pixels), labels


class Inferer:
    """A model on the cpu backend. Pictures are arrays of uint8 [n][224][224][3], in B,G,R order."""

    def __init__(self, library, model_path, threads, batch, isa="auto", precision="fp32"):
        import numpy

        self.library = library
        options = InfererOptions()
        library.inferer_options_init(byref(options), sizeof(options))
        options.threads, options.batch_size = threads, batch
        options.backend, options.isa = b"cpu", isa.encode()
        options.precision = precision.encode()
        model = library.load_model(model_path)
        self.handle = library.make(library.inferer_create, model, byref(options))
        library.model_free(model)
        self.out = numpy.empty((batch, CLASSES), numpy.float32)

    def views(self, pictures):
        first, step = pictures.ctypes.data, pictures.strides[0]
        return (View * len(pictures))(*(
            View(first + i * step, SIDE, SIDE, 3 * SIDE, BGR24) for i in range(len(pictures))))

    def scores(self, pictures):
        if len(pictures) == 1:
            self.library.inferer_classify(self.out.ctypes.data, CLASSES, self.handle,
                                          self.views(pictures), None)
        else:
            self.library.inferer_classify_batch(self.out.ctypes.data, len(pictures) * CLASSES,
                                                self.handle, self.views(pictures), len(pictures))
        return self.out

    def logits(self, pictures):
        import numpy

        result = numpy.empty((len(pictures), CLASSES), numpy.float32)
        for view, row in zip(self.views(pictures), result):
            self.library.inferer_logits(row.ctypes.data, CLASSES, self.handle, byref(view), None)
        return result


class Trainer:
    """Training on a packed data set or a part of it, an epoch at a time."""

    def __init__(self, library, model_path, pack, threads, batch, learning_rate=1e-3,
                 precision="fp32", split=None):
        self.library = library
        options = TrainerOptions()
        library.trainer_options_init(byref(options), sizeof(options))
        options.epochs, options.batch_size, options.threads = 100000, batch, threads
        options.learning_rate = learning_rate
        options.backend, options.precision = b"cpu", precision.encode()
        options.on_epoch = EpochFunction(
            lambda metrics, user: library.trainer_request_stop(self.handle))
        self.options = options  # keeps the callback alive
        model = library.load_model(model_path)
        dataset = library.open_dataset(pack, split)
        self.handle = library.make(library.trainer_create, model, dataset, None, byref(options))
        library.dataset_free(dataset)
        library.model_free(model)

    def epoch(self):
        """Train for one epoch; returns its wall time, that of starting and ending it included."""
        begin = time.perf_counter()
        if self.library.trainer_run(self.handle) != STOPPED:
            raise Failure("the training came to its end")
        return time.perf_counter() - begin

    def free(self):
        self.library.trainer_free(self.handle)

    def metrics(self):
        """Of the last epoch."""
        row = EpochMetrics(struct_size=sizeof(EpochMetrics))
        last = self.library.trainer_epoch_count(self.handle) - 1
        self.library.trainer_get_epoch(byref(row), self.handle, last)
        return row
