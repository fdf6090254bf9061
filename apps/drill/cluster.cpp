// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/cluster.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that it is C
}

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <utility>

namespace weir::drill {

namespace {

constexpr Duration kStartPatience = 60s;  // a machine may have much else to do
constexpr Duration kEndPatience = 20s;
constexpr int kLookMilliseconds = 10;
constexpr auto kErr = Process::Stream::Err;

std::string milliseconds(Duration length) {
  return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(length).count()) + " ms";
}

std::vector<std::string> settings_of(const Cluster::Options& options) {
  return {"high-availability=zookeeper",
          "high-availability.storageDir=" + options.folder + "/ha",
          "high-availability.zookeeper.client.session-timeout=" + milliseconds(DrillTimes::kSession),
          "high-availability.zookeeper.trusted-network=true",
          "heartbeat.interval=" + milliseconds(DrillTimes::kHeartbeat),
          "heartbeat.timeout=" + milliseconds(DrillTimes::kHeartbeatTimeout),
          "akka.ask.timeout=5 s",
          "blob.storage.directory=" + options.folder + "/tmp"};
}

const std::vector<std::string>& task_manager_settings() {
  static const std::vector<std::string> kSettings{
      "taskmanager.registration.initial-backoff=50 ms", "taskmanager.registration.max-backoff=500 ms",
      "taskmanager.registration.refused-backoff=500 ms", "task.cancellation.timeout=5 s",
      "taskmanager.network.memory.max=16mb"};
  return kSettings;
}

/// Whether there is such a process, which has not ended.
bool runs(pid_t pid) {
  const int descriptor = ::pidfd_open(pid, 0);
  if (descriptor < 0) return false;
  pollfd ended{descriptor, POLLIN, 0};
  const bool is_over = ::poll(&ended, 1, 0) > 0;
  ::close(descriptor);
  return !is_over;
}

/// The first child; the process itself if it has none.
pid_t child_of(pid_t pid) {
  const std::string name = std::to_string(pid);
  pid_t child = pid;
  std::ifstream("/proc/" + name + "/task/" + name + "/children") >> child;
  return child > 1 ? child : pid;
}

}  // namespace

void Node::signal(int number) const {
  if (process && pid == process->pid()) return process->signal(number);
  const int descriptor = ::pidfd_open(pid, 0);
  if (descriptor < 0) return;
  ::pidfd_send_signal(descriptor, number, nullptr, 0);
  ::close(descriptor);
}

bool Node::is_alive() const { return process ? !process->await_end(0ms).has_value() : runs(guardian); }

Result<std::unique_ptr<Cluster>> Cluster::start(Options options) {
  std::unique_ptr<Cluster> made(new Cluster(std::move(options)));
  if (Status begun = made->begin(); !begun) return begun.error();
  return made;
}

std::unique_ptr<Cluster> Cluster::adopt(Options options, const std::vector<OwnNode>& nodes) {
  std::unique_ptr<Cluster> made(new Cluster(std::move(options)));
  made->is_own_ = false;
  for (const OwnNode& node : nodes) {
    auto& all = node.is_job_manager() ? made->job_managers_ : made->task_managers_;
    all.push_back({.name = node.name,
                   .place = {},
                   .process = nullptr,
                   .address = node.address,
                   .pid = node.is_job_manager() ? child_of(node.pid) : node.pid,
                   .guardian = node.pid});
  }
  return made;
}

Status Cluster::begin() {
  std::filesystem::create_directories(options_.folder + "/tmp");
  for (std::size_t i = 0; i < options_.job_managers; ++i) {
    auto node = launch_job_manager();
    if (!node) return node.error();
    keep(job_managers_, *std::move(node));
  }
  for (std::size_t i = 0; i < options_.task_managers; ++i) {
    auto node = launch_task_manager();
    if (!node) return node.error();
    keep(task_managers_, *std::move(node));
  }
  for (auto* nodes : {&job_managers_, &task_managers_})
    for (Node& node : *nodes)
      if (Status ready = await_ready(node); !ready) return ready;
  return Status::ok();
}

void Cluster::keep(std::deque<Node>& nodes, Node node) {
  pids_.push_back(node.process->pid());
  nodes.push_back(std::move(node));
}

Result<Node> Cluster::launch(const std::string& program, const std::string& name,
                             std::vector<std::string> arguments) {
  Node node{.name = name, .place = {}, .process = nullptr, .address = {}};
  if (options_.network != nullptr) {
    auto place = options_.network->add();
    if (!place) return place.error();
    node.place = *std::move(place);
  }
  arguments.insert(arguments.begin(), {options_.programs + "/" + program, "--host", node.place.host(),
                                       "--insecure-network", "--zookeeper", options_.zookeeper,
                                       "--cluster-id", options_.id});
  for (const std::string& setting : settings_of(options_)) arguments.insert(arguments.end(), {"-D", setting});
  node.process = std::make_unique<Process>(
      std::move(arguments), std::vector{"TMPDIR=" + options_.folder + "/tmp"}, node.place.name_space());
  return node;
}

Result<Node> Cluster::launch_job_manager() {
  return launch("weir-jobmanager", "jobmanager-" + std::to_string(job_managers_.size() + 1), {"--port", "0"});
}

Result<Node> Cluster::launch_task_manager() {
  std::vector<std::string> arguments{"--slots", std::to_string(options_.slots)};
  for (const std::string& setting : task_manager_settings())
    arguments.insert(arguments.end(), {"-D", setting});
  return launch("weir-taskmanager", "taskmanager-" + std::to_string(task_managers_.size() + 1),
                std::move(arguments));
}

Status Cluster::await_ready(Node& node) {
  const auto line = node.process->await_line(" ready: ", kStartPatience);
  if (!line)
    return Error{ErrorCode::Timeout, node.name + " did not get ready: " + node.process->text(kErr),
                 Blame::Environment, Retry::Later};
  const std::string rpc = value_in(line->text, "rpc");
  node.address = rpc.empty() ? value_in(line->text, "data") : rpc;
  const std::string pid = value_in(line->text, "pid");
  node.pid = pid.empty() ? node.process->pid() : std::atoi(pid.c_str());
  pids_.push_back(node.pid);
  return Status::ok();
}

Node* Cluster::job_manager_at(const std::string& address) {
  for (Node& node : job_managers_)
    if (node.address == address && node.is_alive()) return &node;
  return nullptr;
}

Node* Cluster::task_manager_at(const std::string& address) {
  for (Node& node : task_managers_)
    if (node.address == address && node.is_alive()) return &node;
  return nullptr;
}

Status Cluster::await_restart(Node& node) {
  if (runs(node.pid)) return Status::ok();
  if (is_own_) return await_ready(node);
  // Its guardian does not speak to us.
  const TimePoint deadline = std::chrono::steady_clock::now() + kStartPatience;
  while (runs(node.guardian) && std::chrono::steady_clock::now() < deadline) {
    node.pid = child_of(node.guardian);
    if (node.pid != node.guardian && runs(node.pid)) return Status::ok();
    (void)::poll(nullptr, 0, kLookMilliseconds);
  }
  return Error{ErrorCode::Timeout, node.name + " was not started again", Blame::Environment, Retry::Later};
}

Status Cluster::start_job_manager() {
  auto node = launch_job_manager();
  if (!node) return node.error();
  keep(job_managers_, *std::move(node));
  return await_ready(job_managers_.back());
}

Status Cluster::start_task_manager() {
  if (!is_own_) return Status::ok();  // whose supervisor does so, or there is one less
  auto node = launch_task_manager();
  if (!node) return node.error();
  keep(task_managers_, *std::move(node));
  return await_ready(task_managers_.back());
}

std::vector<std::string> Cluster::words(const std::string& verb) const {
  if (options_.zookeeper.empty()) return {options_.programs + "/weir", verb, "-m", options_.job_manager};
  return {options_.programs + "/weir", verb, "--zookeeper", options_.zookeeper, "--cluster-id", options_.id,
          "-D", "high-availability.zookeeper.trusted-network=true"};
}

Finished Cluster::weir(const std::string& verb, const std::vector<std::string>& more) const {
  auto command = words(verb);
  command.insert(command.end(), more.begin(), more.end());
  return run_to_end(std::move(command), 90s);
}

std::vector<Cluster::Use> Cluster::uses() const {
  std::vector<Use> all;
  for (const auto* nodes : {&job_managers_, &task_managers_})
    for (const Node& node : *nodes)
      if (runs(node.pid)) all.push_back({node.name, node.pid, nodes == &job_managers_, use_of(node.pid)});
  return all;
}

std::vector<std::string> Cluster::stop() {
  std::vector<std::string> wrong;
  if (!is_own_) return wrong;
  // TaskManagers first: a JobManager that still leads does not count them as lost.
  for (auto* nodes : {&task_managers_, &job_managers_}) {
    std::vector<Node*> asked;
    for (Node& node : *nodes) {
      if (!node.is_alive()) continue;
      node.process->signal(SIGTERM);
      asked.push_back(&node);
    }
    for (Node* node : asked) {
      const auto end = node->process->await_end(kEndPatience);
      if (!end) wrong.push_back(node->name + " did not end when it was told to");
      else if (*end != ProcessEnd{.code = 0})
        wrong.push_back(node->name + " ended by " + (end->code < 0 ? "signal " + std::to_string(end->signal)
                                                                   : "code " + std::to_string(end->code)));
    }
  }
  return wrong;
}

void Cluster::write_logs(const std::string& folder) const {
  std::filesystem::create_directories(folder);
  if (!is_own_) return;
  for (const auto* nodes : {&job_managers_, &task_managers_})
    for (const Node& node : *nodes)
      std::ofstream(folder + "/" + node.name + ".log")
          << node.process->text(Process::Stream::Out) << node.process->text(kErr);
}

std::string Cluster::logs() const {
  std::string all;
  if (!is_own_) return all;
  for (const auto* nodes : {&job_managers_, &task_managers_})
    for (const Node& node : *nodes) all += node.process->text(kErr);
  return all;
}

}  // namespace weir::drill
