// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "messages/archive.h"

namespace weir {

/// Where the tasks of a job are, among the TaskManagers of a cluster, which have numbers from 0 on.
class TaskPlaces {
public:
  /// `data_addresses`: where each TaskManager serves data, by number; empty: it is gone.
  TaskPlaces(JobDetails job, std::vector<std::string> data_addresses)
      : job_(std::move(job)), addresses_(std::move(data_addresses)) {}

  /// Each TaskManager once.
  [[nodiscard]] std::vector<std::uint32_t> all() const {
    std::set<std::uint32_t> numbers;
    for (const VertexDetails& vertex : job_.vertices)
      for (const SubtaskDetails& subtask : vertex.subtasks)
        if (const auto number = number_at(subtask.data_address)) numbers.insert(*number);
    return {numbers.begin(), numbers.end()};
  }
  /// Of a subtask of the first task that has this in its name.
  [[nodiscard]] std::optional<std::uint32_t> of(const std::string& name, std::uint32_t subtask) const {
    const auto vertex = std::ranges::find_if(job_.vertices, [&](const VertexDetails& each) {
      return each.name.find(name) != std::string::npos;
    });
    if (vertex == job_.vertices.end() || subtask >= vertex->subtasks.size()) return {};
    return number_at(vertex->subtasks[subtask].data_address);
  }

private:
  [[nodiscard]] std::optional<std::uint32_t> number_at(const std::string& address) const {
    const auto found = std::ranges::find(addresses_, address);
    if (address.empty() || found == addresses_.end()) return {};
    return static_cast<std::uint32_t>(found - addresses_.begin());
  }

  const JobDetails job_;
  const std::vector<std::string> addresses_;
};

}  // namespace weir
