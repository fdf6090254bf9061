// SPDX-License-Identifier: Apache-2.0
// What a savepoint tells without its program: contents, differences, and what is wrong with its files.
#include "checkpoint/snapshot/savepoint_reader.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "checkpoint/snapshot/savepoint_diff.h"
#include "checkpoint/snapshot/state_schema.h"
#include "test/support/sample_savepoint.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::SampleSavepoint;
using weir::testing::SampleState;
using weir::testing::TemporaryDirectory;

namespace {

using Lines = std::vector<std::string>;

const SampleState kState{.last = {{"ada", {"pen", 250}}, {"bob", {"ink", 1200}}, {"eve", {"cup", 700}}},
                         .visits = {{"ada", {1, 2}}, {"zoe", {3}}}};

SavepointReader open(const std::string& path) {
  static LocalFileSystem files;
  auto reader = SavepointReader::open(files, path);
  REQUIRE_MESSAGE(reader, reader.error().what);
  return *std::move(reader);
}

SavedOperator described(const SavepointReader& reader, OperatorId id) {
  auto of = reader.describe(id);
  REQUIRE_MESSAGE(of, of.error().what);
  return *std::move(of);
}

/// All entries of a state, sorted: "key value @last use".
Result<Lines> entries(const SavepointReader& reader, OperatorId id, const std::string& state,
                      KeyGroupRange groups = kAllKeyGroups) {
  Lines lines;
  const auto of = reader.describe(id);
  if (!of) return of.error();
  const auto found =
      std::ranges::find(of->states, state, [](const SavedState& each) { return each.info.name; });
  REQUIRE(found != of->states.end());
  const Status read = reader.for_each(
      *of, found->info,
      [&](const SavedEntry& entry, const EntryFormat& format) {
        std::string line = format.has_key() ? format.key(entry) + " " : "";
        line += format.value(entry);
        if (format.state().expires) line += " @" + std::to_string(entry.last_use_ms);
        lines.push_back(line);
      },
      groups);
  if (!read) return read.error();
  std::ranges::sort(lines);
  return lines;
}

Lines entries_of(const SavepointReader& reader, OperatorId id, const std::string& state) {
  auto lines = entries(reader, id, state);
  REQUIRE_MESSAGE(lines, lines.error().what);
  return *std::move(lines);
}

TEST_CASE("a savepoint tells its operators and their states") {
  const TemporaryDirectory place;
  const SampleSavepoint sample(place.path("savepoint"), kState);
  const auto reader = open(place.path("savepoint"));
  CHECK(reader.checkpoint().id == 17);

  const SavedOperator shops = described(reader, SampleSavepoint::kShops);
  CHECK(shops.told() == "operator \"Keyed Shops\" (uid \"shops\")");
  CHECK(shops.parallelism == 2);
  CHECK(shops.max_parallelism == 16);
  Lines states;
  for (const SavedState& state : shops.states)
    states.push_back(state.info.name + ": " + told(state.info) + ", " + std::to_string(state.entry_count));
  CHECK(states == Lines{"last: value state string -> struct Purchase{item:string,cents:i64}, 3",
                        "rates: broadcast map string -> f64, 1",
                        "visits: list state string -> vector{i32}, 2"});
  CHECK(shops.states[0].bytes == 3 * (4 + 4 + 8));  // key and item with a length each, cents
}

TEST_CASE("a savepoint tells every entry, of all subtasks, and of a broadcast map one copy") {
  const TemporaryDirectory place;
  const SampleSavepoint sample(place.path("savepoint"), kState);
  const auto reader = open(place.path("savepoint") + "/_metadata");
  CHECK(entries_of(reader, SampleSavepoint::kShops, "last") ==
        Lines{R"("ada" {"item":"pen","cents":250})", R"("bob" {"item":"ink","cents":1200})",
              R"("eve" {"item":"cup","cents":700})"});
  CHECK(entries_of(reader, SampleSavepoint::kShops, "visits") ==
        Lines{R"("ada" [1,2] @5000)", R"("zoe" [3] @5000)"});
  CHECK(entries_of(reader, SampleSavepoint::kShops, "rates") == Lines{R"("EUR" 1)"});
  CHECK(entries_of(reader, SampleSavepoint::kSource, "offsets") == Lines{"100", "200", "300"});

  // By key group, each entry once.
  std::size_t sum = 0;
  for (KeyGroup group = 0; group < 16; ++group) {
    const auto of_group = entries(reader, SampleSavepoint::kShops, "last", {group, group});
    REQUIRE(of_group);
    sum += of_group->size();
  }
  CHECK(sum == 3);
}

TEST_CASE("an operator is found by uid, by the first digits of its id, or by its name") {
  const TemporaryDirectory place;
  SampleSavepoint sample(place.path("savepoint"), kState);
  const auto reader = open(place.path("savepoint"));
  CHECK(*reader.find("shops") == SampleSavepoint::kShops);
  CHECK(*reader.find("Keyed Shops") == SampleSavepoint::kShops);
  CHECK(*reader.find("Source: log") == SampleSavepoint::kSource);
  CHECK(*reader.find(SampleSavepoint::kSource.hex().substr(0, 14)) == SampleSavepoint::kSource);
  CHECK(reader.find("nobody").error().what ==
        "there is no operator \"nobody\"; there are \"shops\", \"Source: log\"");

  sample.checkpoint().operators[SampleSavepoint::kSource].name = "Keyed Shops";
  sample.save();
  CHECK(open(place.path("savepoint")).find("Keyed Shops").error().what.find("several operators are called") ==
        0);
}

TEST_CASE("a key is found as JSON, and as plain text if it is text") {
  const auto format =
      EntryFormat::of({.name = "s", .key = "string", .value = "i32"});
  REQUIRE(format);
  std::vector<std::byte> bytes(64);
  std::byte* const end = Serializer<std::string>::write("a\"b", bytes.data());
  const SavedEntry entry{.key = {bytes.data(), end}};
  CHECK(format->has_key(entry, "a\"b"));
  CHECK(format->has_key(entry, R"("a\"b")"));
  CHECK_FALSE(format->has_key(entry, "a"));

  const auto numbers = EntryFormat::of({.name = "s", .key = "pair{i32,i32}", .value = "i32"});
  REQUIRE(numbers);
  std::byte* const behind = Serializer<std::pair<int, int>>::write({1, -2}, bytes.data());
  CHECK(numbers->has_key({.key = {bytes.data(), behind}}, "[1,-2]"));
}

TEST_CASE("what only the program or only RocksDB can read is refused by name") {
  const auto opaque = EntryFormat::of({.name = "sums", .key = "string", .value = "vector{Money}"});
  REQUIRE_FALSE(opaque);
  CHECK(opaque.error().what ==
        "the state \"sums\" holds vector{Money}, of which only its program knows how it is written");

  const TemporaryDirectory place;
  SampleSavepoint sample(place.path("savepoint"), kState);
  OperatorSnapshot& part = sample.checkpoint().operators[SampleSavepoint::kShops].subtasks[0];
  part.states.push_back({.name = "large", .key = "string", .value = "i64"});
  part.shared = {{.path = "shared/000012.sst", .bytes = 5000}};
  sample.save();
  const auto reader = open(place.path("savepoint"));
  const SavedOperator shops = described(reader, SampleSavepoint::kShops);
  CHECK(shops.shared_bytes == 5000);
  const auto large =
      std::ranges::find(shops.states, "large", [](const SavedState& each) { return each.info.name; });
  REQUIRE(large != shops.states.end());
  CHECK_FALSE(large->is_readable);
  const auto read = entries(reader, SampleSavepoint::kShops, "large");
  REQUIRE_FALSE(read);
  CHECK(
      read.error().what ==
      "operator \"Keyed Shops\" (uid \"shops\"): the state \"large\" lies in files of RocksDB, which only a "
      "job reads (an incremental checkpoint): take a savepoint");
  CHECK(entries_of(reader, SampleSavepoint::kShops, "last").size() == 3);  // the rest is there
}

std::string content_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}
void write_to(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

/// Reads all there is. Empty: nothing was wrong.
std::string flaw_of(const std::string& path) {
  LocalFileSystem files;
  const auto reader = SavepointReader::open(files, path);
  if (!reader) return reader.error().what;
  for (const auto& [id, state] : reader->checkpoint().operators) {
    const auto of = reader->describe(id);
    if (!of) return of.error().what;
    for (const SavedState& each : of->states) {
      const Status read = reader->for_each(*of, each.info, [](const SavedEntry&, const EntryFormat&) {});
      if (!read) return read.error().what;
    }
  }
  return "";
}

TEST_CASE("every flipped bit and every cut of every file is one line, which names the file") {
  const TemporaryDirectory place;
  const SampleSavepoint sample(place.path("savepoint"), kState);
  REQUIRE(flaw_of(place.path("savepoint")) == "");
  for (const std::string& path :
       {sample.file_of(SampleSavepoint::kSource, 0), place.path("savepoint") + "/_metadata"}) {
    CAPTURE(path);
    const std::string good = content_of(path);
    for (std::size_t byte = 0; byte < good.size(); ++byte) {
      std::string bad = good;
      bad[byte] = static_cast<char>(bad[byte] ^ (1 << byte % 8));
      write_to(path, bad);
      const std::string flaw = flaw_of(place.path("savepoint"));
      CAPTURE(byte);
      CHECK(flaw.find(path) != std::string::npos);
      CHECK(flaw.find('\n') == std::string::npos);
    }
    for (std::size_t size = 0; size < good.size(); size += 7) {
      write_to(path, good.substr(0, size));
      CAPTURE(size);
      CHECK(flaw_of(place.path("savepoint")).find(path) != std::string::npos);
    }
    write_to(path, good);
  }
  const std::string path = sample.file_of(SampleSavepoint::kShops, 1);
  std::filesystem::remove(path);
  CHECK(flaw_of(place.path("savepoint")).find(path) != std::string::npos);
  CHECK(flaw_of(place.path("savepoint") + "/nowhere").find("is no checkpoint or savepoint") !=
        std::string::npos);
}

// Differences.

/// Writes them down, sorted.
class Changes final : public ChangeListener {
public:
  void on_change(const SavedOperator& of, const StateInfo* state, const StateChange& change) override {
    constexpr const char* kWords[] = {"operator added", "operator removed", "state added", "state removed",
                                      "schema", "added", "removed", "changed"};
    std::string line = of.name + (state == nullptr ? "" : "." + state->name) + " " +
                       kWords[static_cast<std::size_t>(change.kind)];
    for (const std::string* part : {&change.key, &change.old_value, &change.new_value})
      if (!part->empty()) line += " " + *part;
    lines.push_back(line);
  }
  Lines lines;
};

Lines changes_between(const std::string& from, const std::string& to, std::size_t memory_bytes = 1 << 20) {
  Changes changes;
  const Status done = diff(open(from), open(to), changes, memory_bytes);
  REQUIRE_MESSAGE(done, done.error().what);
  std::ranges::sort(changes.lines);
  return changes.lines;
}

SampleState later() {
  SampleState state = kState;
  state.last["ada"].cents = 300;
  state.last.erase("bob");
  state.last["gus"] = {"hat", 900};
  state.visits["zoe"].push_back(4);
  state.offsets = {100, 300, 400, 400};
  state.rates["USD"] = 1.25;
  return state;
}

const Lines kChanges{
    R"(Keyed Shops.last added "gus" {"item":"hat","cents":900})",
    R"(Keyed Shops.last changed "ada" {"item":"pen","cents":250} {"item":"pen","cents":300})",
    R"(Keyed Shops.last removed "bob" {"item":"ink","cents":1200})",
    R"(Keyed Shops.rates added "USD" 1.25)",
    R"(Keyed Shops.visits changed "zoe" [3] [3,4])",
    "Source: log.offsets added 400",
    "Source: log.offsets added 400",
    "Source: log.offsets removed 200"};

TEST_CASE("two savepoints differ by operator, state and key") {
  const TemporaryDirectory place;
  const SampleSavepoint before(place.path("savepoint") + "/a", kState);
  const SampleSavepoint same(place.path("savepoint") + "/b", kState);
  const SampleSavepoint after(place.path("savepoint") + "/c", later());
  CHECK(changes_between(place.path("savepoint") + "/a", place.path("savepoint") + "/b").empty());
  CHECK(changes_between(place.path("savepoint") + "/a", place.path("savepoint") + "/c") == kChanges);
  // One key group at a time, and with other key groups.
  CHECK(changes_between(place.path("savepoint") + "/a", place.path("savepoint") + "/c", 1) == kChanges);
  const SampleSavepoint rescaled(place.path("savepoint") + "/d", later(), 32);
  CHECK(changes_between(place.path("savepoint") + "/a", place.path("savepoint") + "/d") == kChanges);
}

TEST_CASE("operators and states that came and went are told") {
  const TemporaryDirectory place;
  SampleSavepoint before(place.path("savepoint") + "/a", kState);
  SampleSavepoint after(place.path("savepoint") + "/b", kState);
  before.checkpoint().operators.erase(SampleSavepoint::kSource);
  before.save();
  CHECK(changes_between(place.path("savepoint") + "/a", place.path("savepoint") + "/b") ==
        Lines{"Source: log operator added"});
  CHECK(changes_between(place.path("savepoint") + "/b", place.path("savepoint") + "/a") ==
        Lines{"Source: log operator removed"});
}

}  // namespace
