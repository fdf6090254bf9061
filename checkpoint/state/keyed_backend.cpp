// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/keyed_backend.h"

#include <algorithm>

namespace weir {

RawKeyedState& KeyedBackend::raw(const std::string& name) {
  auto found = tables_.find(name);
  if (found == tables_.end()) {
    auto made = std::make_unique<RawKeyedState>(range_, max_parallelism_);
    restore(name, *made);
    found = tables_.emplace(name, std::move(made)).first;
  }
  auto* const raw = dynamic_cast<RawKeyedState*>(found->second.get());
  if (raw == nullptr)
    refuse_second_use(name, found->second->describe(), RawKeyedState(range_, max_parallelism_).describe());
  return *raw;
}

std::vector<StateInfo> KeyedBackend::states() const {
  std::vector<StateInfo> states;
  for (const auto& [name, table] : tables_) {
    states.push_back(table->describe());
    states.back().name = name;
  }
  return states;
}

void KeyedBackend::begin_snapshot(SnapshotSink& sink, std::uint32_t first_state, StoredRows stored) {
  walks_.clear();
  for (const auto& [name, table] : tables_) {
    const std::uint32_t number = first_state++;
    if (table->is_stored() && stored == StoredRows::AreSavedApart) continue;
    if (auto walk = table->begin_snapshot(sink, number)) walks_.push_back(std::move(walk));
  }
  sink_ = &sink;
}

bool KeyedBackend::is_snapshot_running() const {
  return std::ranges::any_of(tables_, [](const auto& each) { return each.second->is_snapshot_running(); });
}

void KeyedBackend::end_snapshot() {
  walks_.clear();
  for (const auto& [name, table] : tables_) table->end_snapshot();
}

void KeyedBackend::abort_snapshot() {
  walks_.clear();
  for (const auto& [name, table] : tables_) table->abort_snapshot();
}

bool KeyedBackend::snapshot_some(std::size_t budget_bytes) {
  for (std::size_t used = 0; !walks_.empty() && used < budget_bytes;) {
    StateBlock block;
    if (walks_.back()->next(block)) {
      used += block.payload.size();
      sink_->add(std::move(block));
    } else {
      walks_.pop_back();
    }
  }
  if (!walks_.empty()) return false;
  end_snapshot();
  return true;
}

void KeyedBackend::begin_restore(KeyedRestore restore) { restore_ = restore; }

void KeyedBackend::restore(const std::string& name, StateTable& table) {
  if (!restore_.is_adopting(name)) return restore_.into(name, table, nullptr, range_);
  if (!store_) store_ = make_store_();
  const bool is_there = store_->has_column(name);
  restore_.into(name, table, is_there ? &store_->column(name) : nullptr, range_);
}

void KeyedBackend::require_keys(const std::string& state) const {
  if (key_type_.read != nullptr) return;
  throw std::logic_error("the keyed state \"" + state +
                         "\" is asked for by an operator without keys: put key_by() before it");
}

std::vector<std::string> KeyedBackend::end_restore() {
  std::vector<std::string> unclaimed;
  for (const std::string& name : restore_.names())
    if (!tables_.contains(name)) unclaimed.push_back(name);
  restore_ = {};
  if (store_) store_->drop_unasked_columns();
  return unclaimed;
}

}  // namespace weir
