// SPDX-License-Identifier: Apache-2.0
// The jobs of test/golden, as a user runs them: by the command line, on a cluster of real processes. Those
// that can be interrupted are cancelled with a savepoint amid their input, and go on from it with more
// subtasks.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "test/golden/job_file.h"
#include "test/support/test_cluster.h"

namespace weir::testing {
namespace {

using golden::JobFile;

constexpr const char* kInterruption = "{interruption}";

void replace_all(std::string& text, const std::string& what, const std::string& by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

/// Some line of what was said has all of it.
bool says(const std::string& text, const std::vector<std::string>& parts) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = std::string_view(text).substr(at, end - at);
    if (std::ranges::all_of(parts, [&](const auto& part) { return line.find(part) != line.npos; }))
      return true;
    at = end + 1;
  }
  return false;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

/// The end of a pipe that lets its reader go on when it is closed.
class Held {
public:
  /// None: nobody reads from it.
  static std::optional<int> open(const std::string& pipe) {
    const int end = ::open(pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    return end < 0 ? std::nullopt : std::optional(end);
  }
  explicit Held(const std::string& pipe) {
    REQUIRE(eventually([&] { return (end_ = open(pipe)).has_value(); }));
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;
  ~Held() { let_go(); }
  void let_go() {
    if (const auto end = std::exchange(end_, std::nullopt)) ::close(*end);
  }

private:
  std::optional<int> end_;
};

/// A job and the files of its runs on a cluster.
class ClusterJob {
public:
  ClusterJob(TestCluster& cluster, JobFile job, std::string checkpoints)
      : cluster_(cluster), job_(std::move(job)), checkpoints_(std::move(checkpoints)) {
    for (const auto& [name, text] : job_.inputs) inputs_[name] = directory_.file(name, text);
  }

  [[nodiscard]] bool can_be_interrupted() const {
    return std::ranges::find(job_.arguments, kInterruption) != job_.arguments.end();
  }
  /// From the beginning, or a savepoint, to the end.
  void run(std::uint32_t parallelism, const std::string& savepoint = {}) {
    Submission submission = submission_of(parallelism, {});
    if (!savepoint.empty()) submission.options = {"-s", savepoint};
    check(cluster_.run(submission));
  }
  /// From the beginning to the middle. Empty: the job was quicker.
  [[nodiscard]] std::string save_in_the_middle(std::uint32_t parallelism) {
    const std::string pipe = directory_.path("pipe" + std::to_string(++attempts_));
    REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
    const auto job = cluster_.start(submission_of(parallelism, {"--middle", pipe, "--checkpointed"}));
    const std::string id = TestCluster::id_of(*job);
    Held reader(pipe);
    std::size_t tasks = 0;
    for (const auto& vertex : cluster_.status(id)["vertices"]) tasks += vertex["subtasks"].size();
    TestCluster::await_running(*job, tasks);  // a savepoint of others is refused
    Process cancel(
        {program_path("weir"), "cancel", "-m", cluster_.address(), "-s", id, directory_.path("s")});
    // It is on record just before its first barrier is sent.
    const std::string record = checkpoints_ + "/" + id;
    CHECK(eventually([&] {
      return !std::filesystem::is_empty(record) && has_begun_savepoint(record);
    }));
    (void)cluster_.status(id);
    reader.let_go();
    const auto saved = cancel.await_line("Savepoint completed. Path: ", 20s);
    REQUIRE(cancel.await_end());
    REQUIRE(job->await_end());
    return saved ? saved->text.substr(saved->text.rfind(' ') + 1) : "";
  }

private:
  [[nodiscard]] static bool has_begun_savepoint(const std::string& directory) {
    return std::ranges::any_of(std::filesystem::directory_iterator(directory), [](const auto& file) {
      return file.path().filename().string().starts_with("savepoint-");
    });
  }
  [[nodiscard]] Submission submission_of(std::uint32_t parallelism,
                                         const std::vector<std::string>& interruption) const {
    Submission submission{.program = job_.program, .arguments = {}, .parallelism = parallelism};
    for (std::string argument : job_.arguments) {
      if (argument == kInterruption) {
        submission.arguments.insert(submission.arguments.end(), interruption.begin(), interruption.end());
        continue;
      }
      for (const auto& [name, path] : inputs_) replace_all(argument, "{" + name + "}", path);
      replace_all(argument, "{output}", output_);
      submission.arguments.push_back(std::move(argument));
    }
    return submission;
  }
  void check(const Finished& done) const {
    CAPTURE(done.err);
    if (job_.end != JobFile::End::Output) {
      CHECK(done.end != ProcessEnd{.code = 0});
      CHECK(says(done.err, job_.expected));
      return;
    }
    REQUIRE(done.end == ProcessEnd{.code = 0});
    CHECK(joined(sorted_lines(content_of(output_))) == joined(job_.expected));
  }

  TestCluster& cluster_;
  const JobFile job_;
  const std::string checkpoints_;
  const TemporaryDirectory directory_;
  std::map<std::string, std::string> inputs_;  // paths by name
  const std::string output_ = directory_.path("output");
  int attempts_ = 0;
};

struct GoldenCluster {
  const TemporaryDirectory storage;
  TestCluster cluster{{.task_managers = 3,
                       .slots = 2,
                       .settings = {"state.checkpoints.dir=" + storage.path("checkpoints"),
                                    "high-availability=filesystem",
                                    "high-availability.storageDir=" + storage.path("jobs")}}};

  template <class Visit>
  void for_each_job(Visit&& visit) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(WEIR_GOLDEN_JOBS))
      files.push_back(entry.path());
    std::ranges::sort(files);
    REQUIRE(!files.empty());
    for (const auto& file : files) {
      CAPTURE(file);
      ClusterJob job(cluster, golden::read_job_file(file), storage.path("checkpoints"));
      visit(job);
    }
  }
};

}  // namespace

TEST_CASE("golden jobs do on a cluster what their files say") {
  GoldenCluster golden;
  golden.for_each_job([](ClusterJob& job) { job.run(3); });
}

TEST_CASE("golden jobs go on from a savepoint of the command line with more subtasks, and write the same") {
  constexpr int kPatience = 5;  // attempts to be quicker than the job
  GoldenCluster golden;
  int interrupted = 0;
  golden.for_each_job([&](ClusterJob& job) {
    if (!job.can_be_interrupted()) return;
    std::string savepoint;
    for (int attempt = 0; attempt < kPatience && savepoint.empty(); ++attempt)
      savepoint = job.save_in_the_middle(2);
    REQUIRE(!savepoint.empty());
    job.run(3, savepoint);
    ++interrupted;
  });
  CHECK(interrupted >= 3);
}

}  // namespace weir::testing
