// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/upsert_sink.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

using namespace weir;

namespace {

struct Price {
  std::string product;
  int cents = 0;
};

const auto kKey = &Price::product;
const auto kCents = [](const Price& price) -> std::optional<int> {
  return price.cents > 0 ? std::optional(price.cents) : std::nullopt;  // not sold any more
};
using Sink = UpsertSink<Price, decltype(kKey), decltype(kCents)>;
using Rows = std::map<std::string, int>;

/// A subtask of the sink that writes to the table.
struct Subtask {
  explicit Subtask(const std::shared_ptr<SharedTable<std::string, int>>& table)
      : sink(kKey, kCents, table->writer()) {
    sink.bind(context);
    sink.open(context);
  }
  void write(const char* product, int cents) { sink.process({product, cents}, EventTime::none()); }

  OperatorContext context{{"sink", 0, 1, 128}};
  Sink sink;
};

}  // namespace

TEST_CASE("a row is in the place of the one before with its key, and one without a value erases it") {
  const auto table = std::make_shared<SharedTable<std::string, int>>();
  Subtask subtask(table);
  subtask.write("tea", 300);
  subtask.write("rum", 900);
  subtask.write("tea", 350);
  subtask.write("gin", 0);
  subtask.write("rum", 0);
  subtask.sink.finish();
  CHECK(table->rows() == Rows{{"tea", 350}});
}

TEST_CASE("a checkpoint is not handed in before all rows up to it are in the table") {
  const auto table = std::make_shared<SharedTable<std::string, int>>();
  Subtask subtask(table);
  subtask.write("tea", 300);
  CHECK(table->rows().empty());
  subtask.sink.snapshot(1);
  CHECK(table->rows() == Rows{{"tea", 300}});
}

TEST_CASE("rows that come again after a failure end in the same table") {
  const auto table = std::make_shared<SharedTable<std::string, int>>();
  {
    Subtask dies(table);
    dies.write("tea", 300);
    dies.sink.snapshot(1);
    dies.write("tea", 310);
    dies.write("rum", 900);
    dies.sink.snapshot(2);  // is not completed: others did not hand in theirs
  }
  Subtask heir(table);  // goes on from 1
  heir.write("tea", 310);
  heir.write("rum", 900);
  heir.write("rum", 0);
  heir.sink.finish();
  CHECK(table->rows() == Rows{{"tea", 310}});
}
