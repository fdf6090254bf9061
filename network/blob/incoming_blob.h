// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/file_system.h"
#include "base/result.h"
#include "network/blob/blob_key.h"

namespace weir {

/// What partial files are called: whoever owns a directory of blobs may remove all that end so.
inline constexpr std::string_view kPartSuffix = ".part";

/// A blob on its way to the disk: it has its name only when all of it is there, is what its key says, and
/// would survive a crash. Until publish() it is another file, which goes with this.
///
/// Threads: one.
/// Order:   add() until all is there, finish(), publish().
/// Errors:  what the disk said; Corrupt if the bytes are not those of the key, or not as many as announced.
///          After one, nothing else succeeds.
class IncomingBlob {
public:
  /// `files` outlives this. Of several blobs that come to the same path at once, the last one stays.
  [[nodiscard]] static Result<IncomingBlob> create(FileSystem& files, std::string path, const BlobKey& key,
                                                   std::uint64_t bytes);
  IncomingBlob(IncomingBlob&&) = default;
  ~IncomingBlob();

  [[nodiscard]] Status add(std::span<const std::byte> piece);
  /// Checks what came and brings it to the disk.
  [[nodiscard]] Status finish();
  /// Gives it its name, at once for every reader.
  [[nodiscard]] Status publish();

private:
  IncomingBlob(FileSystem& files, std::string path, const BlobKey& key, std::uint64_t bytes);

  FileSystem* const files_;
  const std::string path_;
  const std::string part_;
  const BlobKey key_;
  const std::uint64_t bytes_;
  std::uint64_t received_ = 0;
  Sha256 digest_;
  std::unique_ptr<FileWriter> file_;  // null: published, or moved away
};

}  // namespace weir
