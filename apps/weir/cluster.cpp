// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/cluster.h"

#include <optional>
#include <utility>

#include "apps/configuration.h"
#include "apps/node/settings.h"
#include "apps/node/zookeeper_settings.h"
#include "apps/weir/job_reference.h"
#include "base/log.h"
#include "base/options.h"

namespace weir {

namespace {

/// Where nobody listens, the person is told how to get a cluster.
Error no_cluster(const Error& cause) {
  const bool is_nobody_there = cause.code == ErrorCode::ConnectionLost || cause.code == ErrorCode::Closed;
  if (!is_nobody_there) return cause;
  return {cause.code,
          cause.what + "; start a cluster (scripts/cluster up), name another (-m HOST:PORT), or do without "
                       "(weir run --local)",
          cause.blame, cause.retry};
}

/// None where -m names a JobManager.
Result<std::optional<ZooKeeperOptions>> zookeeper_of(const CommandLine& line, const Config& config) {
  if (!line.has("jobmanager")) return settings::zookeeper(config);
  if (!line.has("zookeeper")) return std::optional<ZooKeeperOptions>();
  return Error{ErrorCode::BadArgument, "-m and --zookeeper contradict each other"};
}

/// A term that is over has a session, too: what is said under it must be refused.
Result<LeaderSessionId> session_of(const CommandLine& line) {
  if (!line.has("session")) return kStandaloneSession;
  const auto session = LeaderSessionId::parse(line.text("session", ""));
  if (session && line.has("jobmanager")) return *session;
  return Error{ErrorCode::BadArgument, "--session wants 32 hexadecimal digits, and -m HOST:PORT beside it"};
}

Result<ClusterConnection::Options> connection_options(const CommandLine& line, const Config& config) {
  const auto zookeeper = zookeeper_of(line, config);
  if (!zookeeper) return zookeeper.error();
  auto address = job_manager_address(line, config);
  if (!address) return address.error();
  const auto session = session_of(line);
  if (!session) return session.error();
  const auto heartbeats = settings::heartbeats(config);
  if (!heartbeats) return heartbeats.error();
  const auto patience = settings::patience(config, options::kClientTimeout);
  if (!patience) return patience.error();
  const auto tls = settings::tls(config);
  if (!tls) return tls.error();
  return ClusterConnection::Options{.job_manager = *std::move(address),
                                    .session = *session,
                                    .zookeeper = *zookeeper,
                                    .patience = *patience,
                                    .heartbeat_interval = heartbeats->interval,
                                    .heartbeat_timeout = heartbeats->timeout,
                                    .tls = *tls};
}

}  // namespace

Result<Cluster> open_cluster(const CommandLine& line) {
  const auto config = load_configuration(line);
  if (!config) return config.error();
  return open_cluster(line, *config);
}

Result<Cluster> open_cluster(const CommandLine& line, const Config& config) {
  log::set_level(line.has("verbose") ? log::Level::Info : log::Level::Error);
  auto options = connection_options(line, config);
  if (!options) return options.error();
  auto connection = ClusterConnection::open(*options);
  if (!connection) return no_cluster(connection.error());
  std::string leader = (*connection)->job_manager();
  return Cluster{std::move(leader), *std::move(connection)};
}

Result<JobId> job_named(const std::string& written, const Cluster& cluster) {
  if (const auto id = JobId::parse(written)) return *id;
  const auto known = cluster.client().list();
  if (!known) return known.error();
  return find_job(written, *known);
}

Error explain(const Error& error, const std::string& job, const Cluster& cluster) {
  if (error.code != ErrorCode::UnknownJob) return error;
  const auto known = cluster.client().list();
  const auto meant = known ? find_job(job, *known) : Result<JobId>(error);
  return meant ? error : meant.error();
}

}  // namespace weir
