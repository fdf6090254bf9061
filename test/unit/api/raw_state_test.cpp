// SPDX-License-Identifier: Apache-2.0
// Bytes of a function's own making, by key group.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <span>
#include <sstream>
#include <string>
#include <tuple>

#include "api/program.h"
#include "test/support/gate.h"
#include "test/support/local_job.h"

using namespace weir;
using weir::testing::Gate;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;

namespace {

constexpr std::uint64_t kNumbers = 4000;
constexpr std::uint64_t kUsers = 50;

struct Visit {
  std::string user;
  std::int64_t page = 0;
};

/// Counts by user in a map of its own, which is raw state: a line a user, in the user's key group.
struct RawLedger {
  inline static const auto kCounts = raw_keyed_state("counts");
  RawKeyedState* raw = nullptr;
  std::map<std::string, std::int64_t> counts = {};

  auto states() const { return std::tuple(kCounts); }
  void open(RuntimeContext& context) {
    raw = &context.state(kCounts);
    for (KeyGroup group = raw->range().first; group <= raw->range().last; ++group) {
      const auto bytes = raw->get(group);
      std::string text(bytes.size(), 0);
      if (!bytes.empty()) std::memcpy(text.data(), bytes.data(), bytes.size());
      std::istringstream lines(text);
      for (std::string user; lines >> user;) lines >> counts[user];
    }
  }
  Visit operator()(const Visit& visit) { return {visit.user, ++counts[visit.user]}; }
  void snapshot(CheckpointId) {
    std::map<KeyGroup, std::string> lines;
    for (const auto& [user, count] : counts)
      lines[raw->group_of(user)] += user + " " + std::to_string(count) + "\n";
    raw->clear();
    for (const auto& [group, text] : lines) raw->put(group, std::as_bytes(std::span(text)));
  }
};

}  // namespace

TEST_CASE("raw state of functions goes where its key groups go") {
  const auto program = [](std::shared_ptr<Gate> gate, std::shared_ptr<Collected<Visit>> out) {
    return [=](Environment& env) {
      env.enable_checkpointing(1h);
      env.generate(kNumbers,
                   [gate](std::uint64_t number) {
                     if (number >= kNumbers / 2) gate->pass();
                     return Visit{"user-" + std::to_string(number % kUsers), 1};
                   })
          .uid("numbers")
          .key_by(&Visit::user)
          .map(RawLedger{})
          .uid("ledger")
          .collect(out);
    };
  };
  for (const std::uint32_t after : {3u, 1u, 2u}) {
    CAPTURE(after);
    LocalJob job;
    const auto gate = std::make_shared<Gate>();
    Result<CompletedCheckpoint> checkpoint = Error{};
    job.when_running([&] {
      gate->await_waiting(2);
      job.trigger_checkpoint(7);
      gate->open();
      checkpoint = job.await_checkpoint(7);
    });
    REQUIRE(job.run(program(gate, std::make_shared<Collected<Visit>>()), 2).status == JobStatus::Finished);
    REQUIRE_MESSAGE(checkpoint, checkpoint.error().what);
    LocalJob next;
    next.restore_from(*checkpoint);
    const auto out = std::make_shared<Collected<Visit>>();
    const JobOutcome second = next.run(program(gate, out), after);
    REQUIRE_MESSAGE(second.status == JobStatus::Finished, second.failure);
    std::map<std::string, std::int64_t> last;
    for (const Visit& each : out->take()) last[each.user] = std::max(last[each.user], each.page);
    CHECK(last.size() == kUsers);
    for (const auto& [user, count] : last) CHECK(count == kNumbers / kUsers);
  }
}

TEST_CASE("raw state in a function without keys is refused by name") {
  struct Asks {
    void open(RuntimeContext& context) { (void)context.state(raw_keyed_state("mine")); }
    int operator()(int value) const { return value; }
  };
  const JobOutcome outcome = LocalJob().run(
      [](Environment& env) { env.from_collection<int>({1}).map(Asks{}).name("lost").discard(); });
  CHECK(outcome.status == JobStatus::Failed);
  CHECK(outcome.failure.find("the keyed state \"mine\" is asked for by an operator without keys") !=
        std::string::npos);
}
