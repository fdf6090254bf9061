// SPDX-License-Identifier: Apache-2.0
// Sorts or joins as many records as you like, of 64 bytes each, and fails if the answer is wrong.
//
//   --do sort|hash|merge --records N [--slow-after N]   behind so many results, a millisecond each
#include <poll.h>

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "api/data_set.h"
#include "api/data_set_joins.h"
#include "api/program.h"

namespace {

struct Row {
  std::uint64_t key = 0;
  std::uint64_t number = 0;
  std::array<std::uint64_t, 6> padding{};
};

/// One to one, and in no order.
std::uint64_t scattered(std::uint64_t i) { return i * 0x9E3779B97F4A7C15u; }

Row row(std::uint64_t i) { return {scattered(i), i, {i, i, i, i, i, i}}; }

/// Counts what comes, looks at its order, and may take its time.
class Check {
public:
  Check(bool is_sorted, std::uint64_t slow_after) : is_sorted_(is_sorted), slow_after_(slow_after) {}

  void operator()(const Row& row) {
    if (row.key != scattered(row.number) || row.padding[5] != row.number)
      throw std::runtime_error("a record was changed on its way");
    if (is_sorted_ && count_ > 0 && row.key <= last_) throw std::runtime_error("records are out of order");
    last_ = row.key;
    count_ += 1;
    counted_.add(1);
    if (slow_after_ != 0 && count_ > slow_after_) ::poll(nullptr, 0, 1);
  }

private:
  bool is_sorted_;
  std::uint64_t slow_after_;
  weir::LongCounter counted_{"results"};
  std::uint64_t last_ = 0;
  std::uint64_t count_ = 0;
};

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::string what = params.require("do");
  const auto records = static_cast<std::uint64_t>(params.get_int("records", 1'000'000));
  const auto slow_after = static_cast<std::uint64_t>(params.get_int("slow-after", 0));
  env.job_name("Bounded");
  auto rows = env.generate(records, row).bounded();
  if (what == "sort") {
    rows.sort(&Row::key).for_each(Check(true, slow_after)).parallelism(1);
    return;
  }
  auto others = env.generate(records, row).bounded();
  rows.join(others)
      .where(&Row::key)
      .equal_to(&Row::key)
      .hint(what == "merge" ? JoinHint::SortMerge : JoinHint::HashSecond)
      .with([](const Row& left, const Row& right) {
        if (left.number != right.number) throw std::runtime_error("two that do not belong together");
        return left;
      })
      .for_each(Check(false, slow_after));
}
