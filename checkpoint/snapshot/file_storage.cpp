// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/file_storage.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/crc32c.h"

namespace weir {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{256} << 10;

class FileStream final : public StateStream {
public:
  FileStream(FileSystem& files, std::string folder, std::string path, std::string path_below,
             std::size_t inline_bytes)
      : files_(files),
        folder_(std::move(folder)),
        path_(std::move(path)),
        path_below_(std::move(path_below)),
        inline_bytes_(inline_bytes) {}
  ~FileStream() override { drop(); }

  Status write_summed(std::span<const std::byte> bytes, std::uint32_t crc) override {
    if (!status_) return status_;
    crc_ = crc32c_joined(crc_, crc, bytes.size());
    bytes_ += bytes.size();
    if (buffer_.size() + bytes.size() > room()) flush();
    if (bytes.size() > room()) return status_ ? put(bytes) : status_;
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
    return status_;
  }

  Result<StateHandle> close() override {
    if (file_ == nullptr && status_)
      return StateHandle{.content = std::move(buffer_), .bytes = bytes_, .crc = crc_};
    flush();
    if (status_) status_ = file_->sync();
    if (status_) {
      file_.reset();
      status_ = files_.rename(unfinished_path(), path_);
      if (!status_) (void)files_.remove(path_);  // it may have its name already, but not for certain
    }
    if (!status_) {
      drop();
      return status_.error();
    }
    is_there_ = false;
    return StateHandle{.path = path_below_, .bytes = bytes_, .crc = crc_};
  }

private:
  [[nodiscard]] std::string unfinished_path() const { return path_ + ".unfinished"; }
  /// Until the file is made the buffer holds just what may stay without one.
  [[nodiscard]] std::size_t room() const { return file_ == nullptr ? inline_bytes_ : kBufferBytes; }

  void flush() {
    if (file_ == nullptr) make_file();
    if (status_ && !buffer_.empty()) status_ = put(buffer_);
    buffer_.clear();
  }

  Status put(std::span<const std::byte> bytes) {
    status_ = file_->write(bytes);
    return status_;
  }

  void make_file() {
    if (!status_) return;
    status_ = files_.make_folder(folder_);
    if (!status_) return;
    is_there_ = true;
    auto file = files_.create(unfinished_path());
    if (file) file_ = *std::move(file);
    else status_ = file.error();
  }

  /// Leaves nothing half.
  void drop() {
    file_.reset();
    if (std::exchange(is_there_, false)) (void)files_.remove(unfinished_path());
  }

  FileSystem& files_;
  const std::string folder_;
  const std::string path_;
  const std::string path_below_;  // the root
  const std::size_t inline_bytes_;
  std::unique_ptr<FileWriter> file_;
  bool is_there_ = false;  // under its unfinished name
  std::vector<std::byte> buffer_;
  std::uint64_t bytes_ = 0;
  std::uint32_t crc_ = 0;
  Status status_;
};

class ContentReader final : public StateReader {
public:
  explicit ContentReader(std::vector<std::byte> content) : content_(std::move(content)) {}

  std::uint64_t size() const override { return content_.size(); }
  Status read(std::uint64_t offset, std::span<std::byte> into) override {
    if (offset > content_.size() || into.size() > content_.size() - offset)
      return Error{ErrorCode::Corrupt, "a read behind the end of state in a handle", Blame::Environment};
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return Status::ok();
  }

private:
  const std::vector<std::byte> content_;
};

class FileStateReader final : public StateReader {
public:
  FileStateReader(std::unique_ptr<FileReader> file, std::string path, std::uint64_t size)
      : file_(std::move(file)), path_(std::move(path)), size_(size) {}

  std::uint64_t size() const override { return size_; }
  Status read(std::uint64_t offset, std::span<std::byte> into) override {
    const auto got = file_->read_at(offset, into);
    if (!got) return got.error();
    if (*got == into.size()) return Status::ok();
    return Error{ErrorCode::Corrupt,
                 path_ + " ends before byte " + std::to_string(offset + into.size()) + ": it was cut off",
                 Blame::Environment};
  }

private:
  const std::unique_ptr<FileReader> file_;
  const std::string path_;
  const std::uint64_t size_;
};

bool is_single_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
         name.find('\0') == name.npos;
}

Error not_as_written(const std::string& path, const std::string& how) {
  return {ErrorCode::Corrupt, "the state file " + path + " is not the one that was written: " + how,
          Blame::Environment};
}

}  // namespace

bool stays_below(std::string_view path) {
  for (std::size_t at = 0; at <= path.size();) {
    const std::size_t slash = std::min(path.find('/', at), path.size());
    if (!is_single_name(path.substr(at, slash - at))) return false;
    at = slash + 1;
  }
  return true;
}

std::string directory_of(CheckpointId checkpoint) { return "chk-" + std::to_string(checkpoint); }

Result<std::unique_ptr<StateStream>> FileCheckpointStorage::create(const std::string& name) {
  if (!is_single_name(name)) {
    return Error{ErrorCode::BadArgument, "\"" + name + "\" is no name for a state file: it must be one name",
                 Blame::Bug};
  }
  const std::string below = options_.directory.empty() ? name : options_.directory + "/" + name;
  const std::string folder =
      options_.directory.empty() ? options_.root : options_.root + "/" + options_.directory;
  return std::unique_ptr<StateStream>(
      std::make_unique<FileStream>(files_, folder, options_.root + "/" + below, below,
                                   options_.inline_bytes));
}

Result<std::unique_ptr<StateReader>> open_state(FileSystem& files, const std::string& root,
                                                const StateHandle& handle) {
  if (handle.path.empty()) {
    if (handle.content.size() != handle.bytes) return not_as_written("in a handle", "its size differs");
    return std::unique_ptr<StateReader>(std::make_unique<ContentReader>(handle.content));
  }
  if (!stays_below(handle.path)) {
    return Error{ErrorCode::Corrupt, "the path \"" + handle.path + "\" of a state file leads out of " + root,
                 Blame::Environment};
  }
  const std::string path = root + "/" + handle.path;
  auto file = files.open(path);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  if (*size != handle.bytes) {
    return not_as_written(path, "it has " + std::to_string(*size) + " bytes, not " +
                                    std::to_string(handle.bytes));
  }
  return std::unique_ptr<StateReader>(std::make_unique<FileStateReader>(*std::move(file), path, *size));
}

Status verify_state(FileSystem& files, const std::string& root, const StateHandle& handle) {
  auto reader = open_state(files, root, handle);
  if (!reader) return reader.error();
  std::vector<std::byte> buffer(std::min<std::uint64_t>(handle.bytes, std::uint64_t{1} << 20));
  std::uint32_t crc = 0;
  for (std::uint64_t at = 0; at < handle.bytes;) {
    const std::span<std::byte> piece =
        std::span(buffer).first(std::min<std::uint64_t>(buffer.size(), handle.bytes - at));
    if (auto got = (*reader)->read(at, piece); !got) return got;
    crc = crc32c(piece, crc);
    at += piece.size();
  }
  if (crc == handle.crc) return Status::ok();
  const std::string path = handle.path.empty() ? "in a handle" : root + "/" + handle.path;
  return not_as_written(path, "its checksum differs");
}

}  // namespace weir
