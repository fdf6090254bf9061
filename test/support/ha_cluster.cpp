// SPDX-License-Identifier: Apache-2.0
#include "test/support/ha_cluster.h"

#include <doctest/doctest.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that it is C
}
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <utility>

namespace weir::testing {

namespace {

constexpr Duration kStartPatience = 40s;

std::string secret_in(const std::string& file) {
  if (file.empty()) return {};
  std::string secret;
  std::getline(std::ifstream(file) >> std::ws, secret);
  return secret;
}

}  // namespace

HaCluster::HaCluster(Options options)
    : options_(std::move(options)),
      own_zookeeper_(options_.shared_zookeeper != nullptr
                         ? nullptr
                         : std::make_unique<ZooKeeperProcess>(options_.servers)),
      zookeeper_(own_zookeeper_ != nullptr ? *own_zookeeper_ : *options_.shared_zookeeper),
      leaders_(zookeeper_.hosts(), paths(), options_.session_timeout, secret_in(options_.secret_file)) {
  std::filesystem::create_directory(files_.path("tmp"));
  for (std::size_t i = 0; i < options_.job_managers; ++i) start_job_manager();
  for (std::size_t i = 0; i < options_.task_managers; ++i)
    task_managers_.push_back(begin("weir-taskmanager", {"--slots", std::to_string(options_.slots)}));
  for (const auto& task_manager : task_managers_)
    REQUIRE_MESSAGE(task_manager->await_line("weir-taskmanager ready: ", kStartPatience),
                    task_manager->text(Process::Stream::Err));
}

std::unique_ptr<Process> HaCluster::begin(const std::string& program, std::vector<std::string> arguments,
                                          const std::vector<std::string>& own_settings) {
  arguments.insert(arguments.begin(), program_path(program));
  std::vector<std::string> settings = options_.settings;
  settings.insert(settings.end(), own_settings.begin(), own_settings.end());
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.session_timeout).count();
  settings.push_back("high-availability=zookeeper");
  settings.push_back("high-availability.storageDir=" + files_.path("ha"));
  settings.push_back("high-availability.zookeeper.client.session-timeout=" + std::to_string(milliseconds));
  settings.push_back("blob.storage.directory=" + files_.path("tmp"));
  if (!options_.secret_file.empty())
    settings.push_back("high-availability.zookeeper.client.secret-file=" + options_.secret_file);
  for (const std::string& setting : settings) arguments.insert(arguments.end(), {"-D", setting});
  if (std::find(arguments.begin(), arguments.end(), "--zookeeper") == arguments.end())
    arguments.insert(arguments.end(), {"--zookeeper", zookeeper_.hosts()});
  arguments.insert(arguments.end(), {"--cluster-id", options_.cluster});
  return std::make_unique<Process>(std::move(arguments), std::vector{"TMPDIR=" + files_.path("tmp")});
}

std::size_t HaCluster::start_job_manager(const std::string& zookeeper_hosts,
                                         const std::vector<std::string>& settings) {
  std::vector<std::string> arguments{"--port", "0"};
  if (!zookeeper_hosts.empty()) arguments.insert(arguments.end(), {"--zookeeper", zookeeper_hosts});
  if (!options_.has_guardians) arguments.emplace_back("--no-guardian");
  job_managers_.push_back({.process = begin("weir-jobmanager", std::move(arguments), settings)});
  await_ready(job_managers_.back());
  return job_managers_.size() - 1;
}

void HaCluster::await_ready(JobManager& job_manager) {
  const auto line = job_manager.process->await_line("weir-jobmanager ready: ", kStartPatience);
  REQUIRE_MESSAGE(line.has_value(), job_manager.process->text(Process::Stream::Err));
  job_manager.address = value_of(line->text, "rpc");
  job_manager.pid = std::stoi(value_of(line->text, "pid"));
}

std::size_t HaCluster::job_manager_at(const std::string& address) const {
  std::size_t index = 0;
  while (index < job_managers_.size() && job_managers_[index].address != address) ++index;
  REQUIRE_MESSAGE(index < job_managers_.size(), "no JobManager at '" << address << "'");
  return index;
}

std::size_t HaCluster::task_manager_at(const std::string& data_address) {
  std::size_t index = 0;
  const auto serves = [&](Process& one) {
    return one.text(Process::Stream::Out).find(data_address) != std::string::npos;
  };
  while (index < task_managers_.size() && !serves(*task_managers_[index])) ++index;
  REQUIRE_MESSAGE(index < task_managers_.size(), "no TaskManager at '" << data_address << "'");
  return index;
}

void HaCluster::signal_job_manager(std::size_t index, int number) {
  const int process = ::pidfd_open(job_managers_[index].pid, 0);
  REQUIRE(process >= 0);
  REQUIRE(::pidfd_send_signal(process, number, nullptr, 0) == 0);
  ::close(process);
}

void HaCluster::await_restart(std::size_t index) { await_ready(job_managers_[index]); }

std::vector<std::string> HaCluster::completed_checkpoints() const {
  std::vector<std::string> found;
  std::error_code gone;  // files go while we look
  for (std::filesystem::recursive_directory_iterator at(files_.path("ha"), gone), end; !gone && at != end;
       at.increment(gone))
    if (at->path().filename() == "_metadata") found.push_back(at->path().string());
  return found;
}

std::unique_ptr<Process> HaCluster::start(const Submission& job) {
  std::vector<std::string> words{program_path("weir"), "run"};
  for (const std::string& word : place()) words.push_back(word);
  const auto program = program_words(job);
  words.insert(words.end(), program.begin(), program.end());
  return std::make_unique<Process>(std::move(words));
}

std::vector<std::string> HaCluster::place() const {
  std::vector<std::string> words{"--zookeeper", zookeeper_.hosts(), "--cluster-id", options_.cluster};
  if (!options_.secret_file.empty())
    words.insert(words.end(),
                 {"-D", "high-availability.zookeeper.client.secret-file=" + options_.secret_file});
  return words;
}

Finished HaCluster::weir(const std::string& verb, std::vector<std::string> words) {
  const auto found = place();
  words.insert(words.begin(), found.begin(), found.end());
  words.insert(words.begin(), {program_path("weir"), verb});
  return run_to_end(std::move(words));
}

nlohmann::json HaCluster::status(const std::string& job) {
  std::vector<std::string> words{"--output", "json"};
  if (!job.empty()) words.push_back(job);
  const Finished done = weir("status", std::move(words));
  REQUIRE_MESSAGE(done.end == ProcessEnd{.code = 0}, done.err);
  return nlohmann::json::parse(done.out);
}

}  // namespace weir::testing
