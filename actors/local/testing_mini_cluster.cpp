// SPDX-License-Identifier: Apache-2.0
// The cluster that users test with: programs of this process on a MiniCluster of actors.
#include <algorithm>
#include <charconv>
#include <deque>
#include <exception>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "actors/local/mini_cluster.h"
#include "actors/local/task_places.h"
#include "api/built_program.h"
#include "api/testing/mini_cluster.h"
#include "base/bell.h"
#include "base/private_directory.h"
#include "base/sync.h"
#include "base/thread.h"
#include "checkpoint/snapshot/metadata.h"

namespace weir::testing {

namespace {

/// Programs by the names under which they were added.
///
/// Threads: any.
class Programs final : public ProgramSource {
public:
  /// Builds it for the first time. Errors: what the program threw.
  [[nodiscard]] Result<std::shared_ptr<const Program>> add(MiniCluster::Program program,
                                                           const JobOptions& options) WEIR_EXCLUDES(lock_) {
    ProgramReference reference{"", options.arguments, options.parallelism, 0};
    {
      MutexLock held(lock_);
      reference.library = "program " + std::to_string(programs_.size() + 1) + " of this process";
      programs_.emplace(reference.library, std::move(program));
    }
    return load(reference);
  }

  [[nodiscard]] Result<std::shared_ptr<const Program>> load(const ProgramReference& reference) override
      WEIR_EXCLUDES(lock_) {
    Environment env(Params(reference.arguments), reference.default_parallelism);
    try {
      find(reference.library)(env);
      env.params().refuse_unknown();
    } catch (const std::exception& error) {
      return Error{ErrorCode::ProgramFailed, error.what(), Blame::User};
    }
    auto program = translate(env, reference);
    if (!program || reference.fingerprint == 0) return program;
    if (auto same = check_fingerprint(reference, **program); !same) return same.error();
    return program;
  }

private:
  [[nodiscard]] const MiniCluster::Program& find(const std::string& name) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    return programs_.at(name);
  }

  Mutex lock_;
  std::map<std::string, MiniCluster::Program> programs_ WEIR_GUARDED_BY(lock_);  // never taken out
};

/// Which tasks of a job run.
class RunningTasks final : public JobListener {
public:
  explicit RunningTasks(const JobGraph& graph) {
    for (const JobVertex& vertex : graph.vertices) wanted_ += vertex.parallelism;
  }

  void on_task_state(const ExecutionStateChanged& mail) override WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    states_[mail.attempt] = mail.state;
    changed_.notify_all();
  }
  /// Or until the job is over. False if that took too long.
  [[nodiscard]] bool await_all(TimePoint deadline) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    while (!is_over_ && count() < wanted_)
      if (!changed_.wait_until(lock_, deadline)) return false;
    return true;
  }
  /// False if it is not by then.
  [[nodiscard]] bool await_end(TimePoint deadline) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    while (!is_over_)
      if (!changed_.wait_until(lock_, deadline)) return false;
    return true;
  }
  [[nodiscard]] bool is_over() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    return is_over_;
  }
  void end() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    is_over_ = true;
    changed_.notify_all();
  }

private:
  [[nodiscard]] std::size_t count() const WEIR_REQUIRES(lock_) {
    return static_cast<std::size_t>(std::ranges::count_if(states_, [](const auto& each) {
      return each.second == ExecutionState::Running || each.second == ExecutionState::Finished;
    }));
  }

  std::size_t wanted_ = 0;
  Mutex lock_;
  CondVar changed_;
  std::map<ExecutionAttemptId, ExecutionState> states_ WEIR_GUARDED_BY(lock_);
  bool is_over_ WEIR_GUARDED_BY(lock_) = false;
};

/// The greatest number of a complete checkpoint that lies in the directory; 0: there is none.
CheckpointId latest_checkpoint(const std::string& directory) {
  constexpr std::string_view kName = "chk-";
  CheckpointId latest = 0;
  std::error_code ignored;  // what is deleted meanwhile
  for (std::filesystem::recursive_directory_iterator at(directory, ignored), end; at != end;
       at.increment(ignored)) {
    const std::string folder = at->path().parent_path().filename().string();
    if (at->path().filename() != kMetadataName || !folder.starts_with(kName)) continue;
    CheckpointId number = 0;
    std::from_chars(folder.data() + kName.size(), folder.data() + folder.size(), number);
    latest = std::max(latest, number);
  }
  return latest;
}

/// Where a cluster's jobs keep what they have.
struct Folders {
  std::string checkpoints;
  std::string savepoints;
};

class Job final : public MiniJob {
public:
  Job(weir::MiniCluster& cluster, JobGraph graph, Folders folders, Duration patience)
      : cluster_(cluster),
        client_(cluster.client()),
        id_(graph.id),
        folders_(std::move(folders)),
        patience_(patience),
        tasks_(graph),
        thread_("mini-job", [this, graph = std::move(graph)] { run(graph); }) {}
  ~Job() override {
    // Refused as long as it is on its way to the JobManager.
    for (Bell pause; !tasks_.is_over(); (void)pause.await_until(std::chrono::steady_clock::now() + 2ms))
      (void)client_.cancel(id_);
  }

  void await_running() override {
    if (!tasks_.await_all(deadline())) fail("not all of its tasks run");
  }
  void await_checkpoint() override {
    const std::string folder = folders_.checkpoints + "/" + id_.hex();
    // One may be under way: the next one but one began later.
    const CheckpointId before = latest_checkpoint(folder);
    const TimePoint until = deadline();
    for (Bell pause; latest_checkpoint(folder) < before + 2;) {
      if (tasks_.is_over() || std::chrono::steady_clock::now() > until) fail("no checkpoint was completed");
      (void)pause.await_until(std::chrono::steady_clock::now() + 2ms);
    }
  }
  std::string savepoint() override { return savepoint(AfterSavepoint::GoOn); }
  std::string stop_with_savepoint() override { return savepoint(AfterSavepoint::Stop); }
  void cancel() override {
    if (const Status begun = client_.cancel(id_); !begun) fail(begun.error().what);
  }
  std::uint32_t restarts() override { return details().restarts; }
  std::vector<std::uint32_t> task_managers() override {
    return TaskPlaces(details(), cluster_.data_addresses()).all();
  }
  std::uint32_t task_manager_of(const std::string& name, std::uint32_t subtask) override {
    const auto number = TaskPlaces(details(), cluster_.data_addresses()).of(name, subtask);
    if (!number) fail("no TaskManager has subtask " + std::to_string(subtask) + " of " + name);
    return *number;
  }
  JobEnd await() override {
    if (!tasks_.await_end(deadline())) fail("it has not ended");
    if (thread_.joinable()) thread_.join();
    if (!*end_) fail(end_->error().what);
    return {(*end_)->status, (*end_)->failure, (*end_)->accumulators};
  }

private:
  void run(const JobGraph& graph) {
    end_ = client_.run(graph, &tasks_);
    tasks_.end();
  }
  std::string savepoint(AfterSavepoint then) {
    await_running();
    const auto path = client_.savepoint(id_, folders_.savepoints, then);
    if (!path) fail(path.error().what);
    return *path;
  }
  [[nodiscard]] JobDetails details() {
    auto details = client_.details(id_);
    if (!details) fail(details.error().what);
    return *std::move(details);
  }
  [[nodiscard]] TimePoint deadline() const { return std::chrono::steady_clock::now() + patience_; }
  [[noreturn]] void fail(const std::string& why) const {
    throw std::runtime_error("job " + id_.hex() + ": " + why);
  }

  // They outlive this.
  const weir::MiniCluster& cluster_;
  JobClient& client_;
  const JobId id_;
  const Folders folders_;
  const Duration patience_;
  RunningTasks tasks_;
  std::optional<Result<JobResult>> end_;  // the thread's until it is joined
  Thread thread_;
};

std::unique_ptr<PrivateDirectory> own_directory() {
  auto made = PrivateDirectory::make(std::filesystem::temp_directory_path().string(), "weir-mini-cluster");
  if (!made) throw std::runtime_error(made.error().what);
  return std::move(*made);
}

weir::MiniCluster::Options options_of(const MiniCluster::Options& given, const Folders& folders) {
  weir::MiniCluster::Options options;
  options.task_managers = given.task_managers;
  options.slots_per_task_manager = given.slots;
  options.worker.network_memory_bytes = 32 << 20;
  options.worker.managed_memory_bytes = 16 << 20;
  options.worker.data_port = 0;  // others may be started later
  options.state.backend.kind = BackendKind::FileSystem;
  options.state.checkpoint_directory = folders.checkpoints;
  options.state.savepoint_directory = folders.savepoints;
  return options;
}

}  // namespace

struct MiniCluster::State {
  explicit State(const Options& options)
      : patience(options.patience),
        directory(own_directory()),
        folders{directory->path() + "/checkpoints", directory->path() + "/savepoints"},
        cluster(options_of(options, folders), programs) {}

  const Duration patience;
  const std::unique_ptr<PrivateDirectory> directory;
  const Folders folders;
  Programs programs;
  weir::MiniCluster cluster;
  std::deque<Job> jobs;  // end first: they cancel
};

MiniCluster::MiniCluster(const Options& options) : state_(std::make_unique<State>(options)) {}

MiniCluster::~MiniCluster() = default;

MiniJob& MiniCluster::submit(Program program, const JobOptions& options) {
  const auto built = state_->programs.add(std::move(program), options);
  if (!built) throw std::runtime_error("the program was refused: " + built.error().what);
  JobGraph graph = (*built)->job_graph();
  graph.restore.path = options.from_savepoint;
  return state_->jobs.emplace_back(state_->cluster, std::move(graph), state_->folders,
                                   state_->patience);
}

void MiniCluster::kill_task_manager(std::uint32_t number) {
  const auto living = task_managers();
  if (!std::ranges::binary_search(living, number))
    throw std::runtime_error("there is no TaskManager " + std::to_string(number) + " to kill");
  state_->cluster.kill_task_manager(number);
}

std::uint32_t MiniCluster::start_task_manager() { return state_->cluster.start_task_manager(); }

std::vector<std::uint32_t> MiniCluster::task_managers() const {
  std::vector<std::uint32_t> living;
  const auto addresses = state_->cluster.data_addresses();
  for (std::uint32_t number = 0; number < addresses.size(); ++number)
    if (!addresses[number].empty()) living.push_back(number);
  return living;
}

}  // namespace weir::testing
