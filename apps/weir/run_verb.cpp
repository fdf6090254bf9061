// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <atomic>
#include <iostream>
#include <optional>
#include <string>
#include <utility>

#include "actors/local/mini_cluster.h"
#include "api/program_loader.h"
#include "apps/node/settings.h"
#include "apps/weir/cluster.h"
#include "apps/weir/console.h"
#include "apps/weir/interrupt.h"
#include "apps/weir/job_printer.h"
#include "apps/weir/json_output.h"
#include "apps/weir/progress_display.h"
#include "apps/weir/savepoint_words.h"
#include "apps/weir/verbs.h"
#include "base/log.h"
#include "base/options.h"

namespace weir {

namespace {

/// What Ctrl-C cancels, once there is something.
struct Running {
  std::atomic<JobClient*> client = nullptr;
  JobId job;

  void cancel() {
    JobClient* running = client;
    if (running == nullptr) return;
    std::cerr << "Cancelling job " + job.hex() + ".\n";
    if (const Status begun = running->cancel(job); !begun) fail(begun.error().what);
  }
};

/// One run, as it was asked for.
struct Run {
  const CommandLine& line;
  const Config config;
  const bool json;
  JobGraph graph;
  Submission first;
  Running& running;
};

Result<MiniCluster::Options> local_options(const CommandLine& line, const Config& config,
                                           std::uint32_t slots_needed) {
  const auto task_managers = line.count("taskmanagers", 1);
  if (!task_managers) return task_managers.error();
  const std::uint32_t fair_share = (slots_needed + *task_managers - 1) / *task_managers;
  const auto slots = line.count("slots", fair_share);
  if (!slots) return slots.error();
  const auto state = settings::state_defaults(config);
  if (!state) return state.error();
  return MiniCluster::Options{.task_managers = *task_managers,
                              .slots_per_task_manager = *slots,
                              .worker = {},
                              .restart = {},
                              .state = *state};
}

int report(const Result<JobResult>& result, bool json) {
  if (!result) return fail(result.error().what);
  if (json) std::cout << result_json(*result) << '\n';
  switch (result->status) {
    case JobStatus::Finished:
      if (!json) print_result(*result);
      return kExitOk;
    case JobStatus::Canceled: return fail("job " + result->job.hex() + " was cancelled");
    default: return fail("job " + result->job.hex() + " failed: " + result->failure);
  }
}

/// Submits and waits for the end.
int attach(Run& run, JobClient& client) {
  Console console;
  JobPrinter printer(console, run.line.has("sysoutLogging"), run.json);
  run.running.job = run.graph.id;
  run.running.client = &client;
  const auto result = [&] {
    std::optional<ProgressDisplay> display;
    // A local job may print, and to the same terminal.
    if (!run.line.has("local") || ::isatty(STDOUT_FILENO) == 0)
      display.emplace(client, console, run.graph.id);
    return client.run(std::move(run.graph), &printer, run.first);
  }();
  run.running.client = nullptr;
  return report(result, run.json);
}

int run_locally(Run& run, ProgramLoader& programs) {
  if (run.line.has("jobmanager")) return fail("--local and -m contradict each other");
  if (run.line.has("zookeeper")) return fail("--local and --zookeeper contradict each other");
  if (run.line.has("detached")) return fail("a local cluster ends with its job: --local cannot be detached");
  const auto options = local_options(run.line, run.config, run.graph.required_slots());
  if (!options) return fail(options.error().what);
  MiniCluster cluster(*options, programs);
  return attach(run, cluster.client());
}

int run_on_cluster(Run& run) {
  for (const char* option : {"slots", "taskmanagers"}) {
    if (run.line.has(option)) return fail(std::string("--") + option + " is for --local");
  }
  const auto cluster = open_cluster(run.line, run.config);
  if (!cluster) return fail(cluster.error().what);
  auto key = cluster->connection->upload(run.graph.program.library);
  if (!key) return fail(key.error().what);
  run.graph.program.library = *std::move(key);
  if (!run.line.has("detached")) return attach(run, cluster->client());

  const auto job = cluster->client().submit(std::move(run.graph), run.first);
  if (!job) return fail(job.error().what);
  if (run.json) std::cout << result_json({.job = *job}) << '\n';
  else std::cout << "Job has been submitted with JobID " << job->hex() << '\n';
  return kExitOk;
}

}  // namespace

int run_program(const CommandLine& line) {
  if (line.rest().empty()) return fail("run wants a program: weir run [OPTIONS] PROGRAM.so [ARGS...]");
  const auto config = load_configuration(line);
  if (!config) return fail(config.error().what);
  const auto json = wants_json(line);
  if (!json) return fail(json.error().what);
  const auto parallelism = line.count("parallelism", config->get(options::kParallelism));
  if (!parallelism) return fail(parallelism.error().what);
  log::set_level(line.has("verbose") ? log::Level::Info : log::Level::Warn);

  Running running;
  const Interrupt interrupt([&] { running.cancel(); });
  ProgramLoader loader;
  const auto program =
      loader.build(line.rest().front(), {line.rest().begin() + 1, line.rest().end()}, *parallelism);
  if (!program) return fail(program.error().what);
  const auto id = JobId::parse(line.text("jobId", JobId::random().hex()));
  if (!id) return fail("--jobId wants 32 hexadecimal digits, not '" + line.text("jobId", "") + "'");
  Run asked{line, *config, *json, (*program)->job_graph(),
            line.has("jobId") ? Submission::MayBeThere : Submission::New, running};
  asked.graph.id = *id;
  if (line.has("allowNonRestoredState") && !line.has("fromSavepoint"))
    return fail("--allowNonRestoredState is for --fromSavepoint");
  asked.graph.restore = {.path = absolute_path(line.text("fromSavepoint", "")),
                         .allow_non_restored_state = line.has("allowNonRestoredState")};
  return line.has("local") ? run_locally(asked, loader) : run_on_cluster(asked);
}

}  // namespace weir
