// SPDX-License-Identifier: Apache-2.0
// Hash joins and merge joins of random inputs, against two nested loops.
#include <doctest/doctest.h>

#include <algorithm>
#include <compare>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "execution/bounded/hash_join.h"
#include "execution/bounded/merge_join.h"
#include "test/support/faulty_file_system.h"
#include "test/unit/bounded/small_space.h"

using namespace weir;
using weir::testing::FaultyFileSystem;
using weir::testing::SmallSpace;

namespace {

struct Purchase {
  std::int64_t customer = 0;
  std::string what;
};
struct Customer {
  std::string name;
  std::int64_t id = 0;
};
/// What came out: who met whom, or nobody.
struct Met {
  std::string order;
  std::string customer;
  auto operator<=>(const Met&) const = default;
};

struct Inputs {
  std::vector<Purchase> orders;
  std::vector<Customer> customers;
};

constexpr JoinKind kKinds[] = {JoinKind::Inner, JoinKind::LeftOuter, JoinKind::RightOuter,
                               JoinKind::FullOuter};

/// Keys are drawn so that some have no partner and, at times, one has most of the records.
Inputs random_input(std::mt19937_64& random) {
  Inputs input;
  const auto keys = static_cast<std::int64_t>(random() % 300 + 1);
  const bool is_skewed = random() % 3 == 0;
  const auto key = [&] {
    return is_skewed && random() % 4 != 0 ? 7 : static_cast<std::int64_t>(random()) % keys;
  };
  const auto padding = [&] { return std::string(random() % 20 == 0 ? random() % 3000 : random() % 30, 'x'); };
  const std::size_t orders = random() % 700;
  const std::size_t customers = random() % (is_skewed ? 200 : 700);
  for (std::size_t i = 0; i < orders; ++i) input.orders.push_back({key(), std::to_string(i) + padding()});
  for (std::size_t i = 0; i < customers; ++i)
    input.customers.push_back({std::to_string(i) + padding(), key()});
  return input;
}

std::vector<Met> nested_loops(const Inputs& input, JoinKind kind) {
  std::vector<Met> met;
  std::vector<bool> has_order(input.customers.size());
  for (const Purchase& order : input.orders) {
    bool has_customer = false;
    for (std::size_t i = 0; i < input.customers.size(); ++i) {
      if (input.customers[i].id != order.customer) continue;
      met.push_back({order.what, input.customers[i].name});
      has_customer = has_order[i] = true;
    }
    if (!has_customer && keeps_left(kind)) met.push_back({order.what, "-"});
  }
  for (std::size_t i = 0; i < input.customers.size(); ++i)
    if (!has_order[i] && keeps_right(kind)) met.push_back({"-", input.customers[i].name});
  std::ranges::sort(met);
  return met;
}

/// Writes down who met whom.
struct Emit {
  std::vector<Met> met;
  void operator()(const Purchase* order, EventTime, const Customer* customer, EventTime) {
    met.push_back({order == nullptr ? "-" : order->what, customer == nullptr ? "-" : customer->name});
  }
  /// With the sides swapped.
  void operator()(const Customer* customer, EventTime b, const Purchase* order, EventTime a) {
    (*this)(order, a, customer, b);
  }
  [[nodiscard]] std::vector<Met> sorted() && {
    std::ranges::sort(met);
    return std::move(met);
  }
};

using ByCustomer = std::int64_t Purchase::*;
using ById = std::int64_t Customer::*;
using BuildOrders = HashJoin<Purchase, Customer, ByCustomer, ById, Emit>;
using BuildCustomers = HashJoin<Customer, Purchase, ById, ByCustomer, Emit>;

struct Ran {
  std::vector<Met> met;
  std::size_t spilled = 0;
  std::size_t deepest = 0;
  std::size_t piecewise = 0;
};

/// Both sides in turn from the beginning, or one after the other.
template <class Join, class Builds, class Probes>
Ran run(Join& join, Emit& emit, const Builds& builds, const Probes& probes, bool in_turn) {
  std::size_t probed = 0;
  for (const auto& build : builds) {
    join.add_build(build, EventTime::none());
    if (in_turn && probed < probes.size()) join.add_probe(probes[probed++], EventTime::none());
  }
  join.end_build();
  for (; probed < probes.size(); ++probed) join.add_probe(probes[probed], EventTime::none());
  join.finish();
  return {.met = std::move(emit).sorted(),
          .spilled = join.spilled_count(),
          .deepest = join.deepest_level(),
          .piecewise = join.piecewise_count()};
}

Ran hash_join(Workspace& space, const Inputs& input, JoinKind kind, bool builds_orders, bool in_turn) {
  Emit emit;
  if (builds_orders) {
    BuildOrders join(&Purchase::customer, &Customer::id, {keeps_left(kind), keeps_right(kind)}, space, emit);
    return run(join, emit, input.orders, input.customers, in_turn);
  }
  BuildCustomers join(&Customer::id, &Purchase::customer, {keeps_right(kind), keeps_left(kind)}, space, emit);
  return run(join, emit, input.customers, input.orders, in_turn);
}

std::vector<Met> merge_join(Workspace& space, const Inputs& input, JoinKind kind) {
  Emit emit;
  MergeJoin<Purchase, Customer, ByCustomer, ById> join(&Purchase::customer, &Customer::id, space);
  for (const Purchase& order : input.orders) join.add_left(order, EventTime::none());
  for (const Customer& customer : input.customers) join.add_right(customer, EventTime::none());
  join.join(kind, emit);
  return std::move(emit).sorted();
}

/// Joins all of one key.
Inputs one_key(std::size_t orders, std::size_t customers) {
  Inputs input;
  for (std::size_t i = 0; i < orders; ++i) input.orders.push_back({1, std::to_string(i)});
  for (std::size_t i = 0; i < customers; ++i)
    input.customers.push_back({std::to_string(i) + std::string(200, 'x'), 1});
  return input;
}

}  // namespace

TEST_CASE("every kind of join finds what nested loops find, by hash and by merge, in memory and on disk") {
  const std::uint64_t seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Ran all;
  for (int round = 0; round < 80; ++round) {
    CAPTURE(round);
    const Inputs input = random_input(random);
    const JoinKind kind = kKinds[random() % 4];
    const IoMode mode = random() % 2 == 0 ? IoMode::Sync : IoMode::Async;
    const auto pages = static_cast<std::uint32_t>(12 + random() % 12);
    const bool builds_orders = random() % 2 == 0;
    const bool in_turn = random() % 2 == 0;
    CAPTURE(pages);
    CAPTURE(builds_orders);
    CAPTURE(in_turn);
    SmallSpace small(pages, mode);
    const auto expected = nested_loops(input, kind);
    const Ran ran = hash_join(small.space, input, kind, builds_orders, in_turn);
    REQUIRE((ran.met == expected));
    small.check_all_home();
    REQUIRE((merge_join(small.space, input, kind) == expected));
    small.check_all_home();
    all.spilled += ran.spilled;
  }
  CHECK(all.spilled > 0);
}

TEST_CASE("partitions that are too large for memory are split again, and again") {
  Inputs input;
  for (std::int64_t i = 0; i < 6000; ++i) {
    input.orders.push_back({i % 2500, std::to_string(i)});
    input.customers.push_back({std::to_string(i) + std::string(40, 'x'), i});
  }
  SmallSpace small(BuildCustomers::kLeastPages);
  for (const JoinKind kind : {JoinKind::Inner, JoinKind::FullOuter}) {
    const Ran ran = hash_join(small.space, input, kind, false, false);
    CHECK(ran.deepest >= 3);
    CHECK(ran.piecewise == 0);
    CHECK((ran.met == nested_loops(input, kind)));
  }
}

TEST_CASE("a key whose records do not fit into memory is joined piece by piece") {
  const Inputs input = one_key(200, 400);
  for (const JoinKind kind : kKinds) {
    SmallSpace small(12);
    const Ran ran = hash_join(small.space, input, kind, false, true);
    CHECK(ran.piecewise == 1);
    CHECK((ran.met == nested_loops(input, kind)));
    CHECK((merge_join(small.space, input, kind) == nested_loops(input, kind)));
  }
}

TEST_CASE("a side without records, or without partners, is joined too") {
  Inputs input;
  for (std::int64_t i = 0; i < 1500; ++i) input.orders.push_back({i, std::to_string(i)});
  for (const JoinKind kind : kKinds) {
    for (const bool builds_orders : {true, false}) {
      SmallSpace small(12);
      CHECK((hash_join(small.space, input, kind, builds_orders, false).met == nested_loops(input, kind)));
      Inputs strangers = input;
      for (std::int64_t i = 0; i < 1500; ++i) strangers.customers.push_back({std::to_string(i), -1 - i});
      CHECK((hash_join(small.space, strangers, kind, builds_orders, true).met ==
             nested_loops(strangers, kind)));
    }
  }
}

TEST_CASE("what is larger than all memory is joined if it can be, or refused by its size") {
  Inputs input = one_key(50, 3);
  input.orders.push_back({1, std::string(100'000, 'o')});
  SmallSpace small(12);
  CHECK((hash_join(small.space, input, JoinKind::Inner, false, true).met ==
         nested_loops(input, JoinKind::Inner)));
  CHECK_THROWS_WITH_AS((void)hash_join(small.space, input, JoinKind::Inner, true, true),
                       doctest::Contains("does not fit into its managed memory; raise"),
                       std::runtime_error);
}

TEST_CASE("a join that the disk fails leaves no page and no file") {
  std::mt19937_64 random(11);
  Inputs input = one_key(100, 300);
  const Inputs more = random_input(random);
  input.orders.insert(input.orders.end(), more.orders.begin(), more.orders.end());
  for (const IoMode mode : {IoMode::Sync, IoMode::Async}) {
    FaultyFileSystem files;
    SmallSpace small(12, mode, &files);
    for (std::uint64_t room = 0; room < 60'000; room += 7'000) {
      files.room_bytes = room;
      for (const bool in_turn : {true, false}) {
        CHECK_THROWS_WITH_AS((void)hash_join(small.space, input, JoinKind::FullOuter, false, in_turn),
                             doctest::Contains("no space left"), std::runtime_error);
        small.check_all_home();
      }
      CHECK_THROWS_WITH_AS((void)merge_join(small.space, input, JoinKind::Inner),
                           doctest::Contains("no space left"), std::runtime_error);
      small.check_all_home();
    }
  }
}
