// SPDX-License-Identifier: Apache-2.0
// Tasks that get their slots later than others: when what they read is written, or begins to be.
#include <map>
#include <set>

#include "graph/pipelined_regions.h"
#include "test/unit/graph/running_job.h"

namespace weir {
using namespace testing;
using enum ExecutionState;
namespace {

using Location = InputChannelDescriptor::Location;

/// "a" feeds "b" feeds "c", each through an exchange of its own kind.
StreamGraphBuilder line(ExchangeMode a_to_b, ExchangeMode b_to_c, std::uint32_t parallelism = 2) {
  StreamGraphBuilder program;
  program.settings().parallelism = parallelism;
  const auto exchange = [&](StreamNodeId from, ExchangeMode mode) {
    return program.add_partition(program.add_exchange(from, mode), Partitioning::Rebalance);
  };
  const auto a = program.add_node(source("a"));
  const auto b = then(program, exchange(a, a_to_b), map("b"));
  then(program, exchange(b, b_to_c), sink("c"));
  return program;
}

constexpr auto kBlocking = ExchangeMode::Blocking;
constexpr auto kPipelined = ExchangeMode::Pipelined;
const std::string kA = "Source: a";
const std::string kB = "b";
const std::string kC = "Sink: c";

JobGraph lazily(StreamGraphBuilder program) {
  program.settings().schedule_mode = ScheduleMode::LazyFromSources;
  return job_of(program);
}

/// The vertices of the last request, each named once a subtask: "a a b b".
std::string last_request(RunningJob& job) {
  const auto requests = job.written<effects::RequestSlots>();
  if (requests.empty()) return "";
  std::string names;
  for (const SlotRequest& request : requests.back().requests) {
    const std::string name = job.graph().job_graph().find(request.vertex.vertex)->name;
    names += (names.empty() ? "" : " ") + name.substr(name.rfind(' ') + 1);
  }
  return names;
}

void finish(RunningJob& job, const std::string& vertex, std::uint32_t parallelism = 2) {
  for (std::uint32_t i = 0; i < parallelism; ++i) job.report(vertex, i, Finished);
}

/// The first buffer of a task's only output.
void produce(RunningJob& job, const std::string& vertex, std::uint32_t subtask) {
  for (const ExecutionJobVertex& v : job.graph().vertices()) {
    if (v.definition().name != vertex) continue;
    job.graph().on_partition_consumable({.data_set = v.results().front().data_set().id,
                                         .partition = subtask,
                                         .producer = job.task(vertex, subtask).id()},
                                        job.tick());
  }
}

TEST_CASE("what pipelined exchanges connect is one region") {
  struct Row {
    ExchangeMode a_to_b, b_to_c;
    std::vector<std::size_t> region_of;
  };
  for (const Row& row : {Row{kPipelined, kPipelined, {0, 0, 0}}, Row{kPipelined, kBlocking, {0, 0, 1}},
                         Row{kBlocking, kPipelined, {0, 1, 1}}, Row{kBlocking, kBlocking, {0, 1, 2}}}) {
    const JobGraph job = job_of(line(row.a_to_b, row.b_to_c));
    const PipelinedRegions regions(job.vertices);
    std::vector<std::size_t> found;
    for (std::size_t vertex = 0; vertex < 3; ++vertex) found.push_back(regions.region_of(vertex));
    CHECK(found == row.region_of);
    CHECK(regions.find_deadlock() == nullptr);
  }
}

TEST_CASE("a blocking exchange is not chained") {
  StreamGraphBuilder program;
  const auto a = program.add_node(source("a"));
  then(program, program.add_exchange(a, kBlocking), sink("b"));
  const JobGraph job = job_of(program);
  REQUIRE(job.vertices.size() == 2);
  CHECK(job.vertices[0].outputs.front().exchange == kBlocking);
  CHECK(job.vertices[0].outputs.front().partitioning == Partitioning::Forward);
}

TEST_CASE("an exchange is as the word nearest to its consumer says") {
  StreamGraphBuilder program;
  const auto a = program.add_node(source("a"));
  then(program, program.add_exchange(program.add_exchange(a, kBlocking), kPipelined), sink("b"));
  CHECK(job_of(program).vertices.size() == 1);
}

TEST_CASE("who could never begin is refused") {
  // The sink reads the source twice: at once, and what "slow" makes of all of it.
  StreamGraphBuilder program;
  const auto a = program.add_node(source("a"));
  const auto slow = then(program, program.add_partition(a, Partitioning::Rebalance), map("slow"));
  StreamNode both = sink("both");
  both.input_count = 2;
  const auto sink_id = program.add_node(std::move(both));
  program.connect(program.add_partition(a, Partitioning::Rebalance), sink_id, 0);
  program.connect(program.add_exchange(slow, kBlocking), sink_id, 1);
  const auto job = generate_job_graph(built(program), JobId{.high = 7, .low = 7}, {});
  REQUIRE_FALSE(job.has_value());
  CHECK(job.error().what ==
        "vertex \"Sink: both\" would wait for the end of vertex \"slow\", which cannot end before it runs; "
        "make the other exchanges between them blocking too");
}

TEST_CASE("checkpoints and blocking exchanges exclude each other") {
  StreamGraphBuilder program = line(kBlocking, kPipelined);
  program.settings().checkpoints.interval = 1s;
  const auto job = generate_job_graph(built(program), JobId{.high = 7, .low = 7}, {});
  REQUIRE_FALSE(job.has_value());
  CHECK(job.error().what.find("checkpoints") != std::string::npos);
}

TEST_CASE("exchanges and modes that do not exist are refused") {
  JobGraph job = job_of(line(kPipelined, kPipelined));
  CHECK(validate(job));
  job.vertices.front().outputs.front().exchange = static_cast<ExchangeMode>(2);
  CHECK_FALSE(validate(job));
  job.vertices.front().outputs.front().exchange = kPipelined;
  job.schedule_mode = static_cast<ScheduleMode>(2);
  CHECK_FALSE(validate(job));
}

TEST_CASE("an eager job asks for a region at a time") {
  struct Row {
    ExchangeMode a_to_b, b_to_c;
    std::vector<std::string> requests;
  };
  for (const Row& row : {Row{kPipelined, kPipelined, {"a a b b c c"}},
                         Row{kPipelined, kBlocking, {"a a b b", "c c"}},
                         Row{kBlocking, kPipelined, {"a a", "b b c c"}},
                         Row{kBlocking, kBlocking, {"a a", "b b", "c c"}}}) {
    RunningJob job(job_of(line(row.a_to_b, row.b_to_c)));
    job.schedule();
    std::vector<std::string> requests;
    for (int round = 0; round < 3 && job.status() == JobStatus::Running; ++round) {
      requests.push_back(last_request(job));
      job.assign();
      job.forget();
      for (const auto& vertex : {kA, kB, kC}) {
        if (job.state(vertex, 0) == Deploying) finish(job, vertex);
      }
    }
    CHECK(requests == row.requests);
    CHECK(job.status() == JobStatus::Finished);
  }
}

TEST_CASE("a blocking exchange is read only when all of it is written") {
  RunningJob job(job_of(line(kBlocking, kPipelined)));
  job.run();
  job.forget();
  job.report(kA, 1, Finished);
  CHECK(last_request(job).empty());
  CHECK(job.state(kB, 0) == Created);
  job.report(kA, 0, Finished);
  CHECK(last_request(job) == "b b c c");
  CHECK(job.given_back().size() == 2);  // and only then the request: it may have them
  job.assign();
  const auto deployed = job.written<effects::DeployTask>();
  REQUIRE(deployed.size() == 4);
  const auto& channels = deployed.front().task.inputs.front().channels;
  CHECK(channels[0].location == Location::Local);
  CHECK(channels[1].location == Location::Remote);
  CHECK(channels[1].address == "host1:1");
  CHECK(job.written<effects::RequestSlots>().back().may_wait);
}

TEST_CASE("a partition knows how it is read and whether it is waited for") {
  const auto outputs = [](const JobGraph& graph) {
    RunningJob job(graph);
    job.deploy();
    return job.written<effects::DeployTask>().front().task.outputs.front();
  };
  CHECK(outputs(job_of(line(kBlocking, kPipelined))).exchange == kBlocking);
  CHECK_FALSE(outputs(job_of(line(kPipelined, kPipelined))).tells_consumers);
  CHECK(outputs(lazily(line(kPipelined, kPipelined))).tells_consumers);
  CHECK_FALSE(outputs(lazily(line(kBlocking, kPipelined))).tells_consumers);
}

TEST_CASE("a lazy job begins with its sources, and each reader when there is something to read") {
  RunningJob job(lazily(line(kPipelined, kPipelined)));
  job.schedule();
  CHECK(last_request(job) == "a a");
  job.assign();
  job.report_all(Running);
  job.forget();
  produce(job, kA, 1);
  CHECK(last_request(job) == "b b");
  produce(job, kA, 0);
  CHECK(job.written<effects::RequestSlots>().size() == 1);
  job.assign();
  CHECK(job.state(kB, 1) == Deploying);
  CHECK(job.state(kC, 0) == Created);
  produce(job, kB, 0);
  CHECK(last_request(job) == "c c");
}

TEST_CASE("the end of a producer that wrote nothing is something to read") {
  RunningJob job(lazily(line(kPipelined, kPipelined)));
  job.deploy();
  job.forget();
  job.report(kA, 0, Finished);
  CHECK(last_request(job) == "b b");
}

TEST_CASE("requests of a lazy job are made one after the other") {
  StreamGraphBuilder program;
  for (const char* name : {"a", "b"}) {
    const auto read = program.add_node(source(name));
    then(program, program.add_partition(read, Partitioning::Rebalance), sink(std::string("of-") + name));
  }
  RunningJob job(lazily(std::move(program)));
  job.deploy();
  job.forget();
  produce(job, "Source: a", 0);
  produce(job, "Source: b", 0);
  CHECK(last_request(job) == "of-a");
  const auto first = job.written<effects::RequestSlots>().back();
  job.assign();
  CHECK(last_request(job) == "of-b");
  const auto second = job.written<effects::RequestSlots>().back();
  CHECK(second.version != first.version);
  // Whom the first one's deadline concerns has its slot.
  job.graph().on_slots_refused(first.version, {ErrorCode::NotEnoughSlots, "late"}, job.tick());
  CHECK(job.status() == JobStatus::Running);
  job.assign();
  CHECK(job.state("Sink: of-b", 0) == Deploying);
}

/// Two sources and a task between one of them and the sink that reads both: when the sink comes by the other
/// one's word, it does not know where the task between is.
struct Unequal {
  static JobGraph graph() {
    StreamGraphBuilder program;
    const auto near = program.add_node(source("near"));
    const auto far = program.add_node(source("far"));
    const auto between = then(program, program.add_partition(far, Partitioning::Rebalance), map("between"));
    StreamNode both = sink("both");
    both.input_count = 2;
    const auto last = program.add_node(std::move(both));
    program.connect(program.add_partition(near, Partitioning::Rebalance), last, 0);
    program.connect(program.add_partition(between, Partitioning::Rebalance), last, 1);
    return lazily(std::move(program));
  }
  Unequal() {
    job.deploy();
    produce(job, "Source: near", 0);
    job.assign();
    job.forget();
  }
  RunningJob job{graph()};
};

TEST_CASE_FIXTURE(Unequal, "a task that came before one of its producers is told where that is") {
  CHECK(job.task("Sink: both", 0).state() == Deploying);
  produce(job, "Source: far", 0);
  job.assign();
  CHECK(job.written<effects::UpdatePartitionInfo>().empty());
  produce(job, "between", 0);
  const auto told = job.written<effects::UpdatePartitionInfo>();
  REQUIRE(told.size() == 1);
  CHECK(told[0].attempt == job.task("Sink: both", 0).id());
  CHECK(told[0].slot == job.task("Sink: both", 0).slot());
  CHECK(told[0].channel.partition.producer == job.task("between", 0).id());
  CHECK(told[0].channel.location == Location::Local);
  produce(job, "between", 0);
  job.report("between", 0, Finished);
  CHECK(job.written<effects::UpdatePartitionInfo>().size() == 1);
}

TEST_CASE_FIXTURE(Unequal, "it is told by the producer's end, too") {
  produce(job, "Source: far", 0);
  job.assign();
  job.report("between", 0, Finished);
  CHECK(job.written<effects::UpdatePartitionInfo>().size() == 1);
}

TEST_CASE_FIXTURE(Unequal, "words of a producer that has no slot, or of nobody, change nothing") {
  produce(job, "between", 0);
  job.graph().on_partition_consumable({.data_set = {1, 2}, .partition = 0, .producer = {0, 999}}, job.tick());
  job.graph().on_partition_consumable(
      {.data_set = {1, 2}, .partition = 7, .producer = job.task("Source: near", 0).id()}, job.tick());
  CHECK(job.written<effects::UpdatePartitionInfo>().empty());
  CHECK(job.written<effects::RequestSlots>().empty());
}

TEST_CASE("tasks that run are named as holders, so that others may join them") {
  RunningJob job(lazily(line(kPipelined, kPipelined)));
  job.run();
  job.forget();
  produce(job, kA, 0);
  const auto request = job.written<effects::RequestSlots>().back();
  REQUIRE(request.holders.size() == 2);
  CHECK(request.holders[1].slot == job.task(kA, 1).slot());
  CHECK(request.holders[1].slot_sharing_group == "default");
  REQUIRE(request.requests.front().placed_producers.size() == 1);
  CHECK(request.requests.front().placed_producers.front().size() == 2);
  CHECK(request.requests.front().producers.empty());
}

TEST_CASE("a TaskManager that takes along what is still to be read fails the job") {
  RunningJob job(job_of(line(kBlocking, kBlocking)));
  job.run();
  finish(job, kA);
  SUBCASE("who reads it has no slot yet") {
    job.graph().on_task_manager_lost(RunningJob::manager(1), "killed", job.tick());
    CHECK(job.graph().progress().failure->task == kA + " (2/2)");
    CHECK(job.status() == JobStatus::Failed);
  }
  SUBCASE("who reads it runs elsewhere, and will notice") {
    job.assign();
    finish(job, kB);
    job.assign();
    job.report(kC, 1, Finished);
    job.graph().on_task_manager_lost(RunningJob::manager(1), "killed", job.tick());
    CHECK(job.status() == JobStatus::Running);
  }
}

TEST_CASE("a failure in a later region restarts the job from its beginning") {
  RunningJob job(job_of(line(kBlocking, kPipelined)),
                 {.kind = RestartOptions::Kind::FixedDelay, .attempts = 1, .delay = 1s});
  job.run();
  finish(job, kA);
  job.assign();
  job.forget();
  job.report(kB, 0, Failed, "x");
  CHECK(job.written<effects::ReleasePartitions>().size() == 2);
  job.report_all(Canceled);
  job.restart();
  CHECK(last_request(job) == "a a");
  job.assign();
  CHECK(job.task(kA, 0).attempt_number() == 1);
  finish(job, kA);
  job.assign();
  finish(job, kB);
  finish(job, kC);
  CHECK(job.status() == JobStatus::Finished);
}

TEST_CASE("a job that is cancelled between two regions ends at once, and what was written is dropped") {
  RunningJob job(job_of(line(kBlocking, kPipelined)));
  job.run();
  finish(job, kA);
  job.forget();
  job.graph().cancel(job.tick());
  CHECK(job.status() == JobStatus::Canceled);
  CHECK(job.written<effects::ReleasePartitions>().size() == 2);
}

TEST_CASE("a job with sources that have not begun cannot be stopped") {
  StreamGraphBuilder program;
  StreamNode first = source("first");
  first.can_stop = true;
  StreamNode second = source("second");
  second.can_stop = true;
  StreamNode both = sink("both");
  both.input_count = 2;
  const auto a = program.add_node(std::move(first));
  const auto b = program.add_node(std::move(second));
  const auto last = program.add_node(std::move(both));
  program.connect(program.add_exchange(a, kBlocking), last, 0);
  program.connect(program.add_partition(b, Partitioning::Rebalance), last, 1);
  RunningJob job(job_of(program));
  job.run();
  CHECK(last_request(job) == "first");
  const Status stopped = job.graph().stop();
  REQUIRE_FALSE(stopped);
  CHECK(stopped.error().what.find("sources that have not begun") != std::string::npos);
}

}  // namespace
}  // namespace weir
