// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/operator_snapshots.h"

#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/file_system.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/memory_storage.h"
#include "checkpoint/snapshot/state_file.h"

namespace weir {

class SnapshotWriter::Blocks final : public SnapshotSink {
public:
  void add(StateBlock block) override { blocks.push_back(std::move(block)); }
  std::vector<StateBlock> blocks;
};

SnapshotWriter::SnapshotWriter() = default;
SnapshotWriter::SnapshotWriter(SnapshotWriter&&) noexcept = default;
SnapshotWriter::~SnapshotWriter() = default;

void SnapshotWriter::begin(OperatorContext& context) {
  blocks_ = std::make_unique<Blocks>();
  states_ = context.operator_state().states();
  const auto first_keyed = static_cast<std::uint32_t>(states_.size());
  for (StateInfo& state : context.keyed_state().states()) states_.push_back(std::move(state));
  snapshot_ = {.key_groups = context.keyed_state().range(), .lists = context.operator_state().lists()};
  context.operator_state().snapshot(*blocks_);
  context.keyed_state().begin_snapshot(*blocks_, first_keyed);
}

OperatorSnapshot SnapshotWriter::end(OperatorContext& context) {
  constexpr std::size_t kSliceBytes = 4096;
  while (!context.keyed_state().snapshot_some(kSliceBytes)) {}
  MemoryCheckpointStorage storage(std::numeric_limits<std::size_t>::max());
  auto stream = storage.create("state");
  if (!stream) throw std::runtime_error(stream.error().what);
  StateFileWriter file(**stream);
  for (const StateBlock& block : blocks_->blocks)
    if (const Status added = file.add(block); !added) throw std::runtime_error(added.error().what);
  auto handle = file.finish(states_);
  if (!handle) throw std::runtime_error(handle.error().what);
  snapshot_.state = *std::move(handle);
  blocks_.reset();
  return std::move(snapshot_);
}

namespace {

/// The elements of a list state that a subtask gets, all of them in one row.
struct Run {
  std::uint64_t first = 0;
  std::uint64_t count = 0;
};

Run run_of(const ListStateInfo& list, std::uint64_t total, std::uint32_t subtask, std::uint32_t parallelism) {
  if (list.redistribution == Redistribution::Union) return {0, total};
  if (list.redistribution == Redistribution::Broadcast) return {0, list.elements};
  const std::uint64_t first = total * subtask / parallelism;
  return {first, total * (subtask + std::uint64_t{1}) / parallelism - first};
}

}  // namespace

OperatorContext::Restored restored_state(const std::vector<OperatorSnapshot>& from, std::uint32_t subtask,
                                         std::uint32_t parallelism) {
  OperatorContext::Restored restored{.checkpoint = 1};
  LocalFileSystem files;
  std::map<std::string, std::uint64_t> totals;
  std::map<std::string, std::uint64_t> seen;
  for (const OperatorSnapshot& part : from) {
    auto bytes = open_state(files, "", part.state);
    if (!bytes) throw std::runtime_error(bytes.error().what);
    auto file = StateFile::open(*std::move(bytes), "snapshot");
    if (!file) throw std::runtime_error(file.error().what);
    restored.files.push_back(*std::move(file));
    for (const ListStateInfo& list : part.lists) totals[list.name] += list.elements;
  }
  for (std::uint32_t source = 0; source < from.size(); ++source) {
    for (const ListStateInfo& list : from[source].lists) {
      const Run run = run_of(list, totals[list.name], subtask, parallelism);
      const std::uint64_t begin = seen[list.name];
      seen[list.name] += list.elements;
      const std::uint64_t first = std::max(run.first, begin);
      const std::uint64_t behind = std::min(run.first + run.count, begin + list.elements);
      if (first < behind) restored.slices.push_back({source, list.name, first - begin, behind - first});
    }
  }
  return restored;
}

}  // namespace weir
