// SPDX-License-Identifier: Apache-2.0
// A TaskManager in a process of its own.
#include <iostream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include "actors/task_manager/task_manager_process.h"
#include "apps/node/exit_codes.h"
#include "apps/node/node.h"
#include "apps/node/settings.h"
#include "apps/node/zookeeper_settings.h"
#include "base/address.h"
#include "base/crash_report.h"
#include "base/sync.h"

namespace weir {

namespace {

constexpr std::string_view kName = "weir-taskmanager";
constexpr Duration kShutdownPatience = 30s;

constexpr OptionSpec kOptions[] = {
    kConfigOption,
    kDefineOption,
    kJobManagerOption,
    kZooKeeperOption,
    kClusterIdOption,
    {"host", "HOST", "Listen here and tell peers so (default 127.0.0.1)."},
    {"slots", "N", "Tasks of one job vertex that run here at a time (default 1)."},
    {"data-port", "PORT", "For data from and to other TaskManagers; 0: any free one (default 0)."},
    {"insecure-network", "", "Listen to other machines although there is no TLS."},
    {"help,h", "", "Print this."},
    {"version,v", "", "Print the version."},
};

constexpr Shorthand kShorthands[] = {
    {"host", options::kTaskManagerHost.key},
    {"slots", options::kTaskSlots.key},
    {"data-port", options::kTaskManagerDataPort.key},
    {"insecure-network", options::kInsecureNetwork.key},
};

constexpr AnyOption kKeys[] = {
    options::kJobManagerAddress,
    options::kJobManagerPort,
    options::kHighAvailability,
    options::kZooKeeperQuorum,
    options::kZooKeeperRoot,
    options::kClusterId,
    options::kZooKeeperSessionTimeout,
    options::kZooKeeperSecretFile,
    options::kZooKeeperTrustedNetwork,
    options::kTaskManagerHost,
    options::kTaskManagerBindHost,
    options::kTaskManagerDataPort,
    options::kTaskSlots,
    options::kSegmentSize,
    options::kManagedMemory,
    options::kNetworkMemory,
    options::kBuffersPerChannel,
    options::kFloatingBuffersPerGate,
    options::kHeartbeatInterval,
    options::kHeartbeatTimeout,
    options::kAdoptionGrace,
    options::kAdoptionTimeout,
    options::kRegistrationInitialBackoff,
    options::kRegistrationMaxBackoff,
    options::kRegistrationRefusedBackoff,
    options::kRegistrationTimeout,
    options::kCancellationInterval,
    options::kCancellationTimeout,
    options::kLatencyInterval,
    options::kTemporaryDirectory,
    options::kTaskManagerTemporaryDirectory,
    options::kFsMemoryThreshold,
    options::kRocksDbDirectory,
    options::kRocksDbWriteBuffer,
    options::kRocksDbBlockCache,
    options::kLogDirectory,
    options::kTlsCertificate,
    options::kTlsKey,
    options::kTlsCa,
    options::kInsecureNetwork,
    options::kAskTimeout,
    options::kLogLevel,
};

Registration::Options registration_of(const Config& config) {
  Registration::Options registration{.initial_pause = config.get(options::kRegistrationInitialBackoff),
                                     .max_pause = config.get(options::kRegistrationMaxBackoff),
                                     .refused_pause = config.get(options::kRegistrationRefusedBackoff)};
  const Duration limit = config.get(options::kRegistrationTimeout);
  if (limit > Duration::zero()) registration.give_up_after = limit;
  return registration;
}

Status check_sizes(const Worker::Options& worker) {
  constexpr std::uint32_t kLeastSegment = 1 << 12;
  constexpr std::uint32_t kMostSegment = 1 << 20;
  constexpr std::uint64_t kLeastSegments = 64;
  constexpr std::size_t kMostInline = 1 << 20;
  const auto wrong = [](std::string what) { return Error{ErrorCode::BadArgument, std::move(what)}; };
  if (worker.slots == 0) return wrong("taskmanager.numberOfTaskSlots: a TaskManager has at least one slot");
  if (worker.segment_bytes < kLeastSegment || worker.segment_bytes > kMostSegment)
    return wrong("taskmanager.memory.segment-size: expected 4 kb to 1 mb");
  if (worker.network_memory_bytes / worker.segment_bytes < kLeastSegments)
    return wrong("taskmanager.network.memory.max: expected at least 64 segments of memory");
  if (worker.buffers_per_channel == 0)
    return wrong("taskmanager.network.memory.buffers-per-channel: expected at least 1");
  if (worker.state.inline_bytes > kMostInline)
    return wrong("state.backend.fs.memory-threshold: expected at most 1 mb");
  if (worker.cancellation.interval <= Duration::zero())
    return wrong("task.cancellation.interval: expected more than 0");
  return Status::ok();
}

std::vector<std::string> temporary_directories(const Config& config) {
  const std::string own = config.get(options::kTaskManagerTemporaryDirectory);
  return split_directories(own.empty() ? config.get(options::kTemporaryDirectory) : own);
}

Result<Worker::Options> worker_of(const Config& config, const std::string& bind_host) {
  const auto port = settings::port(config, options::kTaskManagerDataPort);
  if (!port) return port.error();
  Worker::Options worker{.slots = config.get(options::kTaskSlots),
                         .network_memory_bytes = config.get(options::kNetworkMemory).count,
                         .segment_bytes = static_cast<std::uint32_t>(config.get(options::kSegmentSize).count),
                         .buffers_per_channel = config.get(options::kBuffersPerChannel),
                         .floating_buffers_per_gate = config.get(options::kFloatingBuffersPerGate),
                         .managed_memory_bytes = config.get(options::kManagedMemory).count};
  worker.data_bind_address = bind_host;
  worker.data_port = *port;
  worker.spill_directories = temporary_directories(config);
  if (!worker.spill_directories.empty()) worker.temporary_directory = worker.spill_directories.front();
  worker.state = {.directory = config.get(options::kRocksDbDirectory),
                  .inline_bytes = config.get(options::kFsMemoryThreshold).count,
                  .memtable_bytes = config.get(options::kRocksDbWriteBuffer).count,
                  .block_cache_bytes = config.get(options::kRocksDbBlockCache).count};
  worker.cancellation = {.interval = config.get(options::kCancellationInterval),
                         .timeout = config.get(options::kCancellationTimeout)};
  worker.latency_interval = config.get(options::kLatencyInterval);
  if (Status sound = check_sizes(worker); !sound) return sound.error();
  return worker;
}

/// Errors: Refused means that it would not be safe; all others that the configuration is wrong.
Result<TaskManagerProcess::Options> options_of(const Config& config) {
  TaskManagerProcess::Options result;
  const auto tls = settings::tls(config);
  if (!tls) return tls.error();
  result.tls = *tls;
  const auto interface =
      settings::interface_of(config, options::kTaskManagerHost, options::kTaskManagerBindHost);
  if (!interface) return interface.error();
  result.host = interface->host;
  auto worker = worker_of(config, interface->bind_host);
  if (!worker) return worker.error();
  result.worker = *std::move(worker);
  const auto heartbeats = settings::heartbeats(config);
  if (!heartbeats) return heartbeats.error();
  result.heartbeat_interval = heartbeats->interval;
  result.heartbeat_timeout = heartbeats->timeout;
  const auto ask_timeout = settings::patience(config, options::kAskTimeout);
  if (!ask_timeout) return ask_timeout.error();
  result.ask_timeout = *ask_timeout;
  const auto port = settings::port(config, options::kJobManagerPort);
  if (!port) return port.error();
  auto zookeeper = settings::zookeeper(config);
  if (!zookeeper) return zookeeper.error();
  result.zookeeper = *std::move(zookeeper);
  const auto adoption = settings::adoption(config, result.zookeeper.has_value());
  if (!adoption) return adoption.error();
  result.adoption_grace = adoption->grace;
  result.job_manager = join_address(config.get(options::kJobManagerAddress), *port);
  result.registration = registration_of(config);
  result.libraries.parent_directory = result.worker.temporary_directory;
  return result;
}

/// Says that the TaskManager is ready, when it has an address and was registered for the first time.
///
/// Threads: any.
class ReadyLine {
public:
  ReadyLine(std::uint32_t slots, std::string job_manager)
      : slots_(slots), job_manager_(std::move(job_manager)) {}

  void started(const TaskManagerProcess& process) WEIR_EXCLUDES(lock_) {
    const MutexLock lock(lock_);
    who_ = "id=" + process.id().hex() + " data=" + process.data_address();
    say_once();
  }
  void registered() WEIR_EXCLUDES(lock_) {
    const MutexLock lock(lock_);
    is_registered_ = true;
    say_once();
  }

private:
  void say_once() WEIR_REQUIRES(lock_) {
    if (who_.empty() || !is_registered_ || std::exchange(is_said_, true)) return;
    std::cout << kName << " ready: " << who_ << " slots=" << slots_ << " jobmanager=" << job_manager_
              << " pid=" << getpid() << std::endl;
  }

  const std::uint32_t slots_;
  const std::string job_manager_;
  Mutex lock_;
  std::string who_ WEIR_GUARDED_BY(lock_);
  bool is_registered_ WEIR_GUARDED_BY(lock_) = false;
  bool is_said_ WEIR_GUARDED_BY(lock_) = false;
};

/// Before there are threads.
Status report_crashes(const Config& config) {
  const std::string directory = config.get(options::kLogDirectory);
  if (directory.empty()) return crash_report::install("");
  return crash_report::install(directory + "/weir-taskmanager-" + std::to_string(getpid()) + ".crash");
}

int run(const Config& config, Shutdown& shutdown) {
  auto chosen = options_of(config);
  if (!chosen)
    return refuse(kName, chosen.error().what,
                  chosen.error().code == ErrorCode::Refused ? kExitUnsafe : kExitBadConfig);
  if (Status reports = report_crashes(config); !reports)
    return refuse(kName, reports.error().what, kExitBadConfig);
  ReadyLine ready(chosen->worker.slots, chosen->zookeeper ? "zookeeper:" + chosen->zookeeper->cluster
                                                          : chosen->job_manager);
  chosen->on_registered = [&] { ready.registered(); };
  chosen->on_given_up = [&](const std::string& reason) {
    shutdown.request(refuse(kName, reason, kExitGaveUp));
  };
  // At once: the task that does not let go would not let an orderly end come either.
  chosen->on_stuck_task = [](const std::string& reason) { _exit(refuse(kName, reason, kExitStuckTask)); };
  const auto process = TaskManagerProcess::start(*chosen);
  if (!process) return refuse(kName, process.error().what, kExitNotStarted);
  ready.started(**process);
  const int exit_code = shutdown.wait();
  shutdown.hurry(kShutdownPatience, kExitStuckTask);
  return exit_code;
}

}  // namespace

}  // namespace weir

int main(int argc, char** argv) {
  return weir::run_node({.name = weir::kName,
                         .purpose = "weir-taskmanager runs the tasks that a JobManager gives to it.",
                         .options = weir::kOptions,
                         .shorthands = weir::kShorthands,
                         .keys = weir::kKeys,
                         .run = weir::run},
                        argc, argv);
}
