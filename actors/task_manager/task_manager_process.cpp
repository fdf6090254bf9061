// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/task_manager_process.h"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <chrono>
#include <thread>
#include <unistd.h>
#include <utility>

#include "actors/system/actor_system.h"
#include "actors/system/leader_finder_actor.h"
#include "actors/system/remoting.h"
#include "actors/task_manager/task_manager_actor.h"
#include "ha/retrieval.h"
#include "network/tcp/tls.h"

namespace weir {

namespace {

RemotingOptions remoting_of(const TaskManagerProcess::Options& options) {
  using std::chrono::milliseconds;
  return {.heartbeat_interval = std::chrono::duration_cast<milliseconds>(options.heartbeat_interval),
          .silence = std::chrono::duration_cast<milliseconds>(2 * options.heartbeat_timeout),
          .ask_timeout = std::chrono::ceil<milliseconds>(options.ask_timeout),
          .tls = options.tls};
}

HardwareDescription this_machine() {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  return {.cpu_cores = std::thread::hardware_concurrency(),
          .memory_bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE))};
}

}  // namespace

/// Order: members end from the last to the first; no handle of an actor is left when the system ends.
struct TaskManagerProcess::State {
  explicit State(const Options& options) : config(remoting_of(options)), system(config) {}
  ~State();

  [[nodiscard]] Status open(Options options);

  ActorSystemConfig config;
  caf::actor_system system;
  TaskManagerId id;
  std::string data_address;
  std::shared_ptr<TlsContext> tls;  // null: in clear
  std::unique_ptr<LibraryCache> libraries;
  LeaderFinderActor finder;
  std::unique_ptr<TaskManagerNode> node;
  std::optional<FinderMailer> mailer;
  std::unique_ptr<LeaderRetrieval> retrieval;
};

Status TaskManagerProcess::State::open(Options options) {
  close_back_doors(system);
  options.libraries.link.streams = tls;
  auto cache = LibraryCache::make(options.libraries);
  if (!cache) return cache.error();
  libraries = *std::move(cache);
  finder = spawn_leader_finder(system);
  TaskManagerNode::Options wanted;
  wanted.actor.self.hardware = this_machine();
  wanted.actor.registration = options.registration;
  wanted.actor.heartbeat_interval = options.heartbeat_interval;
  wanted.actor.heartbeat_timeout = options.heartbeat_timeout;
  wanted.actor.adoption_grace = options.adoption_grace;
  wanted.worker = options.worker;
  wanted.worker.data_streams = tls;
  if (options.on_stuck_task) wanted.worker.on_fatal = options.on_stuck_task;
  wanted.data_host = options.host;
  wanted.events.registered = [this, told = options.on_registered](const ClusterAccess& access) {
    libraries->connect(access.blob_address,
                       {.cluster = access.cluster, .node = id, .token = access.token});
    if (told) told();
  };
  wanted.events.leader_lost = [told = finder](const std::string& reason) {
    caf::anon_send(told, LeaderLost{reason});
  };
  wanted.events.given_up = options.on_given_up;
  node = std::make_unique<TaskManagerNode>(system, std::move(wanted), *libraries);

  const auto address = node->data_address();
  if (!address) return address.error();
  data_address = *address;
  id = node->id();  // before anybody is told of a leader, and so before it can be taken in
  caf::anon_send(finder, FollowLeader{}, caf::actor_cast<LeaderFollower>(node->actor()));
  mailer.emplace(finder);
  auto found = make_retrieval(options.zookeeper, options.job_manager);
  if (!found) return found.error();
  retrieval = *std::move(found);
  retrieval->start(*mailer);
  return Status::ok();
}

TaskManagerProcess::State::~State() {
  if (retrieval != nullptr) retrieval->stop();
  mailer.reset();
  node.reset();
  caf::scoped_actor self(system);
  self->send_exit(finder, caf::exit_reason::user_shutdown);
  self->wait_for(finder);
  finder = nullptr;
}

Result<std::unique_ptr<TaskManagerProcess>> TaskManagerProcess::start(Options options) {
  auto state = std::make_unique<State>(options);
  if (options.tls) {
    auto loaded = TlsContext::load(*options.tls);
    if (!loaded) return loaded.error();
    state->tls = *std::move(loaded);
  }
  if (Status opened = state->open(std::move(options)); !opened) return opened.error();
  return std::unique_ptr<TaskManagerProcess>(new TaskManagerProcess(std::move(state)));
}

TaskManagerProcess::TaskManagerProcess(std::unique_ptr<State> state) : state_(std::move(state)) {}
TaskManagerProcess::~TaskManagerProcess() = default;

TaskManagerId TaskManagerProcess::id() const { return state_->id; }
const std::string& TaskManagerProcess::data_address() const { return state_->data_address; }

}  // namespace weir
