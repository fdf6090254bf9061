// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"
#include "checkpoint/snapshot/state_file.h"
#include "checkpoint/state/keyed_backend.h"
#include "checkpoint/state/operator_state.h"
#include "checkpoint/state/state.h"
#include "test/support/state_bytes.h"

namespace weir::testing {

struct Purchase {
  std::string item;
  std::int64_t cents = 0;
};

/// What the two operators of a SampleSavepoint hold.
struct SampleState {
  std::map<std::string, Purchase> last;                         // operator "shops", by key
  std::map<std::string, std::vector<std::int32_t>> visits;      // the same, "visits", expiring
  std::vector<std::int64_t> offsets{100, 200, 300};             // operator "source": a split list
  std::map<std::string, double> rates{{"EUR", 1.0}};            // operator "shops": alike in all subtasks
};

/// A savepoint of two operators in a directory, as tasks write it: "shops" with two subtasks, "source" with
/// one.
class SampleSavepoint {
public:
  static constexpr OperatorId kShops{.high = 0xAB00, .low = 1};
  static constexpr OperatorId kSource{.high = 0xCD00, .low = 2};

  explicit SampleSavepoint(std::string directory, const SampleState& state = {},
                           std::uint32_t max_parallelism = 16)
      : storage_(files_, {.root = directory, .directory = {}, .inline_bytes = 0}) {
    checkpoint_ = {.job = {.high = 1, .low = 2},
                   .id = 17,
                   .triggered_at = WallTime(1'500'000'000'000ms),
                   .is_savepoint = true,
                   .root = directory,
                   .directory = directory};
    auto& shops = checkpoint_.operators[kShops];
    shops = {.name = "Keyed Shops", .uid = "shops", .parallelism = 2, .max_parallelism = max_parallelism};
    for (std::uint32_t i = 0; i < 2; ++i) {
      KeyedBackend keyed(range_of(i, 2, max_parallelism), max_parallelism);
      OperatorStateBackend lists;
      fill(keyed, lists, state, max_parallelism);
      shops.subtasks[i] = write("shops-" + std::to_string(i), keyed, lists);
    }
    auto& source = checkpoint_.operators[kSource];
    source = {.name = "Source: log", .parallelism = 1, .max_parallelism = max_parallelism};
    KeyedBackend none({0, max_parallelism - 1}, max_parallelism);
    OperatorStateBackend lists;
    lists.state(split_list<std::int64_t>("offsets")).assign(state.offsets);
    source.subtasks[0] = write("source-0", none, lists);
    save();
  }

  [[nodiscard]] CompletedCheckpoint& checkpoint() { return checkpoint_; }
  /// Writes the metadata anew.
  void save() { REQUIRE(write_metadata(files_, checkpoint_)); }
  [[nodiscard]] std::string file_of(const OperatorId& id, std::uint32_t subtask) const {
    return checkpoint_.root + "/" + checkpoint_.operators.at(id).subtasks.at(subtask).state.path;
  }

private:
  static void fill(KeyedBackend& keyed, OperatorStateBackend& lists, const SampleState& state,
                   std::uint32_t max_parallelism) {
    keyed.use_key<std::string>();
    keyed.set_time(WallTime(5'000ms));
    auto last = keyed.state(value_state<Purchase>("last"));
    auto visits = keyed.state(list_state<std::int32_t>("visits").expiring({.lifetime = 1h}));
    auto& rates = lists.state(broadcast_map<std::string, double>("rates"));
    const auto is_mine = [&](const std::string& key) {
      keyed.set_current_key(key);
      return keyed.range().contains(key_group_of(KeyHash<std::string>::hash(key), max_parallelism));
    };
    for (const auto& [key, purchase] : state.last)
      if (is_mine(key)) last.set(purchase);
    for (const auto& [key, each] : state.visits)
      if (is_mine(key)) visits.assign(each);
    for (const auto& [currency, rate] : state.rates) rates.put(currency, rate);
  }

  OperatorSnapshot write(const std::string& name, KeyedBackend& keyed, OperatorStateBackend& lists) {
    BlockList blocks;
    std::vector<StateInfo> states = lists.states();
    lists.snapshot(blocks);
    const auto first_keyed = static_cast<std::uint32_t>(states.size());
    for (StateInfo& info : keyed.states()) states.push_back(std::move(info));
    keyed.begin_snapshot(blocks, first_keyed);
    while (!keyed.snapshot_some(std::size_t{1} << 20)) continue;
    auto stream = storage_.create(name);
    REQUIRE(stream);
    StateFileWriter file(**stream);
    for (const StateBlock& block : blocks.blocks) REQUIRE(file.add(block));
    auto handle = file.finish(states);
    REQUIRE(handle);
    OperatorSnapshot snapshot{.state = *std::move(handle), .states = states, .lists = lists.lists()};
    if (states.size() > first_keyed) snapshot.key_groups = keyed.range();
    return snapshot;
  }

  LocalFileSystem files_;
  FileCheckpointStorage storage_;
  CompletedCheckpoint checkpoint_;
};

}  // namespace weir::testing
