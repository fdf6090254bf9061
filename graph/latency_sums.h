// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace weir {

/// What this machine's wall clock says, in us since 1970.
[[nodiscard]] std::int64_t wall_micros();

/// Latencies between a source and an operator travel as accumulators, a sum for each of their histogram's
/// buckets: so those of all subtasks add up like all others. This is the sum to which a latency counts; four
/// buckets for each power of two, so that what is told is at most a quarter too high.
[[nodiscard]] std::string latency_sum_name(std::string_view source, std::string_view operator_name,
                                           std::uint64_t micros);

/// In the place of all such sums what people want to know, in us: "latency Source: text -> Keyed Sum p50",
/// "... p95", "... p99", and how many markers there were, "... markers".
[[nodiscard]] std::map<std::string, std::int64_t> with_latencies_told(
    std::map<std::string, std::int64_t> accumulators);

}  // namespace weir
