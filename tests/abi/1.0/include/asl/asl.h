/* SPDX-License-Identifier: MIT */
#ifndef ASL_ASL_H
#define ASL_ASL_H

#include "asl/augment.h"
#include "asl/backend.h"
#include "asl/base.h"
#include "asl/dataset.h"
#include "asl/finder.h"
#include "asl/image.h"
#include "asl/inferer.h"
#include "asl/model.h"
#include "asl/speller.h"
#include "asl/trainer.h"

#endif
