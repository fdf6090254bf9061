// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "test/support/process.h"
#include "test/support/temporary_directory.h"

namespace weir::testing {

/// What a job is started from: a library of this build by its short name, and what follows it.
struct Submission {
  std::string program;  // "numbers"
  std::vector<std::string> arguments;
  std::uint32_t parallelism = 1;
  std::vector<std::string> options;  // of weir run, beside -m and -p
};

/// A cluster of real processes on this machine: one JobManager and TaskManagers, all registered when the
/// constructor returns. Nothing of it is left when it ends, whatever happened to the processes.
///
/// Threads: one.
class TestCluster {
public:
  struct Options {
    std::uint32_t task_managers = 2;
    std::uint32_t slots = 2;            // of each
    std::vector<std::string> settings;  // "key=value", of every process
  };

  explicit TestCluster(Options options);

  /// "host:port" of the JobManager.
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] Process& job_manager() { return *job_manager_; }
  [[nodiscard]] Process& task_manager(std::size_t index) { return *task_managers_[index].process; }
  [[nodiscard]] std::size_t task_manager_count() const { return task_managers_.size(); }
  /// The one that serves data there.
  [[nodiscard]] std::size_t task_manager_at(const std::string& data_address) const;
  /// A folder for what jobs read and write.
  [[nodiscard]] const TemporaryDirectory& files() const { return files_; }
  /// How many files the processes have on disk: the JobManager's blobs, the TaskManagers' libraries.
  [[nodiscard]] std::size_t kept_files() const;

  /// One more; the answer is its index. Those that ended keep theirs. `settings` are its own.
  std::size_t start_task_manager(const std::vector<std::string>& settings = {});
  /// Ends it with SIGKILL, and returns when it is gone.
  void kill(std::size_t index);
  /// Ends the JobManager with SIGKILL and starts another in its place, at the same address. Returns when it
  /// is ready; TaskManagers come to it by themselves.
  void replace_job_manager();
  void freeze(std::size_t index) { task_manager(index).signal(SIGSTOP); }
  void thaw(std::size_t index) { task_manager(index).signal(SIGCONT); }

  /// Runs a job to its end.
  [[nodiscard]] Finished run(const Submission& job);
  /// Attaches to a job; what it says are the lines of `weir run`.
  [[nodiscard]] std::unique_ptr<Process> start(const Submission& job);
  /// The id of a job that start() began.
  [[nodiscard]] static std::string id_of(Process& run);
  /// Returns when so many tasks of a job have switched to RUNNING, and says when the last of them did.
  static TimePoint await_running(Process& run, std::size_t tasks, Duration patience = 20s);

  /// Any verb of the command line.
  [[nodiscard]] Finished weir(const std::string& verb, std::vector<std::string> words = {});
  /// What `weir status` says, of the cluster or of one job.
  [[nodiscard]] nlohmann::json status(const std::string& job = "");

private:
  struct TaskManager {
    std::unique_ptr<Process> process;
    std::string data_address;
  };

  [[nodiscard]] std::unique_ptr<Process> begin(const std::string& program,
                                               std::vector<std::string> arguments,
                                               const std::vector<std::string>& settings = {});
  [[nodiscard]] std::unique_ptr<Process> begin_task_manager(const std::vector<std::string>& settings);
  std::size_t await_registered(std::unique_ptr<Process> process);
  [[nodiscard]] std::vector<std::string> command_of(const Submission& job) const;

  const Options options_;
  const TemporaryDirectory files_;
  std::unique_ptr<Process> job_manager_;
  std::string address_;
  std::vector<TaskManager> task_managers_;
};

/// The same job in one process, as a cluster's output is compared with.
[[nodiscard]] Finished run_embedded(const Submission& job);

/// Asks again and again, for what no line tells. False if it has not come true when `patience` is over.
template <class Question>
[[nodiscard]] bool eventually(Question is_true, Duration patience = 20s) {
  const TimePoint deadline = std::chrono::steady_clock::now() + patience;
  while (!is_true()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
  }
  return true;
}

/// The file of a program of this build: "weir".
[[nodiscard]] std::string program_path(const std::string& program);
/// What `weir run` is told of a job, behind the name of a cluster.
[[nodiscard]] std::vector<std::string> program_words(const Submission& job);

/// The value of `name=value` in a line, empty if there is none.
[[nodiscard]] std::string value_of(const std::string& line, const std::string& name);

}  // namespace weir::testing
