// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/state/keyed_backend.h"
#include "execution/windows/panes.h"
#include "execution/windows/slice_table.h"
#include "execution/windows/window_plan.h"

namespace weir {

namespace detail {

/// From `start` on, `width` long.
struct Stretch {
  std::int64_t start = 0;
  std::int64_t width = 0;

  [[nodiscard]] bool has(std::int64_t time) const {
    return static_cast<std::uint64_t>(time) - static_cast<std::uint64_t>(start) <
           static_cast<std::uint64_t>(width);
  }
};

}  // namespace detail

/// What one key has of sliding windows.
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

/// Tumbling windows of event time that speak once, at their end: a hash table each.
///
/// State:   "window slices SIZE", by key and window.
/// Threads: the task's. Errors: what the user's code throws.
template <class Plan>
class TumblingSlices {
  using T = typename Plan::T;
  using K = typename Plan::K;
  using Given = typename Plan::GivenKey;
  using Host = WindowHost<T, typename Plan::R>;
  using Slices = SliceTable<K, Given, typename Plan::Accumulator>;
  using Slice = typename Slices::Slice;

public:
  /// All outlive this.
  TumblingSlices(Plan& plan, KeyedBackend& backend, Host& host)
      : plan_(plan),
        backend_(backend),
        host_(host),
        size_(plan.assigner.size_ms()),
        slices_(backend.template table_of<Slices>("window slices " + std::to_string(size_),
                                                  typename Slices::Traits{})) {}

  /// Where a record goes.
  struct Place {
    Slice* slice = nullptr;  // null: its window is over
    typename Slice::Place at;
  };

  [[nodiscard]] bool is_empty() const { return slices_.is_empty(); }

  [[gnu::always_inline]] Place prepare(const T& value, std::int64_t time) {
    if (!current_.has(time) && !enter(time)) [[unlikely]] return {};
    const Place place{slice_, slice_->locate(KeyHash<Given>::hash(std::invoke(plan_.key, value)))};
    Slice::prefetch(place.at);
    return place;
  }

  [[gnu::always_inline]] void take(const T& value, std::int64_t time, const Place& place) {
    if (place.slice == nullptr) [[unlikely]] return host_.on_late(value, time);
    decltype(auto) key = std::invoke(plan_.key, value);
    auto* entry = place.slice->find(place.at, key);
    const bool is_new = entry == nullptr;
    if (is_new) [[unlikely]] entry = &place.slice->insert(place.at, {K(key), {}});
    plan_.contents.add(entry->held, is_new, value, time);
  }

  void on_watermark() {
    while (!slices_.is_empty()) {
      const std::int64_t start = slices_.first_start();
      const TimeWindow window{start, window_math::saturating_add(start, size_)};
      if (window.max_timestamp() > host_.watermark()) return;
      current_ = {};
      slices_.first().visit([&](const auto& entry) {
        typename Plan::WindowState none{};
        if constexpr (Plan::kMayKeepState) backend_.set_current_key(entry.key);
        plan_.speak(entry.key, window, entry.held, none, host_.watermark(), host_.now(), host_.next_input());
        if constexpr (Plan::kMayKeepState) backend_.clear_current_key();
      });
      slices_.drop_first();
    }
  }

private:
  /// Makes the slice of that time the current one. False: it is over.
  [[gnu::noinline]] bool enter(std::int64_t time) {
    const std::int64_t start = window_math::last_step(time, size_, plan_.assigner.offset_ms());
    if (window_math::saturating_add(start, size_ - 1) <= host_.watermark()) return false;
    slice_ = &slices_.slice(start);
    current_ = {start, size_};
    return true;
  }

  Plan& plan_;
  KeyedBackend& backend_;
  Host& host_;
  const std::int64_t size_;
  Slices& slices_;
  // Of the last record.
  detail::Stretch current_;
  Slice* slice_ = nullptr;
};

/// Sliding windows of event time that speak once, at their end. A record is added to one slice of its key,
/// whatever the number of windows that it is in: windows are put together of slices when they speak. Slices
/// are as long as the greatest length of which both size and slide are multiples.
///
/// State:   "window panes SIZE/SLIDE", by key: what it has in each slice that is not over, and in those that
///          are over and that windows still cover.
/// Order:   records of one slice are put together in the order of their coming, slices in the order of time.
/// Threads: the task's. Errors: what the user's code throws.
template <class Plan>
class SlidingSlices {
  using T = typename Plan::T;
  using K = typename Plan::K;
  using Given = typename Plan::GivenKey;
  using Accumulator = typename Plan::Accumulator;
  using Host = WindowHost<T, typename Plan::R>;
  using Panes = HeapTable<PaneEntry<K, Accumulator>, PaneTraits<K, Given, Accumulator>>;

public:
  /// All outlive this.
  SlidingSlices(Plan& plan, KeyedBackend& backend, Host& host)
      : plan_(plan),
        backend_(backend),
        host_(host),
        size_(plan.assigner.size_ms()),
        slide_(plan.assigner.slide_ms()),
        offset_(plan.assigner.offset_ms()),
        width_(std::gcd(size_, slide_)),
        panes_(backend.template table<PaneEntry<K, Accumulator>>(
            "window panes " + std::to_string(size_) + "/" + std::to_string(slide_),
            PaneTraits<K, Given, Accumulator>{})) {
    std::int64_t spoken_until = window_math::kBeforeAll;  // of the one that is furthest ahead
    std::int64_t quiet_until = window_math::kForever;     // what ends by then has nothing more to say
    panes_.visit([&](const auto& entry) {
      const auto& panes = entry.panes;
      spoken_until = std::max(spoken_until, panes.spoken_until);
      if (!panes.open.empty()) first_open_ = std::min(first_open_, panes.open.front().start);
      if (panes.is_empty()) return;
      has_closed_ = true;
      quiet_until = std::min(quiet_until, panes.spoken_until);
    });
    // A key with nothing but open slices may have spoken long ago: it goes on with the first of these.
    if (first_open_ != window_math::kForever) quiet_until = std::min(quiet_until, end_until(first_open_));
    last_end_ = std::min(spoken_until, quiet_until);
  }

  /// Where a record goes.
  struct Place {
    std::int64_t start = 0;
    typename Panes::Place at;  // none: its slice is over
  };

  [[nodiscard]] bool is_empty() const { return panes_.entry_count() == 0; }

  [[gnu::always_inline]] Place prepare(const T& value, std::int64_t time) {
    if (!current_.has(time) && !enter(time)) [[unlikely]] return {};
    const Place place{current_.start, panes_.locate(KeyHash<Given>::hash(std::invoke(plan_.key, value)))};
    Panes::prefetch(place.at);
    return place;
  }

  [[gnu::always_inline]] void take(const T& value, std::int64_t time, const Place& place) {
    if (!place.at) [[unlikely]] return take_late(value, time);
    bool is_new = false;
    auto& held = find_or_add(place.at, std::invoke(plan_.key, value)).panes.open_at(place.start, is_new);
    plan_.contents.add(held, is_new, value, time);
  }

  void on_watermark() {
    while (true) {
      const std::int64_t end = next_end();
      if (end == window_math::kForever || end - 1 > host_.watermark()) break;
      last_end_ = end;
      speak({end - size_, end});
    }
    // Windows that had nothing to say are over as well.
    current_ = {};
    last_end_ = std::max(last_end_, end_until(window_math::saturating_add(host_.watermark(), 1)));
  }

private:
  /// Makes the slice of that time the current one. False: it is over.
  [[gnu::noinline]] bool enter(std::int64_t time) {
    const std::int64_t start = window_math::last_step(time, width_, offset_);
    if (window_math::saturating_add(start, width_) <= last_end_ || is_late(time)) return false;
    first_open_ = std::min(first_open_, start);
    current_ = {start, width_};
    return true;
  }

  /// Whether the last window of that time has spoken.
  [[nodiscard]] bool is_late(std::int64_t time) const {
    const std::int64_t last = window_math::last_step(time, slide_, offset_);
    return window_math::saturating_add(last, size_ - 1) <= host_.watermark();
  }

  /// A record whose slice is over, but perhaps not all of the windows that have it.
  [[gnu::noinline]] void take_late(const T& value, std::int64_t time) {
    if (is_late(time)) return host_.on_late(value, time);
    Accumulator held{};
    plan_.contents.add(held, true, value, time);
    decltype(auto) key = std::invoke(plan_.key, value);
    auto& entry = find_or_add(panes_.locate(KeyHash<Given>::hash(key)), key);
    entry.panes.add(plan_.contents, window_math::last_step(time, width_, offset_), held);
    // The key may have been quiet while windows passed: they do not come back with a snapshot.
    entry.panes.spoken_until = std::max(entry.panes.spoken_until, last_end_);
    has_closed_ = true;
  }

  template <class AnyKey>
  [[gnu::always_inline]] PaneEntry<K, Accumulator>& find_or_add(const typename Panes::Place& at,
                                                                const AnyKey& key) {
    auto* entry = panes_.find(at, key);
    if (entry == nullptr) [[unlikely]] entry = &panes_.insert(at, {K(key), {.spoken_until = last_end_}});
    return *entry;
  }

  /// Of the next window that has something to say.
  [[nodiscard]] std::int64_t next_end() const {
    const std::int64_t next = window_math::saturating_add(last_end_, slide_);
    if (has_closed_ && last_end_ != window_math::kBeforeAll) return next;
    if (first_open_ == window_math::kForever) return window_math::kForever;
    return std::max(next, window_math::saturating_add(end_until(first_open_), slide_));
  }
  /// The last end of a window up to that time.
  [[nodiscard]] std::int64_t end_until(std::int64_t time) const {
    return window_math::last_step(time, slide_, (offset_ + size_) % slide_);
  }

  void speak(const TimeWindow& window) {
    gone_.clear();
    has_closed_ = false;
    first_open_ = window_math::kForever;
    panes_.for_each([&](auto& entry) {
      auto& panes = entry.panes;
      panes.close_before(plan_.contents, window.end);
      panes.forget_before(plan_.contents, window.start);
      if (!panes.open.empty()) first_open_ = std::min(first_open_, panes.open.front().start);
      else if (panes.is_empty()) gone_.push_back(entry.key);
      const bool has_spoken =
          std::exchange(panes.spoken_until, std::max(panes.spoken_until, window.end)) >= window.end;
      if (panes.is_empty()) return;
      has_closed_ = true;
      if (has_spoken) return;
      typename Plan::WindowState none{};
      if constexpr (Plan::kMayKeepState) backend_.set_current_key(entry.key);
      plan_.speak(entry.key, window, panes.sum(plan_.contents), none, host_.watermark(), host_.now(),
                  host_.next_input());
      if constexpr (Plan::kMayKeepState) backend_.clear_current_key();
    });
    for (const K& key : gone_) panes_.erase(panes_.locate(KeyHash<K>::hash(key)), key);
  }

  Plan& plan_;
  KeyedBackend& backend_;
  Host& host_;
  const std::int64_t size_;
  const std::int64_t slide_;
  const std::int64_t offset_;
  const std::int64_t width_;
  Panes& panes_;
  detail::Stretch current_;  // of the last record
  std::int64_t first_open_ = window_math::kForever;    // no later than the first slice that is not over
  bool has_closed_ = false;                            // whether anything is in slices that are over
  std::int64_t last_end_ = window_math::kBeforeAll;    // of the last window that is over, as its slices are
  std::vector<K> gone_;
};

/// Either of the two.
template <class Plan>
class SlicedWindows {
  using T = typename Plan::T;
  using Host = WindowHost<T, typename Plan::R>;
  using Tumbling = TumblingSlices<Plan>;
  static constexpr bool kMerges = MergingContents<typename Plan::Contents>;

  /// Of contents that do not merge.
  struct NoSliding {
    struct Place {};
    NoSliding(Plan&, KeyedBackend&, Host&) {}
    [[nodiscard]] bool is_empty() const { return true; }
    Place prepare(const T&, std::int64_t) { return {}; }
    void take(const T&, std::int64_t, const Place&) {}
    void on_watermark() {}
  };
  template <class P, bool merges>
  struct SlidingOf {
    using Type = NoSliding;
  };
  template <class P>
  struct SlidingOf<P, true> {
    using Type = SlidingSlices<P>;
  };
  using Sliding = typename SlidingOf<Plan, kMerges>::Type;

public:
  /// Whether these windows can be made of slices.
  [[nodiscard]] static bool can_do(const Plan& plan) {
    const std::int64_t size = plan.assigner.size_ms();
    const std::int64_t slide = plan.assigner.slide_ms();
    return plan.allowed_lateness == 0 && (size == slide || (kMerges && slide < size));
  }

  /// All outlive this.
  SlicedWindows(Plan& plan, KeyedBackend& backend, Host& host) {
    if (plan.assigner.size_ms() == plan.assigner.slide_ms()) tumbling_.emplace(plan, backend, host);
    else sliding_.emplace(plan, backend, host);
  }

  /// Of the one that there is.
  union Place {
    Place() : tumbling() {}
    Place(typename Tumbling::Place place) : tumbling(place) {}
    Place(typename Sliding::Place place) : sliding(place) {}
    typename Tumbling::Place tumbling;
    typename Sliding::Place sliding;
  };

  [[nodiscard]] bool is_empty() const { return tumbling_ ? tumbling_->is_empty() : sliding_->is_empty(); }
  [[gnu::always_inline]] Place prepare(const T& value, std::int64_t time) {
    if (tumbling_) return tumbling_->prepare(value, time);
    return sliding_->prepare(value, time);
  }
  [[gnu::always_inline]] void take(const T& value, std::int64_t time, const Place& place) {
    if (tumbling_) tumbling_->take(value, time, place.tumbling);
    else sliding_->take(value, time, place.sliding);
  }
  void on_watermark() {
    if (tumbling_) tumbling_->on_watermark();
    else sliding_->on_watermark();
  }

private:
  std::optional<Tumbling> tumbling_;
  std::optional<Sliding> sliding_;
};

}  // namespace weir
