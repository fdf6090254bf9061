// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/keyed_restore.h"

#include <algorithm>
#include <stdexcept>

#include "checkpoint/state/store_walk.h"
#include "memory/schema.h"

namespace weir {

namespace {

[[noreturn]] void refuse_block(const std::string& where, const std::string& state, KeyGroup group) {
  throw std::runtime_error(where + " has what is no entry of state \"" + state + "\" in key group " +
                           std::to_string(group));
}

void remove_all(ByteStore::Column& rows) {
  const auto all = rows.rows();
  ByteStore::Bytes key;
  ByteStore::Bytes value;
  while (all->next(key, value)) rows.remove(key);
}

}  // namespace

void KeyedRestore::into(const std::string& name, StateTable& table, ByteStore::Column* own_rows,
                        KeyGroupRange range) {
  for (std::size_t source = 0; source < files_.size(); ++source) {
    StateFile& file = files_[source];
    for (std::uint32_t i = 0; i < file.states().size(); ++i) {
      const StateInfo& from = file.states()[i];
      if (from.name != name || !is_keyed(from.kind)) continue;
      from_file(file, i, table, range);
      if (adopted_ == source && own_rows != nullptr) {
        const StateInfo wanted = table.describe();
        // Rows that are as the table writes them are where they belong already.
        if (!table.is_stored() || !same_bytes(from.value, wanted.value))
          from_rows(*own_rows, name, from, table, range);
        if (!table.is_stored()) remove_all(*own_rows);
      } else if (source < stores_.size() && stores_[source] && stores_[source]->has_column(name)) {
        from_rows(stores_[source]->column(name), name, from, table, range);
      }
    }
  }
}

void KeyedRestore::from_file(StateFile& file, std::uint32_t state, StateTable& table, KeyGroupRange range) {
  std::vector<std::uint64_t> coming(range.count());
  for (const StateFile::Block& block : file.blocks()) {
    if (block.info.state == state && range.contains(block.info.group))
      coming[block.info.group - range.first] += block.info.entry_count;
  }
  const StateInfo& from = file.states()[state];
  table.begin_restore(from, coming);
  std::vector<std::byte> buffer;
  for (const StateFile::Block& block : file.blocks()) {
    if (block.info.state != state || !range.contains(block.info.group)) continue;
    const auto payload = file.read(block, buffer);
    if (!payload) throw std::runtime_error(payload.error().what);
    if (!table.restore(block.info, *payload))
      refuse_block("the state file " + file.name(), from.name, block.info.group);
  }
}

void KeyedRestore::from_rows(const ByteStore::Column& rows, const std::string& name, const StateInfo& from,
                             StateTable& table, KeyGroupRange range) {
  table.begin_restore(from, {});
  StoreWalk walk(rows.rows(), 0, std::nullopt);
  StateBlock block;
  while (walk.next(block)) {
    if (!range.contains(block.group)) continue;
    const StateBlockInfo info{.group = block.group,
                              .entry_count = block.entry_count,
                              .payload_bytes = static_cast<std::uint32_t>(block.payload.size())};
    if (!table.restore(info, block.payload)) refuse_block("a saved state store", name, block.group);
  }
}

bool KeyedRestore::is_adopting(const std::string& name) const {
  if (!adopted_) return false;
  const auto& states = files_[*adopted_].states();
  return std::ranges::any_of(states, [&](const StateInfo& state) { return state.name == name; });
}

std::set<std::string> KeyedRestore::names() const {
  std::set<std::string> names;
  for (const StateFile& file : files_) {
    for (const StateInfo& state : file.states())
      if (is_keyed(state.kind)) names.insert(state.name);
  }
  return names;
}

}  // namespace weir
