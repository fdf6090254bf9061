// SPDX-License-Identifier: Apache-2.0
#include "base/metrics.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace weir;

TEST_CASE("a counter counts and a gauge holds") {
  Counter counter;
  counter.add();
  counter.add(41);
  CHECK(counter.value() == 42);
  Gauge gauge;
  gauge.set(-3);
  CHECK(gauge.value() == -3);
}

TEST_CASE("a meter looks back one minute at most") {
  Meter meter;
  const TimePoint t0{};
  CHECK(meter.per_second() == 0);
  meter.sample(0, t0);
  CHECK(meter.per_second() == 0);
  meter.sample(500, t0 + 5s);
  CHECK(meter.per_second() == doctest::Approx(100));

  for (int i = 2; i <= 14; ++i) meter.sample(500, t0 + i * 5s);  // then nothing for longer than a minute
  CHECK(meter.per_second() == 0);
}

TEST_CASE("a histogram's quantiles are at most an eighth too high and never too low") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Histogram histogram;
  CHECK(histogram.quantile(0.5) == 0);
  std::vector<std::uint64_t> values;
  for (int i = 0; i < 10'000; ++i) {
    values.push_back(random() >> random() % 64);
    histogram.add(values.back());
  }
  std::sort(values.begin(), values.end());
  for (const double quantile : {0.0, 0.01, 0.5, 0.9, 0.99, 1.0}) {
    CAPTURE(quantile);
    const auto rank = static_cast<std::size_t>(std::ceil(quantile * 10'000));
    const auto exact = values[rank == 0 ? 0 : rank - 1];
    CHECK(histogram.quantile(quantile) >= exact);
    CHECK(histogram.quantile(quantile) - exact <= exact / 8);
  }
  CHECK(histogram.count() == 10'000);
  CHECK(histogram.max() == values.back());
}

TEST_CASE("the smallest and the largest number have a bucket") {
  Histogram histogram;
  histogram.add(0);
  CHECK(histogram.quantile(1) == 0);
  histogram.add(~std::uint64_t{0});
  CHECK(histogram.quantile(1) == ~std::uint64_t{0});
}
