// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/barrier_aligner.h"

#include <doctest/doctest.h>

#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace weir {
namespace {

using Mode = BarrierAligner::Mode;

/// Runs a script and writes down what the task is told to do. A word a step, `+` what comes:
///   2:b5  barrier 5 on channel 2        2:e  end of channel 2
///   c5    cancel marker of 5            t5   a trigger of 5 from the JobManager
///   f     the task has finished
/// and in the answer: `abort5`, `unblock`, `block`, `snap5`, in this order; `-` is nothing.
std::string run(std::uint32_t channels, Mode mode, const std::string& script) {
  BarrierAligner aligner(channels, mode);
  std::istringstream words(script);
  std::string told;
  for (std::string word; words >> word;) {
    BarrierAligner::Steps steps;
    const auto number = [&](std::size_t from) { return std::stoull(word.substr(from)); };
    if (word[0] == 'c') steps = aligner.on_cancel_marker(number(1));
    else if (word[0] == 't') steps = aligner.on_trigger({.checkpoint = number(1)});
    else if (word[0] == 'f') steps = aligner.on_finished();
    else if (word[2] == 'e') steps = aligner.on_end(static_cast<std::uint32_t>(word[0] - '0'));
    else steps = aligner.on_barrier(static_cast<std::uint32_t>(word[0] - '0'), {.checkpoint = number(3)});

    std::string answer;
    for (const auto& abort : steps.abort) answer += "abort" + std::to_string(abort.checkpoint) + ",";
    if (steps.unblock_all) answer += "unblock,";
    if (steps.block_channel) answer += "block,";
    if (steps.snapshot != 0) answer += "snap" + std::to_string(steps.snapshot) + ",";
    if (answer.empty()) answer = "-,";
    answer.back() = ' ';
    told += answer;
  }
  if (!told.empty()) told.pop_back();
  return told;
}

struct Case {
  const char* what;
  std::uint32_t channels;
  const char* script;
  const char* exactly_once;
  const char* at_least_once;
};

const Case kCases[] = {
    {"one channel: each barrier is a snapshot", 1, "0:b1 0:b2 0:b5",
     "unblock,snap1 unblock,snap2 unblock,snap5", "snap1 snap2 snap5"},
    {"a barrier blocks its channel until all have come", 3, "1:b1 0:b1 2:b1", "block block unblock,snap1",
     "- - snap1"},
    {"ids may be skipped", 2, "0:b3 1:b3 0:b9 1:b9", "block unblock,snap3 block unblock,snap9",
     "- snap3 - snap9"},
    {"a newer barrier aborts what is being aligned; late ones of the old id mean nothing", 2,
     "0:b1 1:b2 1:b1 0:b2", "block abort1,unblock,block - unblock,snap2", "- - snap1 snap2"},
    {"tracking completes the newer first, and the older one is subsumed", 2, "0:b1 0:b2 1:b2 1:b1",
     "block abort1,unblock,block unblock,snap2 -", "- - abort1,snap2 -"},
    {"a marker aborts the alignment, and barriers of that id are ignored then", 3, "0:b1 c1 1:b1 2:b1 0:b2",
     "block abort1,unblock - - block", "- abort1 - - -"},
    {"a marker of a newer id aborts both, each once", 2, "0:b1 c3 1:b1 1:b3 c3",
     "block abort1,abort3,unblock - - -", "- abort1,abort3 - - -"},
    {"a marker without an alignment is told once", 2, "c2 c2 0:b2 1:b2 0:b3 1:b3",
     "abort2 - - - block unblock,snap3", "abort2 - - - - snap3"},
    {"markers of old ids mean nothing", 2, "0:b2 1:b2 c1 c2", "block unblock,snap2 - -", "- snap2 - -"},
    {"a channel that has ended is not waited for", 3, "2:e 0:b1 1:b1", "- block unblock,snap1", "- - snap1"},
    {"the end of the last channel that was waited for completes the checkpoint", 3, "0:b1 1:b1 2:e",
     "block block unblock,snap1", "- - snap1"},
    {"a channel that ends behind its barrier counts once", 2, "0:b1 0:e 1:b1", "block - unblock,snap1",
     "- - snap1"},
    {"a trigger waits until all that was written has been read, and operators know it", 2,
     "0:e t4 1:e f t5", "- - - unblock,snap4 unblock,snap5", "- - - snap4 snap5"},
    {"a trigger that comes between the end of the input and that of the task waits, too", 2, "0:e 1:e t4 f",
     "- - - unblock,snap4", "- - - snap4"},
    {"a trigger is of no use when the barrier is on its way", 2, "t4 0:b4 1:b4 0:e 1:e f",
     "- block unblock,snap4 - - -", "- - snap4 - - -"},
    {"a trigger comes behind what was being aligned when the input ended", 2, "0:b3 t4 0:e 1:e f",
     "block - - unblock,snap3 unblock,snap4", "- - - snap3 snap4"},
    {"when the task has finished only triggers come", 2, "0:e 1:e f t4 t4 t3 t5",
     "- - - unblock,snap4 - - unblock,snap5", "- - - snap4 - - snap5"},
};

TEST_CASE("the rules of barriers, one by one") {
  for (const Case& each : kCases) {
    CAPTURE(each.what);
    CHECK(run(each.channels, Mode::ExactlyOnce, each.script) == each.exactly_once);
    CHECK(run(each.channels, Mode::AtLeastOnce, each.script) == each.at_least_once);
  }
}

TEST_CASE("the barrier's time and kind come with the snapshot") {
  BarrierAligner aligner(1, Mode::ExactlyOnce);
  const WallTime at(1234ms);
  const auto steps = aligner.on_barrier(0, {.checkpoint = 7, .triggered_at = at, .is_savepoint = true});
  CHECK(steps.triggered_at == at);
  CHECK(steps.is_savepoint);
}

TEST_CASE(
    "whatever order barriers, markers and ends come in, snapshots rise, and nothing is blocked for ever") {
  const auto seed = std::random_device{}();
  MESSAGE("seed " << seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    constexpr std::uint32_t kChannels = 4;
    BarrierAligner aligner(kChannels, Mode::ExactlyOnce);
    std::vector<std::uint64_t> next(kChannels, 1);  // of each channel; a producer may skip ids
    std::vector<bool> blocked(kChannels), ended(kChannels);
    std::uint64_t last_snapshot = 0;
    std::uint32_t open = kChannels;
    while (open > 0) {
      const auto channel = static_cast<std::uint32_t>(random() % kChannels);
      if (blocked[channel] || ended[channel]) continue;
      BarrierAligner::Steps steps;
      const auto what = random() % 8;
      if (what == 0) {
        ended[channel] = true;
        --open;
        steps = aligner.on_end(channel);
      } else if (what == 1) {
        steps = aligner.on_cancel_marker(next[channel]);
        ++next[channel];
      } else {
        steps = aligner.on_barrier(channel, {.checkpoint = next[channel]});
        next[channel] += 1 + random() % 2;
      }
      if (steps.unblock_all) blocked.assign(kChannels, false);
      if (steps.block_channel) blocked[channel] = true;
      if (steps.snapshot != 0) {
        REQUIRE(steps.snapshot > last_snapshot);
        last_snapshot = steps.snapshot;
      }
      bool all_wait = open > 0;
      for (std::uint32_t i = 0; i < kChannels; ++i) all_wait = all_wait && (blocked[i] || ended[i]);
      REQUIRE_FALSE(all_wait);
    }
    REQUIRE_FALSE(aligner.is_aligning());
  }
}

}  // namespace
}  // namespace weir
