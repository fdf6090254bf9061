// SPDX-License-Identifier: Apache-2.0
#include "apps/node/settings.h"

#include <limits>

#include "base/address.h"
#include "base/options.h"

namespace weir::settings {

namespace {

Error wrong(std::string what) { return {ErrorCode::BadArgument, std::move(what)}; }

bool is_open_to_others(const Config& config, const std::string& bind_host) {
  return !is_loopback(bind_host) && config.get(options::kTlsCertificate).empty();
}

Result<BackendKind> backend_named(const std::string& name) {
  if (name == "memory" || name == "jobmanager") return BackendKind::Memory;
  if (name == "filesystem" || name == "fs") return BackendKind::FileSystem;
  if (name == "rocksdb") return BackendKind::RocksDb;
  return wrong("state.backend: '" + name + "' is none; expected memory, filesystem or rocksdb");
}

Result<std::string> directory(const Config& config, const Option<std::string>& option) {
  auto path = local_directory(config.get(option));
  if (!path) return wrong(std::string(option.key) + ": " + path.error().what);
  return path;
}

}  // namespace

Result<std::optional<TlsOptions>> tls(const Config& config) {
  TlsOptions tls{.certificate_file = config.get(options::kTlsCertificate),
                 .key_file = config.get(options::kTlsKey),
                 .ca_file = config.get(options::kTlsCa)};
  const int named = !tls.certificate_file.empty() + !tls.key_file.empty() + !tls.ca_file.empty();
  if (named == 0) return std::optional<TlsOptions>();
  if (named == 3) return std::optional(std::move(tls));
  return wrong(
      "TLS wants all of security.ssl.certificate, security.ssl.key and security.ssl.ca; only a part is set");
}

Result<Interface> interface_of(const Config& config, const Option<std::string>& host,
                               const Option<std::string>& bind_host) {
  Interface result{.host = config.get(host), .bind_host = config.get(bind_host)};
  if (result.bind_host.empty()) result.bind_host = result.host;
  if (!is_open_to_others(config, result.bind_host) || config.get(options::kInsecureNetwork)) return result;
  return Error{ErrorCode::Refused, "refused to listen at " + result.bind_host +
                                       ", which other machines can reach, without TLS: set "
                                       "security.ssl.certificate, .key and .ca (scripts/certificates makes "
                                       "them), or say --insecure-network in a network that you trust"};
}

Result<std::uint16_t> port(const Config& config, const Option<std::uint32_t>& option) {
  const std::uint32_t number = config.get(option);
  if (number <= std::numeric_limits<std::uint16_t>::max()) return static_cast<std::uint16_t>(number);
  return wrong(std::string(option.key) + ": " + std::to_string(number) + " is no port; expected 0 to 65535");
}

Result<RestartOptions> restart(const Config& config) {
  RestartOptions restart;
  const std::string kind = config.get(options::kRestartStrategy);
  if (kind == "none") {
    restart.kind = RestartOptions::Kind::None;
  } else if (kind == "fixed-delay") {
    restart.kind = RestartOptions::Kind::FixedDelay;
    restart.attempts = config.get(options::kFixedDelayAttempts);
    restart.delay = config.get(options::kFixedDelay);
  } else if (kind == "failure-rate") {
    restart.kind = RestartOptions::Kind::FailureRate;
    restart.attempts = config.get(options::kMaxFailuresPerInterval);
    restart.interval = config.get(options::kFailureRateInterval);
    restart.delay = config.get(options::kFailureRateDelay);
  } else {
    return wrong("restart-strategy: '" + kind + "' is none; expected none, fixed-delay or failure-rate");
  }
  return restart;
}

Result<StateDefaults> state_defaults(const Config& config) {
  StateDefaults state;
  const auto kind = backend_named(config.get(options::kStateBackend));
  if (!kind) return kind.error();
  state.backend = {.kind = *kind, .incremental = config.get(options::kIncrementalCheckpoints)};
  auto checkpoints = directory(config, options::kCheckpointDirectory);
  if (!checkpoints) return checkpoints.error();
  state.checkpoint_directory = *std::move(checkpoints);
  auto savepoints = directory(config, options::kSavepointDirectory);
  if (!savepoints) return savepoints.error();
  state.savepoint_directory = *std::move(savepoints);
  state.retained_checkpoints = config.get(options::kRetainedCheckpoints);
  if (state.retained_checkpoints == 0) return wrong("state.checkpoints.num-retained: expected at least 1");
  return state;
}

Result<std::string> storage_directory(const Config& config) {
  const bool has_zookeeper = !config.get(options::kZooKeeperQuorum).empty();
  const std::string way = config.has(options::kHighAvailability) || !has_zookeeper
                              ? config.get(options::kHighAvailability)
                              : "zookeeper";
  if (way == "none" || way == "NONE") return std::string();
  if (way != "filesystem" && way != "zookeeper")
    return wrong("high-availability: expected none, filesystem or zookeeper, not '" + way + "'");
  auto where = directory(config, options::kStorageDirectory);
  if (where && where->empty())
    return wrong("high-availability: " + way + " needs high-availability.storageDir" +
                 (way == "zookeeper" ? ", a directory that all JobManagers see" : ""));
  return where;
}

Result<Heartbeats> heartbeats(const Config& config) {
  const Heartbeats result{.interval = config.get(options::kHeartbeatInterval),
                          .timeout = config.get(options::kHeartbeatTimeout)};
  if (result.interval > Duration::zero() && 2 * result.interval <= result.timeout) return result;
  return wrong("heartbeat.timeout must be at least twice heartbeat.interval, which must not be 0");
}

Result<Adoption> adoption(const Config& config, bool has_other_job_managers) {
  const Adoption wanted{.grace = config.get(options::kAdoptionGrace),
                        .timeout = config.get(options::kAdoptionTimeout)};
  if (!has_other_job_managers || wanted.grace <= Duration::zero()) return Adoption{};
  if (wanted.timeout > Duration::zero()) return wanted;
  return wrong(std::string(options::kAdoptionTimeout.key) +
               " must be more than 0; to have no tasks adopted set " +
               std::string(options::kAdoptionGrace.key) + ": 0 s");
}

Result<Duration> patience(const Config& config, const Option<Duration>& option) {
  const Duration patience = config.get(option);
  if (patience > Duration::zero()) return patience;
  return wrong(std::string(option.key) + ": expected more than 0");
}

}  // namespace weir::settings
