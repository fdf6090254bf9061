// SPDX-License-Identifier: Apache-2.0
#include "actors/client/cluster_connection.h"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <chrono>
#include <utility>

#include "actors/client/job_client_actor.h"
#include "actors/system/actor_system.h"
#include "actors/system/leader_finder_actor.h"
#include "actors/system/remoting.h"
#include "base/file_system.h"
#include "base/sync.h"
#include "ha/retrieval.h"
#include "network/blob/blob_client.h"
#include "network/tcp/probe.h"
#include "network/tcp/tls.h"

namespace weir {

namespace {

RemotingOptions remoting_of(const ClusterConnection::Options& options) {
  using std::chrono::milliseconds;
  return {.heartbeat_interval = std::chrono::duration_cast<milliseconds>(options.heartbeat_interval),
          .silence = std::chrono::duration_cast<milliseconds>(2 * options.heartbeat_timeout),
          .tls = options.tls};
}

/// Hands the leader on to the finder, and remembers where it is.
///
/// Threads: on_leader() by the retrieval, address() by any.
class LeaderNote final : public LeaderListener {
public:
  explicit LeaderNote(LeaderFinderActor finder) : mailer_(std::move(finder)) {}
  void on_leader(const LeaderAddress& leader) override {
    {
      const MutexLock lock(lock_);
      address_ = leader.address;
    }
    mailer_.on_leader(leader);
  }
  [[nodiscard]] std::string address() WEIR_EXCLUDES(lock_) {
    const MutexLock lock(lock_);
    return address_;
  }

private:
  FinderMailer mailer_;
  Mutex lock_;
  std::string address_ WEIR_GUARDED_BY(lock_);
};

}  // namespace

/// Order: members end from the last to the first; no handle of an actor is left when the system ends.
struct ClusterConnection::State {
  explicit State(const Options& chosen)
      : options(chosen),
        config(remoting_of(options)),
        system(config),
        finder(spawn_leader_finder(system)),
        client(connect(system, finder, options.patience)),
        leader(finder) {}
  ~State();

  const Options options;
  ActorSystemConfig config;
  caf::actor_system system;
  std::shared_ptr<TlsContext> tls;  // null: in clear
  LeaderFinderActor finder;
  std::unique_ptr<JobClient> client;
  LeaderNote leader;
  std::unique_ptr<LeaderRetrieval> retrieval;
};

ClusterConnection::State::~State() {
  if (retrieval != nullptr) retrieval->stop();
  client.reset();
  caf::scoped_actor self(system);
  self->send_exit(finder, caf::exit_reason::user_shutdown);
  self->wait_for(finder);
  finder = nullptr;
}

namespace {

/// Said at once, in one line, before anything is started that would keep on trying. Who leads a cluster with
/// several JobManagers is found out only then.
Status probe_cluster(const ClusterConnection::Options& options) {
  if (options.zookeeper) return Status::ok();
  const Duration patience = std::min(options.patience, ClusterConnection::kGreetingPatience);
  return probe(options.job_manager, patience, options.tls ? Greeting::None : Greeting::Expected);
}

Error no_leader(const Error& cause, const ZooKeeperOptions& zookeeper) {
  return {cause.code,
          "no JobManager of cluster '" + zookeeper.cluster + "' leads, as ZooKeeper at " + zookeeper.hosts +
              " tells: " + cause.what,
          cause.blame, cause.retry};
}

}  // namespace

Result<std::unique_ptr<ClusterConnection>> ClusterConnection::open(const Options& options) {
  if (const Status there = probe_cluster(options); !there) return there.error();
  auto state = std::make_unique<State>(options);
  if (options.tls) {
    auto loaded = TlsContext::load(*options.tls);
    if (!loaded) return loaded.error();
    state->tls = *std::move(loaded);
  }
  close_back_doors(state->system);
  auto retrieval = make_retrieval(options.zookeeper, options.job_manager, options.session);
  if (!retrieval) return retrieval.error();
  state->retrieval = *std::move(retrieval);
  state->retrieval->start(state->leader);
  if (const auto there = state->client->cluster_access(); !there)
    return options.zookeeper ? no_leader(there.error(), *options.zookeeper) : there.error();
  return std::unique_ptr<ClusterConnection>(new ClusterConnection(std::move(state)));
}

ClusterConnection::ClusterConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
ClusterConnection::~ClusterConnection() = default;

JobClient& ClusterConnection::client() { return *state_->client; }
std::string ClusterConnection::job_manager() const { return state_->leader.address(); }

Result<std::string> ClusterConnection::upload(const std::string& library) {
  const auto access = state_->client->cluster_access();
  if (!access) return access.error();
  LocalFileSystem files;
  const LinkIdentity identity{.cluster = access->cluster, .node = {}, .token = access->token};
  BlobClient client({.address = access->blob_address,
                     .link = {.identity = identity, .streams = state_->tls}},
                    files);
  const auto key = client.put(library);
  if (!key) return key.error();
  return key->hex();
}

}  // namespace weir
