// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/metadata.h"

#include <utility>

#include "base/sealed_file.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/key_group.h"
#include "memory/value_bytes.h"

namespace weir {
namespace {

constexpr SealedKind kKind{.magic = 0x4154'4d52'4945'5731,  // "1WEIRMTA"
                           .version = 2,  // 2: the states of each part
                           .name = "metadata of a checkpoint"};

// What an operator can have; in a file, more is a lie.
constexpr std::uint32_t kMostSubtasks = 32768;
constexpr std::uint64_t kMostElements = std::uint64_t{1} << 40;

/// The payload.
struct Payload {
  bool is_root_above = false;  // the directory of the file lies in the root, or is the root
  CompletedCheckpoint checkpoint;
};

template <class F>
typename F::result_type inspect(F& f, Payload& x) {
  return f(x.is_root_above, x.checkpoint.job, x.checkpoint.id, x.checkpoint.triggered_at,
           x.checkpoint.completed_at, x.checkpoint.is_savepoint, x.checkpoint.operators);
}

std::string flaw_of(const StateHandle& handle) {
  if (handle.path.empty())
    return handle.content.size() == handle.bytes ? "" : "bytes in a handle are not as many as it says";
  if (!handle.content.empty()) return "a handle has both a path and bytes";
  return stays_below(handle.path) ? "" : "the path \"" + handle.path + "\" leads out of its directory";
}

std::string flaw_of(const OperatorSnapshot& part, const OperatorState& state) {
  if (std::string flaw = flaw_of(part.state); !flaw.empty()) return flaw;
  for (const StateHandle& file : part.shared) {
    if (file.path.empty()) return "a shared file has no path";
    if (std::string flaw = flaw_of(file); !flaw.empty()) return flaw;
  }
  for (const StateInfo& info : part.states) {
    if (info.kind > kLastStateKind || info.redistribution > Redistribution::Broadcast)
      return "state \"" + info.name + "\" is of an unknown kind";
  }
  for (const ListStateInfo& list : part.lists) {
    if (list.redistribution > Redistribution::Broadcast) return "a list is dealt out in an unknown way";
    if (list.elements > kMostElements) return "a list has more elements than can be";
  }
  const bool has_groups = part.key_groups.first <= part.key_groups.last;
  if (has_groups && part.key_groups.last >= state.max_parallelism) return "a key group is out of its range";
  return {};
}

/// Empty: there is none.
std::string flaw_of(const OperatorState& state) {
  const std::string who = "operator \"" + state.name + "\": ";
  if (state.parallelism == 0 || state.max_parallelism > kMostSubtasks || state.parallelism > kMostSubtasks)
    return who + "its parallelism is out of range";
  for (const auto& [subtask, part] : state.subtasks) {
    if (subtask >= state.parallelism) return who + "it has more parts than subtasks";
    if (const std::string flaw = flaw_of(part, state); !flaw.empty()) return who + flaw;
  }
  return {};
}

std::string parent_of(const std::string& directory) {
  const std::size_t slash = directory.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : directory.substr(0, slash);
}

}  // namespace

std::string encode_metadata(const CompletedCheckpoint& checkpoint) {
  const Payload payload{.is_root_above = checkpoint.directory != checkpoint.root, .checkpoint = checkpoint};
  return seal(kKind, to_value_bytes(payload));
}

Result<CompletedCheckpoint> decode_metadata(std::string_view content, const std::string& directory) {
  const std::string path = directory + "/" + std::string(kMetadataName);
  const auto bytes = unseal(kKind, content, path);
  if (!bytes) return bytes.error();
  const auto corrupt = [&](const std::string& what) {
    return Error{ErrorCode::Corrupt, path + " is not as it was written: " + what, Blame::Environment,
                 Retry::Never};
  };
  auto payload = from_value_bytes<Payload>(*bytes);
  if (!payload) return corrupt("its fields do not fit");
  for (const auto& [id, state] : payload->checkpoint.operators) {
    if (const std::string flaw = flaw_of(state); !flaw.empty()) return corrupt(flaw);
  }
  CompletedCheckpoint checkpoint = std::move(payload->checkpoint);
  checkpoint.directory = directory;
  checkpoint.root = payload->is_root_above ? parent_of(directory) : directory;
  return checkpoint;
}

Status write_metadata(FileSystem& files, const CompletedCheckpoint& checkpoint) {
  if (Status made = files.make_folder(checkpoint.directory); !made) return made;
  const std::string path = checkpoint.directory + "/" + std::string(kMetadataName);
  Status written = write_file_atomically(files, path, encode_metadata(checkpoint));
  if (!written) {  // it may have its name already, but not for certain
    (void)files.remove(path);
    (void)files.remove(path + ".unfinished");
  }
  return written;
}

Result<CompletedCheckpoint> read_checkpoint(FileSystem& files, const std::string& path) {
  std::string directory = path;
  const std::string suffix = "/" + std::string(kMetadataName);
  if (directory.ends_with(suffix)) directory.resize(directory.size() - suffix.size());
  while (directory.size() > 1 && directory.back() == '/') directory.pop_back();
  auto content = read_file(files, directory + suffix);
  if (!content && content.error().code == ErrorCode::NotFound)
    return Error{ErrorCode::NotFound, path + " is no checkpoint or savepoint: there is no file " +
                                          std::string(kMetadataName) + " in it"};
  if (!content) return content.error();
  return decode_metadata(*content, directory);
}

}  // namespace weir
