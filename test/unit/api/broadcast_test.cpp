// SPDX-License-Identifier: Apache-2.0
// A stream beside a broadcast one.
#include "api/broadcast_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "api/program.h"
#include "test/support/local_job.h"
#include "test/support/operator_ends.h"
#include "test/support/random_value.h"

using namespace weir;
using weir::testing::LocalJob;

namespace {

using Texts = std::vector<std::string>;

struct Price {
  std::string article;
  std::int64_t cents = 0;  // below 0: it is not sold any more
};
struct Order {
  std::int32_t customer = 0;
  std::string article;
};

constexpr MapStateTag<std::string, std::int64_t> kPrices{"prices"};
constexpr MapStateTag<std::string, std::string> kNames{"prices"};  // the same name, other types
constexpr OutputTag<Order> kUnknown{"unknown"};

/// Tells what an order costs by the prices so far.
struct Clerk {
  void first(const Order& order, const BroadcastContext& context, Out<std::string>& out) {
    const std::int64_t* const cents = context.broadcast(kPrices).find(order.article);
    if (cents == nullptr) return context.emit(kUnknown, order);
    out(std::to_string(order.customer) + " " + order.article + " " + std::to_string(*cents));
  }
  void second(const Price& price, BroadcastContext& context, Out<std::string>&) {
    auto& prices = context.broadcast(kPrices);
    if (price.cents < 0) prices.remove(price.article);
    else prices.put(price.article, price.cents);
  }
};

using Op = BroadcastProcess<Order, Price, std::string, Clerk, MapStateTag<std::string, std::int64_t>>;

/// The operator alone, driven by a test.
struct Desk {
  Desk() {
    op.bind(context);
    op.set_output(said);
    op.add_side_output({kUnknown.name, record_type_key<Order>(), unknown});
    op.open(context);
  }
  OperatorContext context{{"desk", 0, 1, 128}};
  Op op{Clerk{}, std::tuple(kPrices)};
  testing::Gathered<std::string> said;
  testing::Gathered<Order> unknown;
};

}  // namespace

TEST_CASE("each subtask has the whole map, keyed or not, and what is broadcast changes it") {
  for (const bool keyed : {false, true}) {
    const auto said = std::make_shared<Collected<std::string>>();
    const auto outcome = LocalJob(testing::small_worker(), 2).run(
        [&](Environment& env) {
          // Which of both is read first is left open.
          auto prices = env.from_collection<Price>({{"tea", 300}, {"salt", 80}, {"tea", 320}});
          auto orders = env.generate(60, [](std::uint64_t i) {
            return Order{static_cast<std::int32_t>(i), i % 2 == 0 ? "tea" : "salt"};
          });
          const auto table = prices.broadcast(kPrices);
          auto answers = keyed ? orders.key_by(&Order::customer).connect(table).process(Clerk{})
                               : orders.rebalance().connect(table).process(Clerk{});
          answers.collect(said);
          answers.side_output(kUnknown)
              .map([](const Order& order) {
                return std::to_string(order.customer) + " " + order.article + " ?";
              })
              .collect(said);
        },
        3);
    CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
    const Texts answers = said->take();
    CHECK(answers.size() == 60);
    for (const std::string& answer : answers) {
      CAPTURE(answer);
      const bool is_possible = answer.ends_with(" ?") || answer.ends_with("tea 300") ||
                               answer.ends_with("tea 320") || answer.ends_with("salt 80");
      CHECK(is_possible);
    }
  }
}

TEST_CASE("whatever the order of records and rules, each record meets the rules that came before it") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  testing::Random random(seed);
  for (int round = 0; round < 1'000; ++round) {
    Desk desk;
    std::map<std::string, std::int64_t> model;
    Texts expected;
    std::size_t unknown = 0;
    for (int step = 0; step < 50; ++step) {
      const std::string article(1, static_cast<char>('a' + random() % 5));
      if (random() % 2 == 0) {
        const auto cents = static_cast<std::int64_t>(random() % 10) - 3;
        desk.op.process_second({article, cents}, EventTime::none());
        if (cents < 0) model.erase(article);
        else model[article] = cents;
        continue;
      }
      desk.op.process_first({step, article}, EventTime{step});
      if (model.contains(article))
        expected.push_back(std::to_string(step) + " " + article + " " + std::to_string(model[article]));
      else
        ++unknown;
    }
    REQUIRE(desk.said.values == expected);
    REQUIRE(desk.unknown.values.size() == unknown);
  }
}

TEST_CASE("a map that was not named where the stream is broadcast is refused by its name") {
  struct Wrong {
    void first(const Order&, const BroadcastContext& context, Out<std::string>& out) {
      out(context.broadcast(kNames).get().empty() ? "" : "x");
    }
    void second(const Price&, BroadcastContext&, Out<std::string>&) {}
  };
  const auto outcome = LocalJob().run([](Environment& env) {
    env.job_name("shop");
    env.from_collection<Order>({{1, "tea"}})
        .connect(env.from_collection<Price>({}).broadcast(kPrices))
        .process(Wrong{})
        .discard();
  });
  CHECK(
      outcome.failure.find("operator \"Broadcast Process\" (1/1) of job \"shop\": there is no broadcast map "
                           "\"prices\" of these types") != std::string::npos);
}
