// SPDX-License-Identifier: Apache-2.0
#include "api/environment.h"

namespace weir {

StreamExecutionEnvironment::StreamExecutionEnvironment(Params params, std::uint32_t default_parallelism)
    : params_(std::move(params)) {
  graph_.settings().parallelism = default_parallelism;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::job_name(std::string name) {
  graph_.settings().job_name = std::move(name);
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::parallelism(std::uint32_t subtasks) {
  graph_.settings().parallelism = subtasks;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::max_parallelism(std::uint32_t groups) {
  graph_.settings().max_parallelism = groups;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::buffer_timeout(std::chrono::milliseconds longest) {
  graph_.settings().buffer_timeout = longest;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::time_characteristic(
    TimeCharacteristic characteristic) {
  graph_.settings().time_characteristic = characteristic;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::watermark_interval(
    std::chrono::milliseconds interval) {
  if (interval.count() < 0) throw ProgramError("a watermark interval cannot be negative; 0 means none");
  graph_.settings().watermark_interval = interval;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::latency_tracking(
    std::chrono::milliseconds interval) {
  if (interval.count() < 0) throw ProgramError("a latency interval cannot be negative; 0 means none");
  graph_.settings().latency_interval = interval;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::disable_chaining() {
  graph_.settings().chaining = false;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::restart_strategy(const RestartOptions& strategy) {
  graph_.settings().restart = strategy;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::queued_scheduling(bool is_queued) {
  graph_.settings().queued_scheduling = is_queued;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::schedule_mode(ScheduleMode mode) {
  graph_.settings().schedule_mode = mode;
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::enable_checkpointing(Duration interval,
                                                                             CheckpointSettings settings) {
  settings.interval = interval;
  graph_.settings().checkpoints = std::move(settings);
  return *this;
}

OperatorStream<std::string> StreamExecutionEnvironment::read_text(std::string path) {
  return add_source<std::string>("Text File", [path] { return std::make_unique<TextFileSource>(path); });
}

OperatorStream<std::string> StreamExecutionEnvironment::socket_text(std::string host, std::uint16_t port) {
  auto lines = add_source<std::string>("Socket Text", [host, port] {
    return std::make_unique<SocketTextSource>(SocketTextSource::Options{.host = host, .port = port});
  });
  lines.parallelism(1);
  return lines;
}

}  // namespace weir
