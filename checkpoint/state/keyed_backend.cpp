// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/keyed_backend.h"

#include <algorithm>

#include "checkpoint/snapshot/state_schema.h"

namespace weir {

std::vector<StateInfo> KeyedBackend::states() const {
  std::vector<StateInfo> states;
  for (const auto& [name, table] : tables_) {
    states.push_back(table->describe());
    states.back().name = name;
  }
  return states;
}

void KeyedBackend::begin_snapshot(SnapshotSink& sink, std::uint32_t first_state) {
  for (const auto& [name, table] : tables_) table->begin_snapshot(sink, first_state++);
}

bool KeyedBackend::is_snapshot_running() const {
  return std::ranges::any_of(tables_, [](const auto& each) { return each.second->is_snapshot_running(); });
}

bool KeyedBackend::snapshot_some(std::size_t budget_bytes) {
  std::size_t used = 0;
  for (const auto& [name, table] : tables_) {
    if (used < budget_bytes) used += table->snapshot_some(budget_bytes - used);
  }
  return !is_snapshot_running();
}

void KeyedBackend::abort_snapshot() {
  for (const auto& [name, table] : tables_) table->abort_snapshot();
}

void KeyedBackend::begin_restore(std::span<StateFile> sources) { sources_ = sources; }

void KeyedBackend::restore(const std::string& name, StateTable& table) {
  for (StateFile& file : sources_) {
    const auto& states = file.states();
    for (std::uint32_t i = 0; i < states.size(); ++i) {
      if (states[i].name == name && is_keyed(states[i].kind)) table.restore(file, i);
    }
  }
}

void KeyedBackend::require_keys(const std::string& state) const {
  if (key_type_.read != nullptr) return;
  throw std::logic_error("the keyed state \"" + state +
                         "\" is asked for by an operator without keys: put key_by() before it");
}

std::vector<std::string> KeyedBackend::end_restore() {
  std::set<std::string> unclaimed;
  for (const StateFile& file : sources_) {
    for (const StateInfo& state : file.states()) {
      if (is_keyed(state.kind) && !tables_.contains(state.name)) unclaimed.insert(state.name);
    }
  }
  sources_ = {};
  return {unclaimed.begin(), unclaimed.end()};
}

void KeyedBackend::refuse(const std::string& name, const StateInfo& first, const StateInfo& second) {
  throw std::logic_error("the state \"" + name + "\" is asked for as " + told(second) + ", but it is " +
                         told(first) + ": give one of them another name");
}

}  // namespace weir
