// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::drill {

/// What was wrong with the output of the verifiable job (program/verifiable.cpp).
struct Verdict {
  std::uint64_t events = 0;      // that were to be there
  std::uint64_t lost = 0;        // of these, not there at all
  std::uint64_t duplicated = 0;  // there again
  std::uint64_t wrong = 0;       // counted otherwise than the events before tell, or no line of the job's
  std::vector<std::string> examples;  // the first few, for people

  [[nodiscard]] bool is_clean() const { return lost == 0 && duplicated == 0 && wrong == 0; }
  /// "12000 events, 0 lost, 0 duplicated, 0 wrong", and the examples.
  [[nodiscard]] std::string text() const;
};

/// Recomputes from the seed what the job must have written, and holds it against what it wrote: each
/// partition's events from 0 to its end, each once; each key's counts from 1 on, with the hash of the events
/// so far; events of a partition within a key in their order.
class Ledger {
public:
  Ledger(std::uint64_t seed, std::uint64_t keys, std::uint32_t partitions)
      : seed_(seed), keys_(keys), partitions_(partitions) {}

  /// "(partition,sequence,key,count,hash)"
  void add_line(std::string_view line);
  /// All that one who reads committed files finds in a folder.
  void add_folder(const std::string& folder);

  /// Of the whole job; every partition must have ended.
  [[nodiscard]] Verdict verdict() const;
  [[nodiscard]] std::uint64_t line_count() const { return line_count_; }

private:
  struct Line {
    std::uint64_t partition = 0;
    std::uint64_t sequence = 0;
    std::uint64_t key = 0;
    std::uint64_t count = 0;
    std::uint64_t hash = 0;
  };
  class Check;

  const std::uint64_t seed_;
  const std::uint64_t keys_;
  const std::uint32_t partitions_;
  std::uint64_t line_count_ = 0;
  std::vector<std::string> strange_;                        // lines that are none of the job's
  std::map<std::uint64_t, std::vector<std::uint64_t>> sequences_;  // by partition, as they come
  std::map<std::uint64_t, std::vector<std::uint64_t>> ends_;       // by partition, as they come
  std::map<std::uint64_t, std::vector<Line>> by_key_;
};

}  // namespace weir::drill
