// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/savepoint_reader.h"

#include <algorithm>

#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"

namespace weir {

namespace {

Error damaged(const StateFile& file, const StateInfo& state) {
  return {ErrorCode::Corrupt,
          "the state file " + file.name() + " has what is no entry of state \"" + state.name + "\"",
          Blame::Environment};
}

Error unreadable(const SavedOperator& of, const StateInfo& state) {
  return {ErrorCode::BadArgument,
          of.told() + ": the state \"" + state.name +
              "\" lies in files of RocksDB, which only a job reads (an incremental checkpoint): take a "
              "savepoint",
          Blame::User};
}

SavedState& state_named(std::vector<SavedState>& states, const StateInfo& info) {
  const auto at = std::ranges::lower_bound(states, info.name, {},
                                           [](const SavedState& each) { return each.info.name; });
  if (at != states.end() && at->info.name == info.name) return *at;
  return *states.insert(at, SavedState{.info = info});
}

/// The entries of one block.
Status visit_block(StateFile& file, const StateFile::Block& block, std::uint32_t subtask,
                   const EntryFormat& format, std::vector<std::byte>& buffer,
                   const SavepointReader::Visit& visit) {
  const auto payload = file.read(block, buffer);
  if (!payload) return payload.error();
  const std::byte* at = payload->data();
  const std::byte* const end = at + payload->size();
  SavedEntry entry{.subtask = subtask, .group = block.info.group};
  for (std::uint32_t i = 0; i < block.info.entry_count; ++i) {
    at = format.split(at, end, entry);
    if (at == nullptr) return damaged(file, format.state());
    visit(entry, format);
  }
  return at == end ? Status::ok() : damaged(file, format.state());
}

}  // namespace

std::string SavedOperator::told() const {
  return "operator \"" + name + "\" (" + (uid.empty() ? "id " + id.hex() : "uid \"" + uid + "\"") + ")";
}

Result<SavepointReader> SavepointReader::open(FileSystem& files, const std::string& path,
                                              SavedStores* stores) {
  auto checkpoint = read_checkpoint(files, path);
  if (!checkpoint) return checkpoint.error();
  return SavepointReader(files, stores, *std::move(checkpoint));
}

Result<OperatorId> SavepointReader::find(std::string_view who) const {
  std::vector<OperatorId> found;
  std::string names;
  for (const auto& [id, state] : checkpoint_.operators) {
    if (!who.empty() && state.uid == who) return id;
    if (state.name == who || (who.size() >= 4 && id.hex().starts_with(who))) found.push_back(id);
    names += (names.empty() ? "\"" : ", \"") + (state.uid.empty() ? state.name : state.uid) + "\"";
  }
  if (found.size() == 1) return found.front();
  const std::string text = "\"" + std::string(who) + "\"";
  if (found.empty())
    return Error{ErrorCode::NotFound, "there is no operator " + text + "; there are " + names};
  std::string ids;
  for (const OperatorId id : found) ids += (ids.empty() ? "" : ", ") + id.hex();
  return Error{ErrorCode::BadArgument, "several operators are called " + text + ": say which by id, " + ids};
}

Result<StateFile> SavepointReader::open_file(const StateHandle& handle) const {
  auto bytes = open_state(*files_, checkpoint_.root, handle);
  if (!bytes) return bytes.error();
  const std::string name = handle.path.empty()
                               ? "in " + checkpoint_.directory + "/" + std::string(kMetadataName)
                               : checkpoint_.root + "/" + handle.path;
  return StateFile::open(*std::move(bytes), name);
}

Result<SavedOperator> SavepointReader::describe(OperatorId id) const {
  const OperatorState& state = checkpoint_.operators.at(id);
  SavedOperator described{.id = id,
                          .name = state.name,
                          .uid = state.uid,
                          .parallelism = state.parallelism,
                          .max_parallelism = state.max_parallelism,
                          .states = {}};
  for (const auto& [subtask, part] : state.subtasks)
    if (Status added = add(described, part); !added) return added.error();
  return described;
}

Result<std::vector<StateFile>> SavepointReader::open_files(const OperatorSnapshot& part) const {
  std::vector<StateFile> files;
  if (!part.state.is_none()) {
    auto file = open_file(part.state);
    if (!file) return file.error();
    files.push_back(*std::move(file));
  }
  if (stores_ != nullptr && !part.shared.empty()) {
    auto store = stores_->open(checkpoint_.root, part);
    if (!store) return store.error();
    files.push_back(*std::move(store));
  }
  return files;
}

Status SavepointReader::add(SavedOperator& to, const OperatorSnapshot& part) const {
  for (const StateHandle& file : part.shared) to.shared_bytes += file.bytes;
  for (const StateInfo& info : part.states) state_named(to.states, info);
  const auto files = open_files(part);
  if (!files) return files.error();
  for (const StateFile& file : *files) {
    for (std::uint32_t i = 0; i < file.states().size(); ++i) {
      SavedState& state = state_named(to.states, file.states()[i]);
      if (state.info.kind == StateKind::OperatorMap && state.entry_count != 0) continue;
      for (const StateFile::Block& block : file.blocks()) {
        if (block.info.state != i) continue;
        state.entry_count += block.info.entry_count;
        state.bytes += block.info.payload_bytes;
      }
    }
  }
  // What no file of ours has entries of may lie in the shared ones.
  for (SavedState& state : to.states) {
    if (is_keyed(state.info.kind) && !part.shared.empty() && stores_ == nullptr)
      state.is_readable = state.entry_count != 0;
  }
  return Status::ok();
}

namespace {

/// The entries of one state in one file, in these key groups. True: there were some.
Result<bool> visit_file(StateFile& file, std::uint32_t index, std::uint32_t subtask,
                        const EntryFormat& format, const SavepointReader::Visit& visit,
                        KeyGroupRange groups) {
  std::vector<std::byte> buffer;
  bool has_entries = false;
  for (const StateFile::Block& block : file.blocks()) {
    if (block.info.state != index || (is_keyed(format.state().kind) && !groups.contains(block.info.group)))
      continue;
    if (Status done = visit_block(file, block, subtask, format, buffer, visit); !done) return done.error();
    has_entries = true;
  }
  return has_entries;
}

bool has_entries_of(const StateFile& file, std::uint32_t state) {
  return std::ranges::any_of(file.blocks(), [&](const auto& block) { return block.info.state == state; });
}

}  // namespace

Status SavepointReader::for_each(const SavedOperator& of, const StateInfo& state, const Visit& visit,
                                 KeyGroupRange groups) const {
  for (const auto& [subtask, part] : checkpoint_.operators.at(of.id).subtasks) {
    auto files = open_files(part);
    if (!files) return files.error();
    bool has_entries = false;  // of any key group
    bool is_visited = false;
    for (StateFile& file : *files) {
      const auto found = std::ranges::find(file.states(), state.name, &StateInfo::name);
      if (found == file.states().end()) continue;
      const auto format = EntryFormat::of(*found);
      if (!format) return Error{format.error().code, of.told() + ": " + format.error().what};
      const auto index = static_cast<std::uint32_t>(found - file.states().begin());
      has_entries |= has_entries_of(file, index);
      const auto visited = visit_file(file, index, subtask, *format, visit, groups);
      if (!visited) return visited.error();
      is_visited |= *visited;
    }
    if (!has_entries && is_keyed(state.kind) && !part.shared.empty() && stores_ == nullptr)
      return unreadable(of, state);
    if (is_visited && state.kind == StateKind::OperatorMap) break;
  }
  return Status::ok();
}

}  // namespace weir
