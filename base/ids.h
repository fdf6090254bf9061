// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace weir {

/// 128 bits that name one thing of one kind. Distinct kinds are distinct types, so that a job's id
/// cannot be handed over where a vertex's is wanted.
///
/// Shapes: printed and parsed as 32 lower-case hex digits, high word first. All zero means "none".
template <class Tag>
struct Id {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// A fresh id from the operating system's entropy.
  [[nodiscard]] static Id random();
  /// The id that `hex` prints, or nothing unless it is exactly 32 hex digits.
  [[nodiscard]] static std::optional<Id> parse(std::string_view hex);

  [[nodiscard]] std::string hex() const;
  [[nodiscard]] bool is_none() const { return high == 0 && low == 0; }

  auto operator<=>(const Id&) const = default;
};

template <class Inspector, class Tag>
typename Inspector::result_type inspect(Inspector& f, Id<Tag>& id) {
  return f(id.high, id.low);
}

using JobId = Id<struct JobTag>;
using JobVertexId = Id<struct JobVertexTag>;
/// Names an operator across versions of a program: savepoints find their state by it.
using OperatorId = Id<struct OperatorTag>;
/// One attempt to run one subtask. Every message about a task carries it, so that late ones are known as
/// late.
using ExecutionAttemptId = Id<struct ExecutionAttemptTag>;
using IntermediateDataSetId = Id<struct IntermediateDataSetTag>;
/// One TaskManager process, new at every start.
using TaskManagerId = Id<struct TaskManagerTag>;
/// One registration of a TaskManager at a JobManager.
using InstanceId = Id<struct InstanceTag>;
/// One term of leadership; a message that acts carries the term under which it was sent.
using LeaderSessionId = Id<struct LeaderSessionTag>;
using AllocationId = Id<struct AllocationTag>;

/// One partition of one data set as one attempt of its producer writes it.
struct ResultPartitionId {
  IntermediateDataSetId data_set;
  std::uint32_t partition = 0;  // the producer's subtask index
  ExecutionAttemptId producer;
  auto operator<=>(const ResultPartitionId&) const = default;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, ResultPartitionId& id) {
  return f(id.data_set, id.partition, id.producer);
}

/// The bits of Id, whatever their kind. Only for the definitions below.
namespace detail {
std::array<std::uint64_t, 2> random_bits();
std::optional<std::array<std::uint64_t, 2>> parse_bits(std::string_view hex);
std::string hex_of(std::uint64_t high, std::uint64_t low);
}  // namespace detail

template <class Tag>
Id<Tag> Id<Tag>::random() {
  const auto bits = detail::random_bits();
  return {bits[0], bits[1]};
}

template <class Tag>
std::optional<Id<Tag>> Id<Tag>::parse(std::string_view hex) {
  const auto bits = detail::parse_bits(hex);
  if (!bits) return std::nullopt;
  return Id{(*bits)[0], (*bits)[1]};
}

template <class Tag>
std::string Id<Tag>::hex() const {
  return detail::hex_of(high, low);
}

}  // namespace weir

template <class Tag>
struct std::hash<weir::Id<Tag>> {
  std::size_t operator()(const weir::Id<Tag>& id) const noexcept {
    return id.high ^ (id.low * 0x9E3779B97F4A7C15u);
  }
};
