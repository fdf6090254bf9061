// SPDX-License-Identifier: Apache-2.0
#include "execution/task/store_upload.h"

#include <algorithm>
#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "base/crc32c.h"

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

std::string StoreUpload::name_in_store(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::size_t dot = name.find('.');
  return dot == std::string::npos || name.find_first_not_of('.', dot) != dot + 1 ? "" : name.substr(dot + 1);
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

Status fetch_store(FileSystem& files, const std::string& root, const std::vector<StateHandle>& shared,
                   const std::string& directory) {
  LocalFileSystem local;
  if (Status made = local.make_folder(directory); !made) return made;
  std::vector<std::byte> buffer;
  for (const StateHandle& handle : shared) {
    const std::string name = StoreUpload::name_in_store(handle.path);
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

}  // namespace weir
