// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <iostream>
#include <string>

#include "actors/local/mini_cluster.h"
#include "api/program_loader.h"
#include "apps/weir/interrupt.h"
#include "apps/weir/job_printer.h"
#include "apps/weir/verbs.h"
#include "base/log.h"

namespace weir {

namespace {

constexpr OptionSpec kOptions[] = {
    {"local", "", "Run on a cluster inside this process, which ends with the job."},
    {"parallelism,p", "N", "Subtasks of each operator that does not say otherwise (default 1)."},
    {"slots", "N", "Slots of each TaskManager of the local cluster (default: as many as the job needs)."},
    {"taskmanagers", "N", "TaskManagers of the local cluster (default 1)."},
    {"jobmanager,m", "HOST:PORT", "The cluster to submit to. Not there yet: only --local is."},
    {"sysoutLogging,q", "", "Do not print the steps of the job and its tasks."},
    {"verbose", "", "Print what the cluster logs."},
    {"help,h", "", "Print this."},
};

/// What Ctrl-C cancels, once there is something.
struct Running {
  std::atomic<MiniCluster*> cluster = nullptr;
  JobId job;

  void cancel() {
    MiniCluster* running = cluster;
    if (running == nullptr) return;
    std::cerr << "Cancelling job " + job.hex() + ".\n";
    if (const Status begun = running->client().cancel(job); !begun) fail(begun.error().what);
  }
};

Result<MiniCluster::Options> cluster_options(const CommandLine& line, std::uint32_t slots_needed) {
  const auto task_managers = line.count("taskmanagers", 1);
  if (!task_managers) return task_managers.error();
  const std::uint32_t fair_share = (slots_needed + *task_managers - 1) / *task_managers;
  const auto slots = line.count("slots", fair_share);
  if (!slots) return slots.error();
  return MiniCluster::Options{.task_managers = *task_managers, .slots_per_task_manager = *slots};
}

int report(const Result<JobResult>& result) {
  if (!result) return fail(result.error().what);
  switch (result->status) {
    case JobStatus::Finished: JobPrinter::print_result(*result); return kExitOk;
    case JobStatus::Canceled: return fail("job " + result->job.hex() + " was cancelled");
    default: return fail("job " + result->job.hex() + " failed: " + result->failure);
  }
}

int run(const CommandLine& line) {
  if (line.rest().empty()) return fail("run wants a program: weir run [OPTIONS] PROGRAM.so [ARGS...]");
  if (line.has("jobmanager"))
    return fail("submitting to a running cluster (-m) is not there yet; use --local");
  const auto parallelism = line.count("parallelism", 1);
  if (!parallelism) return fail(parallelism.error().what);
  log::set_level(line.has("verbose") ? log::Level::Info : log::Level::Warn);

  Running running;
  const Interrupt interrupt([&] { running.cancel(); });
  ProgramLoader loader;
  const auto program =
      loader.build(line.rest().front(), {line.rest().begin() + 1, line.rest().end()}, *parallelism);
  if (!program) return fail(program.error().what);
  const JobGraph& graph = (*program)->job_graph();
  const auto options = cluster_options(line, graph.required_slots());
  if (!options) return fail(options.error().what);
  if (!line.has("local")) std::cerr << "weir: no cluster to submit to yet; running as with --local\n";

  MiniCluster cluster(*options, loader);
  JobPrinter printer(line.has("sysoutLogging"));
  running.job = graph.id;
  running.cluster = &cluster;
  const auto result = cluster.execute(graph, &printer);
  running.cluster = nullptr;
  return report(result);
}

}  // namespace

const Verb kRunVerb{.name = "run",
                    .arguments = "PROGRAM.so [ARGS...]",
                    .summary = "Run a program to its end.",
                    .options = kOptions,
                    .run = run};

}  // namespace weir
