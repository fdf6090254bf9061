// SPDX-License-Identifier: Apache-2.0
#include "base/file_system.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace weir {

namespace {

/// "cannot open /a/b: Permission denied"
Error failure(std::string_view doing, const std::string& path, int error) {
  const bool absent = error == ENOENT;
  static constexpr std::array kPassing = {
      ENOSPC, EDQUOT,   EMFILE,    ENFILE,   EIO,
      ESTALE, ENOTCONN, ETIMEDOUT, EHOSTDOWN};  // these, of other machines
  const bool may_pass = std::ranges::find(kPassing, error) != kPassing.end();
  return {.code = absent ? ErrorCode::NotFound : ErrorCode::IoFailure,
          .what = "cannot " + std::string(doing) + " " + path + ": " + std::generic_category().message(error),
          .blame = Blame::Environment,
          .retry = may_pass ? Retry::Later : Retry::Never};
}

/// Calls again what a signal interrupted.
template <class Call>
auto uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

/// Owns a descriptor.
class Descriptor {
public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int number() const { return number_; }
  [[nodiscard]] bool is_open() const { return number_ >= 0; }

private:
  int number_;
};

Descriptor open_descriptor(const std::string& path, int flags) {
  constexpr mode_t kReadableByAll = 0644;
  return Descriptor(uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, kReadableByAll); }));
}

class LocalReader final : public FileReader {
public:
  LocalReader(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Result<std::size_t> read(std::span<std::byte> to) override {
    auto got = read_at(position_, to);
    if (got) position_ += *got;
    return got;
  }

  Result<std::size_t> read_at(std::uint64_t position, std::span<std::byte> to) const override {
    std::size_t filled = 0;
    while (filled < to.size()) {
      const auto at = static_cast<off_t>(position + filled);
      const auto got =
          uninterrupted([&] { return ::pread(file_.number(), to.data() + filled, to.size() - filled, at); });
      if (got < 0) return failure("read", path_, errno);
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    return filled;
  }

  Result<std::uint64_t> size() const override {
    struct stat status {};
    if (::fstat(file_.number(), &status) != 0) return failure("examine", path_, errno);
    return static_cast<std::uint64_t>(status.st_size);
  }

private:
  const Descriptor file_;
  const std::string path_;
  std::uint64_t position_ = 0;
};

class LocalWriter final : public FileWriter {
public:
  LocalWriter(Descriptor file, std::string path) : file_(std::move(file)), path_(std::move(path)) {}

  Status write(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const auto put = uninterrupted([&] { return ::write(file_.number(), bytes.data(), bytes.size()); });
      if (put < 0) return failure("write", path_, errno);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
    }
    return Status::ok();
  }

  Status sync() override {
    if (uninterrupted([&] { return ::fsync(file_.number()); }) != 0) return failure("sync", path_, errno);
    return Status::ok();
  }

private:
  const Descriptor file_;
  const std::string path_;
};

std::string folder_of(const std::string& path) {
  const auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

/// A new name lies in its folder, and the folder is on the disk only after this.
Status sync_folder(const std::string& path) {
  const Descriptor folder = open_descriptor(path, O_RDONLY | O_DIRECTORY);
  if (!folder.is_open() || uninterrupted([&] { return ::fsync(folder.number()); }) != 0)
    return failure("sync the folder", path, errno);
  return Status::ok();
}

}  // namespace

Result<std::unique_ptr<FileReader>> LocalFileSystem::open(const std::string& path) {
  Descriptor file = open_descriptor(path, O_RDONLY);
  if (!file.is_open()) return failure("open", path, errno);
  struct stat status {};
  if (::fstat(file.number(), &status) != 0) return failure("examine", path, errno);
  if (S_ISDIR(status.st_mode)) return failure("open", path, EISDIR);
  return std::unique_ptr<FileReader>(std::make_unique<LocalReader>(std::move(file), path));
}

Result<std::unique_ptr<FileWriter>> LocalFileSystem::create(const std::string& path) {
  Descriptor file = open_descriptor(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.is_open()) return failure("create", path, errno);
  return std::unique_ptr<FileWriter>(std::make_unique<LocalWriter>(std::move(file), path));
}

Status LocalFileSystem::rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return failure("rename " + from + " to", to, errno);
  return sync_folder(folder_of(to));
}

Status LocalFileSystem::remove(const std::string& path) {
  if (std::remove(path.c_str()) != 0 && errno != ENOENT) return failure("remove", path, errno);
  return Status::ok();
}

Status LocalFileSystem::make_folder(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  fs::path last_there = fs::path(path);  // its parents are on the disk
  while (!last_there.empty() && !fs::exists(last_there, error) && last_there != last_there.parent_path())
    last_there = last_there.parent_path();
  fs::create_directories(path, error);
  if (error) return failure("make the folder", path, error.value());
  for (fs::path made = path; made != last_there && !made.empty(); made = made.parent_path()) {
    if (auto safe = sync_folder(folder_of(made.string())); !safe) return safe;
  }
  return Status::ok();
}

Result<std::vector<std::string>> LocalFileSystem::list(const std::string& folder) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  std::vector<std::string> names;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return failure("list", folder, error.value());
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> read_file(FileSystem& files, const std::string& path) {
  auto file = files.open(path);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  std::string content(*size, '\0');
  const auto got = (*file)->read(std::as_writable_bytes(std::span(content)));
  if (!got) return got.error();
  content.resize(*got);
  return content;
}

Status write_file_atomically(FileSystem& files, const std::string& path, std::string_view content) {
  const std::string unfinished = path + ".unfinished";
  {
    auto file = files.create(unfinished);
    if (!file) return file.error();
    if (auto done = (*file)->write(std::as_bytes(std::span(content))); !done) return done;
    if (auto done = (*file)->sync(); !done) return done;
  }
  return files.rename(unfinished, path);
}

}  // namespace weir
