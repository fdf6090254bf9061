// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/saved_store.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

#include "base/crc32c.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/state_file.h"
#include "checkpoint/state/rocksdb_backend.h"
#include "checkpoint/state/store_walk.h"

namespace weir {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

/// Every row that there is, also one that would be seen as expired.
Status write_rows(const ByteStore::Column& column, std::uint32_t state, bool expires, StateFileWriter& into) {
  constexpr auto kNever = std::numeric_limits<std::int64_t>::min();
  StoreWalk walk(column.rows(), state, expires ? std::optional(kNever) : std::nullopt);
  StateBlock block;
  while (walk.next(block))
    if (Status added = into.add(block); !added) return added;
  return Status::ok();
}

Result<StateHandle> write_states(ByteStore& store, const std::vector<StateInfo>& states,
                                 StateFileWriter& into) {
  std::vector<StateInfo> written;
  for (const StateInfo& state : states) {
    if (!is_keyed(state.kind) || !store.has_column(state.name)) continue;
    const auto index = static_cast<std::uint32_t>(written.size());
    if (Status done = write_rows(store.column(state.name), index, state.expires, into); !done)
      return done.error();
    written.push_back(state);
  }
  return into.finish(written);
}

}  // namespace

std::string name_in_store(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.find('.');
  return dot == std::string::npos || name.find_first_not_of('.', dot) != dot + 1 ? "" : name.substr(dot + 1);
}

Status fetch_store(FileSystem& files, const std::string& root, const std::vector<StateHandle>& shared,
                   const std::string& directory) {
  LocalFileSystem local;
  if (Status made = local.make_folder(directory); !made) return made;
  std::vector<std::byte> buffer;
  for (const StateHandle& handle : shared) {
    const std::string name = name_in_store(handle.path);
    if (name.empty()) {
      return Error{ErrorCode::Corrupt, "\"" + handle.path + "\" is no file of a state store",
                   Blame::Environment};
    }
    auto source = open_state(files, root, handle);
    if (!source) return source.error();
    auto copy = local.create(directory + "/" + name);
    if (!copy) return copy.error();
    std::uint32_t crc = 0;
    buffer.resize(std::max<std::size_t>(buffer.size(), std::min<std::uint64_t>(kPieceBytes, handle.bytes)));
    for (std::uint64_t at = 0; at < handle.bytes;) {
      const auto piece = std::span(buffer).first(std::min<std::uint64_t>(kPieceBytes, handle.bytes - at));
      if (Status got = (*source)->read(at, piece); !got) return got;
      if (Status put = (*copy)->write(piece); !put) return put;
      crc = crc32c(piece, crc);
      at += piece.size();
    }
    if (crc != handle.crc) {
      return Error{ErrorCode::Corrupt,
                   "the state file " + root + "/" + handle.path +
                       " is not the one that was written: its checksum differs",
                   Blame::Environment};
    }
  }
  return Status::ok();
}

Result<StateFile> FetchedStores::open(const std::string& root, const OperatorSnapshot& part) {
  const std::string store = root + "/" + part.shared.front().path;
  auto known = fetched_.find(store);
  if (known == fetched_.end()) {
    auto fetched = fetch(root, part);
    if (!fetched) return fetched.error();
    known = fetched_.emplace(store, *std::move(fetched)).first;
  }
  auto bytes = open_state(local_, folder_, known->second);
  if (!bytes) return bytes.error();
  return StateFile::open(*std::move(bytes), "of the store of " + store);
}

Result<StateHandle> FetchedStores::fetch(const std::string& root, const OperatorSnapshot& part) {
  const std::string number = std::to_string(fetched_.size());
  const std::string directory = folder_ + "/store-" + number;
  if (Status fetched = fetch_store(files_, root, part.shared, directory); !fetched) return fetched.error();
  auto store = open_rocksdb({.directory = directory, .content = RocksDbOptions::Content::Saved});
  if (!store) return store.error();
  FileCheckpointStorage storage(local_, {.root = folder_, .inline_bytes = 0});
  auto stream = storage.create("rows-" + number);
  if (!stream) return stream.error();
  StateFileWriter writer(**stream);
  try {
    return write_states(**store, part.states, writer);
  } catch (const std::runtime_error& said) {
    return Error{ErrorCode::Corrupt,
                 "the store of " + root + "/" + part.shared.front().path + ": " + said.what(),
                 Blame::Environment};
  }
}

}  // namespace weir
