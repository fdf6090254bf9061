// SPDX-License-Identifier: Apache-2.0
#include "network/spill_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/crc32c.h"
#include "memory/memory_segment.h"

namespace weir {

namespace {

Error disk_error(const std::string& what, const std::string& directory, int code) {
  return {.code = ErrorCode::IoFailure,
          .what = what + " a temporary file in " + directory + ": " +
                  std::generic_category().message(code) +
                  (code == ENOSPC ? "; free some space or set io.tmp.dirs" : ""),
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

Error changed(const std::string& directory) {
  return {.code = ErrorCode::Corrupt,
          .what = "the temporary file in " + directory + " was changed on disk",
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

/// A segment that belongs to no pool and ends with its last Buffer.
class OwnSegment final : public SegmentRecycler {
public:
  explicit OwnSegment(std::uint32_t bytes)
      : memory_(std::make_unique_for_overwrite<std::byte[]>(bytes + kSegmentSlackBytes)),
        block_({.data = memory_.get(), .bytes = bytes}) {
    block_.lend(*this);
  }
  [[nodiscard]] SegmentBlock& block() { return block_; }
  void recycle(SegmentBlock&) override { delete this; }

private:
  const std::unique_ptr<std::byte[]> memory_;
  SegmentBlock block_;
};

}  // namespace

Result<std::unique_ptr<SpillFile>> SpillFile::make(const std::string& directory) {
  std::error_code problem;
  const std::string where =
      directory.empty() ? std::filesystem::temp_directory_path(problem).string() : directory;
  if (!problem) std::filesystem::create_directories(where, problem);
  if (problem) return disk_error("cannot make", where, problem.value());
  std::string path = where + "/weir-exchange-XXXXXX";
  const int descriptor = ::mkostemp(path.data(), O_CLOEXEC);
  if (descriptor < 0) return disk_error("cannot make", where, errno);
  ::unlink(path.c_str());
  return std::make_unique<SpillFile>(where, descriptor);
}

SpillFile::~SpillFile() { ::close(descriptor_); }

Result<SpillFile::Extent> SpillFile::append(std::span<const std::byte> bytes) {
  const Extent extent{
      .offset = end_, .bytes = static_cast<std::uint32_t>(bytes.size()), .checksum = crc32c(bytes)};
  while (!bytes.empty()) {
    const ssize_t written = ::pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(end_));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return disk_error("cannot write", directory_, written < 0 ? errno : ENOSPC);
    end_ += static_cast<std::uint64_t>(written);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
  return extent;
}

Result<Buffer> SpillFile::read(const Extent& extent) const {
  BufferBuilder segment((new OwnSegment(extent.bytes))->block());  // which goes with its last user
  std::uint32_t filled = 0;
  while (filled < extent.bytes) {
    const ssize_t got = ::pread(descriptor_, segment.begin() + filled, extent.bytes - filled,
                                static_cast<off_t>(extent.offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return disk_error("cannot read", directory_, got < 0 ? errno : EIO);
    filled += static_cast<std::uint32_t>(got);
  }
  if (crc32c({segment.begin(), filled}) != extent.checksum) return changed(directory_);
  BufferConsumer reader = segment.make_consumer();
  segment.finish(filled);
  return reader.take();
}

}  // namespace weir
