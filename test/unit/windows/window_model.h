// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace weir::testing {

enum class WindowKind { Aligned, Session };
enum class TriggerKind { EventTime, PurgingEventTime, Count, PurgingCount, Continuous };

struct WindowCase {
  WindowKind kind = WindowKind::Aligned;
  TriggerKind trigger = TriggerKind::EventTime;
  std::int64_t size = 10;   // of a session, the gap
  std::int64_t slide = 10;
  std::int64_t offset = 0;
  std::int64_t lateness = 0;
  std::int64_t every = 3;  // records or ms, of the trigger
};

/// What windows of event time say, done in the slowest and most obvious way: every window keeps its records,
/// and everything is looked through at every step. Lines are "key [start,end) sum of values".
class WindowModel {
public:
  explicit WindowModel(const WindowCase& rules) : rules_(rules) {}

  std::int64_t late = 0;

  std::vector<std::string> record(int key, std::int64_t value, std::int64_t time) {
    std::vector<std::string> said;
    bool is_taken = false;
    for (Window window : windows_of(key, time)) {
      if (rules_.kind == WindowKind::Session) window = merged(window);
      if (forgotten_at(window) <= watermark_) continue;
      is_taken = true;
      Window& kept = find_or_add(window);
      kept.values.push_back(value);
      on_record(kept, time, said);
    }
    if (!is_taken && time + rules_.lateness <= watermark_) ++late;
    return said;
  }

  std::vector<std::string> watermark(std::int64_t time) {
    if (time <= watermark_) return {};
    watermark_ = time;
    return look_through();
  }

  /// The watermark of before comes again, as after a restart.
  std::vector<std::string> look_through() {
    std::vector<std::string> said;
    for (Window& window : windows_) {
      while (window.next <= watermark_ && window.next != window.end - 1 && is_continuous() &&
             window.next <= forgotten_at(window)) {
        speak(window, said);
        window.next += rules_.every;
      }
      if (is_of_event_time() && !window.has_ended && window.end - 1 <= watermark_) {
        window.has_ended = true;
        if (window.next == window.end - 1) window.next = kNever;
        speak(window, said);
      }
    }
    std::erase_if(windows_, [&](const Window& window) { return forgotten_at(window) <= watermark_; });
    return said;
  }

  [[nodiscard]] std::int64_t current_watermark() const { return watermark_; }

private:
  static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

  struct Window {
    int key = 0;
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::vector<std::int64_t> values = {};
    std::int64_t count = 0;
    std::int64_t next = kNever;  // of a continuous trigger
    bool has_ended = false;
  };

  [[nodiscard]] bool is_continuous() const { return rules_.trigger == TriggerKind::Continuous; }
  [[nodiscard]] bool is_of_event_time() const {
    return rules_.trigger != TriggerKind::Count && rules_.trigger != TriggerKind::PurgingCount;
  }
  [[nodiscard]] std::int64_t forgotten_at(const Window& window) const {
    return window.end - 1 + rules_.lateness;
  }

  [[nodiscard]] std::vector<Window> windows_of(int key, std::int64_t time) const {
    if (rules_.kind == WindowKind::Session) return {{key, time, time + rules_.size}};
    std::vector<Window> windows;
    for (std::int64_t start = time - rules_.size - rules_.slide; start <= time; ++start) {
      const bool is_start = (start - rules_.offset) % rules_.slide == 0;
      if (is_start && start + rules_.size > time) windows.push_back({key, start, start + rules_.size});
    }
    return windows;
  }

  Window& find_or_add(const Window& window) {
    for (Window& each : windows_)
      if (each.key == window.key && each.start == window.start && each.end == window.end) return each;
    return windows_.emplace_back(window);
  }

  /// The window with all that it meets, which go into it if it is not forgotten already.
  Window merged(Window window) {
    const auto meets = [&, probe = window](const Window& each) {
      return each.key == probe.key && each.start <= probe.end && each.end >= probe.start;
    };
    Window all = window;
    int count = 0;
    for (const Window& each : windows_) {
      if (!meets(each)) continue;
      ++count;
      all.start = std::min(all.start, each.start);
      all.end = std::max(all.end, each.end);
      all.values.insert(all.values.end(), each.values.begin(), each.values.end());
      all.count += each.count;
      all.next = std::min(all.next, each.next);
      if (each.start == all.start && each.end == all.end) all.has_ended = each.has_ended;
    }
    if (count == 0 || forgotten_at(all) <= watermark_) return all;
    std::erase_if(windows_, meets);
    if (all.end - 1 <= watermark_) all.has_ended = true;
    else all.has_ended = false;
    windows_.push_back(all);
    return all;
  }

  void on_record(Window& window, std::int64_t time, std::vector<std::string>& said) {
    if (!is_of_event_time()) {
      if (++window.count < rules_.every) return;
      window.count = 0;
      return speak(window, said);
    }
    if (window.end - 1 <= watermark_) {
      window.has_ended = true;
      return speak(window, said);
    }
    if (is_continuous() && window.next == kNever) {
      std::int64_t past = time % rules_.every;
      if (past < 0) past += rules_.every;
      window.next = time - past + rules_.every;
    }
  }

  void speak(Window& window, std::vector<std::string>& said) {
    if (window.values.empty()) return;
    std::int64_t sum = 0;
    for (const std::int64_t value : window.values) sum += value;
    said.push_back(std::to_string(window.key) + " [" + std::to_string(window.start) + "," +
                   std::to_string(window.end) + ") " + std::to_string(sum));
    if (rules_.trigger == TriggerKind::PurgingEventTime || rules_.trigger == TriggerKind::PurgingCount)
      window.values.clear();
  }

  WindowCase rules_;
  std::int64_t watermark_ = std::numeric_limits<std::int64_t>::min();
  std::vector<Window> windows_;
};

}  // namespace weir::testing
