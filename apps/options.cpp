// SPDX-License-Identifier: Apache-2.0
#include "apps/options.h"

#include <array>

namespace weir::options {

std::span<const AnyOption> all() {
  static constexpr std::array<AnyOption, 8> kAll{
      kJobManagerAddress, kJobManagerPort, kBlobPort, kBlobDirectory,
      kTaskManagerHost,   kDataPort,       kSlots,    kParallelism,
  };
  return kAll;
}

}  // namespace weir::options
