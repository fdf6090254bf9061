// SPDX-License-Identifier: Apache-2.0
// Sorts and joins as their operators do them, in memory and with a quarter of it, beside what everybody has.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <unordered_map>
#include <vector>

#include "execution/bounded/external_sorter.h"
#include "execution/bounded/hash_join.h"
#include "execution/bounded/merge_join.h"
#include "execution/bounded/sort_order.h"
#include "test/bench/figures.h"
#include "test/bench/text_generator.h"

namespace weir::bench {

namespace {

struct Row {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};
using ByKey = std::uint64_t Row::*;

constexpr std::uint64_t kSorted = 4'000'000;
constexpr std::uint64_t kBuilt = 500'000;
constexpr std::uint64_t kProbed = 4'000'000;

/// Keys drawn from so many; the values count on.
std::vector<Row> rows(std::uint64_t count, std::uint64_t keys, std::uint64_t seed) {
  Random random(seed);
  std::vector<Row> rows;
  for (std::uint64_t i = 0; i < count; ++i) rows.push_back({random.next() % keys, i});
  return rows;
}

void give_up_unless(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// The workspace of one operator.
struct Space {
  explicit Space(std::uint64_t bytes) : memory(bytes, kDefaultSegmentBytes, 1), io({}) {
    auto reserved = PageBudget::reserve(memory, 0, memory.pages_per_slot());
    give_up_unless(reserved.has_value(), "no memory");
    space.pages = *std::move(reserved);
    space.io = &io;
  }
  MemoryManager memory;
  IoManager io;
  Workspace space;
};

double rate(std::uint64_t records, double seconds) { return static_cast<double>(records) / seconds / 1e6; }

void sort_by_operator(const std::vector<Row>& input, std::uint64_t bytes) {
  Space space(bytes);
  ExternalSorter<Row, SortKey<ByKey>> sorter({&Row::key}, space.space);
  for (const Row& row : input) sorter.add(row, EventTime::none());
  sorter.finish();
  std::uint64_t count = 0;
  std::uint64_t last = 0;
  for (; sorter.next(); ++count) {
    give_up_unless(last <= sorter.value().key, "records are out of order");
    last = sorter.value().key;
  }
  give_up_unless(count == input.size(), "records were lost");
}

void add_sort(const std::string& name, std::uint64_t bytes) {
  const auto input = std::make_shared<std::vector<Row>>(rows(kSorted, ~0ull, 1));
  add_measure(name + "/ours", [=](benchmark::State& state) {
    set_figure(state, rate(kSorted, seconds_of([&] { sort_by_operator(*input, bytes); })), "M records/s");
  });
  add_measure(name + "/limit", [=](benchmark::State& state) {
    std::vector<Row> copy;
    const double seconds = seconds_of([&] {
      for (const Row& row : *input) copy.push_back(row);
      std::ranges::sort(copy, {}, &Row::key);
    });
    give_up_unless(std::ranges::is_sorted(copy, {}, &Row::key), "records are out of order");
    set_figure(state, rate(kSorted, seconds), "M records/s");
  });
}

struct Sum {
  std::uint64_t sum = 0;
  void operator()(const Row* build, EventTime, const Row* probe, EventTime) {
    sum += build->value ^ probe->value;
  }
};

template <class Join>
std::uint64_t join_by_hash(const std::vector<Row>& build, const std::vector<Row>& probe,
                           std::uint64_t bytes) {
  Space space(bytes);
  Sum sum;
  Join join(&Row::key, &Row::key, {}, space.space, sum);
  for (const Row& row : build) join.add_build(row, EventTime::none());
  join.end_build();
  for (const Row& row : probe) join.add_probe(row, EventTime::none());
  join.finish();
  return sum.sum;
}

std::uint64_t join_by_merge(const std::vector<Row>& build, const std::vector<Row>& probe,
                            std::uint64_t bytes) {
  Space space(bytes);
  Sum sum;
  MergeJoin<Row, Row, ByKey, ByKey> join(&Row::key, &Row::key, space.space);
  for (const Row& row : build) join.add_left(row, EventTime::none());
  for (const Row& row : probe) join.add_right(row, EventTime::none());
  join.join(JoinKind::Inner, sum);
  return sum.sum;
}

std::uint64_t join_by_map(const std::vector<Row>& build, const std::vector<Row>& probe) {
  std::unordered_multimap<std::uint64_t, std::uint64_t> table;
  for (const Row& row : build) table.emplace(row.key, row.value);
  std::uint64_t sum = 0;
  for (const Row& row : probe) {
    const auto [first, last] = table.equal_range(row.key);
    for (auto each = first; each != last; ++each) sum += each->second ^ row.value;
  }
  return sum;
}

template <class Run>
void add_join(const std::string& name, Run run) {
  const auto build = std::make_shared<std::vector<Row>>(rows(kBuilt, 2 * kBuilt, 2));
  const auto probe = std::make_shared<std::vector<Row>>(rows(kProbed, 2 * kBuilt, 3));
  const std::uint64_t expected = join_by_map(*build, *probe);
  add_measure(name + "/ours", [=](benchmark::State& state) {
    std::uint64_t sum = 0;
    const double seconds = seconds_of([&] { sum = run(*build, *probe); });
    give_up_unless(sum == expected, "a join lost pairs");
    set_figure(state, rate(kBuilt + kProbed, seconds), "M records/s");
  });
  add_measure(name + "/limit", [=](benchmark::State& state) {
    std::uint64_t sum = 0;
    const double seconds = seconds_of([&] { sum = join_by_map(*build, *probe); });
    give_up_unless(sum == expected, "a join lost pairs");
    set_figure(state, rate(kBuilt + kProbed, seconds), "M records/s");
  });
}

}  // namespace

}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir;
  using namespace weir::bench;
  using Join = HashJoin<Row, Row, ByKey, ByKey, Sum>;
  constexpr std::uint64_t kPlenty = std::uint64_t{512} << 20;
  add_sort("bounded_sort_in_memory", kPlenty);
  add_sort("bounded_sort_on_disk", kSorted * sizeof(Row) / 4);
  add_join("bounded_hash_join_in_memory",
           [](const auto& build, const auto& probe) { return join_by_hash<Join>(build, probe, kPlenty); });
  add_join("bounded_hash_join_on_disk", [](const auto& build, const auto& probe) {
    return join_by_hash<Join>(build, probe, kBuilt * sizeof(Row) / 4);
  });
  add_join("bounded_merge_join_in_memory",
           [](const auto& build, const auto& probe) { return join_by_merge(build, probe, kPlenty); });
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
