// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace weir::golden {

/// A job as text:
///
///     # What it is about. Any number of lines.
///     program: word_count
///     arguments: --input {input} --output {output}
///     --- input
///     the input's lines
///     --- output
///     the output's lines, sorted
///
/// {input} and {output} become paths. Of several inputs each has a name: `--- input fares` becomes {fares}. A
/// job with the argument {interruption} is also interrupted: there are the arguments in its place that
/// middle.h asks for. Instead of `output` there may be `failure` or `refused`: texts, one a line, that are
/// all found in the message with which the job fails, or the program is refused before it runs.
struct JobFile {
  std::string program;
  std::vector<std::string> arguments;
  std::map<std::string, std::string> inputs;  // text by name
  enum class End { Output, Failure, Refused } end = End::Output;
  std::vector<std::string> expected;  // lines
};

/// Throws std::runtime_error if the file is no such text.
[[nodiscard]] JobFile read_job_file(const std::filesystem::path& path);

}  // namespace weir::golden
