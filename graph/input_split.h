// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace weir {

/// A part of what a source reads, such as a range of a file. The client makes them, the JobManager hands them
/// out, the source reads them: nobody else looks inside.
struct InputSplit {
  std::string bytes;               // what the source wrote there
  std::vector<std::string> hosts;  // where it lies; empty: everywhere alike
  bool operator==(const InputSplit&) const = default;
};

template <class F>
typename F::result_type inspect(F& f, InputSplit& x) {
  return f(x.bytes, x.hosts);
}

}  // namespace weir
