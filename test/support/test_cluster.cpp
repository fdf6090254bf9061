// SPDX-License-Identifier: Apache-2.0
#include "test/support/test_cluster.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <utility>

namespace weir::testing {

namespace {

constexpr const char* kProcessFiles = "tmp";
constexpr Duration kStartPatience = 60s;  // a machine may have much else to do
constexpr Duration kRunPatience = 120s;

std::string bin(const std::string& program) { return program_path(program); }

std::string library_of(const std::string& program) {
  const std::string name = "/lib" + program + ".so";
  // Those of the drills lie beside the processes.
  for (const std::string folder : {WEIR_BIN, WEIR_EXAMPLES, WEIR_GOLDEN_PROGRAMS})
    if (std::filesystem::exists(folder + name)) return folder + name;
  return WEIR_PROGRAMS + name;
}

/// What a process must say to go on; what it said instead is in the report.
ProcessLine must_say(Process& process, const std::string& part, Duration patience,
                     Process::Stream stream = Process::Stream::Out) {
  const auto line = process.await_line(part, patience, stream);
  REQUIRE_MESSAGE(line.has_value(), "no '" << part << "' in\n"
                                           << process.text(Process::Stream::Out)
                                           << process.text(Process::Stream::Err));
  return *line;
}

}  // namespace

std::string program_path(const std::string& program) { return std::string(WEIR_BIN) + "/" + program; }

std::vector<std::string> program_words(const Submission& job) {
  std::vector<std::string> words{"-p", std::to_string(job.parallelism)};
  words.insert(words.end(), job.options.begin(), job.options.end());
  words.push_back(library_of(job.program));
  words.insert(words.end(), job.arguments.begin(), job.arguments.end());
  return words;
}

TestCluster::TestCluster(Options options) : options_(std::move(options)) {
  job_manager_ = begin("weir-jobmanager", {"--port", "0"});
  address_ = value_of(must_say(*job_manager_, "weir-jobmanager ready: ", kStartPatience).text, "rpc");
  std::vector<std::unique_ptr<Process>> starting;
  for (std::uint32_t i = 0; i < options_.task_managers; ++i) starting.push_back(begin_task_manager({}));
  for (auto& process : starting) await_registered(std::move(process));
}

std::unique_ptr<Process> TestCluster::begin(const std::string& program, std::vector<std::string> arguments,
                                            const std::vector<std::string>& settings) {
  arguments.insert(arguments.begin(), bin(program));
  for (const auto* some : {&options_.settings, &settings}) {
    for (const std::string& setting : *some) arguments.insert(arguments.end(), {"-D", setting});
  }
  // Whatever a process that is killed leaves behind is in a place that ends with the cluster.
  const std::string folder = files_.path(kProcessFiles);
  std::filesystem::create_directory(folder);
  arguments.insert(arguments.end(), {"-D", "blob.storage.directory=" + folder + "/blobs"});
  return std::make_unique<Process>(std::move(arguments), std::vector{"TMPDIR=" + folder});
}

std::size_t TestCluster::kept_files() const {
  // Files go while we look.
  const auto options = std::filesystem::directory_options::skip_permission_denied;
  std::error_code gone;
  std::size_t count = 0;
  for (std::filesystem::recursive_directory_iterator at(files_.path(kProcessFiles), options, gone), end;
       !gone && at != end; at.increment(gone)) {
    if (at->is_regular_file(gone)) ++count;
  }
  return count;
}

std::size_t TestCluster::await_registered(std::unique_ptr<Process> process) {
  const auto line = must_say(*process, "weir-taskmanager ready: ", kStartPatience);
  task_managers_.push_back({std::move(process), value_of(line.text, "data")});
  return task_managers_.size() - 1;
}

std::unique_ptr<Process> TestCluster::begin_task_manager(const std::vector<std::string>& settings) {
  return begin("weir-taskmanager", {"--jobmanager", address_, "--slots", std::to_string(options_.slots)},
               settings);
}

std::size_t TestCluster::start_task_manager(const std::vector<std::string>& settings) {
  return await_registered(begin_task_manager(settings));
}

std::size_t TestCluster::task_manager_at(const std::string& data_address) const {
  std::size_t index = 0;
  while (index < task_managers_.size() && task_managers_[index].data_address != data_address) ++index;
  REQUIRE_MESSAGE(index < task_managers_.size(), "no TaskManager at '" << data_address << "'");
  return index;
}

void TestCluster::kill(std::size_t index) {
  task_manager(index).signal(SIGKILL);
  REQUIRE(task_manager(index).await_end());
}

void TestCluster::replace_job_manager() {
  job_manager_->signal(SIGKILL);
  REQUIRE(job_manager_->await_end());
  job_manager_ = begin("weir-jobmanager", {"--port", address_.substr(address_.rfind(':') + 1)});
  must_say(*job_manager_, "weir-jobmanager ready: ", kStartPatience);
}

std::vector<std::string> TestCluster::command_of(const Submission& job) const {
  std::vector<std::string> words{bin("weir"), "run", "-m", address_};
  const auto program = program_words(job);
  words.insert(words.end(), program.begin(), program.end());
  return words;
}

Finished TestCluster::run(const Submission& job) { return run_to_end(command_of(job), kRunPatience); }

std::unique_ptr<Process> TestCluster::start(const Submission& job) {
  return std::make_unique<Process>(command_of(job));
}

std::string TestCluster::id_of(Process& run) {
  const std::string line = must_say(run, "Job has been submitted with JobID ", kStartPatience).text;
  return line.substr(line.rfind(' ') + 1);
}

TimePoint TestCluster::await_running(Process& run, std::size_t tasks, Duration patience) {
  TimePoint last{};
  for (std::size_t i = 0; i < tasks; ++i) {
    last = must_say(run, ") switched to RUNNING", patience, Process::Stream::Err).at;
  }
  return last;
}

Finished TestCluster::weir(const std::string& verb, std::vector<std::string> words) {
  words.insert(words.begin(), {bin("weir"), verb, "-m", address_});
  return run_to_end(std::move(words));
}

nlohmann::json TestCluster::status(const std::string& job) {
  std::vector<std::string> words{"--output", "json"};
  if (!job.empty()) words.push_back(job);
  const Finished done = weir("status", std::move(words));
  REQUIRE_MESSAGE(done.end == ProcessEnd{.code = 0}, done.err);
  return nlohmann::json::parse(done.out);
}

Finished run_embedded(const Submission& job) {
  std::vector<std::string> words{bin("weir"), "run", "--local"};
  const auto program = program_words(job);
  words.insert(words.end(), program.begin(), program.end());
  return run_to_end(std::move(words), kRunPatience);
}

std::string value_of(const std::string& line, const std::string& name) {
  const auto at = line.find(" " + name + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return line.substr(begin, line.find(' ', begin) - begin);
}

}  // namespace weir::testing
