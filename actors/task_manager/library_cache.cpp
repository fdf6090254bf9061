// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/library_cache.h"

#include <filesystem>
#include <map>
#include <optional>
#include <utility>

#include "base/file_system.h"
#include "base/log.h"
#include "base/private_directory.h"
#include "base/sync.h"
#include "network/blob/blob_client.h"
#include "network/blob/blob_key.h"

namespace weir {

/// The files of libraries, and who uses them.
///
/// Threads: any. lock_ is held while a file is removed, but not while one is fetched.
class LibraryCache::Files {
public:
  Files(Options options, std::unique_ptr<PrivateDirectory> directory)
      : options_(std::move(options)), directory_(std::move(directory)) {}

  void connect(const std::string& blob_server, const LinkIdentity& identity) WEIR_EXCLUDES(lock_);
  void begin_use(const BlobKey& key) WEIR_EXCLUDES(lock_);
  void end_use(const BlobKey& key) WEIR_EXCLUDES(lock_);
  /// Of a library that is in use. The file is there when this returns.
  [[nodiscard]] Status await_file(const BlobKey& key) WEIR_EXCLUDES(lock_);

  [[nodiscard]] std::string path_of(const BlobKey& key) const {
    return directory() + "/" + key.hex() + ".so";
  }
  [[nodiscard]] const std::string& directory() const { return directory_->path(); }

private:
  struct Library {
    enum class File { Absent, Coming, Present };
    std::uint32_t uses = 0;
    File file = File::Absent;
    Status last_fetch;
  };

  [[nodiscard]] std::optional<Status> outcome_of_others(const BlobKey& key) WEIR_EXCLUDES(lock_);
  [[nodiscard]] Status fetch(const BlobKey& key) WEIR_EXCLUDES(lock_);

  const Options options_;
  const std::unique_ptr<PrivateDirectory> directory_;
  LocalFileSystem disk_;

  Mutex lock_;
  CondVar fetched_;
  BlobClient::Options server_ WEIR_GUARDED_BY(lock_);  // its address is empty until connect()
  std::map<BlobKey, Library> libraries_ WEIR_GUARDED_BY(lock_);  // those in use
};

void LibraryCache::Files::connect(const std::string& blob_server, const LinkIdentity& identity) {
  MutexLock held(lock_);
  server_ = {.address = blob_server,
             .link = options_.link,
             .max_blob_bytes = options_.max_library_bytes};
  server_.link.identity = identity;
}

void LibraryCache::Files::begin_use(const BlobKey& key) {
  MutexLock held(lock_);
  ++libraries_[key].uses;
}

void LibraryCache::Files::end_use(const BlobKey& key) {
  MutexLock held(lock_);
  const auto library = libraries_.find(key);
  if (--library->second.uses > 0) return;
  if (library->second.file == Library::File::Present) {
    if (auto removed = disk_.remove(path_of(key)); !removed) log::warn("LibraryCache", removed.error().what);
  }
  libraries_.erase(library);
}

Status LibraryCache::Files::await_file(const BlobKey& key) {
  if (const auto outcome = outcome_of_others(key)) return *outcome;
  auto fetched = fetch(key);
  MutexLock held(lock_);
  Library& library = libraries_.at(key);
  library.file = fetched ? Library::File::Present : Library::File::Absent;
  library.last_fetch = fetched;
  fetched_.notify_all();
  return fetched;
}

/// None: the caller is the one who fetches.
std::optional<Status> LibraryCache::Files::outcome_of_others(const BlobKey& key) {
  MutexLock held(lock_);
  Library& library = libraries_.at(key);  // it stays: it is in use
  const bool must_wait = library.file == Library::File::Coming;
  while (library.file == Library::File::Coming) fetched_.wait(lock_);
  if (must_wait || library.file == Library::File::Present) return library.last_fetch;
  library.file = Library::File::Coming;
  return std::nullopt;
}

Status LibraryCache::Files::fetch(const BlobKey& key) {
  BlobClient::Options server;
  {
    MutexLock held(lock_);
    server = server_;
  }
  if (server.address.empty()) {
    return Error{ErrorCode::Refused, "library " + key.hex() + ": this TaskManager was told of no blob server",
                 Blame::Environment, Retry::Later};
  }
  const TimePoint deadline = SystemClock{}.now() + options_.transfer_timeout;
  for (std::uint32_t attempt = 1;; ++attempt) {
    server.transfer_timeout = deadline - SystemClock{}.now();
    auto got = BlobClient(server, disk_).get(key, path_of(key));
    if (got) log::info("LibraryCache", "Fetched library " + key.hex());
    if (got || got.error().retry == Retry::Never || attempt >= options_.attempts) return got;
  }
}

namespace {

/// Holds a program, and with it the file of its library.
template <class Files>
class Use {
public:
  Use(std::shared_ptr<Files> files, const BlobKey& key) : files_(std::move(files)), key_(key) {
    files_->begin_use(key_);
  }
  ~Use() {
    program_.reset();
    files_->end_use(key_);
  }
  Use(const Use&) = delete;
  Use& operator=(const Use&) = delete;

  void set_program(std::shared_ptr<const Program> program) { program_ = std::move(program); }

private:
  const std::shared_ptr<Files> files_;
  const BlobKey key_;
  std::shared_ptr<const Program> program_;
};

}  // namespace

Result<std::unique_ptr<LibraryCache>> LibraryCache::make(Options options) {
  const auto parent = options.parent_directory.empty() ? std::filesystem::temp_directory_path().string()
                                                       : options.parent_directory;
  auto directory = PrivateDirectory::make(parent, "weir-libraries");
  if (!directory) return directory.error();
  auto files = std::make_shared<Files>(std::move(options), *std::move(directory));
  return std::unique_ptr<LibraryCache>(new LibraryCache(std::move(files)));
}

LibraryCache::~LibraryCache() = default;

void LibraryCache::connect(const std::string& blob_server, const LinkIdentity& identity) {
  files_->connect(blob_server, identity);
}

const std::string& LibraryCache::directory() const { return files_->directory(); }

Result<std::shared_ptr<const Program>> LibraryCache::load(const ProgramReference& reference) {
  const auto key = BlobKey::parse(reference.library);
  if (!key) {
    return Error{ErrorCode::Refused, "'" + reference.library +
                                         "' is no key of a blob: a job of a cluster names its library by the "
                                         "64 hex digits of its SHA-256"};
  }
  const auto use = std::make_shared<Use<Files>>(files_, *key);
  if (!loader_.has_loaded(reference.library)) {
    if (auto there = files_->await_file(*key); !there) return there.error();
  }
  auto program = loader_.load_by_hash(reference, files_->path_of(*key));
  if (!program) return program;
  use->set_program(*program);
  return std::shared_ptr<const Program>(use, program->get());
}

}  // namespace weir
