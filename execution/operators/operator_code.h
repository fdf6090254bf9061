// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstring>

#include "execution/operators/input.h"

namespace weir {

/// Where the machine code of an input's process() begins, so that a crash report can tell from the stack
/// which operator was at work: nothing needs to be noted while records pass.
///
/// A pointer to a virtual function is, in the C++ ABI of Linux, 1 plus the function's place in the table of
/// virtual functions, to which the object's first word points. Null where that does not hold.
template <class Receiver, class T>
[[nodiscard]] const void* code_of_process(const Receiver& receiver) {
#if defined(__x86_64__)
  struct {
    std::ptrdiff_t place;
    std::ptrdiff_t adjustment;
  } function;
  void (Receiver::*const process)(const T&, EventTime) = &Receiver::process;
  static_assert(sizeof process == sizeof function);
  std::memcpy(&function, &process, sizeof function);
  if ((function.place & 1) == 0 || function.adjustment != 0) return nullptr;
  const std::byte* table = nullptr;
  std::memcpy(&table, static_cast<const void*>(&receiver), sizeof table);
  const void* code = nullptr;
  std::memcpy(&code, table + function.place - 1, sizeof code);
  return code;
#else
  (void)receiver;
  return nullptr;
#endif
}

}  // namespace weir
