// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "checkpoint/state/keyed_backend.h"

namespace weir {

/// What an operator may know and use of the task it runs in. One an operator and subtask.
///
/// Threads: the task's.
class OperatorContext {
public:
  struct Place {
    std::string operator_name;
    std::uint32_t subtask_index = 0;
    std::uint32_t parallelism = 1;
    std::uint32_t max_parallelism = 128;
  };

  explicit OperatorContext(Place place)
      : place_(std::move(place)),
        keyed_state_(range_of(place_.subtask_index, place_.parallelism, place_.max_parallelism),
                     place_.max_parallelism) {}

  [[nodiscard]] const std::string& operator_name() const { return place_.operator_name; }
  [[nodiscard]] std::uint32_t subtask_index() const { return place_.subtask_index; }
  [[nodiscard]] std::uint32_t parallelism() const { return place_.parallelism; }
  [[nodiscard]] std::uint32_t max_parallelism() const { return place_.max_parallelism; }

  [[nodiscard]] KeyedBackend& keyed_state() { return keyed_state_; }

private:
  const Place place_;
  KeyedBackend keyed_state_;
};

}  // namespace weir
