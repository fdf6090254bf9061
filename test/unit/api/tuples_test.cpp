// SPDX-License-Identifier: Apache-2.0
#include "api/tuples.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "api/program.h"
#include "test/support/local_job.h"

using namespace weir;
using weir::testing::LocalJob;

namespace {

using Sale = std::tuple<std::string, int, double>;

const std::vector<Sale> kSales{
    {"tea", 3, 1.5}, {"salt", 1, 0.5}, {"tea", 7, 1.0}, {"tea", 7, 2.0}, {"salt", 4, 0.5}};

template <class T>
std::vector<T> run(const std::function<DataStream<T>(Environment&)>& program) {
  const auto collected = std::make_shared<Collected<T>>();
  const auto outcome = LocalJob().run([&](Environment& env) { program(env).collect(collected); }, 2);
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  auto values = collected->take();
  std::ranges::sort(values);
  return values;
}

}  // namespace

TEST_CASE("elements of tuples are keys and fields") {
  CHECK(run<Sale>([](Environment& env) {
          return env.from_collection(kSales).key_by(element<0>).sum(element<1>, Emit::Final);
        }) == std::vector<Sale>{{"salt", 5, 0.5}, {"tea", 17, 1.5}});
}

TEST_CASE("a projection takes elements in any order, and more than once") {
  using Projected = std::tuple<double, std::string, double>;
  CHECK(run<Projected>([](Environment& env) {
          return env.from_collection<Sale>({{"tea", 3, 1.5}}).project<2, 0, 2>();
        }) == std::vector<Projected>{{1.5, "tea", 1.5}});
}

TEST_CASE("min_by and max_by give the whole record, of equals the first") {
  const auto of = [](auto aggregate) {
    return run<Sale>(
        [&](Environment& env) { return aggregate(env.from_collection(kSales).key_by(element<0>)); });
  };
  CHECK(of([](auto sales) { return sales.max_by(element<1>, Emit::Final); }) ==
        std::vector<Sale>{{"salt", 4, 0.5}, {"tea", 7, 1.0}});
  CHECK(of([](auto sales) { return sales.min_by(element<2>, Emit::Final); }) ==
        std::vector<Sale>{{"salt", 1, 0.5}, {"tea", 7, 1.0}});
  CHECK(of([](auto sales) {
          return sales.max_by([](const Sale& sale) { return -std::get<1>(sale); }, Emit::Final);
        }) == std::vector<Sale>{{"salt", 1, 0.5}, {"tea", 3, 1.5}});
  CHECK(of([](auto sales) { return sales.max_by(element<1>); }).size() == kSales.size());  // a word for each
}
