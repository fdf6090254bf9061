// SPDX-License-Identifier: Apache-2.0
// The JobManager trusts no client: whatever is wrong with a graph is one line.
#include "test/unit/graph/programs.h"

namespace weir {
using namespace testing;
namespace {

struct Hostile {
  JobGraph job = job_of(word_count(2, 3));
  JobVertex& read = job.vertices[0];
  JobVertex& count = job.vertices[1];

  std::string refused() {
    const Status status = validate(job);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code == ErrorCode::InvalidGraph);
    return status.error().what;
  }
};

}  // namespace

TEST_CASE_FIXTURE(Hostile, "what the generator makes is valid") { CHECK(validate(job).has_value()); }

TEST_CASE_FIXTURE(Hostile, "a job without id or vertices is refused") {
  job.id = {};
  CHECK(refused() == "the job has no id");
  job = {.id = JobId{1, 1}};
  CHECK(refused() == "the job has no vertices");
}

TEST_CASE_FIXTURE(Hostile, "a parallelism out of its bounds is refused") {
  SUBCASE("zero") {
    count.parallelism = 0;
    CHECK(refused() ==
          "vertex \"sum -> Sink: print\" has parallelism 0; it must lie between 1 and its maximum, 128");
  }
  SUBCASE("above the maximum") {
    count.parallelism = 129;
    CHECK(refused() ==
          "vertex \"sum -> Sink: print\" has parallelism 129; it must lie between 1 and its maximum, 128");
  }
  SUBCASE("a maximum of zero") {
    count.max_parallelism = 0;
    CHECK(refused() ==
          "vertex \"sum -> Sink: print\" has maximum parallelism 0; it must lie between 1 and 32768");
  }
  SUBCASE("a maximum above the limit") {
    count.max_parallelism = 32769;
    CHECK(refused() ==
          "vertex \"sum -> Sink: print\" has maximum parallelism 32769; it must lie between 1 and 32768");
  }
}

TEST_CASE_FIXTURE(Hostile, "ids that are missing, doubled or wrong are refused") {
  SUBCASE("a vertex twice") {
    job.vertices.push_back(read);
    CHECK(refused().find("has the id of another one") != std::string::npos);
  }
  SUBCASE("an operator twice") {
    count.operators[1].id = read.operators[0].id;
    CHECK(refused() ==
          "operator \"Sink: print\" of vertex \"sum -> Sink: print\" has the id of another one, " +
              read.operators[0].id.hex());
  }
  SUBCASE("an operator without id") {
    count.operators[1].id = {};
    CHECK(refused() == "operator \"Sink: print\" of vertex \"sum -> Sink: print\" has no id");
  }
  SUBCASE("a vertex that is not its head") {
    count.id = {1, 2};
    CHECK(refused() == "vertex \"sum -> Sink: print\" does not bear the id of its first operator");
  }
  SUBCASE("a vertex without operators") {
    count.operators.clear();
    CHECK(refused() == "vertex \"sum -> Sink: print\" has no operators");
  }
  SUBCASE("a data set twice") {
    read.outputs.push_back(read.outputs[0]);
    CHECK(refused() == "vertex \"Source: text -> split\" writes the data set " + read.outputs[0].id.hex() +
                           ", which exists already");
  }
}

TEST_CASE_FIXTURE(Hostile, "an edge that does not fit is refused") {
  SUBCASE("to nowhere") {
    count.inputs[0].data_set = {1, 2};
    CHECK(refused() == "vertex \"sum -> Sink: print\" reads a data set that no vertex before it writes");
  }
  SUBCASE("from another vertex than it says") {
    count.inputs[0].producer = count.id;
    CHECK(refused() ==
          "vertex \"sum -> Sink: print\" and vertex \"Source: text -> split\" disagree about the edge "
          "between them");
  }
  SUBCASE("partitioned otherwise than written") {
    count.inputs[0].partitioning = Partitioning::Global;
    CHECK(refused() ==
          "vertex \"sum -> Sink: print\" and vertex \"Source: text -> split\" disagree about the edge "
          "between them");
  }
  SUBCASE("partitioned in no way at all") {
    read.outputs[0].partitioning = static_cast<Partitioning>(8);
    CHECK(refused() == "vertex \"Source: text -> split\" partitions in a way that does not exist");
  }
  SUBCASE("read twice") {
    count.inputs.push_back(count.inputs[0]);
    CHECK(refused() == "vertex \"sum -> Sink: print\" reads a data set that is read already");
  }
  SUBCASE("read by nobody") {
    count.inputs.clear();
    CHECK(refused() == "nobody reads what vertex \"Source: text -> split\" writes");
  }
  SUBCASE("out of order") {
    count.inputs[0].input_index = 1;
    count.inputs.push_back({.input_index = 0});
    CHECK(refused() == "the inputs of vertex \"sum -> Sink: print\" are out of order");
  }
  SUBCASE("forward between unequal parallelisms") {
    read.outputs[0].partitioning = Partitioning::Forward;
    count.inputs[0].partitioning = Partitioning::Forward;
    CHECK(refused() ==
          "vertex \"Source: text -> split\" with parallelism 2 cannot forward to vertex \"sum -> Sink: "
          "print\" with parallelism 3");
  }
}

TEST_CASE_FIXTURE(Hostile, "a cycle is refused, as is a consumer before its producer") {
  const std::string too_early = " reads a data set that no vertex before it writes";
  SUBCASE("in the wrong order") {
    std::swap(job.vertices[0], job.vertices[1]);
    CHECK(refused() == "vertex \"sum -> Sink: print\"" + too_early);
  }
  SUBCASE("a vertex that reads itself") {
    const IntermediateDataSet own{{3, 4}, 9, Partitioning::Rebalance};
    count.outputs.push_back(own);
    count.inputs.push_back({own.id, count.id, own.partitioning, 1});
    CHECK(refused() == "vertex \"sum -> Sink: print\"" + too_early);
  }
  SUBCASE("two vertices that read each other") {
    const IntermediateDataSet back{{3, 4}, 9, Partitioning::Rebalance};
    count.outputs.push_back(back);
    read.inputs.push_back({back.id, count.id, back.partitioning, 0});
    CHECK(refused() == "vertex \"Source: text -> split\"" + too_early);
  }
}

TEST_CASE_FIXTURE(Hostile, "co-located vertices have the same parallelism and sharing group") {
  read.co_location_group = "pair";
  count.co_location_group = "pair";
  CHECK(refused() ==
        "vertex \"Source: text -> split\" and vertex \"sum -> Sink: print\" of co-location group "
        "\"pair\" must have the same parallelism and slot sharing group");
  count.parallelism = 2;
  CHECK(validate(job).has_value());
  count.slot_sharing_group = "other";
  CHECK_FALSE(validate(job).has_value());
}

TEST_CASE_FIXTURE(Hostile, "texts that are too long or no text are refused without being repeated") {
  SUBCASE("the job's name") {
    job.name = std::string(257, 'x');
    CHECK(refused() == "the name of the job has 257 bytes; the limit is 256");
  }
  SUBCASE("an operator's name") {
    count.operators[0].name = "caf\xC3";
    CHECK(refused() == "the name of an operator of vertex 2 is not valid UTF-8");
  }
  SUBCASE("a uid, a surrogate") {
    count.operators[0].uid = "\xED\xA0\x80";
    CHECK(refused() == "the name of an operator of vertex 2 is not valid UTF-8");
  }
  SUBCASE("a group, overlong") {
    read.slot_sharing_group = "\xC0\xAF";
    CHECK(refused() == "a group of vertex 1 is not valid UTF-8");
  }
  SUBCASE("a vertex's name") {
    read.name = std::string(65537, 'x');
    CHECK(refused() == "the name of vertex 1 has 65537 bytes; the limit is 65536");
  }
  SUBCASE("a path") {
    job.program.library = std::string(4097, 'x');
    CHECK(refused() == "the path of the library has 4097 bytes; the limit is 4096");
  }
  SUBCASE("arguments") {
    job.program.arguments = {std::string(1 << 19, 'x'), std::string((1 << 19) + 1, 'x')};
    CHECK(refused() == "the job has 1048577 bytes of arguments; the limit is 1048576");
  }
}

TEST_CASE_FIXTURE(Hostile, "text in any language is text") {
  job.name = "Z\xC3\xBCrich \xE6\xB0\xB4 \xF0\x9F\x8C\x8A";
  CHECK(validate(job).has_value());
}

TEST_CASE_FIXTURE(Hostile, "a job that would cost too much before it runs is refused") {
  SUBCASE("vertices") {
    job.vertices.resize(10'001);
    CHECK(refused() == "the job has 10001 vertices; the limit is 10000");
  }
  SUBCASE("edges") {
    read.outputs.resize(100'001);
    CHECK(refused() == "the job has 100002 edges; the limit is 100000");
  }
  SUBCASE("input splits") {
    read.input_splits.resize(100'001);
    CHECK(refused() == "the job has 100001 input splits; the limit is 100000");
  }
  SUBCASE("what is in them") {
    read.input_splits = {{.bytes = std::string(16 << 20, 'x'), .hosts = {"h"}}};
    CHECK(refused().find("bytes of input splits; the limit is 16777216") != std::string::npos);
  }
  SUBCASE("subtasks") {
    read.parallelism = 262'145;
    CHECK(refused() == "the job has 262148 subtasks; the limit is 262144");
  }
}

TEST_CASE_FIXTURE(Hostile, "checkpoints that cannot be taken are refused") {
  job.checkpoints = {.interval = 10ms};
  CHECK(validate(job).has_value());
  SUBCASE("all the time") {
    job.checkpoints.interval = 9ms;
    CHECK(refused() == "the interval of checkpoints must be 10 ms at least, and a year at most");
  }
  SUBCASE("backwards") {
    job.checkpoints.interval = -1s;
    CHECK(refused() == "the interval of checkpoints must be 10 ms at least, and a year at most");
  }
  SUBCASE("without time to take them") {
    job.checkpoints.timeout = 0s;
    CHECK(refused() == "the timeout of checkpoints must be 10 ms at least, and a year at most");
  }
  SUBCASE("a pause for ever") {
    job.checkpoints.min_pause = Duration::max();
    CHECK(refused() == "the pause between checkpoints must be 0 at least, and a year at most");
  }
  SUBCASE("none at a time") {
    job.checkpoints.max_concurrent = 0;
    CHECK(refused() == "one checkpoint at least must be allowed at a time");
  }
  SUBCASE("a kind that does not exist") {
    job.checkpoints.backend.kind = static_cast<BackendKind>(9);
    CHECK(refused() == "the job wants checkpoints of a kind that does not exist");
  }
}

TEST_CASE_FIXTURE(Hostile, "states of a kind that does not exist are refused") {
  count.operators.front().states = {{.name = "s", .kind = static_cast<StateKind>(77), .value = "i64"}};
  CHECK(refused() == "a state of operator \"sum\" is of an unknown kind");
}

TEST_CASE_FIXTURE(Hostile, "a restart strategy that does not exist or waits for ever is refused") {
  SUBCASE("kind") {
    job.restart.kind = static_cast<RestartOptions::Kind>(9);
    CHECK(refused() == "the job wants a restart strategy that does not exist");
  }
  SUBCASE("backwards") {
    job.restart.delay = -1ns;
    CHECK(refused() == "the restart strategy of the job waits for less than nothing or more than a year");
  }
  SUBCASE("for ever") {
    job.restart.interval = Duration::max();
    CHECK(refused() == "the restart strategy of the job waits for less than nothing or more than a year");
  }
}

}  // namespace weir
