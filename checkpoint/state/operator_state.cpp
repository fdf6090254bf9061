// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/operator_state.h"

#include <algorithm>
#include <set>
#include <stdexcept>

namespace weir {

namespace {

/// The elements of one slice, out of the blocks of a file's state.
class SliceReader {
public:
  SliceReader(StateFile& file, std::uint32_t state, const ListSlice& slice)
      : file_(file), state_(state), slice_(slice) {}

  void read_into(AnyOperatorState& target) {
    std::uint64_t position = 0;  // of the first element of the block
    std::uint64_t taken = 0;
    for (const StateFile::Block& block : file_.blocks()) {
      if (block.info.state != state_) continue;
      const std::uint64_t behind = position + block.info.entry_count;
      if (behind > slice_.first && position < slice_.first + slice_.count)
        taken += read_block(block, position, target);
      position = behind;
    }
    if (taken != slice_.count) {
      throw std::runtime_error("the state file " + file_.name() + " has " + std::to_string(position) +
                               " elements of state \"" + slice_.name + "\", too few to restore " +
                               std::to_string(slice_.count) + " from number " + std::to_string(slice_.first));
    }
  }

private:
  /// Returns how many of the block's elements were in the slice.
  std::uint64_t read_block(const StateFile::Block& block, std::uint64_t position, AnyOperatorState& target) {
    const auto payload = file_.read(block, buffer_);
    if (!payload) throw std::runtime_error(payload.error().what);
    const std::byte* at = payload->data();
    const std::byte* const end = at + payload->size();
    std::uint64_t taken = 0;
    for (std::uint32_t i = 0; i < block.info.entry_count && at != nullptr; ++i, ++position) {
      const bool is_wanted = position >= slice_.first && position - slice_.first < slice_.count;
      at = target.read_element(at, end, is_wanted);
      taken += is_wanted;
    }
    if (at != end) {
      throw std::runtime_error("the state file " + file_.name() + " has what is no element of state \"" +
                               slice_.name + "\"");
    }
    return taken;
  }

  StateFile& file_;
  const std::uint32_t state_;
  const ListSlice& slice_;
  std::vector<std::byte> buffer_;
};

}  // namespace

std::vector<StateInfo> OperatorStateBackend::states() const {
  std::vector<StateInfo> states;
  for (const auto& [name, state] : states_) {
    states.push_back(state->describe());
    states.back().name = name;
  }
  return states;
}

std::vector<ListStateInfo> OperatorStateBackend::lists() const {
  std::vector<ListStateInfo> lists;
  for (const auto& [name, state] : states_)
    lists.push_back({name, state->describe().redistribution, state->element_count()});
  return lists;
}

void OperatorStateBackend::snapshot(SnapshotSink& sink, std::uint32_t first_state) const {
  for (const auto& [name, state] : states_) {
    BlockBuilder block;
    state->write(block, sink, first_state);
    if (!block.is_empty()) sink.add(block.finish(first_state, 0));
    ++first_state;
  }
}

void OperatorStateBackend::begin_restore(std::span<StateFile> sources, const std::vector<ListSlice>& slices) {
  for (const ListSlice& slice : slices)
    WEIR_CHECK(slice.source < sources.size(), "a slice is of one of the sources");
  sources_ = sources;
  slices_ = &slices;
}

void OperatorStateBackend::restore(const std::string& name, AnyOperatorState& state) {
  if (slices_ == nullptr) return;
  for (const ListSlice& slice : *slices_) {
    if (slice.name != name || slice.count == 0) continue;
    StateFile& file = sources_[slice.source];
    const auto found = std::ranges::find(file.states(), name, &StateInfo::name);
    if (found == file.states().end()) {
      throw std::runtime_error("the state file " + file.name() + " has no state \"" + name +
                               "\", which is to be restored from it");
    }
    state.expect(*found);
    SliceReader(file, static_cast<std::uint32_t>(found - file.states().begin()), slice).read_into(state);
  }
}

std::vector<std::string> OperatorStateBackend::end_restore() {
  std::set<std::string> unclaimed;
  if (slices_ != nullptr) {
    for (const ListSlice& slice : *slices_) {
      if (!states_.contains(slice.name)) unclaimed.insert(slice.name);
    }
  }
  sources_ = {};
  slices_ = nullptr;
  return {unclaimed.begin(), unclaimed.end()};
}

}  // namespace weir
