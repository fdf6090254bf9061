// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "api/data_stream.h"
#include "api/environment.h"
#include "api/keyed_stream.h"

namespace weir {

/// A user's program: the one function that a shared library made by weir_add_program() defines.
///
///     void weir::program(Environment& env) {
///       env.read_text(env.params().require("input")).filter(...).print();
///     }
///
/// It is run by the client and again on every worker, and must say the same each time: no clock, no random
/// numbers, no files, no environment variables, no threads. All it may know is env.params().
void program(Environment& env);

}  // namespace weir
