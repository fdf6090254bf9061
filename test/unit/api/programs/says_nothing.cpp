// SPDX-License-Identifier: Apache-2.0
#include "api/program.h"

void weir::program(Environment&) {}
