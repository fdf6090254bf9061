// SPDX-License-Identifier: Apache-2.0
// Whole jobs as text files: each runs with one, two and four subtasks and must say the same. Those that can
// be interrupted take a checkpoint with two, are cancelled, go on from it with three, and must say the same.
#include "test/golden/job_file.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
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

/// With some memory for jobs that sort and join: it is touched only by those.
Worker::Options worker() {
  Worker::Options options = testing::small_worker();
  options.managed_memory_bytes = 64 << 20;
  return options;
}

constexpr const char* kInterruption = "{interruption}";

/// A job and the files of its runs.
class GoldenJob {
public:
  explicit GoldenJob(JobFile job) : job_(std::move(job)) {
    for (const auto& [name, text] : job_.inputs) inputs_[name] = directory_.file(name, text);
  }

  /// From the beginning to the end.
  void run(std::uint32_t parallelism) {
    ProgramLoader loader;
    const auto program = loader.build(library_of(job_.program), arguments({}), parallelism);
    if (job_.end == JobFile::End::Refused) {
      REQUIRE_FALSE(program.has_value());
      return check_message(job_, program.error().what);
    }
    REQUIRE_MESSAGE(program.has_value(), program.error().what);
    check(LocalJob(worker()).run(loader, (*program)->job_graph()));
  }

  [[nodiscard]] bool can_be_interrupted() const {
    return std::ranges::find(job_.arguments, kInterruption) != job_.arguments.end();
  }
  /// From the beginning to a checkpoint in the middle, and from there to the end.
  void run_interrupted(std::uint32_t parallelism, std::uint32_t parallelism_afterwards) {
    const CompletedCheckpoint middle = run_to_the_middle(parallelism);
    ProgramLoader loader;
    const auto program = loader.build(library_of(job_.program), arguments({}), parallelism_afterwards);
    REQUIRE_MESSAGE(program.has_value(), program.error().what);
    LocalJob afterwards;
    afterwards.restore_from(middle);
    check(afterwards.run(loader, (*program)->job_graph()));
  }

private:
  [[nodiscard]] std::vector<std::string> arguments(const std::vector<std::string>& interruption) const {
    std::vector<std::string> arguments;
    for (std::string argument : job_.arguments) {
      if (argument == kInterruption) {
        arguments.insert(arguments.end(), interruption.begin(), interruption.end());
        continue;
      }
      for (const auto& [name, path] : inputs_) replace_all(argument, "{" + name + "}", path);
      replace_all(argument, "{output}", output_);
      arguments.push_back(std::move(argument));
    }
    return arguments;
  }

  CompletedCheckpoint run_to_the_middle(std::uint32_t parallelism) {
    const std::string pipe = directory_.path("pipe");
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    ProgramLoader loader;
    const auto program =
        loader.build(library_of(job_.program), arguments({"--middle", pipe, "--checkpointed"}), parallelism);
    REQUIRE_MESSAGE(program.has_value(), program.error().what);
    LocalJob job;
    Result<CompletedCheckpoint> middle = Error{};
    job.when_running([&] {
      {
        const std::ofstream reader_waits(pipe);
        job.trigger_checkpoint(1);
      }
      middle = job.await_checkpoint(1);
      job.cancel();
    });
    (void)job.run(loader, (*program)->job_graph());  // cancelled, unless it was faster
    REQUIRE_MESSAGE(middle.has_value(), middle.error().what);
    return *middle;
  }

  void check(const testing::JobOutcome& outcome) {
    if (job_.end == JobFile::End::Failure) {
      CHECK(outcome.status == JobStatus::Failed);
      return check_message(job_, outcome.failure);
    }
    REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    CHECK(testing::sorted_lines(testing::content_of(output_)) == job_.expected);
  }

  const JobFile job_;
  const TemporaryDirectory directory_;
  std::map<std::string, std::string> inputs_;  // paths by name
  const std::string output_ = directory_.path("output");
};

std::vector<std::filesystem::path> job_files() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(WEIR_GOLDEN_JOBS))
    files.push_back(entry.path());
  std::ranges::sort(files);
  REQUIRE(!files.empty());
  return files;
}

}  // namespace

TEST_CASE("each job does what its file says, with any parallelism") {
  for (const auto& file : job_files()) {
    for (const std::uint32_t parallelism : {1u, 2u, 4u}) {
      CAPTURE(file);
      CAPTURE(parallelism);
      GoldenJob(golden::read_job_file(file)).run(parallelism);
    }
  }
}

TEST_CASE("a job that goes on from a checkpoint with more or fewer subtasks writes the same") {
  int interrupted = 0;
  for (const auto& file : job_files()) {
    for (const std::uint32_t afterwards : {3u, 1u}) {
      GoldenJob job(golden::read_job_file(file));
      if (!job.can_be_interrupted()) continue;
      CAPTURE(file);
      CAPTURE(afterwards);
      job.run_interrupted(2, afterwards);
      ++interrupted;
    }
  }
  CHECK(interrupted >= 6);
}
