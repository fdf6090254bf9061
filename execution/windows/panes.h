// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "execution/windows/window.h"

namespace weir {

/// What one key has in one slice of time that is over.
template <class Accumulator>
struct Pane {
  std::int64_t start = 0;
  Accumulator held{};
};

/// The panes of one key that a sliding window still covers, and their sum at any moment for two merges,
/// however many they are: two stacks. What belongs to slices that are not over is kept apart.
/// In front each pane holds the sum from itself to the last one in front;
/// behind them each holds its own, and `back` the sum of these. When the front is used up, what is behind
/// becomes the front.
///
///     [gone | sums to the end of the front | panes as they were]   back = sum of the last part
///      0     head                           front_end
template <class Accumulator>
struct PaneStack {
  std::uint32_t head = 0;
  std::uint32_t front_end = 0;
  std::vector<Pane<Accumulator>> panes;  // in order of their starts
  Accumulator back{};                    // if there is something behind the front
  std::vector<Pane<Accumulator>> open;   // in order of their starts, of slices that are not over
  std::int64_t spoken_until = window_math::kBeforeAll;  // the end of the last window that spoke

  [[nodiscard]] bool is_empty() const { return head == panes.size(); }
  [[nodiscard]] bool has_back() const { return front_end < panes.size(); }

  /// What a slice that is not over has. `is_new`: nothing yet.
  [[nodiscard]] Accumulator& open_at(std::int64_t start, bool& is_new) {
    is_new = false;
    if (!open.empty() && open.back().start == start) [[likely]] return open.back().held;
    auto at = std::ranges::lower_bound(open, start, {}, &Pane<Accumulator>::start);
    is_new = at == open.end() || at->start != start;
    if (is_new) at = open.insert(at, {start, {}});
    return at->held;
  }
  /// Slices that begin before `end` are over.
  template <class Contents>
  void close_before(const Contents& contents, std::int64_t end) {
    if (open.empty() || open.front().start >= end) return;
    const auto behind = std::ranges::lower_bound(open, end, {}, &Pane<Accumulator>::start);
    for (auto each = open.begin(); each != behind; ++each) add(contents, each->start, each->held);
    open.erase(open.begin(), behind);
  }

  /// Adds what a slice that is over had; it is usually the latest so far.
  template <class Contents>
  void add(const Contents& contents, std::int64_t start, const Accumulator& held) {
    if (!is_empty() && panes.back().start >= start) return add_late(contents, start, held);
    if (has_back()) contents.merge(back, held);
    else back = held;
    panes.push_back({start, held});
  }

  /// Forgets slices that begin before `start`.
  template <class Contents>
  void forget_before(const Contents& contents, std::int64_t start) {
    while (!is_empty() && panes[head].start < start) {
      if (head == front_end) turn(contents);
      panes[head++].held = {};
    }
    if (!is_empty()) return;
    panes.clear();
    head = 0;
    front_end = 0;
    back = {};
  }

  /// Of all that is there; it is not empty.
  template <class Contents>
  [[nodiscard]] Accumulator sum(const Contents& contents) const {
    if (head == front_end) return back;
    Accumulator all = panes[head].held;
    if (has_back()) contents.merge(all, back);
    return all;
  }

private:
  using Index = std::uint32_t;

  /// What is behind becomes the front.
  template <class Contents>
  void turn(const Contents& contents) {
    panes.erase(panes.begin(), panes.begin() + head);
    head = 0;
    front_end = static_cast<Index>(panes.size());
    for (std::size_t i = panes.size() - 1; i-- > 0;) contents.merge(panes[i].held, panes[i + 1].held);
    back = {};
  }

  template <class Contents>
  void add_late(const Contents& contents, std::int64_t start, const Accumulator& held) {
    const auto first = panes.begin() + head;
    auto at = std::ranges::lower_bound(first, panes.end(), start, {}, &Pane<Accumulator>::start);
    const auto index = static_cast<Index>(at - panes.begin());
    if (index >= front_end) {
      if (at != panes.end() && at->start == start) contents.merge(at->held, held);
      else panes.insert(at, {start, held});
      add_up_back(contents);
      return;
    }
    if (at->start != start) {  // its sum is that of the next one, and its own
      panes.insert(at, {start, panes[index].held});
      ++front_end;
    }
    for (Index i = head; i <= index; ++i) contents.merge(panes[i].held, held);
  }

  template <class Contents>
  void add_up_back(const Contents& contents) {
    back = panes[front_end].held;
    for (std::size_t i = front_end + std::size_t{1}; i < panes.size(); ++i)
      contents.merge(back, panes[i].held);
  }
};

}  // namespace weir
