// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "execution/operators/source.h"

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

/// The lines of a file, once. Every subtask reads its own range of bytes: each line is read by the one in
/// whose range it begins, so that none is torn and none is doubled.
///
/// Errors: throws std::runtime_error that names the file and what the operating system said.
class TextFileSource final : public SourceFunction<std::string> {
public:
  explicit TextFileSource(std::string path) : path_(std::move(path)) {}
  void run(SourceContext<std::string>& context) override;

private:
  const std::string path_;
};

}  // namespace weir
