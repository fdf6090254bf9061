// SPDX-License-Identifier: Apache-2.0
// Refused: the operator reads another type than the stream carries
#include <memory>
#include <string>

#include "api/program.h"

#ifdef WEIR_CONTROL
using Carried = std::string;
#else
using Carried = int;
#endif

struct Sink final : weir::SinkOperator<std::string> {
  void process(const std::string&, weir::EventTime) override {}
};

void weir::program(Environment& env) {
  env.from_collection<Carried>({}).sink<Sink>("sink", [] { return std::make_unique<Sink>(); });
}
