// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/handles.h"
#include "checkpoint/state/byte_store.h"
#include "checkpoint/state/shared_files.h"
#include "execution/task/snapshot_writers.h"

namespace weir {

/// The files of an operator's store on their way into a checkpoint: those that an earlier one has are named
/// again, the others are written, into files called `<prefix>.<name in the store>`.
///
/// Threads: `done` is called by a writer, once, unless it was abandoned before.
class StoreUpload final : public std::enable_shared_from_this<StoreUpload> {
public:
  struct Plan {
    std::string root;       // below which the checkpoint lies
    std::string directory;  // of the checkpoint, below the root
    std::string prefix;     // unique in both places
    std::string saved_at;   // directory of the saved store; removed when this ends
    std::vector<ByteStore::File> files;
    SharedFiles::Files known;  // by name; these lie there already
  };
  struct Saved {
    std::vector<StateHandle> files;  // all
    SharedFiles::Files final_files;    // of these the ones that never change
    std::vector<std::string> written;  // paths of those that this has written
    std::uint64_t written_bytes = 0;
  };
  using Done = std::function<void(Result<Saved>)>;

  /// Where files lie that several checkpoints name, below the root.
  static constexpr const char* kSharedDirectory = "shared";

  /// `writers` and `files` outlive this.
  [[nodiscard]] static std::shared_ptr<StoreUpload> begin(SnapshotWriters& writers, FileSystem& files,
                                                          Plan plan, Done done);
  /// Nobody wants it any more: nothing stays of it.
  void abandon() { is_abandoned_ = true; }

private:
  StoreUpload(FileSystem& files, Plan plan, Done done)
      : files_(files), plan_(std::move(plan)), done_(std::move(done)) {}

  void run();
  [[nodiscard]] Status upload_all();
  [[nodiscard]] Result<StateHandle> upload(const ByteStore::File& file);
  void discard();

  FileSystem& files_;
  const Plan plan_;
  const Done done_;
  std::atomic<bool> is_abandoned_ = false;
  // The writer's.
  Saved saved_;
};

}  // namespace weir
