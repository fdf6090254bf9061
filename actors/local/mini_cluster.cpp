// SPDX-License-Identifier: Apache-2.0
#include "actors/local/mini_cluster.h"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/client/job_client_actor.h"
#include "actors/job_manager/contender_mailer_actor.h"
#include "actors/job_manager/job_manager_actor.h"
#include "actors/system/actor_system.h"
#include "actors/system/leader_finder_actor.h"
#include "actors/task_manager/task_manager_actor.h"
#include "ha/standalone.h"

namespace weir {

namespace {

TaskManagerNode::Options node_options(const MiniCluster::Options& options) {
  TaskManagerNode::Options node;
  node.worker = options.worker;
  node.worker.slots = options.slots_per_task_manager;
  // They exchange data as they would over machines. One alone needs no socket.
  if (options.task_managers > 1) node.worker.data_port = 0;
  return node;
}

}  // namespace

/// Order: members end from the last to the first. The client and the TaskManagers let go of the JobManager
///        before it ends, and no handle is left when the actor system does.
struct MiniCluster::State {
  State(const Options& options, ProgramSource& programs);
  ~State();

  std::uint32_t start_task_manager();
  void await_registration(const TaskManagerNode& node);

  ActorSystemConfig config;
  caf::actor_system system{config};
  JobManagerActor job_manager;
  LeaderFinderActor finder;
  std::optional<ContenderMailer> contender;
  StandaloneLeaderElection election;
  const TaskManagerNode::Options node;
  ProgramSource& programs;
  std::deque<std::optional<TaskManagerNode>> task_managers;  // none: was killed
  std::unique_ptr<JobClient> client;
};

MiniCluster::State::State(const Options& options, ProgramSource& programs)
    : job_manager(spawn_job_manager(
          system, {.jobs = {.restart = options.restart, .state = options.state}, .instances = {}})),
      finder(spawn_leader_finder(system)),
      contender(job_manager),
      node(node_options(options)),
      programs(programs) {
  election.start(*contender);
  caf::anon_send(finder, NewLeader{kStandaloneSession}, job_manager);
  for (std::uint32_t number = 0; number < options.task_managers; ++number) start_task_manager();
  client = connect(system, finder);
}

std::uint32_t MiniCluster::State::start_task_manager() {
  const auto& started = task_managers.emplace_back(std::in_place, system, node, programs);
  caf::anon_send(finder, FollowLeader{}, caf::actor_cast<LeaderFollower>(started->actor()));
  await_registration(*started);
  return static_cast<std::uint32_t>(task_managers.size() - 1);
}

void MiniCluster::State::await_registration(const TaskManagerNode& node) {
  caf::scoped_actor self(system);
  bool registered = false;
  self->request(node.actor(), ask_timeout(*self), AwaitRegistration{})
      .receive([&](InstanceId) { registered = true; }, [](const caf::error&) {});
  WEIR_CHECK(registered, "a TaskManager of this process did not register");
}

MiniCluster::State::~State() {
  client.reset();
  task_managers.clear();
  election.stop();
  contender.reset();
  caf::scoped_actor self(system);
  self->send_exit(finder, caf::exit_reason::user_shutdown);
  self->send_exit(job_manager, caf::exit_reason::user_shutdown);
  self->wait_for(finder, job_manager);
  finder = nullptr;
  job_manager = nullptr;
}

MiniCluster::MiniCluster(Options options, ProgramSource& programs)
    : state_(std::make_unique<State>(options, programs)) {}

MiniCluster::~MiniCluster() = default;

JobClient& MiniCluster::client() { return *state_->client; }

void MiniCluster::kill_task_manager(std::uint32_t number) { state_->task_managers.at(number).reset(); }

std::uint32_t MiniCluster::start_task_manager() { return state_->start_task_manager(); }

std::vector<std::string> MiniCluster::data_addresses() const {
  std::vector<std::string> addresses;
  for (const std::optional<TaskManagerNode>& node : state_->task_managers) {
    const auto address = node ? node->data_address() : Result<std::string>("");
    addresses.push_back(address ? *address : "");
  }
  return addresses;
}

}  // namespace weir
