// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/result.h"
#include "base/sync.h"
#include "network/blob/blob_key.h"
#include "network/blob/incoming_blob.h"

namespace weir {

/// Blobs as the files `<key>` of one directory. What is there stays until its owner removes it.
///
/// Threads: any. Names come and go under naming_, the table of them changes under lock_, which is a leaf.
/// Errors:  NotFound; Refused if a blob is too large or the quota is used up; what the disk said.
class BlobStore {
public:
  struct Options {
    std::string directory;                        // nobody else writes there
    std::uint64_t max_blob_bytes = 256ull << 20;
    std::uint64_t quota_bytes = 4ull << 30;       // of all, with those that are just coming
  };

  /// Takes in what lies in the directory, which is made if there is none, and removes what uploads left that
  /// were cut off. `files` outlives the store.
  [[nodiscard]] static Result<std::unique_ptr<BlobStore>> open(Options options, FileSystem& files);

  /// A blob that comes in pieces. It is in the store after commit(), or not at all.
  class Upload {
  public:
    [[nodiscard]] Status add(std::span<const std::byte> piece) { return blob_.add(piece); }
    [[nodiscard]] Status commit();

  private:
    friend class BlobStore;
    struct GiveBack {
      std::uint64_t bytes;
      void operator()(BlobStore* store) const { store->give_back(bytes); }
    };
    using SetAside = std::unique_ptr<BlobStore, GiveBack>;  // a part of the quota

    Upload(SetAside quota, IncomingBlob blob, const BlobKey& key)
        : quota_(std::move(quota)), blob_(std::move(blob)), key_(key) {}

    SetAside quota_;
    IncomingBlob blob_;
    BlobKey key_;
  };
  /// Refuses what cannot be taken before a byte of it has come. The store outlives the upload.
  [[nodiscard]] Result<Upload> begin(const BlobKey& key, std::uint64_t bytes) WEIR_EXCLUDES(lock_);

  [[nodiscard]] bool contains(const BlobKey& key) const WEIR_EXCLUDES(lock_);
  /// Readers go on when the blob is removed.
  [[nodiscard]] Result<std::unique_ptr<FileReader>> read(const BlobKey& key) const;
  /// What is not there was removed well.
  [[nodiscard]] Status remove(const BlobKey& key) WEIR_EXCLUDES(naming_, lock_);

  [[nodiscard]] std::vector<BlobKey> keys() const WEIR_EXCLUDES(lock_);
  [[nodiscard]] std::uint64_t used_bytes() const WEIR_EXCLUDES(lock_);

private:
  BlobStore(Options options, FileSystem& files) : options_(std::move(options)), files_(files) {}

  [[nodiscard]] Status take_in(const std::string& name);
  [[nodiscard]] std::string path_of(const BlobKey& key) const { return options_.directory + "/" + key.hex(); }
  [[nodiscard]] Status set_aside(std::uint64_t bytes) WEIR_EXCLUDES(lock_);
  void give_back(std::uint64_t bytes) WEIR_EXCLUDES(lock_);
  void add(const BlobKey& key, std::uint64_t bytes) WEIR_EXCLUDES(lock_);

  const Options options_;
  FileSystem& files_;
  Mutex naming_;  // else a blob could be removed and come in again with the file gone and the entry there
  mutable Mutex lock_;
  std::map<BlobKey, std::uint64_t> sizes_ WEIR_GUARDED_BY(lock_);
  std::uint64_t used_bytes_ WEIR_GUARDED_BY(lock_) = 0;  // with what is set aside for uploads
};

}  // namespace weir
