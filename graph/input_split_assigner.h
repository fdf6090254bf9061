// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "graph/input_split.h"

namespace weir {

/// Deals the splits of one source to whoever asks, so that a slow subtask gets fewer: first one that lies on
/// the asker's host, then one that lies nowhere in particular, then any.
///
/// Threads: none. One caller at a time: the ExecutionGraph.
class InputSplitAssigner {
public:
  explicit InputSplitAssigner(const std::vector<InputSplit>& splits);

  /// The position of a split that nobody has; nothing: all are dealt.
  [[nodiscard]] std::optional<std::size_t> next(ExecutionAttemptId asker, std::string_view host);
  /// What the attempt was dealt will be dealt again: it failed, and its work is lost.
  void give_back(ExecutionAttemptId attempt);
  /// All of them.
  void give_back_all();

private:
  /// Positions of splits in the order in which they are dealt. Those before `first` are dealt.
  struct Deck {
    std::vector<std::size_t> splits;
    std::size_t first = 0;
  };

  [[nodiscard]] std::optional<std::size_t> draw(Deck& deck, ExecutionAttemptId asker);
  void rewind();

  std::vector<ExecutionAttemptId> holders_;  // by split; none: nobody
  std::map<std::string, Deck, std::less<>> by_host_;
  Deck anywhere_;
  Deck all_;
};

}  // namespace weir
