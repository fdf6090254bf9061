// SPDX-License-Identifier: Apache-2.0
#include "execution/task/store_upload.h"

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

namespace weir {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;

}  // namespace

std::shared_ptr<StoreUpload> StoreUpload::begin(SnapshotWriters& writers, FileSystem& files, Plan plan,
                                                Done done) {
  std::shared_ptr<StoreUpload> upload(new StoreUpload(files, std::move(plan), std::move(done)));
  writers.post([upload] { upload->run(); });
  return upload;
}

void StoreUpload::run() {
  const Status uploaded = upload_all();
  std::error_code ignored;
  std::filesystem::remove_all(plan_.saved_at, ignored);
  if (!uploaded || is_abandoned_) discard();
  if (is_abandoned_) return;
  if (uploaded) done_(std::move(saved_));
  else done_(uploaded.error());
}

Status StoreUpload::upload_all() {
  for (const ByteStore::File& file : plan_.files) {
    if (is_abandoned_) return Status::ok();
    if (file.bytes == 0) continue;  // a log that nothing was written to
    const auto known = plan_.known.find(file.name);
    auto handle = known == plan_.known.end() ? upload(file) : Result<StateHandle>(known->second);
    if (!handle) return handle.error();
    if (file.is_final) saved_.final_files.emplace(file.name, *handle);
    saved_.files.push_back(*std::move(handle));
  }
  return Status::ok();
}

Result<StateHandle> StoreUpload::upload(const ByteStore::File& file) {
  FileCheckpointStorage storage(
      files_, {.root = plan_.root, .directory = file.is_final ? kSharedDirectory : plan_.directory,
               .inline_bytes = 0});
  auto stream = storage.create(plan_.prefix + "." + file.name);
  if (!stream) return stream.error();
  auto source = LocalFileSystem().open(plan_.saved_at + "/" + file.name);
  if (!source) return source.error();
  std::vector<std::byte> buffer(std::min<std::uint64_t>(kPieceBytes, file.bytes));
  while (!is_abandoned_) {
    const auto got = (*source)->read(buffer);
    if (!got) return got.error();
    if (*got == 0) break;
    if (Status written = (*stream)->write(std::span(buffer).first(*got)); !written) return written.error();
  }
  auto handle = (*stream)->close();
  if (!handle) return handle;
  saved_.written.push_back(plan_.root + "/" + handle->path);
  saved_.written_bytes += handle->bytes;
  return handle;
}

void StoreUpload::discard() {
  for (const std::string& path : saved_.written) (void)files_.remove(path);
}

}  // namespace weir
