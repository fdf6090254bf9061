// SPDX-License-Identifier: Apache-2.0
// Adds to each order what a slow service knows of its customer. Many questions are under way at a time; the
// answers leave in the order of the orders, or with --unordered as they come.
//
//   weir run --local libenrichment.so --input PATH --customers PATH [--output PATH|-] [--unordered]
//
// Orders are lines "customer,article", customers lines "customer,city". The service is a file here that is
// read through for each question: a function that waits, as a client of a database does.
#include <fstream>
#include <stdexcept>
#include <string>

#include "api/program.h"

namespace {

struct Order {
  std::string customer;
  std::string article;
};

std::string city_of(const std::string& customer, const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot read " + path);
  for (std::string line; std::getline(file, line);) {
    const auto comma = line.find(',');
    if (comma != std::string::npos && line.compare(0, comma, customer) == 0) return line.substr(comma + 1);
  }
  return "nowhere";
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::string customers = params.require("customers");
  const std::string output = params.get("output", "-");
  const AsyncOptions options{
      .order = params.has("unordered") ? AsyncOrder::Unordered : AsyncOrder::Ordered,
      .capacity = 32,
      .timeout = std::chrono::seconds(30),
  };

  auto lines = env.read_text(params.require("input"))
                   .flat_map([](const std::string& line, Out<Order>& out) {
                     const auto comma = line.find(',');
                     if (comma != std::string::npos) out({line.substr(0, comma), line.substr(comma + 1)});
                   })
                   .async_map(on_threads(8,
                                         [customers](const Order& order) {
                                           return order.article + " goes to " + order.customer + " in " +
                                                  city_of(order.customer, customers);
                                         }),
                              options);
  if (output == "-") lines.print(/*with_subtask=*/false);
  else lines.write_text(output);
  env.job_name("Enrichment");
}
