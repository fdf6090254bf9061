// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "execution/windows/window.h"

namespace weir {

/// One window of one key.
template <class W, class Accumulator, class TriggerState, class OwnState>
struct WindowRow {
  W window{};
  bool is_filled = false;
  Accumulator contents{};
  TriggerState trigger{};
  OwnState own{};                             // of the window's function
  std::vector<std::int64_t> event_timers;       // of the trigger, in order
  std::vector<std::int64_t> processing_timers;  // likewise
};

/// All windows of one key, and until when somebody looks after them: the timers of a window lie in its row,
/// and the key has one timer, no later than the first of them. So a session that goes on moves a number, not
/// a timer.
template <class Row>
struct WindowRows {
  std::int64_t armed_event = window_math::kForever;
  std::int64_t armed_processing = window_math::kForever;
  std::vector<Row> windows;  // in order, if they have one
};

namespace window_rows {

/// The row of that window, made if there is none.
template <class Row, class W>
[[nodiscard]] Row& find_or_add(std::vector<Row>& rows, const W& window) {
  auto at = rows.end();
  if constexpr (std::totally_ordered<W>) {
    at = std::ranges::lower_bound(rows, window, {}, &Row::window);
    if (at != rows.end() && at->window == window) return *at;
  } else {
    const auto found = std::ranges::find(rows, window, &Row::window);
    if (found != rows.end()) return *found;
  }
  at = rows.emplace(at);
  at->window = window;
  return *at;
}

inline void add_time(std::vector<std::int64_t>& times, std::int64_t time) {
  const auto at = std::ranges::lower_bound(times, time);
  if (at == times.end() || *at != time) times.insert(at, time);
}
inline void remove_time(std::vector<std::int64_t>& times, std::int64_t time) {
  const auto at = std::ranges::lower_bound(times, time);
  if (at != times.end() && *at == time) times.erase(at);
}
/// The first time up to `until`, which is taken out. False: there is none.
inline bool take_due(std::vector<std::int64_t>& times, std::int64_t until, std::int64_t& time) {
  if (times.empty() || times.front() > until) return false;
  time = times.front();
  times.erase(times.begin());
  return true;
}

}  // namespace window_rows

}  // namespace weir
