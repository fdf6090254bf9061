// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/state.h"

#include <doctest/doctest.h>

#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/state/keyed_backend.h"
#include "checkpoint/state/rocksdb_backend.h"
#include "test/support/map_store.h"
#include "test/support/state_bytes.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using namespace weir::testing;

namespace {

struct Average {
  struct Accumulator {
    double sum = 0;
    std::int64_t count = 0;
  };
  void add(Accumulator& a, double value) const {
    a.sum += value;
    ++a.count;
  }
  [[nodiscard]] double result(const Accumulator& a) const { return a.sum / static_cast<double>(a.count); }
};

/// Where state is kept. Each question that is asked of one is asked of the other.
enum class Place : std::uint8_t { Heap, Store, RocksDb };
Place either_place() {
  Place place = Place::Heap;
  SUBCASE("on the heap") {}
  SUBCASE("in a store") { place = Place::Store; }
  SUBCASE("in RocksDB") { place = Place::RocksDb; }
  return place;
}

std::unique_ptr<ByteStore> store_in(const TemporaryDirectory& directory) {
  auto store = open_rocksdb({.directory = directory.path("db")});
  REQUIRE(store);
  return *std::move(store);
}

template <class K>
struct Backend : private TemporaryDirectory, public KeyedBackend {
  explicit Backend(Place place) : KeyedBackend({0, 15}, 16) {
    if (place == Place::Store) use_store([] { return std::make_unique<MapStore>(); });
    if (place == Place::RocksDb) use_store([this] { return store_in(*this); });
    use_key<K>();
  }
};
using TextBackend = Backend<std::string_view>;

StateFile snapshot_of(KeyedBackend& backend) {
  BlockList blocks;
  backend.begin_snapshot(blocks);
  while (!backend.snapshot_some(100)) {}
  auto file = open_bytes(state_file_of(backend.states(), blocks.blocks));
  REQUIRE(file);
  return *std::move(file);
}

WallTime at_second(std::int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

}  // namespace

TEST_CASE("a value belongs to the current key") {
  const Place place = either_place();
  TextBackend backend(place);
  auto count = backend.state(value_state<std::int64_t>("count"));
  const std::string_view ada = "ada", bob = "bob, whose key has more than twelve bytes";
  backend.set_current_key(ada);
  CHECK(count.get() == nullptr);
  CHECK(count.value_or(-1) == -1);
  count.set(1);
  backend.set_current_key(bob);
  CHECK(count.get() == nullptr);
  count.update([](std::int64_t& held) { held += 10; });
  backend.set_current_key(ada);
  CHECK(*count.get() == 1);
  count.clear();
  CHECK(count.get() == nullptr);
  backend.set_current_key(bob);
  CHECK(*count.get() == 10);
}

TEST_CASE("lists, maps, and what is reduced, aggregated and folded are kept by key") {
  const Place place = either_place();
  Backend<int> backend(place);
  auto list = backend.state(list_state<std::string>("list"));
  auto map = backend.state(map_state<std::string, int>("map"));
  auto most = backend.state(reducing_state<int>("most", [](int a, int b) { return std::max(a, b); }));
  auto average = backend.state(aggregating_state<Average>("average"));
  const auto append = [](const std::string& text, int number) { return text + std::to_string(number); };
  auto text = backend.state(folding_state("text", std::string(">"), append));
  for (int key = 0; key < 2; ++key) {
    backend.set_current_key(key);
    CHECK(list.get().empty());
    CHECK(map.get().empty());
    CHECK(most.get() == nullptr);
    CHECK_FALSE(average.get());
    CHECK(text.get() == nullptr);
    list.add("a");
    list.add("b");
    map.put("x", 1);
    map.put("y", 2);
    map.put("x", 3);
    map.remove("y");
    for (const int number : {-3, -1, -2}) {
      most.add(number);
      average.add(number);
      text.add(number);
    }
    CHECK(list.get() == std::vector<std::string>{"a", "b"});
    CHECK(map.get().size() == 1);
    CHECK(*map.find("x") == 3);
    CHECK_FALSE(map.contains("y"));
    CHECK(*most.get() == -1);
    CHECK(*average.get() == -2);
    CHECK(*text.get() == ">-3-1-2");
  }
  list.assign({});
  map.remove("x");
  most.clear();
  average.clear();
  text.clear();
  CHECK(snapshot_of(backend).blocks().size() == 5);  // of the other key
}

TEST_CASE("all kinds of state come back from a snapshot, under keys of any length") {
  const Place place = either_place();
  const auto fill = [](KeyedBackend& backend, bool is_new) {
    auto value = backend.state(value_state<double>("value"));
    auto list = backend.state(list_state<int>("list"));
    auto map = backend.state(map_state<int, std::string>("map"));
    for (int i = 0; i < 500; ++i) {
      const std::string text = std::string(static_cast<std::size_t>(i) % 40, 'k') + std::to_string(i);
      const std::string_view key = text;
      backend.set_current_key(key);
      if (is_new) {
        value.set(i * 0.5);
        list.assign(std::vector<int>(static_cast<std::size_t>(i % 7), i));
        map.put(i, text);
      }
      REQUIRE(*value.get() == i * 0.5);
      REQUIRE(list.get() == std::vector<int>(static_cast<std::size_t>(i % 7), i));
      REQUIRE(*map.find(i) == text);
    }
  };
  TextBackend backend(place);
  fill(backend, true);
  std::vector<StateFile> files;
  files.push_back(snapshot_of(backend));
  TextBackend restored(place);
  restored.begin_restore(files);
  fill(restored, false);
  CHECK(restored.end_restore().empty());
  CHECK(restored.states() == backend.states());
}

TEST_CASE("state that nobody used for its lifetime is gone, also from snapshots") {
  const Place place = either_place();
  using Renewal = StateTtl::Renewal;
  const StateTtl ttl{.lifetime = 10s, .renewal = Renewal::OnWrite};
  const StateTtl read_ttl{.lifetime = 10s, .renewal = Renewal::OnReadAndWrite};
  Backend<int> backend(place);
  backend.set_time(at_second(100));
  auto written = backend.state(value_state<int>("written").expiring(ttl));
  auto read = backend.state(value_state<int>("read").expiring(read_ttl));
  const int one = 1, two = 2;
  backend.set_current_key(one);
  written.set(7);
  read.set(7);

  backend.set_time(at_second(109));
  CHECK(*written.get() == 7);
  CHECK(*read.get() == 7);
  backend.set_current_key(two);
  written.set(8);

  backend.set_time(at_second(110));
  const auto states = backend.states();
  CHECK(states[0].expires);
  auto file = snapshot_of(backend);
  std::uint32_t entries[2] = {};
  for (const auto& block : file.blocks()) entries[block.info.state] += block.info.entry_count;
  CHECK(entries[0] == 1);  // read, by reading
  CHECK(entries[1] == 1);  // written, by key two
  backend.set_current_key(one);
  CHECK(written.get() == nullptr);
  CHECK(*read.get() == 7);
  written.update([](int& held) {
    CHECK(held == 0);  // what has expired is not the start of anything
    held = 9;
  });
  CHECK(*written.get() == 9);

  std::vector<StateFile> files;
  files.push_back(std::move(file));
  Backend<int> restored(place);
  restored.set_time(at_second(118));
  restored.begin_restore(files);
  auto back = restored.state(value_state<int>("written").expiring(ttl));
  restored.set_current_key(two);
  CHECK(*back.get() == 8);
  restored.set_time(at_second(119));
  CHECK(back.get() == nullptr);
}

TEST_CASE("state of every kind expires, and is restored with the time of its last use") {
  const Place place = either_place();
  const StateTtl ttl{.lifetime = 10s};
  const auto append = [](const std::string& text, int number) { return text + std::to_string(number); };
  /// How many of the six states the current key has; they are written first, if `is_new`.
  const auto count_in = [&](KeyedBackend& backend, bool is_new) {
    auto value = backend.state(value_state<int>("value").expiring(ttl));
    auto list = backend.state(list_state<int>("list").expiring(ttl));
    auto map = backend.state(map_state<int, int>("map").expiring(ttl));
    auto sum = backend.state(reducing_state<int>("sum", std::plus<>()).expiring(ttl));
    auto average = backend.state(aggregating_state<Average>("average").expiring(ttl));
    auto text = backend.state(folding_state("text", std::string(">"), append).expiring(ttl));
    if (is_new) {
      value.set(1);
      list.add(1);
      map.put(1, 1);
      sum.add(1);
      average.add(1);
      text.add(1);
    }
    return (value.get() != nullptr) + !list.get().empty() + !map.get().empty() + (sum.get() != nullptr) +
           average.get().has_value() + (text.get() != nullptr);
  };
  const int key = 1;
  Backend<int> backend(place);
  backend.set_current_key(key);
  backend.set_time(at_second(100));
  CHECK(count_in(backend, true) == 6);
  backend.set_time(at_second(109));
  CHECK(count_in(backend, false) == 6);
  std::vector<StateFile> files;
  files.push_back(snapshot_of(backend));
  backend.set_time(at_second(110));
  CHECK(count_in(backend, false) == 0);
  CHECK(snapshot_of(backend).blocks().empty());

  for (const Place other : {Place::Heap, Place::Store, Place::RocksDb}) {
    Backend<int> restored(other);
    restored.set_time(at_second(109));
    restored.set_current_key(key);
    restored.begin_restore(files);
    CHECK(count_in(restored, false) == 6);
    restored.set_time(at_second(110));
    CHECK(count_in(restored, false) == 0);
  }
}

TEST_CASE("keyed state is refused without keys, between records, and as something else") {
  KeyedBackend backend({0, 15}, 16);
  CHECK_THROWS_WITH_AS(
      (void)backend.state(value_state<int>("count")),
      "the keyed state \"count\" is asked for by an operator without keys: put key_by() before "
      "it",
      std::logic_error);
  backend.use_key<int>();
  auto count = backend.state(value_state<int>("count"));
  CHECK_THROWS_WITH_AS(
      (void)count.get(),
      "keyed state was used where there is no current key: use it while a record or a timer is "
      "processed",
      std::logic_error);
  CHECK_THROWS_WITH_AS(
      (void)backend.state(value_state<double>("count")),
      "the state \"count\" is asked for as value state i32 -> f64, but it is value state i32 -> "
      "i32: give one of them another name",
      std::logic_error);
  CHECK_THROWS_AS((void)backend.state(reducing_state<int>("count", std::plus<>())), std::logic_error);
  CHECK_THROWS_AS((void)backend.state(value_state<int>("count").expiring({.lifetime = 1s})),
                  std::logic_error);
}

TEST_CASE("a descriptor tells the state before there is one") {
  const auto info = map_state<std::string, int>("seen").expiring({.lifetime = 1s}).info();
  CHECK(info == StateInfo{.name = "seen", .kind = StateKind::Map, .expires = true,
                          .value = "map{pair{string,i32}}"});
}

namespace {
namespace before {
struct Visit {
  std::int32_t count = 0;
  std::string page;
  bool is_gone = true;
};
}  // namespace before
namespace after {
struct Visit {
  std::string page;
  std::int64_t count = 0;
  double seconds = 1.5;
  bool operator==(const Visit&) const = default;
};
}  // namespace after
}  // namespace

TEST_CASE("state comes back as the program's next version keeps it, or is refused by field") {
  const Place place = either_place();
  const StateTtl ttl{.lifetime = 10s};
  Backend<int> backend(place);
  auto value = backend.state(value_state<before::Visit>("value"));
  auto list = backend.state(list_state<before::Visit>("list"));
  auto expiring = backend.state(value_state<before::Visit>("expiring").expiring(ttl));
  const int key = 5;
  backend.set_current_key(key);
  value.set({3, "/", true});
  list.add({4, "/a", true});
  expiring.set({5, "/b", true});
  std::vector<StateFile> files;
  files.push_back(snapshot_of(backend));

  Backend<int> restored(place);
  restored.begin_restore(files);
  restored.set_current_key(key);
  CHECK(*restored.state(value_state<after::Visit>("value")).get() == after::Visit{"/", 3});
  CHECK(restored.state(list_state<after::Visit>("list")).get() == std::vector<after::Visit>{{"/a", 4}});
  CHECK(*restored.state(value_state<after::Visit>("expiring").expiring(ttl)).get() == after::Visit{"/b", 5});

  Backend<int> refusing(place);
  refusing.begin_restore(files);
  struct Visit {
    std::string count;
  };
  CHECK_THROWS_WITH_AS(
      (void)refusing.state(value_state<Visit>("value")),
      "the state \"value\" cannot be restored: field \"count\" was i32 and is string in this "
      "program",
      std::runtime_error);
  CHECK_THROWS_WITH_AS(
      (void)refusing.state(value_state<int>("list")),
      "the state \"list\" cannot be restored: it was a list state and is a value state in this "
      "program",
      std::runtime_error);
  CHECK_THROWS_WITH_AS(
      (void)refusing.state(value_state<after::Visit>("expiring")),
      "the state \"expiring\" cannot be restored: it had a time to live and has none in this "
      "program",
      std::runtime_error);
}

TEST_CASE("state is restored on the heap from a store and in a store from the heap, while it changes") {
  const Place before = either_place();
  const Place after = before == Place::Heap ? Place::Store : Place::Heap;
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  std::map<std::int64_t, std::int64_t> model;
  Backend<std::int64_t> backend(before);
  auto state = backend.state(value_state<std::int64_t>("value"));
  const auto change = [&] {
    const auto key = static_cast<std::int64_t>(random() % 2000);
    backend.set_current_key(key);
    if (random() % 4 == 0) {
      state.clear();
      model.erase(key);
    } else {
      state.set(model[key] = static_cast<std::int64_t>(random()));
    }
  };
  for (int i = 0; i < 5000; ++i) change();
  const auto expected = model;
  BlockList blocks;
  backend.begin_snapshot(blocks);
  do {
    for (int i = 0; i < 10; ++i) change();
  } while (!backend.snapshot_some(200));
  for (const auto& [key, value] : model) {
    backend.set_current_key(key);
    REQUIRE(state.value_or(0) == value);
  }

  std::vector<StateFile> files;
  files.push_back(*open_bytes(state_file_of(backend.states(), blocks.blocks)));
  Backend<std::int64_t> restored(after);
  restored.begin_restore(files);
  auto back = restored.state(value_state<std::int64_t>("value"));
  for (std::int64_t key = 0; key < 2000; ++key) {
    restored.set_current_key(key);
    const std::int64_t* const value = back.get();
    REQUIRE((value != nullptr) == expected.contains(key));
    if (value != nullptr) REQUIRE(*value == expected.at(key));
  }
}

TEST_CASE("a RocksDB directory is made anew, and gone at the end") {
  const TemporaryDirectory directory;
  const std::string path = directory.path("db");
  {
    auto store = open_rocksdb({.directory = path});
    REQUIRE(store);
    CHECK(std::filesystem::exists(path));
    const auto again = open_rocksdb({.directory = path});
    REQUIRE_FALSE(again);
    CHECK(again.error().what.find(path) != std::string::npos);
    CHECK(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("raw state is bytes by key group, and goes with its groups at any parallelism") {
  std::vector<StateFile> files;
  for (const KeyGroupRange range : {KeyGroupRange{0, 7}, KeyGroupRange{8, 15}}) {
    KeyedBackend backend(range, 16);
    RawKeyedState& raw = backend.raw("mine");
    for (KeyGroup group = range.first; group <= range.last; group += 2)
      raw.put(group, bytes_of("group " + std::to_string(group)));
    files.push_back(snapshot_of(backend));
  }
  for (const KeyGroupRange range : {KeyGroupRange{0, 4}, KeyGroupRange{5, 11}, KeyGroupRange{0, 15}}) {
    KeyedBackend backend(range, 16);
    backend.begin_restore(files);
    const RawKeyedState& raw = backend.raw("mine");
    for (KeyGroup group = range.first; group <= range.last; ++group) {
      const auto bytes = raw.get(group);
      const auto expected = bytes_of("group " + std::to_string(group));
      CHECK(bytes.empty() == (group % 2 == 1));
      if (group % 2 == 0) CHECK(std::vector(bytes.begin(), bytes.end()) == expected);
    }
    CHECK(backend.end_restore().empty());
    CHECK_THROWS_AS((void)backend.table<CellEntry<int>>("mine", CellTraits<int>{}), std::logic_error);
  }
}
