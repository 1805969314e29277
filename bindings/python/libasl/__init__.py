# SPDX-License-Identifier: MIT
"""libasl: American Sign Language fingerspelling from pictures.

    import libasl

    with libasl.Model.builtin() as model, libasl.Inferer(model) as inferer:
        top = inferer.classify("hand.jpg")
        print(top.label, f"{top.score:.2f}", top.ranked[:3])

Pictures are files, Images, or arrays of bytes such as a camera's frames, which are not copied. What
fails raises a libasl.Error. Models, data sets and augmentations never change and may be shared by
threads; an Inferer, Finder, Trainer or Speller serves one thread at a time, and says so with a
BusyError. Long calls let other threads run, and end on Ctrl-C.

The library in C is opened when it is first needed: libasl.so.1 beside this file, or the one that
the environment variable LIBASL_LIBRARY names, or the system's."""

from libasl._augment import Augmentation, Varied
from libasl._dataset import Dataset, DataSource, Issue, Sample, Split, SplitKind
from libasl._errors import (
    ArchitectureError,
    ArgumentError,
    BackendError,
    BusyError,
    ChecksumError,
    ClosedError,
    CsvError,
    DatasetChangedError,
    DatasetError,
    DeviceLostError,
    DivergedError,
    Error,
    ExistsError,
    ImageError,
    InputOutputError,
    InternalError,
    LabelsError,
    LimitError,
    ModelError,
    ModelTooNewError,
    NoMemoryError,
    NotFoundError,
    PackError,
    PathError,
    StateError,
    StoppedError,
    SystemCallError,
    TooNewError,
    TrainingWarning,
    TruncatedError,
    UnsupportedError,
)
from libasl._finder import Finder, Hand
from libasl._image import DecodeOptions, Image
from libasl._inferer import (
    Evaluation,
    GroupResult,
    Inferer,
    LayerTime,
    PictureResult,
    Prediction,
    Ranked,
)
from libasl._library import LibraryError
from libasl._model import Builtin, LayerInfo, Mirror, Model, ModelInfo, Preset, Weights, presets
from libasl._picture import Encoding, Format, Picture, View
from libasl._speller import (
    EventKind,
    Speller,
    SpellerEvent,
    SpellerMethod,
    SpellerProfile,
    WordCount,
    speller_defaults,
)
from libasl._system import (
    Backend,
    MemoryUsage,
    backends,
    cpu_features,
    identity,
    memory_usage,
    version,
)
from libasl._trainer import (
    EpochMetrics,
    Optimizer,
    Schedule,
    Trainer,
    TrainerOptions,
    TrainProgress,
)

__version__ = "1.0.0"

__all__ = [
    "ArchitectureError",
    "ArgumentError",
    "Augmentation",
    "Backend",
    "BackendError",
    "Builtin",
    "BusyError",
    "ChecksumError",
    "ClosedError",
    "CsvError",
    "DataSource",
    "Dataset",
    "DatasetChangedError",
    "DatasetError",
    "DecodeOptions",
    "DeviceLostError",
    "DivergedError",
    "Encoding",
    "EpochMetrics",
    "Error",
    "Evaluation",
    "EventKind",
    "ExistsError",
    "Finder",
    "Format",
    "GroupResult",
    "Hand",
    "Image",
    "ImageError",
    "Inferer",
    "InputOutputError",
    "InternalError",
    "Issue",
    "LabelsError",
    "LayerInfo",
    "LayerTime",
    "LibraryError",
    "LimitError",
    "MemoryUsage",
    "Mirror",
    "Model",
    "ModelError",
    "ModelInfo",
    "ModelTooNewError",
    "NoMemoryError",
    "NotFoundError",
    "Optimizer",
    "PackError",
    "PathError",
    "Picture",
    "PictureResult",
    "Prediction",
    "Preset",
    "Ranked",
    "Sample",
    "Schedule",
    "Speller",
    "SpellerEvent",
    "SpellerMethod",
    "SpellerProfile",
    "Split",
    "SplitKind",
    "StateError",
    "StoppedError",
    "SystemCallError",
    "TooNewError",
    "TrainProgress",
    "Trainer",
    "TrainerOptions",
    "TrainingWarning",
    "TruncatedError",
    "UnsupportedError",
    "Varied",
    "View",
    "Weights",
    "WordCount",
    "backends",
    "cpu_features",
    "identity",
    "memory_usage",
    "presets",
    "speller_defaults",
    "version",
]

# Where users find them, and what tracebacks say.
for _name in __all__:
    globals()[_name].__module__ = "libasl"
del _name
