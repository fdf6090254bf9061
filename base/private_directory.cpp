// SPDX-License-Identifier: Apache-2.0
#include "base/private_directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace weir {

namespace {

namespace fs = std::filesystem;

Error failed(const std::string& doing, const std::string& path, int reason) {
  return {.code = ErrorCode::IoFailure,
          .what = "cannot " + doing + " " + path + ": " + std::generic_category().message(reason),
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

/// The descriptor of a directory of ours that nobody else holds, or -1: it is gone, in use, or not ours.
int lock_directory(const std::string& path) {
  const int directory = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (directory < 0) return -1;
  struct stat status {};
  const bool held = ::flock(directory, LOCK_EX | LOCK_NB) == 0;
  // Another may have removed it between our open() and our lock: then it has no name any more.
  if (held && ::fstat(directory, &status) == 0 && status.st_nlink > 0 && status.st_uid == ::geteuid()) {
    return directory;
  }
  ::close(directory);
  return -1;
}

}  // namespace

void PrivateDirectory::remove_abandoned(const std::string& parent, const std::string& name) {
  const std::string prefix = name + "-";
  std::error_code ignored;
  for (fs::directory_iterator entry(parent, ignored), end; entry != end; entry.increment(ignored)) {
    const std::string found = entry->path().filename().string();
    if (found.size() != prefix.size() + 6 || !found.starts_with(prefix)) continue;
    const int lock = lock_directory(entry->path().string());
    if (lock < 0) continue;
    fs::remove_all(entry->path(), ignored);
    ::close(lock);
  }
}

Result<std::unique_ptr<PrivateDirectory>> PrivateDirectory::make(const std::string& parent,
                                                                 const std::string& name) {
  std::error_code problem;
  fs::create_directories(parent, problem);
  if (problem) return failed("make the directory", parent, problem.value());
  const std::string prefix = name + "-";
  remove_abandoned(parent, name);
  // Between its making and its locking another process may take a directory for an abandoned one.
  constexpr int kAttempts = 16;
  std::string path;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    path = (fs::path(parent) / (prefix + "XXXXXX")).string();
    if (::mkdtemp(path.data()) == nullptr) return failed("make a directory like", path, errno);
    const int lock = lock_directory(path);
    if (lock >= 0) return std::unique_ptr<PrivateDirectory>(new PrivateDirectory(path, lock));
  }
  return failed("lock the directory", path, EWOULDBLOCK);
}

PrivateDirectory::~PrivateDirectory() {
  std::error_code ignored;  // the next process of this name tries again
  fs::remove_all(path_, ignored);
  ::close(lock_);
}

}  // namespace weir
