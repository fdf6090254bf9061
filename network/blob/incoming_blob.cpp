// SPDX-License-Identifier: Apache-2.0
#include "network/blob/incoming_blob.h"

#include <atomic>
#include <utility>

namespace weir {

namespace {

/// No two of a process write to the same file.
std::string part_name_of(const std::string& path) {
  static std::atomic<std::uint64_t> next = 0;
  return path + "." + std::to_string(next++) + std::string(kPartSuffix);
}

Error corrupt(const BlobKey& key, const std::string& what) {
  return {.code = ErrorCode::Corrupt,
          .what = "blob " + key.hex() + ": " + what,
          .blame = Blame::Environment,
          .retry = Retry::Now};
}

}  // namespace

IncomingBlob::IncomingBlob(FileSystem& files, std::string path, const BlobKey& key, std::uint64_t bytes)
    : files_(&files), path_(std::move(path)), part_(part_name_of(path_)), key_(key), bytes_(bytes) {}

Result<IncomingBlob> IncomingBlob::create(FileSystem& files, std::string path, const BlobKey& key,
                                          std::uint64_t bytes) {
  IncomingBlob blob(files, std::move(path), key, bytes);
  auto file = files.create(blob.part_);
  if (!file) return file.error();
  blob.file_ = *std::move(file);
  return blob;
}

IncomingBlob::~IncomingBlob() {
  if (file_ == nullptr) return;
  file_.reset();
  (void)files_->remove(part_);  // what stays is removed when the directory is opened again
}

Status IncomingBlob::add(std::span<const std::byte> piece) {
  received_ += piece.size();
  if (received_ > bytes_) return corrupt(key_, "more than " + std::to_string(bytes_) + " bytes came");
  digest_.add(piece);
  return file_->write(piece);
}

Status IncomingBlob::finish() {
  if (received_ != bytes_) {
    return corrupt(key_, std::to_string(received_) + " bytes came and " + std::to_string(bytes_) +
                             " were announced");
  }
  const BlobKey arrived{digest_.finish()};
  if (arrived != key_) return corrupt(key_, "what came has the SHA-256 " + arrived.hex());
  return file_->sync();
}

Status IncomingBlob::publish() {
  if (auto renamed = files_->rename(part_, path_); !renamed) return renamed;
  file_.reset();
  return Status::ok();
}

}  // namespace weir
