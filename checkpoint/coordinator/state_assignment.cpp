// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/coordinator/state_assignment.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "checkpoint/snapshot/key_group.h"
#include "checkpoint/snapshot/state_schema.h"

namespace weir {
namespace {

bool has_state(const OperatorSnapshot& part) {
  return !part.state.is_none() || !part.shared.empty();
}

bool has_state(const OperatorState& state) {
  return std::any_of(state.subtasks.begin(), state.subtasks.end(),
                     [](const auto& part) { return has_state(part.second); });
}

bool has_key_groups(const OperatorSnapshot& part) { return part.key_groups.first <= part.key_groups.last; }

Error refused(std::string what) {
  return {ErrorCode::StateNotRestorable, std::move(what), Blame::User, Retry::Never};
}

/// `operator "sum" (uid "totals") of checkpoint 17`
std::string describe(const CompletedCheckpoint& checkpoint, OperatorId id, const OperatorState& state) {
  const std::string who = state.uid.empty() ? "id " + id.hex() : "uid \"" + state.uid + "\"";
  return "operator \"" + state.name + "\" (" + who + ") of " +
         (checkpoint.is_savepoint ? "savepoint " : "checkpoint ") + std::to_string(checkpoint.id);
}

/// Deals out the state of one operator.
class OperatorDealer {
public:
  OperatorDealer(const OperatorState& state, std::uint32_t parallelism)
      : state_(state), parallelism_(parallelism), restores_(parallelism) {
    for (const auto& [subtask, part] : state.subtasks)
      if (has_state(part)) parts_.push_back({subtask, &part});
  }

  std::vector<OperatorRestore> deal() {
    if (parallelism_ == state_.parallelism && !has_union()) return keep();
    deal_keyed();
    deal_lists();
    return std::move(restores_);
  }

private:
  struct Part {
    std::uint32_t subtask;
    const OperatorSnapshot* snapshot;
  };
  /// One list state of the operator over all of its parts.
  struct List {
    Redistribution redistribution = Redistribution::Split;
    std::vector<std::pair<std::size_t, std::uint64_t>> runs;  // part, elements
  };

  [[nodiscard]] bool has_union() const;
  std::vector<OperatorRestore> keep();
  void deal_keyed();
  void deal_lists();
  void split(const std::string& name, const List& list, std::uint32_t start);
  void give(std::uint32_t to, std::size_t part, const std::string& name, std::uint64_t first,
            std::uint64_t count);
  /// The part's position among the sources of the subtask.
  std::uint32_t source(std::uint32_t of, std::size_t part);

  const OperatorState& state_;
  const std::uint32_t parallelism_;
  std::vector<Part> parts_;  // in the order of the old subtasks
  std::vector<OperatorRestore> restores_;
  std::map<std::pair<std::uint32_t, std::size_t>, std::uint32_t> sources_;  // subtask, part
};

bool OperatorDealer::has_union() const {
  for (const Part& part : parts_)
    for (const ListStateInfo& list : part.snapshot->lists)
      if (list.redistribution == Redistribution::Union) return true;
  return false;
}

std::vector<OperatorRestore> OperatorDealer::keep() {
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    const std::uint32_t subtask = parts_[part].subtask;
    source(subtask, part);
    for (const ListStateInfo& list : parts_[part].snapshot->lists)
      give(subtask, part, list.name, 0, list.elements);
  }
  return std::move(restores_);
}

void OperatorDealer::deal_keyed() {
  for (std::uint32_t subtask = 0; subtask < parallelism_; ++subtask) {
    const KeyGroupRange own = range_of(subtask, parallelism_, state_.max_parallelism);
    for (std::size_t part = 0; part < parts_.size(); ++part) {
      const KeyGroupRange held = parts_[part].snapshot->key_groups;
      if (has_key_groups(*parts_[part].snapshot) && held.first <= own.last && own.first <= held.last)
        source(subtask, part);
    }
  }
}

void OperatorDealer::deal_lists() {
  std::map<std::string, List> lists;
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    for (const ListStateInfo& info : parts_[part].snapshot->lists) {
      List& list = lists[info.name];
      list.redistribution = info.redistribution;
      list.runs.emplace_back(part, info.elements);
    }
  }
  std::uint32_t start = 0;
  for (const auto& [name, list] : lists) {
    switch (list.redistribution) {
      case Redistribution::Split:
        split(name, list, start);
        start = (start + 1) % parallelism_;
        break;
      case Redistribution::Union:
        for (std::uint32_t to = 0; to < parallelism_; ++to)
          for (const auto& [part, elements] : list.runs) give(to, part, name, 0, elements);
        break;
      case Redistribution::Broadcast:
        for (std::uint32_t to = 0; to < parallelism_; ++to) {
          const auto& [part, elements] = list.runs[to % list.runs.size()];
          give(to, part, name, 0, elements);
        }
        break;
    }
  }
}

/// n elements over p subtasks: n / p each, and one more to the n % p subtasks from `start` on.
void OperatorDealer::split(const std::string& name, const List& list, std::uint32_t start) {
  std::uint64_t total = 0;
  for (const auto& [part, elements] : list.runs) total += elements;
  std::size_t run = 0;
  std::uint64_t used = 0;  // of the run
  for (std::uint32_t i = 0; i < parallelism_; ++i) {
    const std::uint32_t to = (start + i) % parallelism_;
    std::uint64_t wanted = total / parallelism_ + (i < total % parallelism_ ? 1 : 0);
    while (wanted > 0) {
      const auto& [part, elements] = list.runs[run];
      const std::uint64_t count = std::min(wanted, elements - used);
      if (count > 0) give(to, part, name, used, count);
      wanted -= count;
      used += count;
      if (used == elements) {
        ++run;
        used = 0;
      }
    }
  }
}

void OperatorDealer::give(std::uint32_t to, std::size_t part, const std::string& name, std::uint64_t first,
                          std::uint64_t count) {
  const std::uint32_t from = source(to, part);
  restores_[to].slices.push_back({.source = from, .name = name, .first = first, .count = count});
}

std::uint32_t OperatorDealer::source(std::uint32_t of, std::size_t part) {
  std::vector<OperatorSnapshot>& sources = restores_[of].sources;
  const auto [known, is_new] = sources_.emplace(std::pair{of, part}, sources.size());
  if (is_new) sources.push_back(*parts_[part].snapshot);
  return known->second;
}

/// Takes over the checkpoint's number of key groups, or says why that cannot be.
Status settle_max_parallelism(const std::string& who, const OperatorState& state,
                              const CheckpointedVertex& vertex, std::uint32_t& max_parallelism) {
  const bool is_keyed = std::any_of(state.subtasks.begin(), state.subtasks.end(),
                                    [](const auto& part) { return has_key_groups(part.second); });
  if (!is_keyed) return Status::ok();
  const auto number = [](std::uint32_t n) { return std::to_string(n); };
  if (vertex.parallelism() > state.max_parallelism)
    return refused(who + " has " + number(state.max_parallelism) +
                   " key groups; they cannot be dealt out to " + number(vertex.parallelism()) +
                   " subtasks: lower its parallelism");
  if (state.max_parallelism == max_parallelism) return Status::ok();
  if (vertex.max_parallelism_is_set)
    return refused(who + " has " + number(state.max_parallelism) + " key groups, but the program sets " +
                   number(vertex.max_parallelism) + ": set the same maximum parallelism, or none");
  max_parallelism = state.max_parallelism;
  return Status::ok();
}

/// Whether the program can read what it is known to ask for.
Status check_states(const std::string& who, const OperatorState& state,
                    const std::vector<StateInfo>& wanted) {
  for (const auto& [subtask, part] : state.subtasks) {
    for (const StateInfo& kept : part.states) {
      const auto asked = std::ranges::find(wanted, kept.name, &StateInfo::name);
      if (asked == wanted.end()) continue;
      if (const Status fits = compatible(kept, *asked); !fits) return refused(who + ": " + fits.error().what);
    }
  }
  return Status::ok();
}

/// Whether the program may yet ask for some of it, as who knows what.
bool has_undeclared(const OperatorState& state, const std::vector<StateInfo>& declared) {
  return std::ranges::any_of(state.subtasks, [&](const auto& part) {
    return std::ranges::any_of(part.second.states, [&](const StateInfo& kept) {
      return std::ranges::find(declared, kept.name, &StateInfo::name) == declared.end();
    });
  });
}

Status check_all_are_known(const CompletedCheckpoint& checkpoint,
                           const std::vector<CheckpointedVertex>& vertices) {
  std::set<OperatorId> known;
  for (const CheckpointedVertex& vertex : vertices)
    for (const CheckpointedOperator& member : vertex.operators) known.insert(member.id);
  for (const auto& [id, state] : checkpoint.operators) {
    if (has_state(state) && !known.contains(id))
      return refused(describe(checkpoint, id, state) +
                     " has state, but the program has no such operator: give it the same uid, or allow "
                     "state that is not restored");
  }
  return Status::ok();
}

}  // namespace

Result<StateAssignment> assign_state(const CompletedCheckpoint& checkpoint,
                                     const std::vector<CheckpointedVertex>& vertices,
                                     bool allow_non_restored) {
  if (!allow_non_restored) {
    if (const Status known = check_all_are_known(checkpoint, vertices); !known) return known.error();
  }
  StateAssignment assignment;
  for (const CheckpointedVertex& vertex : vertices) {
    const TaskRestore none{.checkpoint = checkpoint.id, .root = checkpoint.root, .operators = {}};
    std::vector<TaskRestore>& tasks = assignment.tasks.emplace_back(vertex.parallelism(), none);
    std::uint32_t& max_parallelism = assignment.max_parallelism.emplace_back(vertex.max_parallelism);
    for (const CheckpointedOperator& member : vertex.operators) {
      const auto found = checkpoint.operators.find(member.id);
      if (found == checkpoint.operators.end() || !has_state(found->second)) continue;
      const std::string who = describe(checkpoint, member.id, found->second);
      if (const Status settled = settle_max_parallelism(who, found->second, vertex, max_parallelism);
          !settled)
        return settled.error();
      if (const Status fits = check_states(who, found->second, member.states); !fits) return fits.error();
      assignment.tasks_wait |= has_undeclared(found->second, member.states);
      auto restores = OperatorDealer(found->second, vertex.parallelism()).deal();
      for (std::uint32_t i = 0; i < vertex.parallelism(); ++i) {
        if (!restores[i].sources.empty()) tasks[i].operators[member.id] = std::move(restores[i]);
      }
    }
  }
  for (auto& tasks : assignment.tasks)
    for (TaskRestore& task : tasks) task.waits = assignment.tasks_wait;
  return assignment;
}

}  // namespace weir
