// SPDX-License-Identifier: Apache-2.0
// Whole jobs on sets: the answers of models that hold everything in memory, in much memory or in little.
#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <compare>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "api/data_set.h"
#include "api/data_set_joins.h"
#include "test/support/faulty_file_system.h"
#include "test/support/local_job.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::FaultyFileSystem;
using weir::testing::JobOutcome;
using weir::testing::LocalJob;
using weir::testing::TemporaryDirectory;

namespace {

struct Sale {
  std::string shop;
  std::int64_t cents = 0;
  auto operator<=>(const Sale&) const = default;
};
struct Shop {
  std::string id;
  std::string city;
  auto operator<=>(const Shop&) const = default;
};
struct Line {
  std::string text;
  std::int64_t number = 0;
  auto operator<=>(const Line&) const = default;
};

constexpr std::uint64_t kSales = 4000;

/// Of 200 shops, most of them of the first one.
Sale sale(std::uint64_t i) {
  const std::uint64_t shop = i % 3 != 0 ? 0 : i * i % 200;
  return {"shop-number-" + std::to_string(shop), static_cast<std::int64_t>(i * 7919 % 1000)};
}
std::vector<Sale> all_sales() {
  std::vector<Sale> sales;
  for (std::uint64_t i = 0; i < kSales; ++i) sales.push_back(sale(i));
  return sales;
}
/// Half of them sell nothing, some that sell are not there.
Shop shop(std::uint64_t i) {
  return {"shop-number-" + std::to_string(i * 2), "city-" + std::to_string(i % 5)};
}
constexpr std::uint64_t kShops = 180;

/// 12 pages of 4 KiB for each of 16 slots and each of a job's operators, which are no more than that.
Worker::Options little_memory(const TemporaryDirectory& directory, std::uint64_t operators) {
  Worker::Options options = testing::small_worker();
  options.segment_bytes = kMinSegmentBytes;
  options.managed_memory_bytes = 16 * operators * 12 * kMinSegmentBytes;
  options.temporary_directory = directory.path();
  return options;
}
constexpr ExchangeMode kExchanges[] = {ExchangeMode::Pipelined, ExchangeMode::Blocking};

/// Runs a program at parallelisms 1 to 4, each exchange in both ways, and calls `check` with what came out.
template <class R>
void run_all(std::uint64_t operators,
             const std::function<void(Environment&, ExchangeMode, std::shared_ptr<Collected<R>>)>& program,
             const std::function<void(std::vector<R>)>& check) {
  const TemporaryDirectory directory;
  for (const std::uint32_t workers : {1u, 2u}) {
    LocalJob job(little_memory(directory, operators), workers);
    for (std::uint32_t parallelism = 1; parallelism <= 4; ++parallelism) {
      for (const ExchangeMode exchange : kExchanges) {
        CAPTURE(workers);
        CAPTURE(parallelism);
        const auto results = std::make_shared<Collected<R>>();
        const JobOutcome outcome =
            job.run([&](Environment& env) { program(env, exchange, results); }, parallelism);
        REQUIRE_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
        check(results->take());
        CHECK(std::filesystem::is_empty(directory.path()));
      }
    }
  }
}

template <class R>
std::vector<R> in_order(std::vector<R> values) {
  std::ranges::sort(values);
  return values;
}

}  // namespace

TEST_CASE("sort puts all records in order, sort_partition those of each subtask") {
  auto expected = all_sales();
  std::ranges::sort(expected, [](const Sale& a, const Sale& b) {
    return a.cents != b.cents ? a.cents > b.cents : a.shop < b.shop;
  });
  run_all<Sale>(
      1,
      [](Environment& env, ExchangeMode exchange, auto results) {
        env.generate(kSales, sale)
            .bounded(exchange)
            .sort(sort_key(&Sale::cents, SortOrder::Descending).then(&Sale::shop))
            .collect(results)
            .parallelism(1);
      },
      [&](std::vector<Sale> sorted) { CHECK((sorted == expected)); });
  run_all<Sale>(
      1,
      [](Environment& env, ExchangeMode exchange, auto results) {
        struct InOrder {
          std::int64_t last = -1;
          bool operator()(const Sale& sale) { return std::exchange(last, sale.cents) <= sale.cents; }
        };
        env.generate(kSales, sale)
            .bounded(exchange)
            .sort_partition(&Sale::cents)
            .filter(InOrder{})
            .collect(results);
      },
      [&](std::vector<Sale> sorted) { CHECK((in_order(sorted) == in_order(expected))); });
}

TEST_CASE("first_n, distinct and groups find what maps and sets find") {
  const auto sales = all_sales();
  std::map<std::string, std::vector<std::int64_t>> by_shop;
  for (const Sale& each : sales) by_shop[each.shop].push_back(each.cents);
  for (auto& [shop, cents] : by_shop) std::ranges::sort(cents, std::greater<>{});

  run_all<Sale>(
      1,
      [](Environment& env, ExchangeMode exchange, auto results) {
        env.generate(kSales, sale).bounded(exchange).first_n(17).collect(results);
      },
      [&](const std::vector<Sale>& some) { CHECK(some.size() == 17); });
  run_all<Sale>(
      2,
      [](Environment& env, ExchangeMode exchange, auto results) {
        env.generate(kSales, sale).bounded(exchange).distinct().collect(results);
      },
      [&](const std::vector<Sale>& some) {
        const std::set<Sale> expected(sales.begin(), sales.end());
        CHECK((in_order(some) == std::vector<Sale>(expected.begin(), expected.end())));
      });
  run_all<Sale>(
      2,
      [](Environment& env, ExchangeMode exchange, auto results) {
        env.generate(kSales, sale).bounded(exchange).group_by(&Sale::shop).sum(&Sale::cents).collect(results);
      },
      [&](const std::vector<Sale>& sums) {
        std::vector<Sale> expected;
        for (const auto& [shop, cents] : by_shop)
          expected.push_back({shop, std::accumulate(cents.begin(), cents.end(), std::int64_t{0})});
        CHECK((in_order(sums) == expected));
      });
  run_all<Line>(
      1,
      [](Environment& env, ExchangeMode exchange, auto results) {
        env.generate(kSales, sale)
            .bounded(exchange)
            .group_by(&Sale::shop)
            .sort_group(&Sale::cents, SortOrder::Descending)
            .reduce_group([](const std::string& shop, Group<Sale>& group, Out<Line>& out) {
              std::int64_t rank = 0;
              for (const Sale& each : group) {
                if (rank == 3) break;  // what is not read is skipped
                out({shop + " " + std::to_string(++rank), each.cents});
              }
            })
            .collect(results);
      },
      [&](const std::vector<Line>& best) {
        std::vector<Line> expected;
        for (const auto& [shop, cents] : by_shop)
          for (std::size_t i = 0; i < std::min<std::size_t>(3, cents.size()); ++i)
            expected.push_back({shop + " " + std::to_string(i + 1), cents[i]});
        CHECK((in_order(best) == in_order(expected)));
      });
  run_all<Sale>(
      2,
      [](Environment& env, ExchangeMode exchange, auto results) {
        const auto add_up = [](Group<Sale>& group, Out<Sale>& out) {
          Sale sum;
          for (const Sale& each : group) {
            sum.shop = each.shop;
            sum.cents += each.cents;
          }
          out(sum);
        };
        env.generate(kSales, sale)
            .bounded(exchange)
            .group_by(&Sale::shop)
            .combine_group(add_up)
            .group_by(&Sale::shop)
            .reduce_group(add_up)
            .collect(results);
      },
      [&](const std::vector<Sale>& sums) { CHECK(sums.size() == by_shop.size()); });
}

TEST_CASE("joins of every kind and by every hint find what a map finds") {
  std::map<std::string, std::string> city_of;
  for (std::uint64_t i = 0; i < kShops; ++i) city_of[shop(i).id] = shop(i).city;
  std::set<std::string> sells;
  std::vector<Line> pairs;
  std::vector<Line> all;
  for (const Sale& each : all_sales()) {
    sells.insert(each.shop);
    const auto found = city_of.find(each.shop);
    if (found != city_of.end()) pairs.push_back({found->second, each.cents});
    all.push_back({found == city_of.end() ? "-" : found->second, each.cents});
  }
  for (const auto& [id, city] : city_of)
    if (!sells.contains(id)) all.push_back({city, -1});
  std::ranges::sort(pairs);
  std::ranges::sort(all);

  for (const JoinHint hint : {JoinHint::HashSecond, JoinHint::HashFirst, JoinHint::SortMerge,
                              JoinHint::BroadcastSecond, JoinHint::BroadcastFirst}) {
    CAPTURE(static_cast<int>(hint));
    run_all<Line>(
        1,
        [&](Environment& env, ExchangeMode exchange, auto results) {
          auto shops = env.generate(kShops, shop).bounded(exchange);
          env.generate(kSales, sale)
              .bounded(exchange)
              .join(shops)
              .where(&Sale::shop)
              .equal_to(&Shop::id)
              .hint(hint)
              .with([](const Sale& sale, const Shop& shop) { return Line{shop.city, sale.cents}; })
              .collect(results);
        },
        [&](std::vector<Line> found) { CHECK((in_order(std::move(found)) == pairs)); });
  }
  for (const JoinHint hint : {JoinHint::HashSecond, JoinHint::HashFirst, JoinHint::SortMerge}) {
    run_all<Line>(
        1,
        [&](Environment& env, ExchangeMode exchange, auto results) {
          auto shops = env.generate(kShops, shop).bounded(exchange);
          env.generate(kSales, sale)
              .bounded(exchange)
              .full_outer_join(shops)
              .where(&Sale::shop)
              .equal_to(&Shop::id)
              .hint(hint)
              .with([](const Sale* sale, const Shop* shop, Out<Line>& out) {
                out({shop == nullptr ? "-" : shop->city, sale == nullptr ? -1 : sale->cents});
              })
              .collect(results);
        },
        [&](std::vector<Line> found) { CHECK((in_order(std::move(found)) == all)); });
  }
}

TEST_CASE("co_group and cross find what loops find") {
  std::map<std::string, Line> expected;
  for (const Sale& each : all_sales()) expected[each.shop].number += each.cents;
  for (std::uint64_t i = 0; i < kShops; ++i) expected[shop(i).id].text = shop(i).city;
  std::vector<Line> groups;
  for (const auto& [id, line] : expected) groups.push_back(line);
  run_all<Line>(
      1,
      [](Environment& env, ExchangeMode exchange, auto results) {
        auto shops = env.generate(kShops, shop).bounded(exchange);
        env.generate(kSales, sale)
            .bounded(exchange)
            .co_group(shops)
            .where(&Sale::shop)
            .equal_to(&Shop::id)
            .with([](Group<Sale>& sales, Group<Shop>& shops, Out<Line>& out) {
              Line line;
              for (const Sale& each : sales) line.number += each.cents;
              for (const Shop& each : shops) line.text = each.city;
              out(line);
            })
            .collect(results);
      },
      [&](std::vector<Line> found) { CHECK((in_order(std::move(found)) == in_order(groups))); });
  run_all<std::int64_t>(
      1,
      [](Environment& env, ExchangeMode exchange, auto results) {
        const auto number = [](std::uint64_t i) { return static_cast<std::int64_t>(i); };
        auto small = env.generate(90, number).bounded(exchange);
        env.generate(700, number)
            .bounded(exchange)
            .cross(small)
            .with([](std::int64_t a, std::int64_t b) { return a * 100 + b; })
            .collect(results);
      },
      [&](std::vector<std::int64_t> found) {
        std::vector<std::int64_t> all;
        for (std::int64_t a = 0; a < 700; ++a)
          for (std::int64_t b = 0; b < 90; ++b) all.push_back(a * 100 + b);
        CHECK((in_order(std::move(found)) == in_order(all)));
      });
}

TEST_CASE("a set joined with what was made of itself ends, too") {
  run_all<Line>(
      3,
      [](Environment& env, ExchangeMode exchange, auto results) {
        auto sales = env.generate(kSales, sale).bounded(exchange);
        auto totals = sales.group_by(&Sale::shop).sum(&Sale::cents);
        totals.join(sales)
            .where(&Sale::shop)
            .equal_to(&Sale::shop)
            .with([](const Sale& total, const Sale&) { return Line{total.shop, total.cents}; })
            .collect(results);
      },
      [&](const std::vector<Line>& found) { CHECK(found.size() == kSales); });
}

TEST_CASE("a disk that is full or broken fails the job by its operator's name and keeps no file") {
  const TemporaryDirectory directory;
  for (const int error : {ENOSPC, EIO}) {
    FaultyFileSystem files;
    files.write_error = error;
    Worker::Options options = little_memory(directory, 1);
    options.spill_files = &files;
    LocalJob job(options);
    const JobOutcome outcome = job.run([&](Environment& env) {
      env.generate(kSales, sale).bounded().sort(&Sale::cents).name("By Cents").discard().parallelism(1);
    });
    CHECK(outcome.status == JobStatus::Failed);
    CHECK(outcome.failure.find("operator \"By Cents\" (1/1) of job") != std::string::npos);
    CHECK(outcome.failure.find(std::generic_category().message(error)) != std::string::npos);
    CHECK(std::filesystem::is_empty(directory.path()));
  }
}

TEST_CASE("a job that fails or is cancelled while it has files keeps none of them") {
  const TemporaryDirectory directory;
  LocalJob job(little_memory(directory, 1));
  const JobOutcome failed = job.run([&](Environment& env) {
    env.generate(kSales, sale).bounded().sort(&Sale::cents).for_each([](const Sale&) {
      throw std::runtime_error("no");
    }).parallelism(1);
  });
  CHECK(failed.status == JobStatus::Failed);
  CHECK(std::filesystem::is_empty(directory.path()));

  std::atomic<bool> cancels = false;
  const JobOutcome cancelled = job.run([&](Environment& env) {
    auto sales = env.generate(20'000, sale).bounded();
    sales.cross(sales).with([&](const Sale& one, const Sale&) {
      if (!cancels.exchange(true)) {
        CHECK_FALSE(std::filesystem::is_empty(directory.path()));
        job.cancel();
      }
      return one;
    }).discard();
  });
  CHECK(cancelled.status == JobStatus::Canceled);
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("a savepoint of a job whose operator holds its input is declined by name, and the job runs on") {
  const TemporaryDirectory directory;
  LocalJob job(little_memory(directory, 1));
  Result<CompletedCheckpoint> savepoint = Error{};
  job.when_running([&] {
    job.trigger_checkpoint(1);
    savepoint = job.await_checkpoint(1);
    job.cancel();
  });
  const JobOutcome outcome = job.run([](Environment& env) {
    auto none = env.generate(UINT64_MAX, sale).filter([](const Sale&) { return false; });
    none.bounded().sort(&Sale::cents).discard();
  });
  CHECK(outcome.status == JobStatus::Canceled);
  REQUIRE_FALSE(savepoint.has_value());
  CHECK(savepoint.error().what.find("operator \"Sort\" holds its input until that has ended") !=
        std::string::npos);
}

TEST_CASE("what cannot be is refused in words") {
  const TemporaryDirectory directory;
  LocalJob job(little_memory(directory, 1));
  const JobOutcome checkpointed = job.run([](Environment& env) {
    env.enable_checkpointing(10s);
    env.generate(10, sale).bounded().sort(&Sale::cents).discard();
  });
  CHECK(checkpointed.failure.find("\"Sort\" holds its input until that has ended, and no checkpoint has "
                                  "it") != std::string::npos);

  Worker::Options options = little_memory(directory, 1);
  options.managed_memory_bytes = 16 * 2 * kMinSegmentBytes;
  LocalJob poor(options);
  const JobOutcome starved = poor.run(
      [](Environment& env) { env.generate(10, sale).bounded().sort(&Sale::cents).discard(); });
  CHECK(starved.failure.find("its share of managed memory is 2 pages of 4096 bytes, and it needs 4 at least; "
                             "raise taskmanager.memory.size") != std::string::npos);

  const JobOutcome broadcast = job.run([](Environment& env) {
    auto sales = env.generate(10, sale).bounded();
    (void)sales.left_outer_join(sales)
        .where(&Sale::shop)
        .equal_to(&Sale::shop)
        .hint(JoinHint::BroadcastFirst);
  });
  CHECK(broadcast.failure.find("take another hint for this outer join") != std::string::npos);
}
