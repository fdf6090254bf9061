// SPDX-License-Identifier: Apache-2.0
// A JobManager in a process of its own.
#include <iostream>
#include <unistd.h>

#include "actors/job_manager/job_manager_process.h"
#include "apps/jobmanager/guardian.h"
#include "apps/node/exit_codes.h"
#include "apps/node/node.h"
#include "apps/node/settings.h"
#include "apps/node/zookeeper_settings.h"

namespace weir {

namespace {

constexpr std::string_view kName = "weir-jobmanager";

constexpr OptionSpec kOptions[] = {
    kConfigOption,
    kDefineOption,
    {"host", "HOST", "Listen here and tell others so (default 127.0.0.1)."},
    {"port", "PORT", "For control messages; 0: any free one (default 6123)."},
    kZooKeeperOption,
    kClusterIdOption,
    {"no-guardian", "", "Be no child of a parent that ends its ZooKeeper session when it dies."},
    {"insecure-network", "", "Listen to other machines although there is no TLS."},
    {"help,h", "", "Print this."},
    {"version,v", "", "Print the version."},
};

constexpr Shorthand kShorthands[] = {
    {"host", options::kJobManagerAddress.key},
    {"port", options::kJobManagerPort.key},
    {"no-guardian", options::kGuardian.key, "false"},
    {"insecure-network", options::kInsecureNetwork.key},
};

constexpr AnyOption kKeys[] = {
    options::kJobManagerAddress,   options::kJobManagerBindHost,     options::kJobManagerPort,
    options::kBlobPort,            options::kBlobDirectory,          options::kMaxLibrarySize,
    options::kHeartbeatInterval,   options::kHeartbeatTimeout,       options::kRestartStrategy,
    options::kFixedDelayAttempts,  options::kFixedDelay,             options::kMaxFailuresPerInterval,
    options::kFailureRateInterval, options::kFailureRateDelay,       options::kArchivedJobs,
    options::kTlsCertificate,      options::kTlsKey,                 options::kTlsCa,
    options::kInsecureNetwork,     options::kSlotRequestTimeout,     options::kStateBackend,
    options::kIncrementalCheckpoints, options::kCheckpointDirectory, options::kSavepointDirectory,
    options::kRetainedCheckpoints, options::kCheckpointFallBack,     options::kHighAvailability,
    options::kStorageDirectory,    options::kZooKeeperQuorum,        options::kZooKeeperRoot,
    options::kClusterId,           options::kZooKeeperSessionTimeout, options::kZooKeeperSecretFile,
    options::kZooKeeperTrustedNetwork, options::kGuardian,           options::kAskTimeout,
    options::kAdoptionGrace,       options::kAdoptionTimeout,        options::kLogLevel,
};

/// Errors: Refused means that it would not be safe; all others that the configuration is wrong.
Result<JobManagerProcess::Options> options_of(const Config& config) {
  const auto tls = settings::tls(config);
  if (!tls) return tls.error();
  const auto interface =
      settings::interface_of(config, options::kJobManagerAddress, options::kJobManagerBindHost);
  if (!interface) return interface.error();
  const auto port = settings::port(config, options::kJobManagerPort);
  if (!port) return port.error();
  const auto blob_port = settings::port(config, options::kBlobPort);
  if (!blob_port) return blob_port.error();
  const auto restart = settings::restart(config);
  if (!restart) return restart.error();
  auto state = settings::state_defaults(config);
  if (!state) return state.error();
  const auto zookeeper = settings::zookeeper(config);
  if (!zookeeper) return zookeeper.error();
  const auto storage = settings::storage_directory(config);
  if (!storage) return storage.error();
  const auto heartbeats = settings::heartbeats(config);
  if (!heartbeats) return heartbeats.error();
  const auto ask_timeout = settings::patience(config, options::kAskTimeout);
  if (!ask_timeout) return ask_timeout.error();
  const auto slot_timeout = settings::patience(config, options::kSlotRequestTimeout);
  if (!slot_timeout) return slot_timeout.error();
  const auto adoption = settings::adoption(config, zookeeper->has_value());
  if (!adoption) return adoption.error();
  // What another JobManager is to go on from, it must find.
  if (*zookeeper && state->checkpoint_directory.empty())
    state->checkpoint_directory = *storage + "/" + (*zookeeper)->cluster + "/checkpoints";
  return JobManagerProcess::Options{.host = interface->host,
                                    .bind_host = interface->bind_host,
                                    .port = *port,
                                    .jobs = {.restart = *restart,
                                             .state = *state,
                                             .slot_request_timeout = *slot_timeout,
                                             .adoption_timeout = adoption->timeout},
                                    .heartbeat_interval = heartbeats->interval,
                                    .heartbeat_timeout = heartbeats->timeout,
                                    .ask_timeout = *ask_timeout,
                                    .archived_jobs = config.get(options::kArchivedJobs),
                                    .blob_port = *blob_port,
                                    .blob_directory = config.get(options::kBlobDirectory),
                                    .storage_directory = *storage,
                                    .may_fall_back = config.get(options::kCheckpointFallBack),
                                    .max_library_bytes = config.get(options::kMaxLibrarySize).count,
                                    .tls = *tls,
                                    .zookeeper = *zookeeper};
}

int run(const Config& config, Shutdown& shutdown) {
  auto chosen = options_of(config);
  if (!chosen)
    return refuse(kName, chosen.error().what,
                  chosen.error().code == ErrorCode::Refused ? kExitUnsafe : kExitBadConfig);
  if (auto tell = guardian_of_this_process()) chosen->on_zookeeper_session = tell;
  else if (chosen->zookeeper && config.get(options::kGuardian)) return run_guarded(*chosen->zookeeper);
  const auto process = JobManagerProcess::start(*chosen);
  if (!process) return refuse(kName, process.error().what, kExitNotStarted);
  std::cout << kName << " ready: rpc=" << (*process)->rpc_address() << " blob=" << (*process)->blob_address()
            << " pid=" << getpid() << std::endl;
  return shutdown.wait();
}

}  // namespace

}  // namespace weir

int main(int argc, char** argv) {
  return weir::run_node({.name = weir::kName,
                         .purpose = "weir-jobmanager leads a cluster: it takes jobs and places their tasks.",
                         .options = weir::kOptions,
                         .shorthands = weir::kShorthands,
                         .keys = weir::kKeys,
                         .run = weir::run},
                        argc, argv);
}
