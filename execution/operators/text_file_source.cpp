// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/text_file_source.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "execution/operators/line_splitter.h"

namespace weir {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;  // stays in the second-level cache

// A range is worth a question to the JobManager, and yet small beside what a subtask reads in all.
constexpr std::uint64_t kSmallestSplitBytes = 4 << 20;
constexpr std::uint64_t kLargestSplitBytes = 64 << 20;
constexpr std::uint64_t kMostSplits = 10'000;
constexpr std::uint64_t kSplitsPerSubtask = 16;
constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

/// "begin end"
std::string encode(const ByteRange& range) {
  return std::to_string(range.begin) + " " + std::to_string(range.end);
}

ByteRange decode(const std::string& split) {
  ByteRange range;
  const char* const end = split.data() + split.size();
  const auto begin = std::from_chars(split.data(), end, range.begin);
  if (begin.ec == std::errc() && begin.ptr != end && *begin.ptr == ' ') {
    const auto rest = std::from_chars(begin.ptr + 1, end, range.end);
    if (rest.ec == std::errc() && rest.ptr == end && range.begin <= range.end) return range;
  }
  throw std::runtime_error("an input split of a text file must be a range of bytes");
}

}  // namespace

/// A regular file that is open for reading.
class TextFileSource::File {
public:
  explicit File(const std::string& path)
      : path_(path),
        descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {  // a pipe may have no writer
    if (descriptor_ < 0) fail("cannot open");
    struct stat about {};
    if (::fstat(descriptor_, &about) != 0) fail("cannot stat");
    if (!S_ISREG(about.st_mode)) {
      ::close(descriptor_);
      throw std::runtime_error("cannot read text from '" + path + "': not a regular file");
    }
    bytes_ = static_cast<std::uint64_t>(about.st_size);
    ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_SEQUENTIAL);
  }
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  /// Fewer than asked for only at the end of the file.
  [[nodiscard]] std::size_t read_at(std::uint64_t offset, char* into, std::size_t bytes) {
    ssize_t got = 0;
    do got = ::pread(descriptor_, into, bytes, static_cast<off_t>(offset));
    while (got < 0 && errno == EINTR);
    if (got < 0) fail("cannot read");
    return static_cast<std::size_t>(got);
  }

private:
  [[noreturn]] void fail(const char* what) {
    const int error = errno;
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = -1;
    throw std::runtime_error(std::string(what) + " text file '" + path_ + "': " + std::strerror(error));
  }

  const std::string path_;
  int descriptor_;
  std::uint64_t bytes_ = 0;
};

ByteRange split_of(std::uint64_t file_bytes, std::uint32_t subtask_index, std::uint32_t parallelism) {
  const auto cut = [&](std::uint64_t i) {
    return static_cast<std::uint64_t>(static_cast<unsigned __int128>(file_bytes) * i / parallelism);
  };
  return {cut(subtask_index), cut(std::uint64_t{subtask_index} + 1)};
}

std::vector<InputSplit> TextFileSource::input_splits(std::uint32_t subtasks) const {
  struct stat about {};
  if (::stat(path_.c_str(), &about) != 0 || !S_ISREG(about.st_mode)) return {};
  const auto bytes = static_cast<std::uint64_t>(about.st_size);
  const std::uint64_t wanted = bytes / (kSplitsPerSubtask * subtasks);
  const std::uint64_t split_bytes =
      std::max(std::clamp(wanted, kSmallestSplitBytes, kLargestSplitBytes), bytes / kMostSplits + 1);
  if (subtasks == 1 || bytes / split_bytes <= subtasks) return {};
  std::vector<InputSplit> splits;
  for (std::uint64_t begin = 0; begin < bytes; begin += split_bytes) {
    const bool is_last = begin + split_bytes >= bytes;  // and has what is appended until it is read
    splits.push_back({.bytes = encode({begin, is_last ? kToTheEnd : begin + split_bytes}), .hosts = {}});
  }
  return splits;
}

void TextFileSource::open(OperatorContext& context) {
  reading_state_ = &context.operator_state().list_state<ByteRange>("reading");
  taken_state_ = &context.operator_state().union_list_state<ByteRange>("taken");
  reading_.assign(reading_state_->get().begin(), reading_state_->get().end());
  taken_before_ = ByteRanges(taken_state_->get());
  // The next checkpoint needs it once, not once a subtask.
  if (context.subtask_index() == 0) taken_ = taken_before_;
}

void TextFileSource::snapshot(CheckpointId) {
  reading_state_->assign({reading_.begin(), reading_.end()});
  taken_state_->assign(taken_.ranges());
}

void TextFileSource::run(SourceContext<std::string>& context) {
  File file(path_);
  read_taken(file, context);
  if (!context.has_input_splits()) {
    take(split_of(file.bytes(), context.subtask_index(), context.parallelism()));
    return read_taken(file, context);
  }
  while (const auto split = context.next_input_split()) {
    take(decode(*split));
    read_taken(file, context);
  }
}

void TextFileSource::take(const ByteRange& range) {
  for (const ByteRange& each : taken_before_.missing_in(range)) reading_.push_back(each);
  taken_.add(range);
}

void TextFileSource::read_taken(File& file, SourceContext<std::string>& context) {
  while (!reading_.empty() && context.is_running()) {
    read_range(file, reading_.front(), context);
    if (context.is_running()) reading_.pop_front();  // else it may have been left in its middle
  }
}

void TextFileSource::read_range(File& file, ByteRange& range, SourceContext<std::string>& context) {
  if (range.is_empty()) return;

  // A line begins in the range if the newline before it stands at begin - 1 or later. So reading starts
  // there, and what comes before the first newline belongs to the neighbour.
  std::uint64_t offset = range.begin == 0 ? 0 : range.begin - 1;
  bool is_neighbours = range.begin != 0;
  std::uint64_t first_line_at = 0;

  LineSplitter lines;
  std::vector<char> block(kReadBytes);
  const auto take = [&](const std::string& line) {
    range.begin = first_line_at + lines.consumed();  // a checkpoint that comes now goes on behind the line
    context.collect(line);
    return context.is_running();
  };
  while (context.is_running()) {
    const std::size_t got = file.read_at(offset, block.data(), block.size());
    std::string_view piece(block.data(), got);
    offset += got;
    if (got == 0) break;
    if (is_neighbours) {
      const auto newline = piece.find('\n');
      if (newline == std::string_view::npos) {
        if (offset + 1 >= range.end) return;  // no line begins in the range
        continue;
      }
      piece.remove_prefix(newline + 1);
      is_neighbours = false;
      first_line_at = offset - piece.size();
      if (first_line_at >= range.end) return;
    }
    // The last line of the range is the one that holds byte end - 1: it ends at the first newline at or
    // behind it.
    const std::uint64_t piece_begin = offset - piece.size();
    if (offset >= range.end) {
      const auto from = range.end - 1 > piece_begin ? range.end - 1 - piece_begin : 0;
      const auto newline = piece.find('\n', from);
      if (newline != std::string_view::npos) {
        lines.feed(piece.substr(0, newline + 1), take);
        return;
      }
    }
    lines.feed(piece, take);
  }
  if (!is_neighbours && context.is_running()) lines.finish(take);
}

}  // namespace weir
