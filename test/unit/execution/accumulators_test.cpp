// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/accumulators.h"

#include <doctest/doctest.h>

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

using namespace weir;

using Values = std::map<std::string, std::int64_t>;

TEST_CASE("a counter outside of tasks counts for itself and its copies") {
  const LongCounter lines("lines");
  const LongCounter copy = lines;  // NOLINT: it is the copy that is tested
  lines.add();
  copy.add(-3);
  CHECK(lines.value() == -2);
  CHECK(LongCounter("lines").value() == 0);
}

TEST_CASE("a counter that a task copies counts for that task, and for no other") {
  const auto function = [matched = LongCounter("matched")](int n) { matched.add(n); };
  Accumulators one;
  Accumulators other;
  const auto copy_for = [&](Accumulators& task) {
    const Accumulators::Scope scope(task);
    std::function<void(int)> copied = function;
    auto moved = std::move(copied);  // as factories do on their way
    return moved;
  };
  copy_for(one)(1);
  copy_for(one)(2);
  copy_for(other)(10);
  function(100);
  CHECK(one.values() == Values{{"matched", 3}});
  CHECK(other.values() == Values{{"matched", 10}});
}

TEST_CASE("counters that are made inside of a task count for it, and one name is one sum") {
  Accumulators task;
  {
    const Accumulators::Scope scope(task);
    const LongCounter lines("lines");
    const LongCounter also_lines("lines");
    const LongCounter words("words");
    {
      Accumulators inner;
      const Accumulators::Scope other(inner);
      LongCounter("lines").add(1000);
    }
    LongCounter assigned("nothing yet");
    assigned = words;
    lines.add();
    also_lines.add();
    assigned.add(5);
  }
  CHECK(task.values() == Values{{"lines", 2}, {"nothing yet", 0}, {"words", 5}});
  CHECK(Accumulators::of_this_thread() == nullptr);
}

TEST_CASE("names and numbers of sums have an end") {
  Accumulators task;
  CHECK_THROWS_AS((void)task.sum(std::string(Accumulators::kMaxNameBytes + 1, 'x')), std::length_error);
  for (std::size_t i = 0; i < Accumulators::kMaxSums; ++i) (void)task.sum(std::to_string(i));
  CHECK_THROWS_WITH((void)task.sum("lines"), "accumulator \"lines\" is one too many: a task may have 1000");
  CHECK(task.sum("7") == task.sum("7"));
}
