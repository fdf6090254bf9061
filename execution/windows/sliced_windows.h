// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/state/keyed_backend.h"
#include "execution/windows/panes.h"
#include "execution/windows/slice_table.h"
#include "execution/windows/window_plan.h"

namespace weir {

/// What one key has in the slices that are over, of sliding windows.
template <class K, class Accumulator>
struct PaneEntry {
  K key;
  PaneStack<Accumulator> panes;
};

template <class K, class Given, class Accumulator>
struct PaneTraits {
  using Key = Given;
  using Entry = PaneEntry<K, Accumulator>;
  using Value = PaneStack<Accumulator>;

  [[nodiscard]] std::uint64_t hash(const Entry& entry) const { return KeyHash<K>::hash(entry.key); }
  [[nodiscard]] bool equal(const Entry& entry, const Given& key) const { return entry.key == key; }
  [[nodiscard]] StateInfo describe() const {
    return {.kind = StateKind::Value, .key = schema_of<K>(), .value = schema_of<Value>()};
  }
  [[nodiscard]] std::size_t bound(const Entry& entry) const {
    return Serializer<K>::bound(entry.key) + Serializer<Value>::bound(entry.panes);
  }
  std::byte* write(const Entry& entry, std::byte* at) const {
    return Serializer<Value>::write(entry.panes, Serializer<K>::write(entry.key, at));
  }
  [[nodiscard]] auto reader(const StateInfo& from) const {
    return [values = value_reader<Value>(from, describe())](const std::byte* at, const std::byte* end,
                                                            auto&& insert) {
      Entry entry{};
      at = Serializer<K>::read(entry.key, at, end);
      if (at != nullptr) at = values.read(entry.panes, at, end);
      if (at != nullptr) {
        const std::uint64_t hash = KeyHash<K>::hash(entry.key);
        insert(hash, std::move(entry));
      }
      return at;
    };
  }
};

/// Tumbling and sliding windows of event time that speak once, at their end. A record is added to one slice,
/// whatever the number of windows that it is in: windows are put together of slices when they speak. Slices
/// are as long as the greatest length of which both size and slide are multiples.
///
/// State:   "window slices SIZE/SLIDE", what is in slices that are not over; "window panes SIZE/SLIDE", by
///          key, what is in those that are over and that windows still cover.
/// Order:   records of one slice are put together in the order of their coming, slices in the order of time.
/// Threads: the task's. Errors: what the user's code throws.
template <class Plan>
class SlicedWindows {
  using T = typename Plan::T;
  using K = typename Plan::K;
  using Given = typename Plan::GivenKey;
  using Accumulator = typename Plan::Accumulator;
  using Host = WindowHost<T, typename Plan::R>;
  using Slices = SliceTable<K, Given, Accumulator>;
  using Slice = typename Slices::Slice;
  using Panes = HeapTable<PaneEntry<K, Accumulator>, PaneTraits<K, Given, Accumulator>>;
  static constexpr bool kMerges = MergingContents<typename Plan::Contents>;

public:
  /// Whether these windows can be made of slices.
  [[nodiscard]] static bool can_do(const Plan& plan) {
    const std::int64_t size = plan.assigner.size_ms();
    const std::int64_t slide = plan.assigner.slide_ms();
    return plan.allowed_lateness == 0 && (size == slide || (kMerges && slide < size));
  }

  /// All outlive this.
  SlicedWindows(Plan& plan, KeyedBackend& backend, Host& host)
      : plan_(plan),
        host_(host),
        size_(plan.assigner.size_ms()),
        slide_(plan.assigner.slide_ms()),
        offset_(plan.assigner.offset_ms()),
        width_(std::gcd(size_, slide_)),
        slices_(backend.template table_of<Slices>("window slices " + lengths(), typename Slices::Traits{})) {
    if (size_ == slide_) return;
    panes_ = &backend.template table<PaneEntry<K, Accumulator>>("window panes " + lengths(),
                                                               PaneTraits<K, Given, Accumulator>{});
    std::int64_t first = window_math::kForever;
    panes_->visit([&](const auto& entry) {
      first = std::min(first, entry.panes.spoken_until);
      over_until_ = std::max(over_until_, entry.panes.spoken_until);
    });
    if (first != window_math::kForever) last_end_ = first;
  }

  /// Where a record goes.
  struct Place {
    Slice* slice = nullptr;  // null: into none that is open
    typename Slice::Place at;
  };

  [[gnu::always_inline]] Place prepare(const T& value, std::int64_t time) {
    if (static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(current_start_) >=
        static_cast<std::uint64_t>(current_width_)) [[unlikely]] {
      if (!enter(time)) return {};
    }
    const Place place{current_, current_->locate(KeyHash<Given>::hash(std::invoke(plan_.key, value)))};
    Slice::prefetch(place.at);
    return place;
  }

  [[gnu::always_inline]] void take(const T& value, std::int64_t time, const Place& place) {
    if (place.slice == nullptr) [[unlikely]] return take_late(value, time);
    add(*place.slice, place.at, value, time);
  }

  void on_watermark() {
    if (size_ == slide_) speak_slices();
    else slide();
  }

private:
  [[nodiscard]] std::string lengths() const { return std::to_string(size_) + "/" + std::to_string(slide_); }

  /// Makes the slice of that time the current one. False: it is over.
  [[gnu::noinline]] bool enter(std::int64_t time) {
    const std::int64_t start = window_math::last_step(time, width_, offset_);
    const std::int64_t end = window_math::saturating_add(start, width_);
    const bool is_over = size_ == slide_ ? end - 1 <= host_.watermark() : end <= over_until_ || is_late(time);
    if (is_over) return false;
    current_ = &slices_.slice(start);
    current_start_ = start;
    current_width_ = width_;
    return true;
  }
  void leave() {
    current_ = nullptr;
    current_width_ = 0;
  }

  /// Whether the last window of that time has spoken.
  [[nodiscard]] bool is_late(std::int64_t time) const {
    const std::int64_t last = window_math::last_step(time, slide_, offset_);
    return window_math::saturating_add(last, size_ - 1) <= host_.watermark();
  }

  [[gnu::always_inline]] void add(Slice& slice, const typename Slice::Place& at, const T& value,
                                  std::int64_t time) {
    decltype(auto) key = std::invoke(plan_.key, value);
    auto* entry = slice.find(at, key);
    const bool is_new = entry == nullptr;
    if (is_new) [[unlikely]] entry = &slice.insert(at, {K(key), Accumulator{}});
    plan_.contents.add(entry->held, is_new, value, time);
  }

  [[gnu::noinline]] void take_late(const T& value, std::int64_t time) {
    if (size_ == slide_ || is_late(time)) return host_.on_late(value, time);
    if constexpr (kMerges) {  // its slice is over, but not all of the windows that have it
      Accumulator held{};
      plan_.contents.add(held, true, value, time);
      add_pane(std::invoke(plan_.key, value), window_math::last_step(time, width_, offset_), held);
    }
  }

  void speak_slices() {
    while (!slices_.is_empty()) {
      const std::int64_t start = slices_.first_start();
      const TimeWindow window{start, window_math::saturating_add(start, width_)};
      if (window.max_timestamp() > host_.watermark()) return;
      leave();
      slices_.first().visit([&](const auto& entry) { speak(entry.key, window, entry.held); });
      slices_.drop_first();
    }
  }

  void slide() {
    if constexpr (kMerges) {
      while (true) {
        const std::int64_t end = next_end();
        if (end == window_math::kForever || end - 1 > host_.watermark()) break;
        for (; !slices_.is_empty() && slices_.first_start() < end; slices_.drop_first()) {
          const std::int64_t start = slices_.first_start();
          slices_.first().visit([&](const auto& entry) { add_pane(entry.key, start, entry.held); });
        }
        last_end_ = end;
        speak_panes({end - size_, end});
      }
      // Windows that had nothing to say are over as well.
      leave();
      last_end_ = std::max(last_end_, end_until(window_math::saturating_add(host_.watermark(), 1)));
      over_until_ = std::max(over_until_, last_end_);
    }
  }

  /// Of the next window that has something to say.
  [[nodiscard]] std::int64_t next_end() const {
    const std::int64_t next = window_math::saturating_add(last_end_, slide_);
    if (panes_->entry_count() > 0) return next;
    if (slices_.is_empty()) return window_math::kForever;
    return std::max(next, window_math::saturating_add(end_until(slices_.first_start()), slide_));
  }
  /// The last end of a window up to that time.
  [[nodiscard]] std::int64_t end_until(std::int64_t time) const {
    return window_math::last_step(time, slide_, (offset_ + size_) % slide_);
  }

  template <class AnyKey>
  void add_pane(const AnyKey& key, std::int64_t start, const Accumulator& held) {
    const auto place = panes_->locate(KeyHash<AnyKey>::hash(key));
    auto* entry = panes_->find(place, key);
    if (entry == nullptr) entry = &panes_->insert(place, {K(key), {.spoken_until = last_end_}});
    entry->panes.add(plan_.contents, start, held);
  }

  void speak_panes(const TimeWindow& window) {
    gone_.clear();
    panes_->for_each([&](auto& entry) {
      auto& panes = entry.panes;
      panes.forget_before(plan_.contents, window.start);
      if (panes.is_empty()) return gone_.push_back(entry.key);
      if (panes.spoken_until >= window.end) return;
      panes.spoken_until = window.end;
      speak(entry.key, window, panes.sum(plan_.contents));
    });
    for (const K& key : gone_) panes_->erase(panes_->locate(KeyHash<K>::hash(key)), key);
  }

  void speak(const K& key, const TimeWindow& window, const Accumulator& held) {
    typename Plan::WindowState none{};
    plan_.speak(key, window, held, none, host_.watermark(), host_.now(), host_.next_input());
  }

  Plan& plan_;
  Host& host_;
  const std::int64_t size_;
  const std::int64_t slide_;
  const std::int64_t offset_;
  const std::int64_t width_;
  Slices& slices_;
  Panes* panes_ = nullptr;  // null: tumbling
  // The slice that the last record went into.
  Slice* current_ = nullptr;
  std::int64_t current_start_ = 0;
  std::int64_t current_width_ = 0;  // 0: none
  // Of sliding windows.
  std::int64_t last_end_ = window_math::kBeforeAll;    // of the last window that is over
  std::int64_t over_until_ = window_math::kBeforeAll;  // slices that end by then are panes
  std::vector<K> gone_;
};

}  // namespace weir
