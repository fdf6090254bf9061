// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/savepoint_diff.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/state_schema.h"

namespace weir {

namespace {

using Kind = StateChange::Kind;

/// One state that both have.
class StateDiff {
public:
  struct Side {
    const SavepointReader& reader;
    const SavedOperator& of;
    const StateInfo& state;
  };

  StateDiff(const Side& from, const Side& to, ChangeListener& listener)
      : from_(from), to_(to), listener_(listener), by_key_(!from.state.key.empty()) {}

  /// The entries of these key groups.
  [[nodiscard]] Status run(KeyGroupRange groups) {
    held_.clear();
    const Status read = from_.reader.for_each(
        from_.of, from_.state,
        [&](const SavedEntry& entry, const EntryFormat& format) { hold(entry, format); }, groups);
    if (!read) return read;
    const Status compared = to_.reader.for_each(
        to_.of, to_.state,
        [&](const SavedEntry& entry, const EntryFormat& format) { compare(entry, format); }, groups);
    if (!compared) return compared;
    for (auto& [key, values] : held_)
      for (std::string& value : values) tell({.kind = Kind::Removed, .old_value = std::move(value)}, key);
    return Status::ok();
  }

private:
  /// Key, namespace, and the value of what is only there or not: elements of lists, and timers, of which a
  /// key may have several.
  using Identity = std::tuple<std::string, std::string, std::string>;

  [[nodiscard]] Identity identity_of(const SavedEntry& entry, const EntryFormat& format) const {
    return {by_key_ ? format.key(entry) : "", format.has_name_space() ? format.name_space(entry) : "",
            by_key_ && from_.state.kind != StateKind::Timers ? "" : format.value(entry)};
  }

  void hold(const SavedEntry& entry, const EntryFormat& format) {
    held_[identity_of(entry, format)].push_back(format.value(entry));
  }

  void compare(const SavedEntry& entry, const EntryFormat& format) {
    const Identity key = identity_of(entry, format);
    std::string value = format.value(entry);
    const auto held = held_.find(key);
    if (held == held_.end()) return tell({.kind = Kind::Added, .new_value = std::move(value)}, key);
    std::string old = std::move(held->second.back());
    held->second.pop_back();
    if (held->second.empty()) held_.erase(held);
    if (old == value) return;
    tell({.kind = Kind::Changed, .old_value = std::move(old), .new_value = std::move(value)}, key);
  }

  void tell(StateChange change, const Identity& key) {
    std::tie(change.key, change.name_space, std::ignore) = key;
    listener_.on_change(to_.of, &to_.state, change);
  }

  const Side from_;
  const Side to_;
  ChangeListener& listener_;  // outlives this
  const bool by_key_;
  std::map<Identity, std::vector<std::string>> held_;  // several only of elements that are alike
};

/// So many key groups that their entries, told as text, are about as large as may be.
std::uint32_t groups_at_a_time(const SavedState& state, std::uint32_t groups, std::size_t memory_bytes) {
  constexpr std::uint64_t kTextPerByte = 4;
  const std::uint64_t bytes = std::max<std::uint64_t>(state.bytes * kTextPerByte, 1);
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(memory_bytes * groups / bytes, 1, groups));
}

class SavepointDiff {
public:
  SavepointDiff(const SavepointReader& from, const SavepointReader& to, ChangeListener& listener,
                std::size_t memory_bytes)
      : from_(from), to_(to), listener_(listener), memory_bytes_(memory_bytes) {}

  [[nodiscard]] Status run() {
    for (const auto& [id, state] : from_.checkpoint().operators) {
      auto before = from_.describe(id);
      if (!before) return before.error();
      if (!to_.checkpoint().operators.contains(id)) {
        listener_.on_change(*before, nullptr, {.kind = Kind::OperatorRemoved});
        continue;
      }
      auto after = to_.describe(id);
      if (!after) return after.error();
      if (Status done = compare(*before, *after); !done) return done;
    }
    for (const auto& [id, state] : to_.checkpoint().operators) {
      if (from_.checkpoint().operators.contains(id)) continue;
      auto after = to_.describe(id);
      if (!after) return after.error();
      listener_.on_change(*after, nullptr, {.kind = Kind::OperatorAdded});
    }
    return Status::ok();
  }

private:
  [[nodiscard]] Status compare(const SavedOperator& before, const SavedOperator& after) {
    for (const SavedState& old : before.states) {
      const auto kept = std::ranges::find(after.states, old.info.name,
                                          [](const SavedState& each) { return each.info.name; });
      if (kept == after.states.end()) listener_.on_change(before, &old.info, {.kind = Kind::StateRemoved});
      else if (Status done = compare(before, old, after, *kept); !done) return done;
    }
    for (const SavedState& fresh : after.states) {
      const auto known = std::ranges::find(before.states, fresh.info.name,
                                           [](const SavedState& each) { return each.info.name; });
      if (known == before.states.end()) listener_.on_change(after, &fresh.info, {.kind = Kind::StateAdded});
    }
    return Status::ok();
  }

  [[nodiscard]] Status compare(const SavedOperator& before, const SavedState& old, const SavedOperator& after,
                               const SavedState& fresh) {
    if (old.info != fresh.info) {
      listener_.on_change(
          after, &fresh.info,
          {.kind = Kind::SchemaChanged, .old_value = told(old.info), .new_value = told(fresh.info)});
    }
    // What is kept under another kind of key has nothing in common.
    if (is_keyed(old.info.kind) != is_keyed(fresh.info.kind) ||
        old.info.key.empty() != fresh.info.key.empty())
      return Status::ok();
    StateDiff diff({from_, before, old.info}, {to_, after, fresh.info}, listener_);
    if (!is_keyed(old.info.kind) || before.max_parallelism != after.max_parallelism)
      return diff.run(kAllKeyGroups);
    const std::uint32_t step = groups_at_a_time(old, before.max_parallelism, memory_bytes_);
    for (KeyGroup first = 0; first < before.max_parallelism; first += step)
      if (Status done = diff.run({first, first + step - 1}); !done) return done;
    return Status::ok();
  }

  const SavepointReader& from_;
  const SavepointReader& to_;
  ChangeListener& listener_;
  const std::size_t memory_bytes_;
};

}  // namespace

Status diff(const SavepointReader& from, const SavepointReader& to, ChangeListener& listener,
            std::size_t memory_bytes) {
  return SavepointDiff(from, to, listener, memory_bytes).run();
}

}  // namespace weir
