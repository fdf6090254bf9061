// SPDX-License-Identifier: Apache-2.0
// What the actors log would bury what the tests say.
#include "base/log.h"

namespace weir {
namespace {

[[maybe_unused]] const bool kQuiet = [] {
  log::set_level(log::Level::Off);
  return true;
}();

}  // namespace
}  // namespace weir
