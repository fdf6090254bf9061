// SPDX-License-Identifier: Apache-2.0
#include "ha/orphans.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <set>

#include "base/log.h"
#include "checkpoint/snapshot/checkpoint_files.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"

namespace weir {
namespace {

constexpr std::string_view kLogger = "CheckpointKeeper";
constexpr std::string_view kCheckpointPrefix = "chk-";
constexpr std::string_view kSharedDirectory = "shared";

class Sweep {
public:
  Sweep(FileSystem& files, const std::string& root, const std::vector<CompletedCheckpoint>& known,
        CheckpointId bound)
      : files_(files), root_(root), bound_(bound) {
    for (const CompletedCheckpoint& checkpoint : known) {
      if (checkpoint.root != root) continue;
      named_.insert(directory_of(checkpoint.id));
      for (const StateHandle* file : state_files_of(checkpoint)) named_.insert(file->path);
    }
  }

  void run() {
    for (const std::string& name : names_in(root_)) {
      const CheckpointId id = id_behind(kCheckpointPrefix, name);
      if (is_orphan(id, name)) remove_directory(name);
      else has_broken_ |= id != 0 && is_put_aside(names_in(root_ + "/" + name));
    }
    if (!has_broken_) remove_shared();
    if (removed_ > 0)
      log::info(kLogger, "Removed " + std::to_string(removed_) + " orphaned files below " + root_);
  }

private:
  static constexpr std::string_view kPutAside = ".corrupt";

  [[nodiscard]] bool is_orphan(CheckpointId id, const std::string& path) const {
    return id != 0 && id < bound_ && !named_.contains(path);
  }
  [[nodiscard]] static bool is_put_aside(const std::vector<std::string>& content) {
    return std::ranges::any_of(content, [](const std::string& name) { return name.ends_with(kPutAside); });
  }
  /// A shared file's is what stands between the last '-' before its name in the store, and that name.
  [[nodiscard]] static CheckpointId id_of_shared(std::string_view name) {
    name = name.substr(0, name.find('.'));
    const std::size_t dash = name.rfind('-');
    return dash == name.npos ? 0 : id_behind("-", name.substr(dash));
  }

  void remove_directory(const std::string& name) {
    std::vector<std::string> content = names_in(root_ + "/" + name);
    if (is_put_aside(content)) {
      has_broken_ = true;
      return;
    }
    // First what makes it a checkpoint, so that nobody finds a part of one.
    std::ranges::partition(content, [](const std::string& file) { return file == kMetadataName; });
    for (const std::string& file : content) remove(name + "/" + file);
    remove(name);
  }
  void remove_shared() {
    const std::string shared(kSharedDirectory);
    for (const std::string& name : names_in(root_ + "/" + shared))
      if (is_orphan(id_of_shared(name), shared + "/" + name)) remove(shared + "/" + name);
  }

  [[nodiscard]] std::vector<std::string> names_in(const std::string& directory) {
    auto names = files_.list(directory);
    if (names) return *std::move(names);
    if (names.error().code != ErrorCode::NotFound) log::warn(kLogger, names.error().what);
    return {};
  }
  void remove(const std::string& path) {
    const Status removed = files_.remove(root_ + "/" + path);
    if (removed) ++removed_;
    else log::warn(kLogger, removed.error().what);
  }

  FileSystem& files_;
  const std::string& root_;
  const CheckpointId bound_;
  std::set<std::string> named_;  // below the root
  std::size_t removed_ = 0;
  bool has_broken_ = false;
};

}  // namespace

CheckpointId id_behind(std::string_view prefix, std::string_view name) {
  CheckpointId id = 0;
  if (!name.starts_with(prefix)) return 0;
  name.remove_prefix(prefix.size());
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  return error == std::errc() && end == name.data() + name.size() ? id : 0;
}

void remove_orphans(FileSystem& files, const std::string& root, const std::vector<CompletedCheckpoint>& known,
                    CheckpointId bound) {
  Sweep(files, root, known, bound).run();
}

}  // namespace weir
