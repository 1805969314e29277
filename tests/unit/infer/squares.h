/* SPDX-License-Identifier: MIT */
/* A hand finder that nobody trained: its weights say where a bright square on grey is. */
#ifndef TESTS_SQUARES_H
#define TESTS_SQUARES_H

#include "asl/asl.h"

/* Squares of about 17 to 90 % of the longer side score as hands. */
asl_model *squares_model(void);

#endif
