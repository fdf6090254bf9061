// SPDX-License-Identifier: Apache-2.0
#include "ha/savepoints_under_way.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/sealed_file.h"
#include "checkpoint/snapshot/metadata.h"
#include "ha/orphans.h"
#include "memory/value_bytes.h"

namespace weir {
namespace {

constexpr std::string_view kLogger = "CheckpointKeeper";
constexpr std::string_view kPrefix = "savepoint-";
constexpr std::string_view kBegun = ".begun";
constexpr std::string_view kDone = ".done";
constexpr std::string_view kGivenUp = ".given-up";
constexpr SealedKind kRecord{
    .magic = 0x5753'5249'4557'0031, .version = 1, .name = "record of a savepoint that was begun"};

struct BegunSavepoint {
  std::string directory;
};
template <class F>
typename F::result_type inspect(F& f, BegunSavepoint& x) {
  return f(x.directory);
}

/// 17 of "savepoint-17.begun", with that ending. 0: it is none.
CheckpointId id_of(std::string_view name, std::string_view ending) {
  if (!name.ends_with(ending)) return 0;
  name.remove_suffix(ending.size());
  return id_behind(kPrefix, name);
}

bool is_directory_of_savepoint(std::string_view path) {
  return path.starts_with('/') && path.substr(path.rfind('/') + 1).starts_with(kPrefix);
}

}  // namespace

std::string SavepointsUnderWay::path_of(CheckpointId id, std::string_view state) const {
  return root_ + "/" + std::string(kPrefix) + std::to_string(id) + std::string(state);
}

Status SavepointsUnderWay::begin(CheckpointId id, const std::string& directory) {
  if (Status made = files_.make_folder(root_); !made) return made;
  return write_sealed(files_, path_of(id, kBegun), kRecord, to_value_bytes(BegunSavepoint{directory}));
}

Status SavepointsUnderWay::complete(CheckpointId id) {
  const Status renamed = files_.rename(path_of(id, kBegun), path_of(id, kDone));
  if (!renamed && !files_.open(path_of(id, kBegun)) && files_.open(path_of(id, kGivenUp))) {
    return Error{ErrorCode::NotLeader, "another JobManager has given up savepoint " + std::to_string(id),
                 Blame::Environment, Retry::Later};
  }
  remove(path_of(id, kBegun));  // the savepoint is whole, whatever becomes of this
  remove(path_of(id, kDone));
  return Status::ok();
}

void SavepointsUnderWay::sweep(CheckpointId bound, bool is_last) {
  const auto names = files_.list(root_);
  if (!names) return;
  for (const std::string& name : *names) {
    if (id_of(name, kDone) != 0) remove(root_ + "/" + name);
    const CheckpointId begun = id_of(name, kBegun);
    if (begun != 0 && begun < bound) sweep_begun(begun, is_last);
    const CheckpointId given_up = id_of(name, kGivenUp);
    if (given_up != 0) sweep_given_up(given_up, is_last);
  }
}

void SavepointsUnderWay::sweep_begun(CheckpointId id, bool is_last) {
  const std::string record = path_of(id, kBegun);
  const std::string directory = directory_in(record);
  const auto content = files_.list(directory);
  if (content && std::ranges::find(*content, kMetadataName) != content->end()) {
    // It is whole, or its JobManager is about to find it so.
    if (is_last) remove(record);
    return;
  }
  if (files_.rename(record, path_of(id, kGivenUp))) sweep_given_up(id, is_last);
}

void SavepointsUnderWay::sweep_given_up(CheckpointId id, bool is_last) {
  const std::string record = path_of(id, kGivenUp);
  const std::string directory = directory_in(record);
  const auto content = files_.list(directory);
  if (content) {
    log::info(kLogger, "Removes " + directory + ", a savepoint that was not completed");
    for (const std::string& name : *content) remove(directory + "/" + name);
    remove(directory);
  }
  const bool is_gone = !content && content.error().code == ErrorCode::NotFound;
  if (is_gone || is_last) remove(record);
}

/// Empty: it is none, and there is nothing to remove.
std::string SavepointsUnderWay::directory_in(const std::string& record) {
  const auto bytes = read_sealed(files_, record, kRecord);
  if (!bytes) {
    log::warn(kLogger, bytes.error().what);
    return {};
  }
  const auto begun = from_value_bytes<BegunSavepoint>(*bytes);
  return begun && is_directory_of_savepoint(begun->directory) ? begun->directory : std::string();
}

void SavepointsUnderWay::remove(const std::string& path) {
  if (const Status removed = files_.remove(path); !removed) log::warn(kLogger, removed.error().what);
}

}  // namespace weir
