// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_store.h"

namespace weir {

namespace {

Error refused(std::string why, Retry retry) {
  return {.code = ErrorCode::Refused, .what = std::move(why), .blame = Blame::User, .retry = retry};
}

}  // namespace

Result<std::unique_ptr<BlobStore>> BlobStore::open(Options options, FileSystem& files) {
  std::unique_ptr<BlobStore> store(new BlobStore(std::move(options), files));
  const std::string& directory = store->options_.directory;
  if (auto made = files.make_folder(directory); !made) return made.error();
  const auto names = files.list(directory);
  if (!names) return names.error();
  for (const std::string& name : *names) {
    if (auto known = store->take_in(name); !known) return known.error();
  }
  return store;
}

Status BlobStore::take_in(const std::string& name) {
  const std::string path = options_.directory + "/" + name;
  if (name.ends_with(kPartSuffix)) return files_.remove(path);
  const auto key = BlobKey::parse(name);
  if (!key) return Status::ok();  // not ours
  const auto file = files_.open(path);
  if (!file) return file.error();
  const auto bytes = (*file)->size();
  if (!bytes) return bytes.error();
  add(*key, *bytes);
  return Status::ok();
}

Result<BlobStore::Upload> BlobStore::begin(const BlobKey& key, std::uint64_t bytes) {
  if (bytes > options_.max_blob_bytes) {
    return refused("a blob of " + std::to_string(bytes) + " bytes is too large: " +
                       std::to_string(options_.max_blob_bytes) + " are allowed",
                   Retry::Never);
  }
  if (auto room = set_aside(bytes); !room) return room.error();
  Upload::SetAside quota(this, {bytes});
  auto blob = IncomingBlob::create(files_, path_of(key), key, bytes);
  if (!blob) return blob.error();
  return Upload(std::move(quota), *std::move(blob), key);
}

Status BlobStore::Upload::commit() {
  if (auto finished = blob_.finish(); !finished) return finished;
  MutexLock naming(quota_->naming_);
  if (auto published = blob_.publish(); !published) return published;
  quota_->add(key_, quota_.get_deleter().bytes);
  return Status::ok();
}

bool BlobStore::contains(const BlobKey& key) const {
  MutexLock held(lock_);
  return sizes_.contains(key);
}

Result<std::unique_ptr<FileReader>> BlobStore::read(const BlobKey& key) const {
  if (contains(key)) return files_.open(path_of(key));
  return Error{ErrorCode::NotFound, "there is no blob " + key.hex()};
}

Status BlobStore::remove(const BlobKey& key) {
  MutexLock naming(naming_);
  {
    MutexLock held(lock_);
    const auto found = sizes_.find(key);
    if (found == sizes_.end()) return Status::ok();
    used_bytes_ -= found->second;
    sizes_.erase(found);
  }
  return files_.remove(path_of(key));
}

std::vector<BlobKey> BlobStore::keys() const {
  MutexLock held(lock_);
  std::vector<BlobKey> keys;
  for (const auto& [key, bytes] : sizes_) keys.push_back(key);
  return keys;
}

std::uint64_t BlobStore::used_bytes() const {
  MutexLock held(lock_);
  return used_bytes_;
}

Status BlobStore::set_aside(std::uint64_t bytes) {
  MutexLock held(lock_);
  if (bytes <= options_.quota_bytes && used_bytes_ <= options_.quota_bytes - bytes) {
    used_bytes_ += bytes;
    return Status::ok();
  }
  return refused("no room for a blob of " + std::to_string(bytes) + " bytes: " + std::to_string(used_bytes_) +
                     " of " + std::to_string(options_.quota_bytes) + " are in use",
                 Retry::Later);
}

void BlobStore::give_back(std::uint64_t bytes) {
  MutexLock held(lock_);
  used_bytes_ -= bytes;
}

void BlobStore::add(const BlobKey& key, std::uint64_t bytes) {
  MutexLock held(lock_);
  if (sizes_.emplace(key, bytes).second) used_bytes_ += bytes;
}

}  // namespace weir
