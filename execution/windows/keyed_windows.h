// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "checkpoint/state/keyed_backend.h"
#include "checkpoint/state/state.h"
#include "checkpoint/state/timers.h"
#include "execution/windows/window_plan.h"
#include "execution/windows/window_rows.h"

namespace weir {

/// Windows of any kind, a row a key that has all of the key's windows.
///
/// State:   "windows", and the timers "window event timers" and "window processing timers".
/// Threads: the task's. Errors: what the user's code throws.
template <class Plan>
class KeyedWindows {
  using T = typename Plan::T;
  using K = typename Plan::K;
  using W = typename Plan::Window;
  using Trigger = typename Plan::Trigger;
  using Row = WindowRow<W, typename Plan::Accumulator, typename Trigger::State, typename Plan::WindowState>;
  using Rows = WindowRows<Row>;
  using Host = WindowHost<T, typename Plan::R>;
  static constexpr bool kIsEventTime = Plan::Assigner::kIsEventTime;
  static constexpr bool kIsMerging = Plan::Assigner::kIsMerging;

public:
  /// Both outlive this. The backend knows the type of its keys.
  KeyedWindows(Plan& plan, KeyedBackend& backend, Host& host)
      : plan_(plan),
        backend_(backend),
        host_(host),
        rows_(backend.state(value_state<Rows>("windows"))),
        event_timers_(backend, "window event timers"),
        processing_timers_(backend, "window processing timers") {
    if (processing_timers_.count() > 0) host_.wake_at(processing_timers_.earliest());
  }

  /// `time` is the record's, or kBeforeAll.
  void take(const T& value, std::int64_t time) {
    set_key(std::invoke(plan_.key, value));
    const std::int64_t at = kIsEventTime ? time : host_.now();
    bool is_taken = false;
    update([&](Rows& rows) {
      plan_.assigner.assign(value, at, [&](const W& window) {
        is_taken = put(rows, window, value, time) || is_taken;
      });
    });
    if (!is_taken && is_late(at)) host_.on_late(value, time);
  }

  /// Fetches what take() will look at.
  void prepare(const T& value) const {
    rows_.prefetch(KeyHash<typename Plan::GivenKey>::hash(std::invoke(plan_.key, value)));
  }

  void on_watermark() {
    const auto soon = [this](const K& key) { rows_.prefetch(KeyHash<K>::hash(key)); };
    const auto fire = [this](const auto& timer) {
      set_key(timer.key);
      update([&](Rows& rows) { on_event_time(rows, timer.time); });
    };
    event_timers_.fire_until(host_.watermark(), fire, soon);
  }

  /// Whether there are windows that wait for a watermark.
  [[nodiscard]] bool is_waiting() const { return event_timers_.count() > 0; }

  void on_processing_time() {
    processing_timers_.fire_until(host_.now(), [this](const auto& timer) {
      set_key(timer.key);
      update([&](Rows& rows) { on_processing_time(rows, timer.time); });
    });
    if (processing_timers_.count() > 0) host_.wake_at(processing_timers_.earliest());
  }

  /// The input has ended: windows of the clock do not wait for it.
  void finish() {
    if constexpr (kIsEventTime || std::same_as<W, GlobalWindow>) return;
    processing_timers_.fire_until(kLastMoment, [this](const auto& timer) {
      set_key(timer.key);
      update([&](Rows& rows) {
        for (Row& row : rows.windows) speak(row);
        rows.windows.clear();
      });
    });
  }

private:
  /// For windows that end when everything does.
  static constexpr std::int64_t kLastMoment = window_math::kForever - 1;

  /// The trigger's way to the timers of a row.
  class Context final : public TriggerContext {
  public:
    Context(const Host& host, Row& row) : host_(host), row_(row) {}
    [[nodiscard]] std::int64_t watermark() const override { return host_.watermark(); }
    [[nodiscard]] std::int64_t now() const override { return host_.now(); }
    void add_event_timer(std::int64_t time) override { window_rows::add_time(row_.event_timers, time); }
    void add_processing_timer(std::int64_t time) override {
      window_rows::add_time(row_.processing_timers, time);
    }
    void remove_event_timer(std::int64_t time) override { window_rows::remove_time(row_.event_timers, time); }
    void remove_processing_timer(std::int64_t time) override {
      window_rows::remove_time(row_.processing_timers, time);
    }

  private:
    const Host& host_;
    Row& row_;
  };

  template <class Given>
  void set_key(Given&& key) {
    key_ = std::forward<Given>(key);
    backend_.set_current_key(key_);
  }

  /// Lets change(rows) work on the current key's windows. What is left of them has a timer then, and what is
  /// nothing leaves nothing.
  template <class Change>
  void update(Change&& change) {
    bool is_empty = false;
    rows_.update([&](Rows& rows) {
      change(rows);
      std::erase_if(rows.windows, [](const Row& row) { return is_spent(row); });
      is_empty = rows.windows.empty();
      if (!is_empty) arm(rows);
    });
    if (is_empty) rows_.clear();
  }

  /// Whether a window that nobody cleans up is as if it had never been.
  [[nodiscard]] static bool is_spent(const Row& row) {
    if constexpr (std::same_as<W, GlobalWindow> && std::equality_comparable<typename Trigger::State> &&
                  std::is_empty_v<typename Plan::WindowState>) {
      return !row.is_filled && row.event_timers.empty() && row.processing_timers.empty() &&
             row.trigger == typename Trigger::State{};
    }
    return false;
  }

  /// True: the record is in the window now. False: the window is gone.
  bool put(Rows& rows, const W& window, const T& value, std::int64_t time) {
    Row* const row = row_of(rows, window);
    if (row == nullptr) return false;
    plan_.contents.add(row->contents, !row->is_filled, value, time);
    row->is_filled = true;
    Context context(host_, *row);
    carry_out(*row, plan_.trigger.on_element(value, time, row->window, row->trigger, context));
    return true;
  }

  [[nodiscard]] Row* row_of(Rows& rows, const W& window) {
    if constexpr (kIsMerging) {
      return merge(rows, window);
    } else {
      return is_gone(window) ? nullptr : &window_rows::find_or_add(rows.windows, window);
    }
  }

  /// The window together with all those that it meets.
  [[nodiscard]] Row* merge(Rows& rows, const W& window) {
    W all = window;
    Row* first = nullptr;
    std::size_t count = 0;
    for (Row& row : rows.windows) {
      if (!row.window.meets(window)) continue;
      if (first == nullptr) first = &row;
      all = all.cover(row.window);
      ++count;
    }
    if (is_gone(all)) return nullptr;
    if (first == nullptr) return &window_rows::find_or_add(rows.windows, window);
    if (count == 1 && first->window == all) return first;
    const auto at = first - rows.windows.data();  // those that meet stand beside each other
    for (std::size_t i = 1; i < count; ++i) absorb(*first, rows.windows[static_cast<std::size_t>(at) + i]);
    rows.windows.erase(rows.windows.begin() + at + 1,
                       rows.windows.begin() + at + static_cast<std::ptrdiff_t>(count));
    first->window = all;
    first->event_timers.clear();
    first->processing_timers.clear();
    Context context(host_, *first);
    plan_.trigger.on_merge(all, first->trigger, context);
    return first;
  }

  void absorb(Row& into, Row& from) {
    if constexpr (kIsMerging) {
      if (!into.is_filled) into.contents = std::move(from.contents);
      else if (from.is_filled) plan_.contents.merge(into.contents, std::as_const(from.contents));
      into.is_filled = into.is_filled || from.is_filled;
      Trigger::merge(into.trigger, std::as_const(from.trigger));
      if constexpr (!std::is_empty_v<typename Plan::WindowState>) into.own.merge(std::as_const(from.own));
    }
  }

  void on_event_time(Rows& rows, std::int64_t time) {
    rows.armed_event = window_math::kForever;
    const std::int64_t until = time == kLastMoment ? window_math::kForever : time;
    std::int64_t due = 0;
    for (Row& row : rows.windows) {
      Context context(host_, row);
      while (window_rows::take_due(row.event_timers, until, due))
        carry_out(row, plan_.trigger.on_event_time(due, row.window, row.trigger, context));
    }
    if constexpr (kIsEventTime) forget_until(rows, time);
  }

  void on_processing_time(Rows& rows, std::int64_t time) {
    rows.armed_processing = window_math::kForever;
    std::int64_t due = 0;
    for (Row& row : rows.windows) {
      Context context(host_, row);
      while (window_rows::take_due(row.processing_timers, time, due))
        carry_out(row, plan_.trigger.on_processing_time(due, row.window, row.trigger, context));
    }
    if constexpr (!kIsEventTime) forget_until(rows, time);
  }

  void forget_until(Rows& rows, std::int64_t time) {
    std::erase_if(rows.windows, [&](const Row& row) { return plan_.cleanup_time(row.window) <= time; });
  }

  void carry_out(Row& row, TriggerResult result) {
    if (fires(result)) speak(row);
    if (!purges(result)) return;
    row.contents = {};
    row.is_filled = false;
  }

  void speak(Row& row) {
    if (!row.is_filled) return;
    if constexpr (Plan::kEvicts) {
      if (plan_.evictor.when() == Evict::Before) plan_.evictor.evict(row.contents);
      row.is_filled = !row.contents.empty();
      if (!row.is_filled) return;
    }
    plan_.speak(key_, row.window, row.contents, row.own, host_.watermark(), host_.now(), host_.next_input());
    if constexpr (Plan::kEvicts) {
      if (plan_.evictor.when() == Evict::After) plan_.evictor.evict(row.contents);
      row.is_filled = !row.contents.empty();
    }
  }

  [[nodiscard]] bool is_gone(const W& window) const {
    if constexpr (!kIsEventTime) return false;
    return plan_.cleanup_time(window) <= host_.watermark();
  }
  [[nodiscard]] bool is_late(std::int64_t time) const {
    if constexpr (!kIsEventTime) return false;
    return window_math::saturating_add(time, plan_.allowed_lateness) <= host_.watermark();
  }

  /// Sees to it that somebody comes back in time.
  void arm(Rows& rows) {
    std::int64_t event = window_math::kForever;
    std::int64_t processing = window_math::kForever;
    for (const Row& row : rows.windows) {
      if (!row.event_timers.empty()) event = std::min({event, row.event_timers.front(), kLastMoment});
      if (!row.processing_timers.empty()) processing = std::min(processing, row.processing_timers.front());
      auto& cleanup = kIsEventTime ? event : processing;
      cleanup = std::min(cleanup, plan_.cleanup_time(row.window));
    }
    if (event < rows.armed_event) event_timers_.add(rows.armed_event = event, key_);
    if (processing >= rows.armed_processing) return;
    processing_timers_.add(rows.armed_processing = processing, key_);
    host_.wake_at(processing);
  }

  Plan& plan_;
  KeyedBackend& backend_;
  Host& host_;
  ValueState<Rows> rows_;
  Timers<K> event_timers_;
  Timers<K> processing_timers_;
  K key_{};  // of the record or timer that is worked on
};

}  // namespace weir
