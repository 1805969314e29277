# SPDX-License-Identifier: MIT
"""The functions of the interface in C as ctypes sees them. Tests hold them against the headers and
the compiled library.

Nothing here is opened before the first function is asked for, so that importing libasl is quick and
what needs no library works without it."""

from __future__ import annotations

import ctypes
from ctypes import (
    POINTER,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint64,
    c_void_p,
)
from typing import Any

from libasl import _library
from libasl._structs import (
    asl_allocator,
    asl_backend_info,
    asl_calibration,
    asl_dataset_options,
    asl_decode_options,
    asl_epoch_metrics,
    asl_error,
    asl_evaluate_options,
    asl_evaluation_info,
    asl_evaluation_result,
    asl_finder_options,
    asl_hand,
    asl_image_view,
    asl_inferer_options,
    asl_issue,
    asl_layer_info,
    asl_layer_time,
    asl_mix_options,
    asl_model_info,
    asl_model_options,
    asl_pack_options,
    asl_rect,
    asl_sample,
    asl_save_options,
    asl_speller_event,
    asl_speller_hints,
    asl_speller_options,
    asl_split_options,
    asl_trainer_options,
)

HANDLE = c_void_p
NEW = POINTER(c_void_p)  # receives a handle
TEXT = c_char_p
STATUS = c_int32
ERROR = POINTER(asl_error)
VIEW = POINTER(asl_image_view)
RECT = POINTER(asl_rect)
FLOATS = POINTER(c_float)
COUNT = POINTER(c_int64)  # receives a number
SIZE = (c_int32, c_int32)


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
    # asl/augment.h
    "asl_augmentation_create": (STATUS, (NEW, TEXT, ERROR)),
    "asl_augmentation_text": (TEXT, (HANDLE,)),
    "asl_augmentation_apply": (
        STATUS,
        (c_void_p, POINTER(c_int32), HANDLE, VIEW, *SIZE, c_uint64, c_int64, c_int64, ERROR),
    ),
    "asl_augmentation_free": (None, (HANDLE,)),
    # asl/dataset.h
    "asl_dataset_options_init": (None, (of(asl_dataset_options), c_size_t)),
    "asl_dataset_open": (STATUS, (NEW, TEXT, of(asl_dataset_options), ERROR)),
    "asl_dataset_free": (None, (HANDLE,)),
    "asl_dataset_count": (c_int64, (HANDLE,)),
    "asl_dataset_class_count": (c_int32, (HANDLE,)),
    "asl_dataset_class_name": (TEXT, (HANDLE, c_int32)),
    "asl_dataset_group_count": (c_int32, (HANDLE,)),
    "asl_dataset_group_name": (TEXT, (HANDLE, c_int32)),
    "asl_dataset_source_count": (c_int32, (HANDLE,)),
    "asl_dataset_source_name": (TEXT, (HANDLE, c_int32)),
    "asl_dataset_source_weight": (c_double, (HANDLE, c_int32)),
    "asl_dataset_get_sample": (STATUS, (of(asl_sample), HANDLE, c_int64, ERROR)),
    "asl_dataset_load_image": (STATUS, (NEW, HANDLE, c_int64, ERROR)),
    "asl_dataset_issue_count": (c_int64, (HANDLE,)),
    "asl_dataset_get_issue": (STATUS, (of(asl_issue), HANDLE, c_int64, ERROR)),
    "asl_mix_options_init": (None, (of(asl_mix_options), c_size_t)),
    "asl_dataset_mix": (STATUS, (NEW, NEW, of(asl_mix_options), ERROR)),
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
    "asl_save_options_init": (None, (of(asl_save_options), c_size_t)),
    "asl_model_save_as": (STATUS, (HANDLE, TEXT, of(asl_save_options), ERROR)),
    "asl_model_builtin": (STATUS, (NEW, c_int32, ERROR)),
    "asl_model_free": (None, (HANDLE,)),
    "asl_model_get_info": (STATUS, (of(asl_model_info), HANDLE, ERROR)),
    "asl_model_label": (TEXT, (HANDLE, c_int32)),
    "asl_model_get_layer": (STATUS, (of(asl_layer_info), HANDLE, c_int32, ERROR)),
    "asl_model_metadata": (TEXT, (HANDLE, TEXT)),
    "asl_model_parameters": (c_void_p, (POINTER(c_size_t), HANDLE)),
    "asl_model_with_parameters": (STATUS, (NEW, HANDLE, c_void_p, c_size_t, ERROR)),
    "asl_calibration_init": (None, (of(asl_calibration), c_size_t)),
    "asl_model_with_calibration": (STATUS, (NEW, HANDLE, of(asl_calibration), ERROR)),
    "asl_model_letter_score": (c_float, (HANDLE, FLOATS, c_size_t)),
    # asl/inferer.h
    "asl_inferer_options_init": (None, (of(asl_inferer_options), c_size_t)),
    "asl_inferer_create": (STATUS, (NEW, HANDLE, of(asl_inferer_options), ERROR)),
    "asl_inferer_free": (None, (HANDLE,)),
    "asl_inferer_mirror": (c_int32, (HANDLE,)),
    "asl_inferer_reset": (None, (HANDLE,)),
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
    "asl_evaluation_get_source": (STATUS, (POINTER(TEXT), COUNT, COUNT, HANDLE, c_int32, ERROR)),
    "asl_evaluation_get_result": (
        STATUS,
        (of(asl_evaluation_result), HANDLE, c_int64, ERROR),
    ),
    "asl_evaluation_get_issue": (STATUS, (of(asl_issue), HANDLE, c_int64, ERROR)),
    # asl/finder.h
    "asl_finder_options_init": (None, (of(asl_finder_options), c_size_t)),
    "asl_finder_create": (STATUS, (NEW, HANDLE, of(asl_finder_options), ERROR)),
    "asl_finder_free": (None, (HANDLE,)),
    "asl_finder_find": (STATUS, (of(asl_hand), HANDLE, VIEW, RECT, ERROR)),
    "asl_finder_backend": (TEXT, (HANDLE,)),
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
    "asl_trainer_source_accuracy": (c_double, (HANDLE, c_int32, c_int32)),
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
