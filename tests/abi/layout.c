/* SPDX-License-Identifier: MIT */
/* Layouts of all public structs and values of all public constants. They are frozen: a line that no
 * longer holds is a break of the ABI, unless a struct with a struct_size grew at its end, which
 * changes its SIZE line and adds lines. New constants add lines. */
#include <stddef.h>
#include <stdint.h>

#include "asl/asl.h"

/* The first number is for 64-bit pointers, the second for 32-bit ones. Processors that align 64-bit
 * integers to 4 bytes (i386) are not covered. */
#if UINTPTR_MAX == UINT64_MAX
#define CHOOSE(lp64, ilp32) (lp64)
#else
#define CHOOSE(lp64, ilp32) (ilp32)
_Static_assert(_Alignof(struct { int64_t value; }) == 8, "another 32-bit ABI");
#endif

#define SIZE(type, lp64, ilp32)                                                                    \
    _Static_assert(sizeof(type) == CHOOSE(lp64, ilp32), "size of " #type)
#define FIELD(type, field, lp64, ilp32)                                                            \
    _Static_assert(offsetof(type, field) == CHOOSE(lp64, ilp32), #type "." #field)
#define VALUE(constant, value) _Static_assert((constant) == (value), "value of " #constant)

SIZE(asl_error, 280, 280);
FIELD(asl_error, struct_size, 0, 0);
FIELD(asl_error, code, 4, 4);
FIELD(asl_error, sys_errno, 8, 8);
FIELD(asl_error, reserved, 12, 12);
FIELD(asl_error, offset, 16, 16);
FIELD(asl_error, message, 24, 24);

SIZE(asl_allocator, 32, 20);
FIELD(asl_allocator, struct_size, 0, 0);
FIELD(asl_allocator, reserved, 4, 4);
FIELD(asl_allocator, alloc, 8, 8);
FIELD(asl_allocator, free, 16, 12);
FIELD(asl_allocator, user, 24, 16);

SIZE(asl_image_view, 32, 32);
FIELD(asl_image_view, pixels, 0, 0);
FIELD(asl_image_view, width, 8, 4);
FIELD(asl_image_view, height, 12, 8);
FIELD(asl_image_view, stride, 16, 16);
FIELD(asl_image_view, format, 24, 24);
FIELD(asl_image_view, reserved, 28, 28);

SIZE(asl_rect, 16, 16);
FIELD(asl_rect, x, 0, 0);
FIELD(asl_rect, y, 4, 4);
FIELD(asl_rect, width, 8, 8);
FIELD(asl_rect, height, 12, 12);

SIZE(asl_decode_options, 32, 32);
FIELD(asl_decode_options, struct_size, 0, 0);
FIELD(asl_decode_options, ignore_orientation, 4, 4);
FIELD(asl_decode_options, max_side, 8, 8);
FIELD(asl_decode_options, reserved, 12, 12);
FIELD(asl_decode_options, max_pixels, 16, 16);
FIELD(asl_decode_options, max_bytes, 24, 24);

SIZE(asl_dataset_options, 24, 24);
FIELD(asl_dataset_options, struct_size, 0, 0);
FIELD(asl_dataset_options, per_class, 4, 4);
FIELD(asl_dataset_options, seed, 8, 8);
FIELD(asl_dataset_options, decode, 16, 16);

SIZE(asl_sample, 24, 20);
FIELD(asl_sample, struct_size, 0, 0);
FIELD(asl_sample, class_index, 4, 4);
FIELD(asl_sample, group_index, 8, 8);
FIELD(asl_sample, source_index, 12, 12);
FIELD(asl_sample, path, 16, 16);

SIZE(asl_issue, 24, 16);
FIELD(asl_issue, struct_size, 0, 0);
FIELD(asl_issue, code, 4, 4);
FIELD(asl_issue, path, 8, 8);
FIELD(asl_issue, message, 16, 12);

SIZE(asl_mix_options, 40, 28);
FIELD(asl_mix_options, struct_size, 0, 0);
FIELD(asl_mix_options, count, 4, 4);
FIELD(asl_mix_options, names, 8, 8);
FIELD(asl_mix_options, weights, 16, 12);
FIELD(asl_mix_options, labels, 24, 16);
FIELD(asl_mix_options, label_count, 32, 20);
FIELD(asl_mix_options, reserved, 36, 24);

SIZE(asl_split_options, 24, 24);
FIELD(asl_split_options, struct_size, 0, 0);
FIELD(asl_split_options, kind, 4, 4);
FIELD(asl_split_options, fraction, 8, 8);
FIELD(asl_split_options, seed, 16, 16);

SIZE(asl_pack_options, 40, 32);
FIELD(asl_pack_options, struct_size, 0, 0);
FIELD(asl_pack_options, width, 4, 4);
FIELD(asl_pack_options, height, 8, 8);
FIELD(asl_pack_options, threads, 12, 12);
FIELD(asl_pack_options, reuse, 16, 16);
FIELD(asl_pack_options, reserved, 20, 20);
FIELD(asl_pack_options, progress, 24, 24);
FIELD(asl_pack_options, user, 32, 28);

SIZE(asl_model_options, 40, 32);
FIELD(asl_model_options, struct_size, 0, 0);
FIELD(asl_model_options, width, 4, 4);
FIELD(asl_model_options, height, 8, 8);
FIELD(asl_model_options, label_count, 12, 12);
FIELD(asl_model_options, labels, 16, 16);
FIELD(asl_model_options, architecture, 24, 20);
FIELD(asl_model_options, seed, 32, 24);

SIZE(asl_model_info, 96, 88);
FIELD(asl_model_info, struct_size, 0, 0);
FIELD(asl_model_info, label_count, 4, 4);
FIELD(asl_model_info, width, 8, 8);
FIELD(asl_model_info, height, 12, 12);
FIELD(asl_model_info, channels, 16, 16);
FIELD(asl_model_info, layer_count, 20, 20);
FIELD(asl_model_info, parameter_count, 24, 24);
FIELD(asl_model_info, mac_count, 32, 32);
FIELD(asl_model_info, preset, 40, 40);
FIELD(asl_model_info, architecture, 48, 44);
FIELD(asl_model_info, channel_order, 56, 48);
FIELD(asl_model_info, temperature, 64, 56);
FIELD(asl_model_info, letter_threshold, 72, 64);
FIELD(asl_model_info, mirror, 80, 72);
FIELD(asl_model_info, looks, 84, 76);
FIELD(asl_model_info, crops, 88, 80);
FIELD(asl_model_info, reserved, 92, 84);

SIZE(asl_save_options, 8, 8);
FIELD(asl_save_options, struct_size, 0, 0);
FIELD(asl_save_options, weights, 4, 4);

SIZE(asl_calibration, 32, 32);
FIELD(asl_calibration, struct_size, 0, 0);
FIELD(asl_calibration, mirror, 4, 4);
FIELD(asl_calibration, temperature, 8, 8);
FIELD(asl_calibration, letter_threshold, 16, 16);
FIELD(asl_calibration, looks, 24, 24);
FIELD(asl_calibration, crops, 28, 28);

SIZE(asl_layer_info, 48, 40);
FIELD(asl_layer_info, struct_size, 0, 0);
FIELD(asl_layer_info, channels, 4, 4);
FIELD(asl_layer_info, height, 8, 8);
FIELD(asl_layer_info, width, 12, 12);
FIELD(asl_layer_info, parameter_count, 16, 16);
FIELD(asl_layer_info, mac_count, 24, 24);
FIELD(asl_layer_info, kind, 32, 32);
FIELD(asl_layer_info, text, 40, 36);

SIZE(asl_train_progress, 72, 72);
FIELD(asl_train_progress, struct_size, 0, 0);
FIELD(asl_train_progress, epoch, 4, 4);
FIELD(asl_train_progress, epochs, 8, 8);
FIELD(asl_train_progress, validating, 12, 12);
FIELD(asl_train_progress, done, 16, 16);
FIELD(asl_train_progress, total, 24, 24);
FIELD(asl_train_progress, loss, 32, 32);
FIELD(asl_train_progress, accuracy, 40, 40);
FIELD(asl_train_progress, learning_rate, 48, 48);
FIELD(asl_train_progress, seconds, 56, 56);
FIELD(asl_train_progress, eta_seconds, 64, 64);

SIZE(asl_epoch_metrics, 72, 72);
FIELD(asl_epoch_metrics, struct_size, 0, 0);
FIELD(asl_epoch_metrics, epoch, 4, 4);
FIELD(asl_epoch_metrics, train_loss, 8, 8);
FIELD(asl_epoch_metrics, train_accuracy, 16, 16);
FIELD(asl_epoch_metrics, val_loss, 24, 24);
FIELD(asl_epoch_metrics, val_accuracy, 32, 32);
FIELD(asl_epoch_metrics, learning_rate, 40, 40);
FIELD(asl_epoch_metrics, seconds, 48, 48);
FIELD(asl_epoch_metrics, is_best, 56, 56);
FIELD(asl_epoch_metrics, reserved, 60, 60);
FIELD(asl_epoch_metrics, val_source_accuracy, 64, 64);

SIZE(asl_trainer_options, 216, 176);
FIELD(asl_trainer_options, struct_size, 0, 0);
FIELD(asl_trainer_options, epochs, 4, 4);
FIELD(asl_trainer_options, batch_size, 8, 8);
FIELD(asl_trainer_options, optimizer, 12, 12);
FIELD(asl_trainer_options, schedule, 16, 16);
FIELD(asl_trainer_options, nesterov, 20, 20);
FIELD(asl_trainer_options, learning_rate, 24, 24);
FIELD(asl_trainer_options, beta1, 32, 32);
FIELD(asl_trainer_options, beta2, 40, 40);
FIELD(asl_trainer_options, epsilon, 48, 48);
FIELD(asl_trainer_options, momentum, 56, 56);
FIELD(asl_trainer_options, weight_decay, 64, 64);
FIELD(asl_trainer_options, label_smoothing, 72, 72);
FIELD(asl_trainer_options, seed, 80, 80);
FIELD(asl_trainer_options, threads, 88, 88);
FIELD(asl_trainer_options, checkpoint_steps, 92, 92);
FIELD(asl_trainer_options, backend, 96, 96);
FIELD(asl_trainer_options, isa, 104, 100);
FIELD(asl_trainer_options, checkpoint, 112, 104);
FIELD(asl_trainer_options, on_progress, 120, 108);
FIELD(asl_trainer_options, on_epoch, 128, 112);
FIELD(asl_trainer_options, on_warning, 136, 116);
FIELD(asl_trainer_options, user, 144, 120);
FIELD(asl_trainer_options, rank, 152, 124);
FIELD(asl_trainer_options, ranks, 156, 128);
FIELD(asl_trainer_options, all_reduce, 160, 132);
FIELD(asl_trainer_options, precision, 168, 136);
FIELD(asl_trainer_options, augmentation, 176, 140);
FIELD(asl_trainer_options, average, 184, 144);
FIELD(asl_trainer_options, epoch_pictures, 192, 152);
FIELD(asl_trainer_options, start_share, 200, 160);
FIELD(asl_trainer_options, start_size, 208, 168);
FIELD(asl_trainer_options, reserved, 212, 172);

SIZE(asl_finder_options, 32, 32);
FIELD(asl_finder_options, struct_size, 0, 0);
FIELD(asl_finder_options, looks, 4, 4);
FIELD(asl_finder_options, threshold, 8, 8);
FIELD(asl_finder_options, margin, 16, 16);
FIELD(asl_finder_options, inferer, 24, 24);

SIZE(asl_hand, 56, 56);
FIELD(asl_hand, struct_size, 0, 0);
FIELD(asl_hand, found, 4, 4);
FIELD(asl_hand, score, 8, 8);
FIELD(asl_hand, x, 16, 16);
FIELD(asl_hand, y, 24, 24);
FIELD(asl_hand, side, 32, 32);
FIELD(asl_hand, box, 40, 40);

SIZE(asl_inferer_options, 48, 36);
FIELD(asl_inferer_options, struct_size, 0, 0);
FIELD(asl_inferer_options, threads, 4, 4);
FIELD(asl_inferer_options, batch_size, 8, 8);
FIELD(asl_inferer_options, mirror, 12, 12);
FIELD(asl_inferer_options, backend, 16, 16);
FIELD(asl_inferer_options, isa, 24, 20);
FIELD(asl_inferer_options, precision, 32, 24);
FIELD(asl_inferer_options, looks, 40, 28);
FIELD(asl_inferer_options, crops, 44, 32);

SIZE(asl_layer_time, 40, 32);
FIELD(asl_layer_time, struct_size, 0, 0);
FIELD(asl_layer_time, layer_count, 4, 4);
FIELD(asl_layer_time, mac_count, 8, 8);
FIELD(asl_layer_time, nanoseconds, 16, 16);
FIELD(asl_layer_time, name, 24, 24);
FIELD(asl_layer_time, method, 32, 28);

SIZE(asl_evaluate_options, 24, 16);
FIELD(asl_evaluate_options, struct_size, 0, 0);
FIELD(asl_evaluate_options, threads, 4, 4);
FIELD(asl_evaluate_options, progress, 8, 8);
FIELD(asl_evaluate_options, user, 16, 12);

SIZE(asl_evaluation_info, 56, 56);
FIELD(asl_evaluation_info, struct_size, 0, 0);
FIELD(asl_evaluation_info, label_count, 4, 4);
FIELD(asl_evaluation_info, count, 8, 8);
FIELD(asl_evaluation_info, correct, 16, 16);
FIELD(asl_evaluation_info, accuracy, 24, 24);
FIELD(asl_evaluation_info, loss, 32, 32);
FIELD(asl_evaluation_info, issue_count, 40, 40);
FIELD(asl_evaluation_info, group_count, 48, 48);
FIELD(asl_evaluation_info, source_count, 52, 52);

SIZE(asl_evaluation_result, 56, 48);
FIELD(asl_evaluation_result, struct_size, 0, 0);
FIELD(asl_evaluation_result, truth, 4, 4);
FIELD(asl_evaluation_result, predicted, 8, 8);
FIELD(asl_evaluation_result, group_index, 12, 12);
FIELD(asl_evaluation_result, source_index, 16, 16);
FIELD(asl_evaluation_result, reserved, 20, 20);
FIELD(asl_evaluation_result, sample, 24, 24);
FIELD(asl_evaluation_result, path, 32, 32);
FIELD(asl_evaluation_result, scores, 40, 36);
FIELD(asl_evaluation_result, logits, 48, 40);

SIZE(asl_backend_info, 184, 176);
FIELD(asl_backend_info, struct_size, 0, 0);
FIELD(asl_backend_info, available, 4, 4);
FIELD(asl_backend_info, name, 8, 8);
FIELD(asl_backend_info, description, 16, 12);
FIELD(asl_backend_info, reason, 24, 16);

SIZE(asl_speller_options, 224, 224);
FIELD(asl_speller_options, struct_size, 0, 0);
FIELD(asl_speller_options, method, 4, 4);
FIELD(asl_speller_options, temperature, 8, 8);
FIELD(asl_speller_options, floor, 16, 16);
FIELD(asl_speller_options, nothing_share, 24, 24);
FIELD(asl_speller_options, correlation_ms, 32, 32);
FIELD(asl_speller_options, stay_ms, 36, 36);
FIELD(asl_speller_options, average_ms, 40, 40);
FIELD(asl_speller_options, vote_ms, 44, 44);
FIELD(asl_speller_options, enter, 48, 48);
FIELD(asl_speller_options, margin, 56, 56);
FIELD(asl_speller_options, exit, 64, 64);
FIELD(asl_speller_options, still_motion, 72, 72);
FIELD(asl_speller_options, moving_weight, 80, 80);
FIELD(asl_speller_options, bump_motion, 88, 88);
FIELD(asl_speller_options, bump_min_ms, 96, 96);
FIELD(asl_speller_options, bump_max_ms, 100, 100);
FIELD(asl_speller_options, doubt_factor, 104, 104);
FIELD(asl_speller_options, blind_factor, 112, 112);
FIELD(asl_speller_options, edit_factor, 120, 120);
FIELD(asl_speller_options, dwell_ms, 128, 128);
FIELD(asl_speller_options, release_ms, 132, 132);
FIELD(asl_speller_options, repeat_ms, 136, 136);
FIELD(asl_speller_options, delete_repeat_ms, 140, 140);
FIELD(asl_speller_options, idle_ms, 144, 144);
FIELD(asl_speller_options, pause_ms, 148, 148);
FIELD(asl_speller_options, gap_ms, 152, 152);
FIELD(asl_speller_options, max_text, 156, 156);
FIELD(asl_speller_options, max_suggestions, 160, 160);
FIELD(asl_speller_options, beam, 164, 164);
FIELD(asl_speller_options, word_weight, 168, 168);
FIELD(asl_speller_options, insert_factor, 176, 176);
FIELD(asl_speller_options, omit_factor, 184, 184);
FIELD(asl_speller_options, repeat_factor, 192, 192);
FIELD(asl_speller_options, replace_floor, 200, 200);
FIELD(asl_speller_options, complete_factor, 208, 208);
FIELD(asl_speller_options, offer_floor, 216, 216);

SIZE(asl_speller_hints, 16, 16);
FIELD(asl_speller_hints, struct_size, 0, 0);
FIELD(asl_speller_hints, reserved, 4, 4);
FIELD(asl_speller_hints, motion, 8, 8);

SIZE(asl_speller_event, 56, 56);
FIELD(asl_speller_event, struct_size, 0, 0);
FIELD(asl_speller_event, kind, 4, 4);
FIELD(asl_speller_event, label, 8, 8);
FIELD(asl_speller_event, removed, 12, 12);
FIELD(asl_speller_event, time_ns, 16, 16);
FIELD(asl_speller_event, since_ns, 24, 24);
FIELD(asl_speller_event, progress, 32, 32);
FIELD(asl_speller_event, belief, 40, 40);
FIELD(asl_speller_event, text, 48, 48);

VALUE(ASL_VERSION_MAJOR, 1);

VALUE(ASL_OK, 0);
VALUE(ASL_STOPPED, 1);
VALUE(ASL_PARTIAL, 2);
VALUE(ASL_ERR_ARG, -1);
VALUE(ASL_ERR_STATE, -2);
VALUE(ASL_ERR_BUSY, -3);
VALUE(ASL_ERR_TOO_NEW, -4);
VALUE(ASL_ERR_NOMEM, -20);
VALUE(ASL_ERR_IO, -21);
VALUE(ASL_ERR_SYSTEM, -22);
VALUE(ASL_ERR_PATH, -23);
VALUE(ASL_ERR_LIMIT, -24);
VALUE(ASL_ERR_NOT_FOUND, -25);
VALUE(ASL_ERR_EXISTS, -26);
VALUE(ASL_ERR_TRUNCATED, -40);
VALUE(ASL_ERR_CHECKSUM, -41);
VALUE(ASL_ERR_IMAGE, -42);
VALUE(ASL_ERR_UNSUPPORTED, -43);
VALUE(ASL_ERR_CSV, -44);
VALUE(ASL_ERR_DATASET, -45);
VALUE(ASL_ERR_DATASET_CHANGED, -46);
VALUE(ASL_ERR_PACK, -47);
VALUE(ASL_ERR_MODEL, -60);
VALUE(ASL_ERR_MODEL_TOO_NEW, -61);
VALUE(ASL_ERR_ARCHITECTURE, -62);
VALUE(ASL_ERR_LABELS, -63);
VALUE(ASL_ERR_BACKEND, -80);
VALUE(ASL_ERR_DEVICE_LOST, -81);
VALUE(ASL_ERR_DIVERGED, -82);
VALUE(ASL_ERR_INTERNAL, -99);

VALUE(ASL_FORMAT_RGB24, 0);
VALUE(ASL_FORMAT_BGR24, 1);
VALUE(ASL_FORMAT_RGBA32, 2);
VALUE(ASL_FORMAT_BGRA32, 3);
VALUE(ASL_FORMAT_GRAY8, 4);
VALUE(ASL_FORMAT_YUYV, 5);
VALUE(ASL_FORMAT_NV12, 6);
VALUE(ASL_FORMAT_I420, 7);

VALUE(ASL_ENCODING_PNG, 0);
VALUE(ASL_ENCODING_JPEG, 1);

VALUE(ASL_SPLIT_AUTO, 0);
VALUE(ASL_SPLIT_RANDOM, 1);
VALUE(ASL_SPLIT_BLOCK, 2);
VALUE(ASL_SPLIT_GROUP, 3);

VALUE(ASL_WEIGHTS_F32, 0);
VALUE(ASL_WEIGHTS_F16, 1);
VALUE(ASL_WEIGHTS_I8, 2);

VALUE(ASL_BUILTIN_LETTERS, 0);
VALUE(ASL_BUILTIN_HANDS, 1);

VALUE(ASL_MIRROR_MODEL, 0);
VALUE(ASL_MIRROR_OFF, 1);
VALUE(ASL_MIRROR_ON, 2);
VALUE(ASL_MIRROR_BOTH, 3);
VALUE(ASL_MIRROR_AUTO, 4);

VALUE(ASL_OPTIMIZER_ADAM, 0);
VALUE(ASL_OPTIMIZER_ADAMW, 1);
VALUE(ASL_OPTIMIZER_SGD, 2);

VALUE(ASL_SCHEDULE_CONSTANT, 0);
VALUE(ASL_SCHEDULE_ONE_CYCLE, 1);

VALUE(ASL_SPELLER_HMM, 0);
VALUE(ASL_SPELLER_AVERAGE, 1);
VALUE(ASL_SPELLER_VOTE, 2);

VALUE(ASL_SPELLER_DEFAULT, 0);
VALUE(ASL_SPELLER_LEARNER, 1);
VALUE(ASL_SPELLER_FLUENT, 2);

VALUE(ASL_SPELLER_CANDIDATE, 1);
VALUE(ASL_SPELLER_PROGRESS, 2);
VALUE(ASL_SPELLER_COMMIT, 3);
VALUE(ASL_SPELLER_DELETE, 4);
VALUE(ASL_SPELLER_SPACE, 5);
VALUE(ASL_SPELLER_WORD, 6);
VALUE(ASL_SPELLER_SUGGESTIONS, 7);
VALUE(ASL_SPELLER_IDLE, 8);
VALUE(ASL_SPELLER_FULL, 9);
VALUE(ASL_SPELLER_EDIT, 10);

int main(void)
{
    return 0;
}
