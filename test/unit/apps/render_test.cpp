// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/render.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "apps/weir/json_output.h"

namespace weir {
namespace {

constexpr WallTime kStart{1'500'000'000'000ms};
const JobId kJob{0xF00D'0000'0000'0000, 7};

bool has(const std::string& text, const std::string& part) {
  CAPTURE(text);
  CAPTURE(part);
  return text.find(part) != std::string::npos;
}

JobList three_jobs() {
  return {{{.job = kJob, .name = "WordCount", .status = JobStatus::Running, .started = kStart},
           {.job = JobId{1, 1}, .name = "Waits", .status = JobStatus::Created, .started = kStart},
           {.job = JobId{2, 2},
            .name = "Old\n",
            .status = JobStatus::Failed,
            .started = kStart,
            .ended = kStart + 1500ms}}};
}

JobDetails one_job() {
  JobDetails job{.job = kJob, .name = "WordCount", .status = JobStatus::Running, .restarts = 3};
  job.entered[static_cast<std::size_t>(JobStatus::Created)] = kStart;
  const SubtaskDetails subtask{.state = ExecutionState::Running,
                               .data_address = "127.0.0.1:4000",
                               .counters = {.records_in = 1, .records_out = 1'234'567}};
  job.vertices = {
      {.name = "Source -> Flat Map", .state = ExecutionState::Running, .subtasks = {subtask, subtask}},
      {.name = "Sum", .state = ExecutionState::Running, .subtasks = {subtask}}};
  job.accumulators = {{"lines", 42}};
  return job;
}

TEST_CASE("a list shows what it is asked for, each kind under its heading") {
  const std::string usual = list_text(three_jobs(), {});
  CHECK(has(usual, "Running/Restarting Jobs"));
  CHECK(has(usual, " : " + kJob.hex() + " : WordCount (RUNNING)\n"));
  CHECK(has(usual, "Waits (CREATED)\n"));
  CHECK_FALSE(has(usual, "Old"));
  CHECK(has(list_text(three_jobs(), {.terminated = true}), "Old? (FAILED)\n"));
  CHECK(list_text({}, {}) == "No running jobs.\nNo scheduled jobs.\n");
}

TEST_CASE("a job says what it waits for") {
  JobDetails job = one_job();
  CHECK_FALSE(has(job_text(job, kStart + 90s), "Now "));
  job.waiting_for = "waiting for 4 slots, 2 are free";
  CHECK(has(job_text(job, kStart + 90s), "Now       waiting for 4 slots, 2 are free\n"));
}

TEST_CASE("a job's vertices stand in a table") {
  const std::string text = job_text(one_job(), kStart + 90s);
  CHECK(has(text, "Runtime   1 min 30 s\n"));
  CHECK(has(text, "Restarts  3\n"));
  CHECK(has(text, "Vertex              State    Subtasks  In      Out  Tasks\n"
                  "Source -> Flat Map  RUNNING         2   2  2469134  2 RUNNING\n"
                  "Sum                 RUNNING         1   1  1234567  1 RUNNING\n"));
  CHECK(has(text, "Accumulator lines: 42\n"));
}

TEST_CASE("the cluster is told in numbers, with a table of its TaskManagers") {
  const ClusterOverview cluster{.task_managers = 1,
                                .slots_total = 4,
                                .slots_free = 3,
                                .jobs_running = 1,
                                .jobs_failed = 2,
                                .messages_refused = 5};
  CHECK_FALSE(has(overview_text("127.0.0.1:6123", cluster, {}), "Heard of"));
  InstanceList instances;
  instances.instances.push_back(
      {.task_manager = {.id = TaskManagerId{3, 3}, .data_address = "127.0.0.1:4000", .slots = 4},
       .since_heartbeat = 120ms});
  const std::string text = overview_text("127.0.0.1:6123", cluster, instances);
  CHECK(has(text, "Slots         3 of 4 free\n"));
  CHECK(has(text, "Jobs          1 running, 2 failed\n"));
  CHECK(has(text, "Refused       5 messages"));
  CHECK(has(text, "120 ms ago\n"));
}

TEST_CASE("JSON says the same to scripts, in one line") {
  const auto list = nlohmann::json::parse(list_json(three_jobs(), {.terminated = true}, kStart + 5s));
  CHECK(list["jobs"].size() == 3);
  CHECK(list["jobs"][0]["jid"] == kJob.hex());
  CHECK(list["jobs"][0]["end-time"] == -1);
  CHECK(list["jobs"][0]["duration"] == 5000);
  CHECK(list["jobs"][2]["duration"] == 1500);

  const std::string text = job_json(one_job(), kStart);
  CHECK(text.find('\n') == std::string::npos);
  const auto job = nlohmann::json::parse(text);
  CHECK(job["vertices"][0]["write-records"] == 2'469'134);
  CHECK(job["vertices"][0]["subtasks"][1]["data-address"] == "127.0.0.1:4000");
  CHECK(job["accumulators"]["lines"] == 42);

  const auto cluster = nlohmann::json::parse(overview_json("here:1", {.messages_refused = 9}, {}));
  CHECK(cluster["messages-refused"] == 9);
  CHECK(cluster["instances"].empty());
  const auto result = nlohmann::json::parse(result_json({.job = kJob, .status = JobStatus::Finished}));
  CHECK(result["state"] == "FINISHED");
  CHECK(result["accumulators"].is_object());
}

TEST_CASE("a name that is no UTF-8 does not break the JSON") {
  CHECK_NOTHROW(nlohmann::json::parse(
      list_json({{{.job = kJob, .name = "\xFF\xFE", .status = JobStatus::Running}}}, {}, kStart)));
}

}  // namespace
}  // namespace weir
