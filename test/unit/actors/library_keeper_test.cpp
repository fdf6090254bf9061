// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/library_keeper.h"

#include "test/unit/network/blob/blobs.h"

using namespace weir;
using namespace weir::testing;

namespace {

constexpr JobId kOne{0, 1};
constexpr JobId kTwo{0, 2};

}  // namespace

TEST_CASE("the store holds what jobs need") {
  Disk disk;
  const auto store = disk.open_store();
  LibraryKeeper keeper(*store);
  const BlobKey words = key_of("words");
  REQUIRE(put(*store, words, "words"));
  keeper.on_stored(words);
  keeper.on_stored(words);
  REQUIRE(keeper.on_job(kOne, words.hex()));
  REQUIRE(keeper.on_job(kTwo, words.hex()));
  keeper.on_job_over(kOne);
  CHECK(store->contains(words));
  keeper.on_job_over(kTwo);
  CHECK_FALSE(store->contains(words));
  CHECK(disk.names().empty());
}

TEST_CASE("a job whose library is not there is refused with what to do") {
  Disk disk;
  const auto store = disk.open_store();
  LibraryKeeper keeper(*store);
  const auto no_key = keeper.on_job(kOne, "/home/me/words.so");
  REQUIRE_FALSE(no_key.has_value());
  CHECK(no_key.error().code == ErrorCode::Refused);
  const auto not_there = keeper.on_job(kOne, key_of("words").hex());
  REQUIRE_FALSE(not_there.has_value());
  CHECK(not_there.error().code == ErrorCode::NotFound);
  CHECK(not_there.error().what.ends_with("put it again"));
}

TEST_CASE("what lay in the store at the start, and what nobody submits, goes after a while") {
  Disk disk;
  REQUIRE(put(*disk.open_store(), key_of("old"), "old"));
  const auto store = disk.open_store();
  LibraryKeeper keeper(*store, 10min);
  REQUIRE(put(*store, key_of("new"), "new"));
  keeper.on_stored(key_of("new"));
  const TimePoint now = SystemClock{}.now();
  keeper.on_tick(now);
  CHECK(store->keys().size() == 2);
  keeper.on_tick(now + 11min);
  CHECK(store->keys().empty());
}
