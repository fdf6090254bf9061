// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/raw_keyed_state.h"

#include <algorithm>
#include <cstring>

#include "base/result.h"
#include "checkpoint/state/block_builder.h"
#include "memory/serializers_std.h"

namespace weir {

std::span<const std::byte> RawKeyedState::get(KeyGroup group) const {
  WEIR_CHECK(range_.contains(group), "the key group is the subtask's");
  return std::as_bytes(std::span(bytes_[group - range_.first]));
}

void RawKeyedState::put(KeyGroup group, std::span<const std::byte> bytes) {
  WEIR_CHECK(range_.contains(group), "the key group is the subtask's");
  std::string& held = bytes_[group - range_.first];
  held.resize(bytes.size());
  if (!bytes.empty()) std::memcpy(held.data(), bytes.data(), bytes.size());
}

void RawKeyedState::clear() {
  for (std::string& held : bytes_) held.clear();
}

std::size_t RawKeyedState::entry_count() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(bytes_, [](const auto& held) { return !held.empty(); }));
}

std::shared_ptr<TableWalk> RawKeyedState::begin_snapshot(SnapshotSink& sink, std::uint32_t state) {
  using Text = Serializer<std::string>;
  for (std::size_t i = 0; i < bytes_.size(); ++i) {
    if (bytes_[i].empty()) continue;
    BlockBuilder block;
    block.added(Text::write(bytes_[i], block.room(Text::bound(bytes_[i]))));
    sink.add(block.finish(state, range_.first + static_cast<KeyGroup>(i)));
  }
  return nullptr;
}

void RawKeyedState::begin_restore(const StateInfo& from, std::span<const std::uint64_t>) {
  require_readable(from, describe());
}

bool RawKeyedState::restore(const StateBlockInfo& block, std::span<const std::byte> payload) {
  const std::byte* const end = payload.data() + payload.size();
  return block.entry_count == 1 &&
         Serializer<std::string>::read(bytes_[block.group - range_.first], payload.data(), end) == end;
}

}  // namespace weir
