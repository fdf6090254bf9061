// SPDX-License-Identifier: Apache-2.0
#include "base/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace weir {
namespace {

Error failed(const std::string& doing, const std::string& directory, int reason) {
  return {ErrorCode::IoFailure,
          "cannot " + doing + " " + directory + ": " + std::generic_category().message(reason),
          Blame::Environment, Retry::Later};
}

}  // namespace

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(const std::string& directory) {
  std::error_code problem;
  std::filesystem::create_directories(directory, problem);
  if (problem) return failed("make the directory", directory, problem.value());
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return failed("open the directory", directory, errno);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    return std::unique_ptr<DirectoryLock>(new DirectoryLock(descriptor));
  const int reason = errno;
  ::close(descriptor);
  if (reason != EWOULDBLOCK) return failed("lock the directory", directory, reason);
  return Error{ErrorCode::Refused, directory + " is in use by another process", Blame::Environment,
               Retry::Later};
}

DirectoryLock::~DirectoryLock() { ::close(descriptor_); }

}  // namespace weir
