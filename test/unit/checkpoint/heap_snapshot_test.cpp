// SPDX-License-Identifier: Apache-2.0
// Snapshots of keyed state that are taken while it changes, and what is restored from them.
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread.h"
#include "checkpoint/state/keyed_backend.h"
#include "memory/serializers_std.h"
#include "test/support/state_bytes.h"

using namespace weir;
using namespace weir::testing;

namespace {

struct Balance {
  std::string account;
  std::int64_t cents = 0;
};

struct ByAccount {
  using Key = std::string_view;
  [[nodiscard]] std::uint64_t hash(const Balance& b) const { return KeyHash<std::string>::hash(b.account); }
  [[nodiscard]] bool equal(const Balance& b, const Key& key) const { return b.account == key; }

  [[nodiscard]] StateInfo describe() const { return {.key = "string", .value = "i64"}; }
  [[nodiscard]] std::size_t bound(const Balance& b) const { return Serializer<Balance>::bound(b); }
  std::byte* write(const Balance& b, std::byte* at) const { return Serializer<Balance>::write(b, at); }
  [[nodiscard]] auto reader(const StateInfo& from) const {
    require_readable(from, describe());
    return [](const std::byte* at, const std::byte* end, auto&& insert) {
      Balance balance;
      at = Serializer<Balance>::read(balance, at, end);
      if (at != nullptr) insert(KeyHash<std::string>::hash(balance.account), balance);
      return at;
    };
  }
};
using Table = HeapTable<Balance, ByAccount>;
using Model = std::map<std::string, std::int64_t>;

Table::Place place_of(Table& table, std::string_view key) {
  return table.locate(KeyHash<std::string_view>::hash(key));
}
void set(Table& table, const std::string& key, std::int64_t cents) {
  const auto place = place_of(table, key);
  if (Balance* found = table.find(place, key); found != nullptr) found->cents = cents;
  else table.insert(place, {key, cents});
}

Model content_of(Table& table) {
  Model content;
  table.for_each([&](const Balance& b) { REQUIRE(content.emplace(b.account, b.cents).second); });
  return content;
}

/// Changes a table and its model alike.
void change_at_random(Table& table, Model& model, std::mt19937_64& random, std::size_t key_count) {
  // Keys of many lengths, of which some are found often.
  const auto number = random() % (random() % 4 == 0 ? 10 : key_count);
  const std::string key = std::to_string(number) + std::string(number % 30, 'k');
  const auto place = place_of(table, key);
  switch (random() % 5) {
    case 0:
      table.erase(place, key);
      model.erase(key);
      break;
    case 1: {
      const Balance* found = table.peek(place, key);
      REQUIRE((found != nullptr) == model.contains(key));
      if (found != nullptr) REQUIRE(found->cents == model[key]);
      break;
    }
    default:
      set(table, key, static_cast<std::int64_t>(random()));
      model[key] = table.peek(place, key)->cents;
      break;
  }
}

StateFile file_of(const KeyedBackend& backend, const std::vector<StateBlock>& blocks) {
  auto file = open_bytes(state_file_of(backend.states(), blocks));
  REQUIRE(file);
  return *std::move(file);
}

/// All of a backend's state at once.
StateFile snapshot_of(KeyedBackend& backend) {
  BlockList blocks;
  backend.begin_snapshot(blocks);
  while (!backend.snapshot_some(1000)) {}
  return file_of(backend, blocks.blocks);
}

}  // namespace

TEST_CASE("a snapshot is the state at its beginning, whatever changes until its end") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 60; ++round) {
    const std::uint32_t groups = 1 + static_cast<std::uint32_t>(random() % 9);
    const std::size_t key_count = 1 + random() % 3000;
    KeyedBackend backend({0, groups - 1}, groups);
    auto& table = backend.table<Balance>("balances", ByAccount{});
    Model model;
    for (auto changes = random() % 4000; changes > 0; --changes)
      change_at_random(table, model, random, key_count);

    for (int snapshot = 0; snapshot < 3; ++snapshot) {
      const Model expected = model;
      BlockList sink;
      backend.begin_snapshot(sink);
      do {
        for (auto changes = random() % 50; changes > 0; --changes)
          change_at_random(table, model, random, key_count);
      } while (!backend.snapshot_some(random() % 1000));
      REQUIRE(content_of(table) == model);

      std::vector<StateFile> files;
      files.push_back(file_of(backend, sink.blocks));
      KeyedBackend restored({0, groups - 1}, groups);
      restored.begin_restore(files);
      REQUIRE(content_of(restored.table<Balance>("balances", ByAccount{})) == expected);
      CHECK(restored.end_restore().empty());
    }
  }
}

TEST_CASE("another thread takes a snapshot while the table changes, and both get what is theirs") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20; ++round) {
    const std::uint32_t groups = 1 + static_cast<std::uint32_t>(random() % 9);
    const std::size_t key_count = 1 + random() % 20'000;
    KeyedBackend backend({0, groups - 1}, groups);
    auto& table = backend.table<Balance>("balances", ByAccount{});
    Model model;
    for (auto changes = random() % 20'000; changes > 0; --changes)
      change_at_random(table, model, random, key_count);
    const Model expected = model;

    BlockList changed;
    std::vector<StateBlock> walked;
    std::atomic<bool> is_over = false;
    backend.begin_snapshot(changed);
    Thread walker("walker", [walks = backend.walks(), &walked, &is_over] {
      StateBlock block;
      for (const auto& walk : walks)
        while (walk->next(block)) walked.push_back(std::move(block));
      is_over = true;
    });
    while (!is_over) change_at_random(table, model, random, key_count);
    walker.join();
    backend.end_snapshot();
    REQUIRE(content_of(table) == model);

    std::vector<StateBlock> blocks = std::move(walked);
    for (StateBlock& block : changed.blocks) blocks.push_back(std::move(block));
    std::vector<StateFile> files;
    files.push_back(file_of(backend, blocks));
    KeyedBackend restored({0, groups - 1}, groups);
    restored.begin_restore(files);
    REQUIRE(content_of(restored.table<Balance>("balances", ByAccount{})) == expected);
  }
}

TEST_CASE("a table may go, or give its snapshot up, while another thread walks over it") {
  for (int round = 0; round < 20; ++round) {
    auto backend = std::make_unique<KeyedBackend>(KeyGroupRange{0, 15}, 16);
    auto& table = backend->table<Balance>("balances", ByAccount{});
    for (int i = 0; i < 50'000; ++i) set(table, std::to_string(i), i);
    BlockList changed;
    backend->begin_snapshot(changed);
    Thread walker("walker", [walks = backend->walks()] {
      StateBlock block;
      while (walks[0]->next(block)) {}
    });
    for (int i = 0; i < 100; ++i) set(table, std::to_string(i), -i);
    if (round % 2 == 0) backend->abort_snapshot();
    backend.reset();
  }
}

TEST_CASE("a snapshot that is given up leaves the state as it is and lets another begin") {
  KeyedBackend backend({0, 15}, 16);
  auto& table = backend.table<Balance>("balances", ByAccount{});
  for (int i = 0; i < 50'000; ++i) set(table, std::to_string(i), i);
  BlockList given_up;
  backend.begin_snapshot(given_up);
  CHECK_FALSE(backend.snapshot_some(1000));
  CHECK(backend.is_snapshot_running());
  backend.abort_snapshot();
  CHECK_FALSE(backend.is_snapshot_running());
  set(table, "17", -1);

  std::vector<StateFile> files;
  files.push_back(snapshot_of(backend));
  KeyedBackend restored({0, 15}, 16);
  restored.begin_restore(files);
  CHECK(content_of(restored.table<Balance>("balances", ByAccount{})) == content_of(table));
}

TEST_CASE("state of any parallelism is restored at any other") {
  constexpr std::uint32_t kGroups = 13;
  Model model;
  for (int i = 0; i < 2000; ++i) model.emplace("key " + std::to_string(i), i * i);
  for (std::uint32_t before = 1; before <= 7; ++before) {
    std::vector<StateFile> files;
    for (std::uint32_t subtask = 0; subtask < before; ++subtask) {
      KeyedBackend backend(range_of(subtask, before, kGroups), kGroups);
      auto& table = backend.table<Balance>("balances", ByAccount{});
      for (const auto& [key, cents] : model) {
        if (backend.range().contains(key_group_of(KeyHash<std::string>::hash(key), kGroups)))
          set(table, key, cents);
      }
      files.push_back(snapshot_of(backend));
    }
    for (std::uint32_t after = 1; after <= 7; ++after) {
      Model restored;
      for (std::uint32_t subtask = 0; subtask < after; ++subtask) {
        KeyedBackend backend(range_of(subtask, after, kGroups), kGroups);
        backend.begin_restore(files);
        restored.merge(content_of(backend.table<Balance>("balances", ByAccount{})));
      }
      CAPTURE(before);
      CAPTURE(after);
      REQUIRE(restored == model);
    }
  }
}

TEST_CASE("several states are in one snapshot, and those that nobody asks for are told") {
  KeyedBackend backend({0, 3}, 4);
  set(backend.table<Balance>("first", ByAccount{}), "a", 1);
  set(backend.table<Balance>("second", ByAccount{}), "a", 2);
  CHECK(backend.states().size() == 2);
  CHECK(backend.states()[1].name == "second");
  std::vector<StateFile> files;
  files.push_back(snapshot_of(backend));

  KeyedBackend restored({0, 3}, 4);
  restored.begin_restore(files);
  CHECK(content_of(restored.table<Balance>("second", ByAccount{})) == Model{{"a", 2}});
  CHECK(content_of(restored.table<Balance>("third", ByAccount{})).empty());
  CHECK(restored.end_restore() == std::vector<std::string>{"first"});
}

TEST_CASE("state that is not what the program keeps is refused by name") {
  const std::vector<StateInfo> states = {{.name = "balances", .key = "string", .value = "f64"}};
  std::vector<StateFile> files;
  files.push_back(*open_bytes(state_file_of(states, {})));
  KeyedBackend backend({0, 3}, 4);
  backend.begin_restore(files);
  CHECK_THROWS_WITH_AS(
      (void)backend.table<Balance>("balances", ByAccount{}),
      "the state \"balances\" cannot be restored: it was f64 and is i64 in this program",
      std::runtime_error);
}

TEST_CASE("entries of another key group, or half ones, are refused") {
  const std::vector<StateInfo> states = {{.name = "balances", .key = "string", .value = "i64"}};
  KeyedBackend source({0, 3}, 4);
  set(source.table<Balance>("balances", ByAccount{}), "a", 1);
  BlockList list;
  source.begin_snapshot(list);
  while (!source.snapshot_some(1000)) {}
  REQUIRE(list.blocks.size() == 1);

  StateBlock block = list.blocks[0];
  SUBCASE("another group") { block.group = (block.group + 1) % 4; }
  SUBCASE("half") { block.payload.pop_back(); }
  SUBCASE("one and a half") { block.payload.push_back(std::byte{1}); }
  std::vector<StateFile> files;
  files.push_back(*open_bytes(state_file_of(states, {block})));
  KeyedBackend backend({0, 3}, 4);
  backend.begin_restore(files);
  CHECK_THROWS_WITH_AS((void)backend.table<Balance>("balances", ByAccount{}),
                       ("the state file sample has what is no entry of state \"balances\" in key group " +
                        std::to_string(block.group))
                           .c_str(),
                       std::runtime_error);
}

TEST_CASE("a name that is used for two types is refused with both") {
  KeyedBackend backend({0, 3}, 4);
  struct Other : ByAccount {
    [[nodiscard]] StateInfo describe() const { return {.key = "string", .value = "f64"}; }
  };
  (void)backend.table<Balance>("balances", ByAccount{});
  CHECK_THROWS_WITH_AS(
      (void)backend.table<Balance>("balances", Other{}),
      "the state \"balances\" is asked for as value state string -> f64, but it is value state "
                       "string -> i64: give one of them another name",
      std::logic_error);
}

TEST_CASE("beginning a snapshot costs next to nothing, and a change during one little more") {
  KeyedBackend backend({0, 127}, 128);
  auto& table = backend.table<Balance>("balances", ByAccount{});
  for (int i = 0; i < 200'000; ++i) set(table, std::to_string(i), i);
  using Clock = std::chrono::steady_clock;
  BlockList sink;
  const auto start = Clock::now();
  backend.begin_snapshot(sink);
  const auto begun = Clock::now();
  for (int i = 0; i < 200'000; ++i) set(table, std::to_string(i), -i);
  const auto changed = Clock::now();
  MESSAGE("begun in " << std::chrono::duration<double, std::micro>(begun - start).count() << " us, a change "
                      << std::chrono::duration<double, std::nano>(changed - begun).count() / 200'000
                      << " ns");
  CHECK(begun - start < std::chrono::milliseconds(5));
}
