// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "execution/operators/source.h"
#include "graph/input_split.h"

namespace weir {

/// The bytes of a file that one subtask reads: the lines that begin in [begin, end).
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  bool operator==(const ByteRange&) const = default;
};

/// Cuts `file_bytes` into `parallelism` ranges that differ by at most one byte.
[[nodiscard]] ByteRange split_of(std::uint64_t file_bytes, std::uint32_t subtask_index,
                                 std::uint32_t parallelism);

/// The lines of a file, once. The file is cut into ranges of bytes: each line is read with the range in which
/// it begins, so that none is torn and none is doubled. Of a large file the subtasks take ranges as they come
/// along, of a small one each has its own.
///
/// Errors: throws std::runtime_error that names the file and what the operating system said.
class TextFileSource final : public SourceFunction<std::string> {
public:
  static constexpr bool kCanStop = true;

  explicit TextFileSource(std::string path) : path_(std::move(path)) {}
  /// None if the file is too small to be worth the mail, or cannot be seen from here.
  [[nodiscard]] std::vector<InputSplit> input_splits(std::uint32_t subtasks) const;
  void run(SourceContext<std::string>& context) override;

private:
  const std::string path_;
};

}  // namespace weir
