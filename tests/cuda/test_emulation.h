/* SPDX-License-Identifier: MIT */
/* What the two files of the emulation's test share. */
#ifndef TESTS_CUDA_TEST_EMULATION_H
#define TESTS_CUDA_TEST_EMULATION_H

#include <stddef.h>

/* A copy in new device memory, and back. */
void *to_device(const void *data, size_t size);
void to_host(void *data, const void *memory, size_t size);

void convolutions_forward(void **state);
void convolutions_fused(void **state);
void convolutions_back_data(void **state);
void convolutions_back_filter(void **state);
void products(void **state);
void engines_calculate_as_noted(void **state);
void captured_libraries(void **state);
void refused_executions(void **state);

#endif
