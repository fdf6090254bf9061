// SPDX-License-Identifier: Apache-2.0
#include <set>

#include "graph/murmur3.h"
#include "test/unit/graph/programs.h"

namespace weir {
using namespace testing;

TEST_CASE("murmur3 agrees with its author's vectors") {
  CHECK(id_of<OperatorId>(murmur3_128("")).hex() == "00000000000000000000000000000000");
  CHECK(id_of<OperatorId>(murmur3_128("hello")).hex() == "029bbd41b3a7d8cb191dae486a901e5b");
  CHECK(id_of<OperatorId>(murmur3_128("The quick brown fox jumps over the lazy dog")).hex() ==
        "6c1b07bc7bbc4be347939ac4a93c437a");
}

TEST_CASE("an id and its digest are two ways to write the same bits") {
  const Digest digest = murmur3_128("hello");
  CHECK(digest_of(id_of<OperatorId>(digest)) == digest);
}

TEST_CASE("ids are the same for each build of a program") {
  CHECK(operator_ids(built(word_count(2, 3))) == operator_ids(built(word_count(2, 3))));
}

TEST_CASE("no two operators share an id") {
  StreamGraphBuilder program = word_count(1, 1);
  const auto twin = program.add_node(source("text"));
  then(program, twin, map("split"));
  then(program, twin, map("split"));
  std::set<OperatorId> distinct;
  const auto ids = operator_ids(built(program));
  for (const auto& [node, id] : ids) distinct.insert(id);
  CHECK(ids.size() == 7);
  CHECK(distinct.size() == 7);
}

TEST_CASE("ids survive new names and another parallelism") {
  const auto before = operator_ids(built(word_count(2, 2)));
  SUBCASE("names") {
    StreamGraphBuilder program = word_count(2, 2);
    for (const StreamNodeId id : {1, 2, 4, 5}) program.node(id).name = "renamed";
    CHECK(operator_ids(built(program)) == before);
  }
  SUBCASE("parallelism") {
    CHECK(operator_ids(built(word_count(4, 4))) == before);
    CHECK(operator_ids(built(word_count(1, 8))) == before);
  }
}

TEST_CASE("ids depend on topology and chaining") {
  const auto before = operator_ids(built(word_count(2, 2)));
  SUBCASE("another consumer") {
    StreamGraphBuilder program = word_count(2, 2);
    StreamNode more = map("more");
    more.parallelism = 2;
    then(program, 4, std::move(more));
    const auto after = operator_ids(built(program));
    CHECK(after.at(2) == before.at(2));
    CHECK(after.at(4) != before.at(4));
  }
  SUBCASE("a chain that is no more") {
    StreamGraphBuilder program = word_count(2, 2);
    program.settings().chaining = false;
    CHECK(operator_ids(built(program)).at(1) != before.at(1));
  }
}

TEST_CASE("a uid decides the id wherever the operator stands") {
  StreamGraphBuilder program = word_count(2, 2);
  program.node(4).uid = "hello";
  CHECK(operator_ids(built(program)).at(4).hex() == "029bbd41b3a7d8cb191dae486a901e5b");

  StreamGraphBuilder moved;
  StreamNode sum = map("other");
  sum.uid = "hello";
  const auto id = then(moved, moved.add_node(source("elsewhere")), std::move(sum));
  CHECK(operator_ids(built(moved)).at(id).hex() == "029bbd41b3a7d8cb191dae486a901e5b");
}

TEST_CASE("an operator whose inputs lie at different depths gets its id all the same") {
  StreamGraphBuilder program;
  const auto a = program.add_node(source("a"));
  const auto join = program.add_node(map("join", 2));
  const auto b = program.add_node(source("b"));
  const auto deep = then(program, then(program, b, map("one")), map("two"));
  program.connect(a, join, 0);
  program.connect(deep, join, 1);
  CHECK(operator_ids(built(program)).size() == 5);
}

TEST_CASE("generated ids never change between versions: savepoints know them") {
  const auto ids = operator_ids(built(word_count(1, 1)));
  CHECK(ids.at(1).hex() == "cbc357ccb763df2852fee8c4fc7d55f2");
  CHECK(ids.at(5).hex() == "17fbfcaabad45985bbdf4da0490487e3");
}

}  // namespace weir
