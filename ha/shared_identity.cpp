// SPDX-License-Identifier: Apache-2.0
#include "ha/shared_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

#include "base/file_system.h"
#include "ha/sealed_value.h"

namespace weir {

namespace {

constexpr SealedKind kIdentity{.magic = 0x4449'4c43'5a57'0031, .version = 1, .name = "identity of a cluster"};

struct Content {
  ClusterId cluster;
  ClusterId token_high;  // as good as the ids are: 256 random bits
  ClusterId token_low;
};
template <class F>
typename F::result_type inspect(F& f, Content& x) {
  return f(x.cluster, x.token_high, x.token_low);
}

Error failed(const std::string& doing, const std::string& path) {
  const int reason = errno;
  return {ErrorCode::IoFailure,
          "cannot " + doing + " " + path + ": " + std::generic_category().message(reason),
          Blame::Environment, Retry::Later};
}

Status check_owner(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return failed("look at", path);
  if (status.st_uid != ::geteuid() || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error{ErrorCode::BadArgument,
                 "'" + path + "' is another user's or can be read by others, so it is no secret: all "
                 "JobManagers run as one user, and it is readable by that one alone (chmod 600)"};
  return Status::ok();
}

/// None: there is no such file.
Result<std::optional<SharedIdentity>> find(const std::string& path) {
  LocalFileSystem files;
  const auto bytes = read_file(files, path);
  if (!bytes && bytes.error().code == ErrorCode::NotFound) return std::optional<SharedIdentity>();
  if (!bytes) return bytes.error();
  if (Status ours = check_owner(path); !ours) return ours.error();
  const auto content = unseal_value<Content>(kIdentity, *bytes, path);
  if (!content) return content.error();
  SharedIdentity identity{.cluster = content->cluster};
  const ClusterId token[] = {content->token_high, content->token_low};
  static_assert(sizeof token == sizeof identity.token);
  std::memcpy(identity.token.data(), token, sizeof token);
  return std::optional(identity);
}

Status write_whole(int file, const std::string& bytes, const std::string& path) {
  const auto written = ::write(file, bytes.data(), bytes.size());
  if (written != static_cast<ssize_t>(bytes.size()) || ::fsync(file) != 0) return failed("write", path);
  return Status::ok();
}

/// Whole, or not at all; if another was quicker, his stays.
Status make(const std::string& path) {
  const std::string bytes = seal_value(
      kIdentity, Content{ClusterId::random(), ClusterId::random(), ClusterId::random()});
  const std::string draft = path + "-" + ClusterId::random().hex();
  const int file = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return failed("make", draft);
  Status made = write_whole(file, bytes, draft);
  ::close(file);
  if (made && ::link(draft.c_str(), path.c_str()) != 0 && errno != EEXIST) made = failed("make", path);
  ::unlink(draft.c_str());
  return made;
}

}  // namespace

Result<SharedIdentity> shared_identity(const std::string& directory) {
  LocalFileSystem files;
  if (Status made = files.make_folder(directory); !made) return made.error();
  const std::string path = directory + "/identity";
  auto found = find(path);
  if (!found) return found.error();
  if (*found) return **found;
  if (Status made = make(path); !made) return made.error();
  found = find(path);
  if (!found) return found.error();
  if (*found) return **found;
  return Error{ErrorCode::NotFound, path + " is gone as soon as it was made", Blame::Environment,
               Retry::Later};
}

}  // namespace weir
