// SPDX-License-Identifier: Apache-2.0
// Numbers the orders of each customer, from a file to files, each order once whatever fails meanwhile: the
// source goes on where the last checkpoint saw it, the numbers are state, and a part file appears when the
// checkpoint is complete up to which it goes.
//
//   weir run -m HOST:PORT -p 2 libexactly_once_files.so --input PATH --output DIRECTORY [--checkpoint-ms N]
//
// Lines are "CUSTOMER,ARTICLE"; out come "CUSTOMER NUMBER". Without --checkpoint-ms a checkpoint is taken
// each second; with 0 there is none, and the files appear when the job is over. Kill a TaskManager: not a
// number is missing, and none is there twice. Names that begin with a dot are not for reading: what is in
// them may be taken back.
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/program.h"
#include "examples/fields.h"

namespace {

struct Order {
  std::string customer;
  std::int64_t number = 0;
};

Order parse(const std::string& line) {
  std::string_view rest = line;
  return {std::string(fields::next(rest, ',')), 1};
}

std::string told(const Order& order) { return order.customer + " " + std::to_string(order.number); }

}  // namespace

void weir::program(Environment& env) {
  using namespace std::chrono_literals;
  const auto& params = env.params();
  const std::chrono::milliseconds interval(params.get_int("checkpoint-ms", 1000));
  if (interval > 0ms) env.enable_checkpointing(interval);
  env.restart_strategy(FixedDelay{.attempts = 10, .delay = 100ms});

  // Whatever keeps something has a name of its own, by which a checkpoint's parts find their operators.
  env.read_text(params.require("input"))
      .uid("orders")
      .map(&parse)
      .key_by(&Order::customer)
      .sum(&Order::number)
      .uid("numbers")
      .map(&told)
      .write_files(params.require("output"))
      .uid("files");
  env.job_name("Exactly Once Files");
}
