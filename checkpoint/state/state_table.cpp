// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/state_table.h"

#include <stdexcept>
#include <string>

namespace weir {

void require_same(const StateInfo& from, const StateInfo& wanted) {
  const auto require = [&](const char* part, const std::string& was, const std::string& is) {
    if (was == is) return;
    throw std::runtime_error("the state \"" + from.name + "\" cannot be restored: its " + part + " was " +
                             was + " and is " + is + " in this program");
  };
  require("key", from.key, wanted.key);
  require("namespace", from.name_space, wanted.name_space);
  require("value", from.value, wanted.value);
}

}  // namespace weir
