// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace weir {

/// Told when a channel that had nothing to read has something: data, an event, a failure, or its partition at
/// last. A port: an input gate implements it for its task, a data server for its sockets.
///
/// Threads: any; must not block and must not call back.
class DataListener {
public:
  virtual ~DataListener() = default;
  /// `channel` is the number under which the listener attached itself. Told once until the channel was read
  /// empty.
  virtual void on_data(std::uint32_t channel) = 0;
};

}  // namespace weir
