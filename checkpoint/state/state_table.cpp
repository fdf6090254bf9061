// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/state_table.h"

#include <stdexcept>

#include "checkpoint/snapshot/state_schema.h"

namespace weir {

void require_readable(const StateInfo& from, const StateInfo& wanted) {
  if (auto fits = compatible(from, wanted); !fits) throw StateNotReadable(fits.error().what);
}

void refuse_second_use(const std::string& name, const StateInfo& first, const StateInfo& second) {
  throw std::logic_error("the state \"" + name + "\" is asked for as " + told(second) + ", but it is " +
                         told(first) + ": give one of them another name");
}

}  // namespace weir
