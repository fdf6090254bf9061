// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/operator_state.h"

#include <doctest/doctest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "memory/serializers_std.h"
#include "test/support/state_bytes.h"

using namespace weir;
using namespace weir::testing;

namespace {

struct Split {
  std::string file;
  std::uint64_t offset = 0;
  bool operator==(const Split&) const = default;
};

StateFile snapshot_of(const OperatorStateBackend& backend) {
  BlockList blocks;
  backend.snapshot(blocks);
  auto file = open_bytes(state_file_of(backend.states(), blocks.blocks));
  REQUIRE(file);
  return *std::move(file);
}

std::vector<Split> splits(int first, int behind) {
  std::vector<Split> splits;
  for (int i = first; i < behind; ++i)
    splits.push_back({"file " + std::to_string(i), static_cast<std::uint64_t>(i) * 1000});
  return splits;
}

}  // namespace

TEST_CASE("list, union and broadcast state come back from a snapshot") {
  OperatorStateBackend backend;
  backend.list_state<Split>("splits").assign(splits(0, 3));
  backend.union_list_state<int>("seen").add(7);
  auto& rules = backend.broadcast_state<std::string, double>("rules");
  rules.put("a", 0.5);
  rules.put("b", 1.5);
  rules.put("gone", 0);
  rules.remove("gone");
  CHECK(backend.lists() == std::vector<ListStateInfo>{{"rules", Redistribution::Broadcast, 2},
                                                      {"seen", Redistribution::Union, 1},
                                                      {"splits", Redistribution::Split, 3}});

  std::vector<StateFile> files;
  files.push_back(snapshot_of(backend));
  const std::vector<ListSlice> slices = {{0, "rules", 0, 2}, {0, "seen", 0, 1}, {0, "splits", 1, 2}};
  OperatorStateBackend restored;
  restored.begin_restore(files, slices);
  CHECK(restored.list_state<Split>("splits").get() == splits(1, 3));
  CHECK(restored.union_list_state<int>("seen").get() == std::vector{7});
  const auto& back = restored.broadcast_state<std::string, double>("rules");
  CHECK(back.get().size() == 2);
  REQUIRE(back.find("b") != nullptr);
  CHECK(*back.find("b") == 1.5);
  CHECK(back.find("gone") == nullptr);
  CHECK(restored.end_restore().empty());
}

TEST_CASE("a slice is just its elements, in order, in whatever blocks they are") {
  constexpr int kElements = 20'000;  // some blocks' worth
  OperatorStateBackend backend;
  backend.list_state<Split>("splits").assign(splits(0, kElements));
  std::vector<StateFile> files;
  files.push_back(snapshot_of(backend));
  files.push_back(snapshot_of(backend));
  REQUIRE(files[0].blocks().size() > 3);
  for (const int first : {0, 1, 2999, 7000, 19'999}) {
    for (const int count : {0, 1, 3000, 13'000}) {
      if (first + count > kElements) continue;
      const std::vector<ListSlice> slices = {
          {1, "splits", static_cast<std::uint64_t>(first), static_cast<std::uint64_t>(count)},
          {0, "splits", 5, 1}};
      OperatorStateBackend restored;
      restored.begin_restore(files, slices);
      auto expected = splits(first, first + count);
      expected.push_back(splits(5, 6)[0]);
      CHECK(restored.list_state<Split>("splits").get() == expected);
    }
  }
}

TEST_CASE("operator state that does not fit is refused by name") {
  OperatorStateBackend backend;
  backend.list_state<Split>("splits").assign(splits(0, 3));
  std::vector<StateFile> files;
  files.push_back(snapshot_of(backend));
  OperatorStateBackend restored;
  const auto restore = [&](const ListSlice& slice, auto ask, const char* error) {
    const std::vector<ListSlice> slices = {slice};
    restored.begin_restore(files, slices);
    CHECK_THROWS_WITH_AS(ask(), error, std::runtime_error);
  };
  restore({0, "splits", 2, 2}, [&] { (void)restored.list_state<Split>("splits"); },
          "the state file sample has 3 elements of state \"splits\", too few to restore 2 from number 2");
  restore(
      {0, "splits", 0, 1}, [&] { (void)restored.list_state<std::string>("splits"); },
      "the state \"splits\" cannot be restored: it was struct Split{file:string,offset:u64} and is string in "
      "this program");
  restore({0, "others", 0, 1}, [&] { (void)restored.list_state<Split>("others"); },
          "the state file sample has no state \"others\", which is to be restored from it");

  const std::vector<ListSlice> slices = {{0, "splits", 0, 3}};
  restored.begin_restore(files, slices);
  (void)restored.list_state<Split>("more");
  CHECK(restored.end_restore() == std::vector<std::string>{"splits"});
}

TEST_CASE("an operator state's name means one type and one redistribution") {
  OperatorStateBackend backend;
  (void)backend.list_state<int>("numbers");
  CHECK(&backend.list_state<int>("numbers") == &backend.list_state<int>("numbers"));
  CHECK_THROWS_WITH_AS(
      (void)backend.union_list_state<int>("numbers"),
      "the state \"numbers\" is asked for as union list i32, but it is split list i32: give one "
      "of them another name",
      std::logic_error);
  CHECK_THROWS_AS((void)backend.list_state<unsigned>("numbers"), std::logic_error);
  CHECK_THROWS_AS((void)(backend.broadcast_state<int, int>("numbers")), std::logic_error);
}
