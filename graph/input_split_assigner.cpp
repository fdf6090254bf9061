// SPDX-License-Identifier: Apache-2.0
#include "graph/input_split_assigner.h"

#include <algorithm>

namespace weir {

InputSplitAssigner::InputSplitAssigner(const std::vector<InputSplit>& splits) : holders_(splits.size()) {
  for (std::size_t split = 0; split < splits.size(); ++split) {
    all_.splits.push_back(split);
    if (splits[split].hosts.empty()) anywhere_.splits.push_back(split);
    for (const std::string& host : splits[split].hosts) by_host_[host].splits.push_back(split);
  }
}

std::optional<std::size_t> InputSplitAssigner::next(ExecutionAttemptId asker, std::string_view host) {
  if (const auto local = by_host_.find(host); local != by_host_.end()) {
    if (const auto split = draw(local->second, asker)) return split;
  }
  if (const auto split = draw(anywhere_, asker)) return split;
  return draw(all_, asker);
}

std::optional<std::size_t> InputSplitAssigner::draw(Deck& deck, ExecutionAttemptId asker) {
  while (deck.first < deck.splits.size()) {
    const std::size_t split = deck.splits[deck.first++];
    if (!holders_[split].is_none()) continue;  // was dealt from another deck
    holders_[split] = asker;
    return split;
  }
  return std::nullopt;
}

void InputSplitAssigner::give_back(ExecutionAttemptId attempt) {
  std::replace(holders_.begin(), holders_.end(), attempt, ExecutionAttemptId{});
  rewind();
}

void InputSplitAssigner::give_back_all() {
  std::fill(holders_.begin(), holders_.end(), ExecutionAttemptId{});
  rewind();
}

void InputSplitAssigner::rewind() {
  for (auto& [host, deck] : by_host_) deck.first = 0;
  anywhere_.first = 0;
  all_.first = 0;
}

}  // namespace weir
