/* SPDX-License-Identifier: MIT */
/* The processes that train one model together: those that mpirun or a like launcher started side by
 * side, or this one alone. ranks_mpi.c joins them by MPI; a build without MPI has ranks_alone.c.
 * All processes make the same calls in the same order. */
#ifndef ASL_TRAIN_RANKS_H
#define ASL_TRAIN_RANKS_H

#include <stddef.h>
#include <stdint.h>

#include "asl/base.h"

/** Join the others. Without a launcher there are none, and MPI is not even started.
 * @return an exit code of cli.h. */
int ranks_join(int32_t *rank, int32_t *ranks);

/** The largest value of all, such as an exit code. Waits for the others without using the
 * processor. */
int ranks_largest(int value);

/** An asl_all_reduce_fn. */
asl_status ranks_sum(float *values, size_t count, void *user);

/** The last call, with this process's exit code. When one fails alone, the others are ended.
 * @return @p code */
int ranks_part(int code);

#endif /* ASL_TRAIN_RANKS_H */
