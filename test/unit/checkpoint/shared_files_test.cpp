// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/shared_files.h"

#include <doctest/doctest.h>

#include <random>
#include <set>
#include <string>

using namespace weir;

namespace {

StateHandle at(const std::string& path) { return {.path = path, .content = {}, .bytes = 1}; }

}  // namespace

TEST_CASE("a file is named again once a checkpoint that has it is known to be complete") {
  SharedFiles files;
  CHECK(files.find("/root", "1.sst") == nullptr);
  files.add(1, "/root", {{"1.sst", at("shared/a-1.1.sst")}});
  CHECK(files.find("/root", "1.sst") == nullptr);
  files.on_complete(1);
  REQUIRE(files.find("/root", "1.sst") != nullptr);
  CHECK(files.find("/root", "1.sst")->path == "shared/a-1.1.sst");
  CHECK(files.find("/root", "2.sst") == nullptr);
  CHECK(files.find("/elsewhere", "1.sst") == nullptr);
}

TEST_CASE("a file that a later checkpoint has in another place, or no more, is not named again") {
  SharedFiles files;
  files.add(1, "/root", {{"1.sst", at("one")}, {"2.sst", at("two")}});
  // The word that 1 is complete came late: 2 uploaded its own copy.
  files.add(2, "/root", {{"1.sst", at("another")}});
  files.on_complete(1);
  CHECK(files.find("/root", "1.sst") == nullptr);  // complete, 2 would take "one" with 1
  CHECK(files.find("/root", "2.sst") == nullptr);
  SUBCASE("2 is aborted") {
    files.on_aborted(2);
    CHECK(files.find("/root", "1.sst")->path == "one");
  }
  SUBCASE("2 is complete") {
    files.on_complete(2);
    CHECK(files.find("/root", "1.sst")->path == "another");
    files.on_complete(1);  // told late
    files.on_aborted(2);   // that cannot be
    CHECK(files.find("/root", "1.sst")->path == "another");
  }
}

TEST_CASE("a restored checkpoint is complete, below its own root") {
  SharedFiles files;
  files.restore(7, "/root", {{"1.sst", at("one")}});
  CHECK(files.find("/root", "1.sst")->path == "one");
  CHECK(files.find("/savepoints", "1.sst") == nullptr);
  files.add(8, "/elsewhere", {{"1.sst", at("moved")}});
  files.on_complete(8);
  CHECK(files.find("/elsewhere", "1.sst")->path == "moved");
}

TEST_CASE("what is named again is there whenever the checkpoint that names it completes") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  SharedFiles files;
  std::map<CheckpointId, SharedFiles::Files> taken;  // that may still complete
  SharedFiles::Files retained;                       // of the latest complete one
  std::set<std::string> disk;
  std::set<std::string> live{"0"};  // the store's files; a name never comes back
  int next_file = 1;
  for (CheckpointId id = 1; id < 2000; ++id) {
    for (int changes = static_cast<int>(random() % 4); changes > 0; --changes) {
      live.insert(std::to_string(next_file++));
      if (random() % 3 == 0) live.erase(live.begin());
    }
    SharedFiles::Files mine;
    for (const std::string& name : live) {
      const StateHandle* const known = files.find("/root", name);
      if (known != nullptr) REQUIRE(disk.contains(known->path));
      mine[name] = known != nullptr ? *known : at(std::to_string(id) + "." + name);
      disk.insert(mine[name].path);
    }
    files.add(id, "/root", mine);
    taken[id] = mine;
    // Some that were taken end, in any way, and the task hears of it or not.
    while (taken.size() > 3 || (!taken.empty() && random() % 2 == 0)) {
      const auto ended = taken.begin();
      const CheckpointId number = ended->first;
      const bool completes = random() % 3 != 0;
      const SharedFiles::Files gone = completes ? retained : ended->second;
      if (completes) {
        retained = ended->second;
        for (const auto& [name, file] : retained) REQUIRE(disk.contains(file.path));
      }
      taken.erase(ended);
      // What nobody names any more is deleted: neither the latest nor one that was handed in.
      for (const auto& [name, file] : gone) {
        bool is_named = retained.contains(name) && retained[name] == file;
        for (const auto& [other, others] : taken)
          is_named |= others.contains(name) && others.at(name) == file;
        if (!is_named) disk.erase(file.path);
      }
      if (random() % 4 == 0) continue;
      if (completes) files.on_complete(number);
      else files.on_aborted(number);
    }
  }
}
