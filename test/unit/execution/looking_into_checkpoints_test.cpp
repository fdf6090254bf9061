// SPDX-License-Identifier: Apache-2.0
// Whatever backend wrote a checkpoint, the same is found in it.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "checkpoint/snapshot/savepoint_diff.h"
#include "checkpoint/snapshot/savepoint_reader.h"
#include "checkpoint/state/saved_store.h"
#include "test/unit/execution/sample_checkpoint.h"

using namespace weir;
using namespace weir::testing;

namespace {

/// Counts what differs.
class Changes final : public ChangeListener {
public:
  void on_change(const SavedOperator&, const StateInfo* state, const StateChange&) override {
    if (state != nullptr && state->name == "reduced") ++count;
  }
  int count = 0;
};

/// A checkpoint on the disk, and who looks into it.
struct Looked {
  explicit Looked(const SampleKind& kind)
      : checkpoint(take_sample(directory, kind)), stores(disk, directory.path("fetched")) {}

  [[nodiscard]] SavepointReader reader() {
    auto opened = SavepointReader::open(disk, checkpoint.directory, &stores);
    REQUIRE_MESSAGE(opened, opened.error().what);
    return *std::move(opened);
  }

  TemporaryDirectory directory;
  LocalFileSystem disk;
  CompletedCheckpoint checkpoint;
  FetchedStores stores;
};

}  // namespace

TEST_CASE("the sums of a job are found in a checkpoint of any backend, and are those of a savepoint") {
  SampleKind kind{.backend = {.kind = BackendKind::FileSystem}, .parallelism = 2};
  SUBCASE("from the heap") {}
  SUBCASE("whole from rocksdb") { kind.backend = {.kind = BackendKind::RocksDb}; }
  SUBCASE("incremental from rocksdb") {
    kind.backend = {.kind = BackendKind::RocksDb, .incremental = true};
  }
  Looked looked(kind);
  const SavepointReader reader = looked.reader();
  const auto id = reader.find("sums");
  REQUIRE(id);
  const auto sums = reader.describe(*id);
  REQUIRE_MESSAGE(sums, sums.error().what);
  const auto state =
      std::ranges::find(sums->states, "reduced", [](const auto& each) { return each.info.name; });
  REQUIRE(state != sums->states.end());
  CHECK(state->is_readable);
  CHECK(state->entry_count == kKeys);

  std::vector<std::string> entries;
  const auto note = [&](const SavedEntry& entry, const EntryFormat& format) {
    entries.push_back(format.key(entry) + " " + format.value(entry));
  };
  REQUIRE(reader.for_each(*sums, state->info, note));
  CHECK(entries.size() == kKeys);
  const std::string one = "42 {\"key\":42,\"count\":" + std::to_string(kHalf / kKeys) + "}";
  CHECK_MESSAGE(std::ranges::count(entries, one) == 1, entries.front());

  Looked savepoint({.backend = {.kind = BackendKind::FileSystem}, .is_savepoint = true, .parallelism = 2});
  Changes changes;
  REQUIRE(diff(reader, savepoint.reader(), changes));
  CHECK(changes.count == 0);
}

TEST_CASE("a store that was damaged is told by the name of its file, and nothing of it is shown") {
  Looked looked({.backend = {.kind = BackendKind::RocksDb, .incremental = true}});
  const SavepointReader reader = looked.reader();
  const auto id = reader.find("sums");
  REQUIRE(id);
  const StateHandle file = looked.checkpoint.operators[*id].subtasks[0].shared.front();
  const std::string path = looked.checkpoint.root + "/" + file.path;
  std::filesystem::resize_file(path, file.bytes - 1);
  const auto described = reader.describe(*id);
  REQUIRE(!described);
  CHECK(described.error().what.find(path) != std::string::npos);
}
