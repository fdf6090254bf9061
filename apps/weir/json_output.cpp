// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/json_output.h"

#include <nlohmann/json.hpp>

#include <cstdint>

namespace weir {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  // Names come from users: what is no UTF-8 is replaced, not thrown at them.
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::int64_t millis(WallTime time) { return time == WallTime{} ? -1 : time.time_since_epoch().count(); }

std::int64_t duration(WallTime from, WallTime to, WallTime now) {
  return ((to == WallTime{} ? now : to) - from).count();
}

Json json_of(const JobOverview& job, WallTime now) {
  return {{"jid", job.job.hex()},
          {"name", job.name},
          {"state", name_of(job.status)},
          {"start-time", millis(job.started)},
          {"end-time", millis(job.ended)},
          {"duration", duration(job.started, job.ended, now)}};
}

Json json_of(const InstanceDescription& instance) {
  return {{"id", instance.task_manager.id.hex()},
          {"data-address", instance.task_manager.data_address},
          {"slots", instance.task_manager.slots},
          {"ms-since-heartbeat", instance.since_heartbeat.count()}};
}

Json json_of(const SubtaskDetails& subtask) {
  return {{"subtask", subtask.subtask},
          {"attempt", subtask.attempt_number},
          {"attempt-id", subtask.attempt.hex()},
          {"state", name_of(subtask.state)},
          {"data-address", subtask.data_address}};
}

Json json_of(const VertexDetails& vertex) {
  IoCounters sum;
  Json subtasks = Json::array();
  for (const SubtaskDetails& subtask : vertex.subtasks) {
    sum.records_in += subtask.counters.records_in;
    sum.records_out += subtask.counters.records_out;
    sum.bytes_in += subtask.counters.bytes_in;
    sum.bytes_out += subtask.counters.bytes_out;
    subtasks.push_back(json_of(subtask));
  }
  return {{"id", vertex.vertex.hex()},
          {"name", vertex.name},
          {"parallelism", vertex.subtasks.size()},
          {"state", name_of(vertex.state)},
          {"read-records", sum.records_in},
          {"write-records", sum.records_out},
          {"read-bytes", sum.bytes_in},
          {"write-bytes", sum.bytes_out},
          {"subtasks", std::move(subtasks)}};
}

}  // namespace

std::string list_json(const JobList& jobs, const ListFilter& filter, WallTime now) {
  Json shown = Json::array();
  for (const JobOverview& job : jobs.jobs) {
    if (is_shown(job, filter)) shown.push_back(json_of(job, now));
  }
  return text_of({{"jobs", std::move(shown)}});
}

std::string overview_json(const std::string& job_manager, const ClusterOverview& cluster,
                          const InstanceList& instances) {
  Json all = Json::array();
  for (const InstanceDescription& instance : instances.instances) all.push_back(json_of(instance));
  return text_of({{"jobmanager", job_manager},
                  {"taskmanagers", cluster.task_managers},
                  {"slots-total", cluster.slots_total},
                  {"slots-available", cluster.slots_free},
                  {"jobs-running", cluster.jobs_running},
                  {"jobs-finished", cluster.jobs_finished},
                  {"jobs-cancelled", cluster.jobs_cancelled},
                  {"jobs-failed", cluster.jobs_failed},
                  {"messages-refused", cluster.messages_refused},
                  {"instances", std::move(all)}});
}

std::string job_json(const JobDetails& job, WallTime now) {
  Json json = json_of(overview_of(job), now);
  json["restarts"] = job.restarts;
  json["failure"] = job.failure;
  json["waiting-for"] = job.waiting_for;
  json["accumulators"] = job.accumulators;
  json["vertices"] = Json::array();
  for (const VertexDetails& vertex : job.vertices) json["vertices"].push_back(json_of(vertex));
  return text_of(json);
}

std::string quoted(std::string_view text) { return text_of(Json(text)); }

std::string result_json(const JobResult& result) {
  return text_of({{"jid", result.job.hex()},
                  {"state", name_of(result.status)},
                  {"duration", result.net_runtime.count()},
                  {"failure", result.failure},
                  {"accumulators", result.accumulators}});
}

}  // namespace weir
