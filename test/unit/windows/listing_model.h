// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::testing {

enum class ListingKind { ClockAligned, ClockSession, Aligned, Global };
enum class Leaving { Nothing, ByCount, ByTime, ByDelta };

struct ListingCase {
  ListingKind kind = ListingKind::ClockAligned;
  std::int64_t size = 10;  // of a session, the gap
  std::int64_t slide = 10;
  std::int64_t offset = 0;
  std::int64_t lateness = 0;
  std::int64_t every = 0;      // ms of a continuous trigger; of Aligned, records; 0: it speaks at its end
  std::int64_t threshold = 5;  // of the delta trigger that Global has
  bool is_purging = false;
  Leaving leaving = Leaving::Nothing;
  bool leaves_after = false;
  std::int64_t kept = 3;  // records, ms, or how far values may be from the last one
};

/// What windows of the wall clock say, and windows from which records leave, done in the slowest and most
/// obvious way. Lines are "key [start,end) values in order".
class ListingModel {
public:
  explicit ListingModel(const ListingCase& rules) : rules_(rules) {}

  std::vector<std::string> record(int key, std::int64_t value, std::int64_t time, std::int64_t now) {
    said_.clear();
    const std::int64_t at = is_of_clock() ? now : time;
    for (Window window : windows_of(key, at)) {
      if (rules_.kind == ListingKind::Aligned && forgotten_at(window) <= watermark_) continue;
      if (rules_.kind == ListingKind::ClockSession) take_those_that_meet(window);
      Window& kept = find_or_add(std::move(window));
      kept.elements.emplace_back(time, value);
      on_record(kept, value, now);
    }
    return said_;
  }

  /// The clock was turned.
  std::vector<std::string> advance(std::int64_t now) {
    said_.clear();
    if (!is_of_clock()) return said_;
    for (Window& window : windows_) {
      if (rules_.every == 0) {
        if (window.end - 1 <= now) speak(window);
      } else if (window.next <= std::min(now, window.end - 1)) {
        window.next = step_after(now);
        speak(window);
      }
    }
    std::erase_if(windows_, [&](const Window& window) { return window.end - 1 <= now; });
    return said_;
  }

  std::vector<std::string> watermark(std::int64_t time) {
    watermark_ = std::max(watermark_, time);
    return look_through();
  }
  /// The watermark of before comes again, as after a restart.
  std::vector<std::string> look_through() {
    said_.clear();
    if (rules_.kind != ListingKind::Aligned) return said_;
    for (Window& window : windows_) {
      if (rules_.every > 0 || window.has_ended || window.end - 1 > watermark_) continue;
      window.has_ended = true;
      speak(window);
    }
    std::erase_if(windows_, [&](const Window& window) { return forgotten_at(window) <= watermark_; });
    return said_;
  }
  [[nodiscard]] std::int64_t current_watermark() const { return watermark_; }

  std::vector<std::string> finish() {
    std::vector<std::string> all = watermark(std::numeric_limits<std::int64_t>::max());
    if (!is_of_clock()) return all;
    said_.clear();
    for (Window& window : windows_) speak(window);
    windows_.clear();
    return said_;
  }

private:
  struct Window {
    int key = 0;
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::vector<std::pair<std::int64_t, std::int64_t>> elements = {};  // time and value
    std::int64_t count = 0;                                            // of the trigger
    std::int64_t next = std::numeric_limits<std::int64_t>::max();      // likewise
    std::optional<std::int64_t> last = {};                             // likewise
    bool has_ended = false;
  };

  [[nodiscard]] bool is_of_clock() const {
    return rules_.kind == ListingKind::ClockAligned || rules_.kind == ListingKind::ClockSession;
  }
  [[nodiscard]] std::int64_t forgotten_at(const Window& window) const {
    return window.end - 1 + rules_.lateness;
  }
  [[nodiscard]] std::int64_t step_after(std::int64_t time) const {
    std::int64_t step = time + 1;
    while (step % rules_.every != 0) ++step;
    return step;
  }

  [[nodiscard]] std::vector<Window> windows_of(int key, std::int64_t time) const {
    if (rules_.kind == ListingKind::Global) return {{key, 0, 0}};
    if (rules_.kind == ListingKind::ClockSession) return {{key, time, time + rules_.size}};
    std::vector<Window> windows;
    for (std::int64_t start = time - rules_.size - rules_.slide; start <= time; ++start) {
      const bool is_start = (start - rules_.offset) % rules_.slide == 0;
      if (is_start && start + rules_.size > time) windows.push_back({key, start, start + rules_.size});
    }
    return windows;
  }

  Window& find_or_add(Window window) {
    for (Window& each : windows_)
      if (each.key == window.key && each.start == window.start && each.end == window.end) return each;
    windows_.push_back(std::move(window));
    return windows_.back();
  }

  void take_those_that_meet(Window& window) {
    const Window probe = window;
    const auto meets = [&](const Window& each) {
      return each.key == probe.key && each.start <= probe.end && each.end >= probe.start;
    };
    std::ranges::sort(windows_, {}, &Window::start);
    for (const Window& each : windows_) {
      if (!meets(each)) continue;
      window.start = std::min(window.start, each.start);
      window.end = std::max(window.end, each.end);
      window.elements.insert(window.elements.end(), each.elements.begin(), each.elements.end());
      window.next = std::min(window.next, each.next);
    }
    std::erase_if(windows_, meets);
  }

  void on_record(Window& window, std::int64_t value, std::int64_t now) {
    switch (rules_.kind) {
      case ListingKind::ClockAligned:
      case ListingKind::ClockSession:
        if (rules_.every > 0 && window.next == std::numeric_limits<std::int64_t>::max())
          window.next = step_after(now);
        return;
      case ListingKind::Aligned:
        if (rules_.every > 0) {
          if (++window.count < rules_.every) return;
          window.count = 0;
          return speak(window);
        }
        if (window.end - 1 > watermark_) return;
        window.has_ended = true;
        return speak(window);
      case ListingKind::Global:
        if (!window.last) {
          window.last = value;
        } else if (value - *window.last > rules_.threshold) {
          window.last = value;
          speak(window);
        }
    }
  }

  void speak(Window& window) {
    if (!rules_.leaves_after) let_leave(window);
    if (window.elements.empty()) return;
    std::string line = std::to_string(window.key) + " [" + std::to_string(window.start) + "," +
                       std::to_string(window.end) + ")";
    for (const auto& [time, value] : window.elements) line += " " + std::to_string(value);
    said_.push_back(line);
    if (rules_.leaves_after) let_leave(window);
    if (rules_.is_purging) window.elements.clear();
  }

  void let_leave(Window& window) const {
    auto& all = window.elements;
    if (all.empty()) return;
    const std::int64_t last = all.back().second;
    std::int64_t latest = all.front().first;
    for (const auto& [time, value] : all) latest = std::max(latest, time);
    switch (rules_.leaving) {
      case Leaving::Nothing: return;
      case Leaving::ByCount:
        while (all.size() > static_cast<std::size_t>(rules_.kept)) all.erase(all.begin());
        return;
      case Leaving::ByTime:
        std::erase_if(all, [&](const auto& each) { return latest - each.first >= rules_.kept; });
        return;
      case Leaving::ByDelta:
        std::erase_if(all, [&](const auto& each) { return std::abs(each.second - last) >= rules_.kept; });
    }
  }

  ListingCase rules_;
  std::int64_t watermark_ = std::numeric_limits<std::int64_t>::min();
  std::vector<Window> windows_;
  std::vector<std::string> said_;
};

}  // namespace weir::testing
