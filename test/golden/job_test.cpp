// SPDX-License-Identifier: Apache-2.0
// Whole jobs as text files: each runs with one, two and four subtasks and must say the same.
#include "test/golden/job_file.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "api/program_loader.h"
#include "test/support/local_job.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::golden::JobFile;
using weir::testing::LocalJob;
using weir::testing::TemporaryDirectory;

namespace {

std::string library_of(const std::string& program) {
  const std::string library = std::string(WEIR_EXAMPLES) + "/lib" + program + ".so";
  return std::filesystem::exists(library) ? library : std::string(WEIR_PROGRAMS) + "/lib" + program + ".so";
}

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
}

void check_message(const JobFile& job, const std::string& message) {
  CAPTURE(message);
  CHECK(message.find('\n') == std::string::npos);
  for (const std::string& part : job.expected) {
    CAPTURE(part);
    CHECK(message.find(part) != std::string::npos);
  }
}

void run(const JobFile& job, std::uint32_t parallelism) {
  const TemporaryDirectory directory;
  auto arguments = job.arguments;
  const std::string input = directory.file("input", job.input);
  const std::string output = directory.path("output");
  for (std::string& argument : arguments) {
    replace_all(argument, "{input}", input);
    replace_all(argument, "{output}", output);
  }
  ProgramLoader loader;
  const auto program = loader.build(library_of(job.program), arguments, parallelism);
  if (job.end == JobFile::End::Refused) {
    REQUIRE_FALSE(program.has_value());
    return check_message(job, program.error().what);
  }
  REQUIRE_MESSAGE(program.has_value(), program.error().what);

  const auto outcome = LocalJob().run(loader, (*program)->job_graph());
  if (job.end == JobFile::End::Failure) {
    CHECK(outcome.status == JobStatus::Failed);
    return check_message(job, outcome.failure);
  }
  REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(testing::sorted_lines(testing::content_of(output)) == job.expected);
}

}  // namespace

TEST_CASE("each job does what its file says, with any parallelism") {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_GOLDEN_JOBS))
    files.push_back(entry.path());
  std::ranges::sort(files);
  REQUIRE(!files.empty());
  for (const auto& file : files) {
    for (const std::uint32_t parallelism : {1u, 2u, 4u}) {
      CAPTURE(file);
      CAPTURE(parallelism);
      run(golden::read_job_file(file), parallelism);
    }
  }
}
