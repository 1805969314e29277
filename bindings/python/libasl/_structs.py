# SPDX-License-Identifier: MIT
"""Every struct and every callback of include/asl as ctypes sees it. Tests hold them against the
headers and a C compiler."""

from __future__ import annotations

import ctypes
from ctypes import (
    CFUNCTYPE,
    POINTER,
    c_char,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
)
from typing import ClassVar

# Kinds of callbacks. A function given to the library must be kept for as long as it may be called.
AllocFunction = CFUNCTYPE(c_void_p, c_size_t, c_size_t, c_void_p)
FreeFunction = CFUNCTYPE(None, c_void_p, c_void_p)
ProgressFunction = CFUNCTYPE(c_int32, c_int64, c_int64, c_void_p)


class Sized(ctypes.Structure):
    """A struct that begins with its own size, which is set."""

    struct_size: int
    # The function that writes the defaults, for structs of options.
    initialiser: ClassVar[str] = ""

    def __init__(self) -> None:
        super().__init__()
        self.struct_size = ctypes.sizeof(self)


class asl_error(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("code", c_int32),
        ("sys_errno", c_int32),
        ("reserved", c_int32),
        ("offset", c_int64),
        ("message", c_char * 256),
    ]


class asl_allocator(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("alloc", AllocFunction),
        ("free", FreeFunction),
        ("user", c_void_p),
    ]


class asl_backend_info(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("available", c_int32),
        ("name", c_char_p),
        ("description", c_char_p),
        ("reason", c_char * 160),
    ]


class asl_image_view(ctypes.Structure):
    memory: object  # of Python only: what keeps the pixels alive
    _fields_ = [
        ("pixels", c_void_p),
        ("width", c_int32),
        ("height", c_int32),
        ("stride", c_int64),
        ("format", c_int32),
        ("reserved", c_int32),
    ]


class asl_rect(ctypes.Structure):
    _fields_ = [("x", c_int32), ("y", c_int32), ("width", c_int32), ("height", c_int32)]


class asl_decode_options(Sized):
    initialiser = "asl_decode_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("ignore_orientation", c_int32),
        ("max_side", c_int32),
        ("reserved", c_int32),
        ("max_pixels", c_int64),
        ("max_bytes", c_int64),
    ]


class asl_dataset_options(Sized):
    initialiser = "asl_dataset_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("per_class", c_int32),
        ("seed", c_uint64),
        ("decode", POINTER(asl_decode_options)),
    ]


class asl_sample(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("class_index", c_int32),
        ("group_index", c_int32),
        ("source_index", c_int32),
        ("path", c_char_p),
    ]


class asl_issue(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("code", c_int32),
        ("path", c_char_p),
        ("message", c_char_p),
    ]


class asl_mix_options(Sized):
    initialiser = "asl_mix_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("count", c_int32),
        ("names", POINTER(c_char_p)),
        ("weights", POINTER(c_double)),
        ("labels", POINTER(c_char_p)),
        ("label_count", c_int32),
        ("reserved", c_int32),
    ]


class asl_split_options(Sized):
    initialiser = "asl_split_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("kind", c_int32),
        ("fraction", c_double),
        ("seed", c_uint64),
    ]


class asl_pack_options(Sized):
    initialiser = "asl_pack_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("width", c_int32),
        ("height", c_int32),
        ("threads", c_int32),
        ("reuse", c_int32),
        ("reserved", c_int32),
        ("progress", ProgressFunction),
        ("user", c_void_p),
    ]


class asl_model_options(Sized):
    initialiser = "asl_model_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("width", c_int32),
        ("height", c_int32),
        ("label_count", c_int32),
        ("labels", POINTER(c_char_p)),
        ("architecture", c_char_p),
        ("seed", c_uint64),
    ]


class asl_save_options(Sized):
    initialiser = "asl_save_options_init"
    _fields_ = [("struct_size", c_uint32), ("weights", c_int32)]


class asl_model_info(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("label_count", c_int32),
        ("width", c_int32),
        ("height", c_int32),
        ("channels", c_int32),
        ("layer_count", c_int32),
        ("parameter_count", c_int64),
        ("mac_count", c_int64),
        ("preset", c_char_p),
        ("architecture", c_char_p),
        ("channel_order", c_char_p),
        ("temperature", c_double),
        ("letter_threshold", c_double),
        ("mirror", c_int32),
        ("looks", c_int32),
        ("crops", c_int32),
        ("reserved", c_int32),
    ]


class asl_calibration(Sized):
    initialiser = "asl_calibration_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("mirror", c_int32),
        ("temperature", c_double),
        ("letter_threshold", c_double),
        ("looks", c_int32),
        ("crops", c_int32),
    ]


class asl_layer_info(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("channels", c_int32),
        ("height", c_int32),
        ("width", c_int32),
        ("parameter_count", c_int64),
        ("mac_count", c_int64),
        ("kind", c_char_p),
        ("text", c_char_p),
    ]


class asl_inferer_options(Sized):
    initialiser = "asl_inferer_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("threads", c_int32),
        ("batch_size", c_int32),
        ("mirror", c_int32),
        ("backend", c_char_p),
        ("isa", c_char_p),
        ("precision", c_char_p),
        ("looks", c_int32),
        ("crops", c_int32),
    ]


class asl_layer_time(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("layer_count", c_int32),
        ("mac_count", c_int64),
        ("nanoseconds", c_double),
        ("name", c_char_p),
        ("method", c_char_p),
    ]


class asl_evaluate_options(Sized):
    initialiser = "asl_evaluate_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("threads", c_int32),
        ("progress", ProgressFunction),
        ("user", c_void_p),
    ]


class asl_evaluation_info(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("label_count", c_int32),
        ("count", c_int64),
        ("correct", c_int64),
        ("accuracy", c_double),
        ("loss", c_double),
        ("issue_count", c_int64),
        ("group_count", c_int32),
        ("source_count", c_int32),
    ]


class asl_evaluation_result(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("truth", c_int32),
        ("predicted", c_int32),
        ("group_index", c_int32),
        ("source_index", c_int32),
        ("reserved", c_int32),
        ("sample", c_int64),
        ("path", c_char_p),
        ("scores", POINTER(c_float)),
        ("logits", POINTER(c_float)),
    ]


class asl_finder_options(Sized):
    initialiser = "asl_finder_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("looks", c_int32),
        ("threshold", c_double),
        ("margin", c_double),
        ("inferer", POINTER(asl_inferer_options)),
    ]


class asl_hand(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("found", c_int32),
        ("score", c_double),
        ("x", c_double),
        ("y", c_double),
        ("side", c_double),
        ("box", asl_rect),
    ]


class asl_speller_options(Sized):
    initialiser = "asl_speller_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("method", c_int32),
        ("temperature", c_double),
        ("floor", c_double),
        ("nothing_share", c_double),
        ("correlation_ms", c_int32),
        ("stay_ms", c_int32),
        ("average_ms", c_int32),
        ("vote_ms", c_int32),
        ("enter", c_double),
        ("margin", c_double),
        ("exit", c_double),
        ("still_motion", c_double),
        ("moving_weight", c_double),
        ("bump_motion", c_double),
        ("bump_min_ms", c_int32),
        ("bump_max_ms", c_int32),
        ("doubt_factor", c_double),
        ("blind_factor", c_double),
        ("edit_factor", c_double),
        ("dwell_ms", c_int32),
        ("release_ms", c_int32),
        ("repeat_ms", c_int32),
        ("delete_repeat_ms", c_int32),
        ("idle_ms", c_int32),
        ("pause_ms", c_int32),
        ("gap_ms", c_int32),
        ("max_text", c_int32),
        ("max_suggestions", c_int32),
        ("beam", c_int32),
        ("word_weight", c_double),
        ("insert_factor", c_double),
        ("omit_factor", c_double),
        ("repeat_factor", c_double),
        ("replace_floor", c_double),
        ("complete_factor", c_double),
        ("offer_floor", c_double),
    ]


class asl_speller_hints(Sized):
    _fields_ = [("struct_size", c_uint32), ("reserved", c_uint32), ("motion", c_double)]


class asl_speller_event(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("kind", c_int32),
        ("label", c_int32),
        ("removed", c_int32),
        ("time_ns", c_int64),
        ("since_ns", c_int64),
        ("progress", c_double),
        ("belief", c_double),
        ("text", c_char_p),
    ]


class asl_train_progress(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("epoch", c_int32),
        ("epochs", c_int32),
        ("validating", c_int32),
        ("done", c_int64),
        ("total", c_int64),
        ("loss", c_double),
        ("accuracy", c_double),
        ("learning_rate", c_double),
        ("seconds", c_double),
        ("eta_seconds", c_double),
    ]


class asl_epoch_metrics(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("epoch", c_int32),
        ("train_loss", c_double),
        ("train_accuracy", c_double),
        ("val_loss", c_double),
        ("val_accuracy", c_double),
        ("learning_rate", c_double),
        ("seconds", c_double),
        ("is_best", c_int32),
        ("reserved", c_int32),
        ("val_source_accuracy", c_double),
    ]


TrainProgressFunction = CFUNCTYPE(None, POINTER(asl_train_progress), c_void_p)
EpochFunction = CFUNCTYPE(None, POINTER(asl_epoch_metrics), c_void_p)
WarningFunction = CFUNCTYPE(None, c_int32, c_char_p, c_void_p)
AllReduceFunction = CFUNCTYPE(c_int32, c_void_p, c_size_t, c_void_p)


class asl_trainer_options(Sized):
    initialiser = "asl_trainer_options_init"
    _fields_ = [
        ("struct_size", c_uint32),
        ("epochs", c_int32),
        ("batch_size", c_int32),
        ("optimizer", c_int32),
        ("schedule", c_int32),
        ("nesterov", c_int32),
        ("learning_rate", c_double),
        ("beta1", c_double),
        ("beta2", c_double),
        ("epsilon", c_double),
        ("momentum", c_double),
        ("weight_decay", c_double),
        ("label_smoothing", c_double),
        ("seed", c_uint64),
        ("threads", c_int32),
        ("checkpoint_steps", c_int32),
        ("backend", c_char_p),
        ("isa", c_char_p),
        ("checkpoint", c_char_p),
        ("on_progress", TrainProgressFunction),
        ("on_epoch", EpochFunction),
        ("on_warning", WarningFunction),
        ("user", c_void_p),
        ("rank", c_int32),
        ("ranks", c_int32),
        ("all_reduce", AllReduceFunction),
        ("precision", c_char_p),
        ("augmentation", c_void_p),
        ("average", c_double),
        ("epoch_pictures", c_int64),
        ("start_share", c_double),
        ("start_size", c_int32),
        ("reserved", c_int32),
    ]
