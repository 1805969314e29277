# SPDX-License-Identifier: MIT
"""The interface in C as ctypes sees it: every struct, every callback and every function of
include/asl. Tests hold it against the headers and the compiled library.

Nothing here is opened before the first function is asked for, so that importing libasl is quick and
what needs no library works without it."""

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
from typing import Any, ClassVar

from libasl import _library

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
        ("reserved", c_int32),
        ("path", c_char_p),
    ]


class asl_issue(Sized):
    _fields_ = [
        ("struct_size", c_uint32),
        ("code", c_int32),
        ("path", c_char_p),
        ("message", c_char_p),
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
        ("reserved", c_int32),
        ("backend", c_char_p),
        ("isa", c_char_p),
        ("precision", c_char_p),
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
        ("reserved", c_int32),
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
    ]

HANDLE = c_void_p
NEW = POINTER(c_void_p)  # receives a handle
TEXT = c_char_p
STATUS = c_int32
ERROR = POINTER(asl_error)
VIEW = POINTER(asl_image_view)
RECT = POINTER(asl_rect)
FLOATS = POINTER(c_float)
COUNT = POINTER(c_int64)  # receives a number


def of(struct: type[ctypes.Structure]) -> Any:
    """The type of a pointer to it."""
    return POINTER(struct)


# Every function of the interface, lib/asl.map: what it returns, and what it takes.
FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    # asl/base.h
    "asl_version": (TEXT, ()),
    "asl_identity": (TEXT, ()),
    "asl_status_name": (TEXT, (STATUS,)),
    "asl_status_text": (TEXT, (STATUS,)),
    "asl_set_allocator": (STATUS, (of(asl_allocator), ERROR)),
    "asl_memory_usage": (None, (POINTER(c_size_t), POINTER(c_size_t))),
    "asl_free": (None, (c_void_p,)),
    "asl_cpu_features": (TEXT, ()),
    # asl/backend.h
    "asl_backend_count": (c_int32, ()),
    "asl_backend_get_info": (STATUS, (of(asl_backend_info), c_int32, ERROR)),
    # asl/image.h
    "asl_decode_options_init": (None, (of(asl_decode_options), c_size_t)),
    "asl_image_decode": (STATUS, (NEW, c_void_p, c_size_t, of(asl_decode_options), ERROR)),
    "asl_image_load": (STATUS, (NEW, TEXT, of(asl_decode_options), ERROR)),
    "asl_image_create": (STATUS, (NEW, c_int32, c_int32, c_int32, ERROR)),
    "asl_image_convert": (STATUS, (NEW, VIEW, RECT, c_int32, ERROR)),
    "asl_image_resize": (STATUS, (NEW, VIEW, RECT, c_int32, c_int32, ERROR)),
    "asl_image_get_view": (asl_image_view, (HANDLE,)),
    "asl_image_pixels": (c_void_p, (HANDLE,)),
    "asl_image_encode": (STATUS, (NEW, POINTER(c_size_t), VIEW, c_int32, c_int32, ERROR)),
    "asl_image_save": (STATUS, (VIEW, TEXT, c_int32, ERROR)),
    "asl_image_free": (None, (HANDLE,)),
    # asl/dataset.h
    "asl_dataset_options_init": (None, (of(asl_dataset_options), c_size_t)),
    "asl_dataset_open": (STATUS, (NEW, TEXT, of(asl_dataset_options), ERROR)),
    "asl_dataset_free": (None, (HANDLE,)),
    "asl_dataset_count": (c_int64, (HANDLE,)),
    "asl_dataset_class_count": (c_int32, (HANDLE,)),
    "asl_dataset_class_name": (TEXT, (HANDLE, c_int32)),
    "asl_dataset_group_count": (c_int32, (HANDLE,)),
    "asl_dataset_group_name": (TEXT, (HANDLE, c_int32)),
    "asl_dataset_get_sample": (STATUS, (of(asl_sample), HANDLE, c_int64, ERROR)),
    "asl_dataset_load_image": (STATUS, (NEW, HANDLE, c_int64, ERROR)),
    "asl_dataset_issue_count": (c_int64, (HANDLE,)),
    "asl_dataset_get_issue": (STATUS, (of(asl_issue), HANDLE, c_int64, ERROR)),
    "asl_dataset_fingerprint": (c_uint64, (HANDLE,)),
    "asl_split_options_init": (None, (of(asl_split_options), c_size_t)),
    "asl_dataset_split": (
        STATUS,
        (NEW, NEW, POINTER(c_int32), HANDLE, of(asl_split_options), ERROR),
    ),
    "asl_split_name": (TEXT, (c_int32,)),
    "asl_pack_options_init": (None, (of(asl_pack_options), c_size_t)),
    "asl_dataset_pack": (STATUS, (NEW, HANDLE, TEXT, of(asl_pack_options), ERROR)),
    # asl/model.h
    "asl_model_options_init": (None, (of(asl_model_options), c_size_t)),
    "asl_preset_count": (c_int32, ()),
    "asl_preset_name": (TEXT, (c_int32,)),
    "asl_preset_description": (TEXT, (c_int32,)),
    "asl_model_create": (STATUS, (NEW, TEXT, of(asl_model_options), ERROR)),
    "asl_model_load": (STATUS, (NEW, TEXT, ERROR)),
    "asl_model_load_memory": (STATUS, (NEW, c_void_p, c_size_t, ERROR)),
    "asl_model_save": (STATUS, (HANDLE, TEXT, ERROR)),
    "asl_model_free": (None, (HANDLE,)),
    "asl_model_get_info": (STATUS, (of(asl_model_info), HANDLE, ERROR)),
    "asl_model_label": (TEXT, (HANDLE, c_int32)),
    "asl_model_get_layer": (STATUS, (of(asl_layer_info), HANDLE, c_int32, ERROR)),
    "asl_model_metadata": (TEXT, (HANDLE, TEXT)),
    "asl_model_parameters": (c_void_p, (POINTER(c_size_t), HANDLE)),
    "asl_model_with_parameters": (STATUS, (NEW, HANDLE, c_void_p, c_size_t, ERROR)),
    # asl/inferer.h
    "asl_inferer_options_init": (None, (of(asl_inferer_options), c_size_t)),
    "asl_inferer_create": (STATUS, (NEW, HANDLE, of(asl_inferer_options), ERROR)),
    "asl_inferer_free": (None, (HANDLE,)),
    "asl_inferer_classify": (STATUS, (FLOATS, c_size_t, HANDLE, VIEW, RECT, ERROR)),
    "asl_inferer_logits": (STATUS, (FLOATS, c_size_t, HANDLE, VIEW, RECT, ERROR)),
    "asl_inferer_classify_batch": (STATUS, (FLOATS, c_size_t, HANDLE, VIEW, c_size_t, ERROR)),
    "asl_inferer_backend": (TEXT, (HANDLE,)),
    "asl_inferer_profile": (STATUS, (NEW, HANDLE, VIEW, c_int32, ERROR)),
    "asl_profile_free": (None, (HANDLE,)),
    "asl_profile_count": (c_int32, (HANDLE,)),
    "asl_profile_get": (STATUS, (of(asl_layer_time), HANDLE, c_int32, ERROR)),
    "asl_evaluate_options_init": (None, (of(asl_evaluate_options), c_size_t)),
    "asl_inferer_evaluate": (STATUS, (NEW, HANDLE, HANDLE, of(asl_evaluate_options), ERROR)),
    "asl_evaluation_free": (None, (HANDLE,)),
    "asl_evaluation_get_info": (STATUS, (of(asl_evaluation_info), HANDLE, ERROR)),
    "asl_evaluation_confusion": (POINTER(c_int64), (HANDLE,)),
    "asl_evaluation_get_group": (STATUS, (POINTER(TEXT), COUNT, COUNT, HANDLE, c_int32, ERROR)),
    "asl_evaluation_get_issue": (STATUS, (of(asl_issue), HANDLE, c_int64, ERROR)),
    # asl/speller.h
    "asl_speller_options_init": (None, (of(asl_speller_options), c_size_t)),
    "asl_speller_options_preset": (STATUS, (of(asl_speller_options), c_int32, c_int32, ERROR)),
    "asl_speller_create": (
        STATUS,
        (NEW, POINTER(c_char_p), c_int32, of(asl_speller_options), ERROR),
    ),
    "asl_speller_create_for_model": (STATUS, (NEW, HANDLE, of(asl_speller_options), ERROR)),
    "asl_speller_free": (None, (HANDLE,)),
    "asl_speller_look": (STATUS, (POINTER(c_double), HANDLE, VIEW, RECT, ERROR)),
    "asl_speller_push": (
        STATUS,
        (HANDLE, FLOATS, c_size_t, c_int64, of(asl_speller_hints), ERROR),
    ),
    "asl_speller_event_count": (c_int32, (HANDLE,)),
    "asl_speller_get_event": (STATUS, (of(asl_speller_event), HANDLE, c_int32, ERROR)),
    "asl_speller_text": (TEXT, (POINTER(c_size_t), HANDLE)),
    "asl_speller_belief": (POINTER(c_double), (HANDLE,)),
    "asl_speller_backspace": (STATUS, (HANDLE, ERROR)),
    "asl_speller_insert": (STATUS, (HANDLE, TEXT, ERROR)),
    "asl_speller_clear": (STATUS, (HANDLE, ERROR)),
    "asl_speller_reset": (None, (HANDLE,)),
    "asl_speller_set_words": (STATUS, (COUNT, COUNT, HANDLE, c_void_p, c_size_t, ERROR)),
    "asl_speller_load_words": (STATUS, (COUNT, COUNT, HANDLE, TEXT, ERROR)),
    "asl_speller_suggestion_count": (c_int32, (HANDLE,)),
    "asl_speller_suggestion": (TEXT, (HANDLE, c_int32)),
    "asl_speller_apply_suggestion": (STATUS, (HANDLE, c_int32, ERROR)),
    # asl/trainer.h
    "asl_trainer_options_init": (None, (of(asl_trainer_options), c_size_t)),
    "asl_trainer_create": (
        STATUS,
        (NEW, HANDLE, HANDLE, HANDLE, of(asl_trainer_options), ERROR),
    ),
    "asl_trainer_resume": (STATUS, (NEW, TEXT, HANDLE, HANDLE, of(asl_trainer_options), ERROR)),
    "asl_trainer_run": (STATUS, (HANDLE, ERROR)),
    "asl_trainer_request_stop": (None, (HANDLE,)),
    "asl_trainer_save_checkpoint": (STATUS, (HANDLE, TEXT, ERROR)),
    "asl_trainer_get_model": (STATUS, (NEW, HANDLE, ERROR)),
    "asl_trainer_get_best_model": (STATUS, (NEW, HANDLE, ERROR)),
    "asl_trainer_epoch_count": (c_int32, (HANDLE,)),
    "asl_trainer_get_epoch": (STATUS, (of(asl_epoch_metrics), HANDLE, c_int32, ERROR)),
    "asl_trainer_get_options": (STATUS, (of(asl_trainer_options), HANDLE, ERROR)),
    "asl_trainer_backend": (TEXT, (HANDLE,)),
    "asl_trainer_free": (None, (HANDLE,)),
}


class Library:
    """The functions as attributes; the first one asked for opens the library and declares all."""

    def __getattr__(self, name: str) -> Any:
        if name not in FUNCTIONS:
            raise AttributeError(name)
        library = _library.load()
        for function_name, (result, arguments) in FUNCTIONS.items():
            function = getattr(library, function_name)
            function.restype = result
            function.argtypes = arguments
            setattr(self, function_name, function)
        return getattr(self, name)


lib = Library()
