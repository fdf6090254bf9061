// SPDX-License-Identifier: Apache-2.0
#include <random>

#include "apps/drill/order.h"
#include "apps/weir/verbs.h"

namespace weir {

int run_drill(const CommandLine& line) {
  const auto order = drill::read_order(line, std::random_device{}());
  return order ? drill::run(*order) : fail(order.error().what);
}

}  // namespace weir
