// SPDX-License-Identifier: Apache-2.0
// Compiled into every program by weir_add_program(), with the program's
// own compiler and flags: that is why it can tell how the program was compiled.
#include <cstring>
#include <exception>

#include "api/abi.h"
#include "api/program.h"

namespace {

[[gnu::section(".weir_abi"), gnu::used]] const weir::AbiRecord kRecord = weir::make_abi_record();

void copy_text(char* to, std::size_t bytes, const char* text) {
  if (bytes == 0) return;
  std::strncpy(to, text, bytes - 1);
  to[bytes - 1] = 0;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int weir_build(weir::Environment* env, char* error,
                                                                 std::size_t error_bytes) noexcept {
  try {
    weir::program(*env);
    env->params().refuse_unknown();
    return 0;
  } catch (const std::exception& thrown) {
    copy_text(error, error_bytes, thrown.what());
  } catch (...) {
    copy_text(error, error_bytes, "it threw something that is no std::exception");
  }
  return 1;
}
