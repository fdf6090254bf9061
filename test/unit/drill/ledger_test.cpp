// SPDX-License-Identifier: Apache-2.0
// The check of the verifiable job's output, checked: it must see each kind of error, and none where there is
// none.
#include "apps/drill/ledger.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "apps/drill/program/verifiable.h"
#include "test/support/temporary_directory.h"

namespace weir::drill {
namespace {

using testing::TemporaryDirectory;

constexpr std::uint64_t kSeed = 7;
constexpr std::uint64_t kKeys = 5;
constexpr std::uint32_t kPartitions = 3;
constexpr std::uint64_t kEvents = 50;

using Lines = std::vector<std::string>;

std::string line_of(std::uint64_t partition, std::uint64_t sequence, std::uint64_t key, std::uint64_t count,
                    std::uint64_t hash) {
  return "(" + std::to_string(partition) + "," + std::to_string(sequence) + "," + std::to_string(key) + "," +
         std::to_string(count) + "," + std::to_string(hash) + ")";
}

/// What a right job writes, its partitions mixed in some order. `count_again`: this event counts twice.
Lines right_lines(std::uint32_t order, std::uint64_t count_again = kEvents) {
  struct Held {
    std::uint64_t count = 0;
    std::uint64_t hash = 0;
  };
  std::mt19937 random(order);
  std::map<std::uint64_t, Held> keys;
  std::vector<std::uint64_t> next(kPartitions);
  Lines lines;
  while (lines.size() < kPartitions * kEvents) {
    const auto partition = static_cast<std::uint32_t>(random() % kPartitions);
    if (next[partition] == kEvents) continue;
    const std::uint64_t sequence = next[partition]++;
    const std::uint64_t event = event_hash(kSeed, partition, sequence);
    Held& held = keys[event_key(event, kKeys)];
    for (int times = partition == 0 && sequence == count_again ? 2 : 1; times > 0; --times) {
      held.hash = held.count == 0 ? event : chained(held.hash, event);
      ++held.count;
    }
    lines.push_back(line_of(partition, sequence, event_key(event, kKeys), held.count, held.hash));
  }
  for (std::uint32_t partition = 0; partition < kPartitions; ++partition)
    lines.push_back(line_of(partition, kEvents, end_key(partition, kKeys), 1, 0));
  return lines;
}

Verdict verdict_of(const Lines& lines) {
  Ledger ledger(kSeed, kKeys, kPartitions);
  for (const std::string& line : lines) ledger.add_line(line);
  return ledger.verdict();
}

}  // namespace

TEST_CASE("right output is clean, in whatever order its lines are found") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  Lines lines = right_lines(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(lines.begin(), lines.end(), random);
    const Verdict verdict = verdict_of(lines);
    REQUIRE_MESSAGE(verdict.is_clean(), verdict.text());
    REQUIRE(verdict.events == kPartitions * kEvents);
  }
}

TEST_CASE("any line that is missing is lost, and any that is there twice is duplicated") {
  const Lines right = right_lines(1);
  for (std::size_t at = 0; at < right.size(); ++at) {
    Lines lines = right;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(at));
    REQUIRE(verdict_of(lines).lost == 1);
    lines = right;
    lines.push_back(right[at]);
    REQUIRE(verdict_of(lines).duplicated == 1);
  }
}

TEST_CASE("an event that counts twice in state, though it is written once, is wrong") {
  const Verdict verdict = verdict_of(right_lines(1, 10));
  CHECK(verdict.lost == 0);
  CHECK(verdict.duplicated == 0);
  CHECK(verdict.wrong > 0);
}

TEST_CASE("state that another seed or key made is wrong, and so are lines that are none of the job's") {
  Lines lines = right_lines(1);
  Ledger other(kSeed + 1, kKeys, kPartitions);
  for (const std::string& line : lines) other.add_line(line);
  CHECK(other.verdict().wrong > kEvents);
  for (const char* strange :
       {"", "(1,2,3,4)", "(1,2,3,4,5", "(1,2,3,4,5)x", "(99,2,3,4,5)", "(1,2,3,4,-5)"}) {
    Lines with = lines;
    with.emplace_back(strange);
    CHECK(verdict_of(with).wrong == 1);
  }
}

TEST_CASE("an event behind its partition's end is wrong, and an order that no channel keeps is, too") {
  Lines lines = right_lines(1);
  const std::uint64_t event = event_hash(kSeed, 0, kEvents);
  lines.push_back(line_of(0, kEvents, event_key(event, kKeys), 1'000'000, 0));
  CHECK(verdict_of(lines).wrong >= 1);

  Ledger ledger(kSeed, 1, 1);
  const std::uint64_t first = event_hash(kSeed, 0, 1);
  ledger.add_line(line_of(0, 1, 0, 1, first));
  ledger.add_line(line_of(0, 0, 0, 2, chained(first, event_hash(kSeed, 0, 0))));
  ledger.add_line(line_of(0, 2, end_key(0, 1), 1, 0));
  const Verdict verdict = ledger.verdict();
  CHECK(verdict.lost + verdict.duplicated == 0);
  CHECK(verdict.wrong == 1);
}

TEST_CASE("files that are not committed are not seen") {
  const TemporaryDirectory folder;
  folder.file("part-a", "(0,0,5,1,0)\n");
  folder.file(".part-b.ready", "rubbish\n");
  Ledger ledger(kSeed, 5, 1);
  ledger.add_folder(folder.path());
  CHECK(ledger.line_count() == 1);
  CHECK(ledger.verdict().is_clean());  // a partition without events
}

}  // namespace weir::drill
