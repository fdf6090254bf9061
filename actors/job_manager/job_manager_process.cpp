// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_manager_process.h"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <utility>

#include "actors/job_manager/contender_mailer_actor.h"
#include "actors/job_manager/job_manager_actor.h"
#include "actors/job_manager/jobs_with_libraries.h"
#include "actors/job_manager/library_keeper.h"
#include "actors/system/actor_system.h"
#include "actors/system/remoting.h"
#include "base/address.h"
#include "base/directory_lock.h"
#include "base/file_system.h"
#include "base/private_directory.h"
#include "ha/job_storage.h"
#include "ha/retrieval.h"
#include "ha/shared_identity.h"
#include "ha/standalone.h"
#include "ha/zk_leader.h"
#include "ha/zk_storage.h"
#include "network/blob/blob_server.h"
#include "network/blob/blob_store.h"
#include "network/tcp/tls.h"

namespace weir {

namespace {

/// A secret as good as the ids are: 256 random bits.
LinkToken random_token() {
  LinkToken token;
  const ClusterId bits[] = {ClusterId::random(), ClusterId::random()};
  static_assert(sizeof bits == sizeof token);
  std::memcpy(token.data(), bits, sizeof bits);
  return token;
}

RemotingOptions remoting_of(const JobManagerProcess::Options& options) {
  using std::chrono::milliseconds;
  return {.heartbeat_interval = std::chrono::duration_cast<milliseconds>(options.heartbeat_interval),
          .silence = std::chrono::duration_cast<milliseconds>(2 * options.heartbeat_timeout),
          .ask_timeout = std::chrono::ceil<milliseconds>(options.ask_timeout),
          .tls = options.tls};
}

}  // namespace

/// Order: members end from the last to the first; no handle of an actor is left when the system ends.
struct JobManagerProcess::State {
  explicit State(const Options& options) : config(remoting_of(options)), system(config) {}
  ~State();

  [[nodiscard]] Status open(const Options& options);
  [[nodiscard]] Status open_election(const Options& options);
  [[nodiscard]] Status open_storage(const Options& options);
  [[nodiscard]] Result<std::string> library_directory(const Options& options);
  [[nodiscard]] Status open_blobs(const Options& options);
  [[nodiscard]] std::shared_ptr<JobStorage> storage_of(const Options& options, LeaderSessionId session);
  void open_job_manager(const Options& options);
  [[nodiscard]] Status publish_job_manager(const Options& options);
  void await_leadership();

  // Actors use these until the last of them has ended, with the system.
  LocalFileSystem files;
  std::unique_ptr<PrivateDirectory> own_directory;  // of the libraries; null: they survive
  std::unique_ptr<BlobStore> blobs;
  std::optional<ZkPaths> paths;                      // none: there is one JobManager
  std::unique_ptr<ZkLeaderElection> zookeeper;       // the same
  ActorSystemConfig config;
  caf::actor_system system;
  std::string rpc_address;
  std::shared_ptr<TlsContext> tls;  // null: in clear
  std::unique_ptr<DirectoryLock> storage_lock;      // null: nothing survives
  std::shared_ptr<JobStorage> storage;
  std::optional<LibraryKeeper> libraries;
  std::unique_ptr<BlobServer> blob_server;
  ClusterAccess access{.cluster = ClusterId::random(), .token = random_token(), .blob_address = {}};
  JobManagerActor job_manager;
  std::optional<ContenderMailer> contender;
  StandaloneLeaderElection standalone;  // without ZooKeeper
};

Status JobManagerProcess::State::open(const Options& options) {
  close_back_doors(system);
  if (Status opened = open_election(options); !opened) return opened;
  if (Status opened = open_storage(options); !opened) return opened;
  if (Status opened = open_blobs(options); !opened) return opened;
  open_job_manager(options);
  if (zookeeper != nullptr) {
    // One that stands by can be reached, but nobody is told where it is before it leads.
    if (Status published = publish_job_manager(options); !published) return published;
    zookeeper->start(*contender);
    return Status::ok();
  }
  standalone.start(*contender);
  // Nobody finds it before it knows the jobs that it goes on with, and so nobody is told that they are not
  // here.
  await_leadership();
  return publish_job_manager(options);
}

void JobManagerProcess::State::open_job_manager(const Options& options) {
  JobManagerOptions wanted{.jobs = options.jobs,
                           .instances = {.heartbeat_timeout = options.heartbeat_timeout, .access = access},
                           .archived_jobs = options.archived_jobs,
                           .libraries = &*libraries,
                           .storage = storage};
  if (zookeeper != nullptr) {
    wanted.open_storage = [this, options](LeaderSessionId session) { return storage_of(options, session); };
    wanted.on_leading = [this](LeaderSessionId session) { zookeeper->confirm(session, rpc_address); };
  }
  job_manager = spawn_job_manager(system, std::move(wanted));
  contender.emplace(job_manager);
}

Status JobManagerProcess::State::publish_job_manager(const Options& options) {
  const auto port = publish(job_manager, options.bind_host, options.port);
  if (!port) return port.error();
  rpc_address = join_address(options.host, *port);
  return Status::ok();
}

Status JobManagerProcess::State::open_election(const Options& options) {
  if (!options.zookeeper) return Status::ok();
  const auto named = ZkPaths::make(options.zookeeper->root, options.zookeeper->cluster);
  if (!named) return named.error();
  paths = *named;
  const auto shared = shared_identity(options.storage_directory + "/" + options.zookeeper->cluster);
  if (!shared) return shared.error();
  access.cluster = shared->cluster;
  access.token = shared->token;
  auto election = ZkLeaderElection::make({.zookeeper = client_options(*options.zookeeper),
                                          .paths = *paths,
                                          .on_session = options.on_zookeeper_session});
  if (!election) return election.error();
  zookeeper = *std::move(election);
  return Status::ok();
}

std::shared_ptr<JobStorage> JobManagerProcess::State::storage_of(const Options& options,
                                                                 LeaderSessionId session) {
  const std::string directory = options.storage_directory + "/" + options.zookeeper->cluster;
  auto opened = open_zk_storage(zookeeper->client(),
                                {.term = {.paths = *paths,
                                          .session = session,
                                          .patience = 2 * options.zookeeper->session_timeout},
                                 .directory = directory,
                                 .may_fall_back = options.may_fall_back});
  opened->jobs =
      std::make_unique<JobsWithLibraries>(std::move(opened->jobs), *blobs, files, directory + "/blobs");
  return opened;
}

Status JobManagerProcess::State::open_storage(const Options& options) {
  const std::string directory = options.zookeeper ? "" : options.storage_directory;  // each term has its own
  storage = open_file_storage({.directory = directory, .may_fall_back = options.may_fall_back});
  if (options.storage_directory.empty() || options.zookeeper) return Status::ok();
  auto lock = DirectoryLock::take(options.storage_directory);
  if (!lock) return lock.error();
  storage_lock = *std::move(lock);
  const auto jobs = storage->jobs->recover();  // what cannot be read is said before anything is open
  return jobs ? Status::ok() : Status(jobs.error());
}

void JobManagerProcess::State::await_leadership() {
  caf::scoped_actor self(system);
  self->request(job_manager, caf::infinite, AwaitLeadership{})
      .receive([](LeaderSessionId) {},
               [](const caf::error&) { WEIR_CHECK(false, "the only candidate was not elected"); });
}

Result<std::string> JobManagerProcess::State::library_directory(const Options& options) {
  const bool is_shared = options.zookeeper.has_value();  // then jobs are kept with their libraries
  if (!options.storage_directory.empty() && !is_shared) return options.storage_directory + "/blobs";
  const auto parent = options.blob_directory.empty() ? std::filesystem::temp_directory_path().string()
                                                     : options.blob_directory;
  auto directory = PrivateDirectory::make(parent, "weir-blobs");
  if (!directory) return directory.error();
  own_directory = *std::move(directory);
  return own_directory->path();
}

Status JobManagerProcess::State::open_blobs(const Options& options) {
  if (options.tls) {
    auto loaded = TlsContext::load(*options.tls);
    if (!loaded) return loaded.error();
    tls = *std::move(loaded);
  }
  const auto directory = library_directory(options);
  if (!directory) return directory.error();
  auto store =
      BlobStore::open({.directory = *directory, .max_blob_bytes = options.max_library_bytes}, files);
  if (!store) return store.error();
  blobs = *std::move(store);
  libraries.emplace(*blobs);
  const LinkIdentity identity{.cluster = access.cluster, .node = {}, .token = access.token};
  auto server = BlobServer::start({.bind_address = options.bind_host,
                                   .port = options.blob_port,
                                   .link = {.identity = identity, .streams = tls}},
                                  *blobs, &*libraries);
  if (!server) return server.error();
  blob_server = *std::move(server);
  const auto place = split_address(blob_server->address());
  WEIR_CHECK(place, "a listening socket has an address");
  access.blob_address = join_address(options.host, place->port);
  return Status::ok();
}

JobManagerProcess::State::~State() {
  if (!job_manager) return;  // it was not opened
  if (zookeeper != nullptr) zookeeper->stop();
  else standalone.stop();
  contender.reset();
  caf::scoped_actor self(system);
  self->send_exit(job_manager, caf::exit_reason::user_shutdown);
  self->wait_for(job_manager);
  job_manager = nullptr;
}

Result<std::unique_ptr<JobManagerProcess>> JobManagerProcess::start(const Options& options) {
  auto state = std::make_unique<State>(options);
  if (Status opened = state->open(options); !opened) return opened.error();
  return std::unique_ptr<JobManagerProcess>(new JobManagerProcess(std::move(state)));
}

JobManagerProcess::JobManagerProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
JobManagerProcess::~JobManagerProcess() = default;

const std::string& JobManagerProcess::rpc_address() const { return state_->rpc_address; }
const std::string& JobManagerProcess::blob_address() const { return state_->access.blob_address; }

}  // namespace weir
