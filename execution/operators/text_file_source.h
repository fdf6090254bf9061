// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "execution/operators/byte_ranges.h"
#include "execution/operators/source.h"
#include "graph/input_split.h"

namespace weir {

/// Cuts `file_bytes` into `parallelism` ranges that differ by at most one byte.
[[nodiscard]] ByteRange split_of(std::uint64_t file_bytes, std::uint32_t subtask_index,
                                 std::uint32_t parallelism);

/// The lines of a file, once. The file is cut into ranges of bytes: each line is read with the range in which
/// it begins, so that none is torn and none is doubled. Of a large file the subtasks take ranges as they come
/// along, of a small one each has its own. The file may not change while it is read.
///
/// State:  "reading", split: the ranges that the subtask has taken and not read to their end, each from the
///         line on that comes next. "taken", union: the ranges that any subtask had taken. After a restore
///         nobody takes those again, however the file is cut then; see docs/decisions/0007.
/// Errors: throws std::runtime_error that names the file and what the operating system said.
class TextFileSource final : public SourceFunction<std::string> {
public:
  static constexpr bool kCanStop = true;

  explicit TextFileSource(std::string path) : path_(std::move(path)) {}
  /// None if the file is too small to be worth the mail, or cannot be seen from here.
  [[nodiscard]] std::vector<InputSplit> input_splits(std::uint32_t subtasks) const;

  void open(OperatorContext& context) override;
  void snapshot(CheckpointId) override;
  void run(SourceContext<std::string>& context) override;

private:
  class File;

  /// What of the range nobody had taken is ours from now on.
  void take(const ByteRange& range);
  void read_taken(File& file, SourceContext<std::string>& context);
  static void read_range(File& file, ByteRange& range, SourceContext<std::string>& context);

  // Configuration.
  const std::string path_;
  // Bound at open.
  OperatorListState<ByteRange>* reading_state_ = nullptr;
  OperatorListState<ByteRange>* taken_state_ = nullptr;
  ByteRanges taken_before_;  // by any subtask, as the checkpoint says
  // In every checkpoint.
  std::deque<ByteRange> reading_;  // the first one is being read: it begins at the next line
  ByteRanges taken_;               // since then; one subtask keeps also what was taken before
};

}  // namespace weir
