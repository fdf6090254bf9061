// SPDX-License-Identifier: Apache-2.0
#include "ha/zk_storage.h"

#include <utility>

#include "ha/memory_stores.h"
#include "ha/zk_stores.h"

namespace weir {

namespace {

class ZkCheckpointStoreFactory final : public CheckpointStoreFactory {
public:
  ZkCheckpointStoreFactory(ZkTerm& term, FileSystem& files, bool may_fall_back)
      : term_(term), files_(files), may_fall_back_(may_fall_back) {}

  [[nodiscard]] CheckpointStores open(JobId job, const std::string& root) override {
    if (root.empty()) {
      return {.completed = std::make_unique<MemoryCheckpointStore>(),
              .ids = std::make_unique<MemoryCheckpointIdCounter>()};
    }
    const ZkCheckpointStore::Options options{.job = job, .root = root, .may_fall_back = may_fall_back_};
    return {.completed = std::make_unique<ZkCheckpointStore>(term_, files_, options),
            .ids = std::make_unique<ZkCheckpointIdCounter>(term_, job)};
  }

private:
  ZkTerm& term_;
  FileSystem& files_;
  const bool may_fall_back_;
};

/// Order: the stores end before the term under which they write.
struct StorageOfTerm {
  StorageOfTerm(ZkTree& tree, const ZkStorageOptions& options) : term(tree, options.term) {
    storage.files = std::make_unique<LocalFileSystem>();
    storage.checkpoints =
        std::make_unique<ZkCheckpointStoreFactory>(term, *storage.files, options.may_fall_back);
    auto verdicts = std::make_unique<ZkVerdictStore>(term);
    storage.jobs =
        std::make_unique<ZkJobGraphStore>(term, *verdicts, *storage.files, options.directory + "/jobs");
    storage.verdicts = std::move(verdicts);
  }

  ZkTerm term;
  JobStorage storage;
};

}  // namespace

std::shared_ptr<JobStorage> open_zk_storage(ZkTree& tree, const ZkStorageOptions& options) {
  const auto opened = std::make_shared<StorageOfTerm>(tree, options);
  return {opened, &opened->storage};
}

}  // namespace weir
