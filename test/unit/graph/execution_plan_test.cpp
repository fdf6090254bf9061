// SPDX-License-Identifier: Apache-2.0
#include "test/unit/graph/programs.h"

namespace weir {
using namespace testing;

TEST_CASE("a plan shows each operator, unchained, and whence it reads") {
  CHECK(execution_plan_json(built(word_count(1, 2))) == R"({
  "nodes": [
    {
      "id": 1,
      "type": "Source: text",
      "pact": "Data Source",
      "contents": "Source: text",
      "parallelism": 1
    },
    {
      "id": 2,
      "type": "split",
      "pact": "Operator",
      "contents": "split",
      "parallelism": 1,
      "predecessors": [
        {
          "id": 1,
          "ship_strategy": "FORWARD",
          "side": "second"
        }
      ]
    },
    {
      "id": 4,
      "type": "sum",
      "pact": "Operator",
      "contents": "sum",
      "parallelism": 2,
      "predecessors": [
        {
          "id": 2,
          "ship_strategy": "HASH",
          "side": "second"
        }
      ]
    },
    {
      "id": 5,
      "type": "Sink: print",
      "pact": "Data Sink",
      "contents": "Sink: print",
      "parallelism": 2,
      "predecessors": [
        {
          "id": 4,
          "ship_strategy": "FORWARD",
          "side": "second"
        }
      ]
    }
  ]
})");
}

TEST_CASE("a name that is no UTF-8 does not spoil the plan") {
  StreamGraphBuilder program;
  program.add_node(source("\xff\""));
  CHECK(execution_plan_json(built(program)).find("\"type\": \"Source: \xef\xbf\xbd\\\"\"") !=
        std::string::npos);
}

}  // namespace weir
