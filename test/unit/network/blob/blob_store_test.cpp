// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_store.h"

#include "test/unit/network/blob/blobs.h"

using namespace weir;
using namespace weir::testing;

namespace {

using Names = std::vector<std::string>;

std::string content_in(const BlobStore& store, const BlobKey& key) {
  const auto file = store.read(key);
  REQUIRE_MESSAGE(file.has_value(), file.error().what);
  std::string all(*(*file)->size(), '\0');
  REQUIRE((*file)->read(std::as_writable_bytes(std::span(all))).has_value());
  return all;
}

ErrorCode code_of(const Status& status) {
  REQUIRE_FALSE(status.has_value());
  return status.error().code;
}

}  // namespace

TEST_CASE("a key is 64 lower-case hex digits and nothing else") {
  const BlobKey key = key_of("abc");
  CHECK(key.hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(BlobKey::parse(key.hex()) == key);

  std::string other = key.hex();
  SUBCASE("too short") { other.pop_back(); }
  SUBCASE("too long") { other += "0"; }
  SUBCASE("upper case") { other.front() = 'B'; }
  SUBCASE("a way out of the directory") { other.replace(0, 3, "../"); }
  SUBCASE("a zero byte") { other.back() = '\0'; }
  SUBCASE("nothing") { other.clear(); }
  CHECK_FALSE(BlobKey::parse(other).has_value());
}

TEST_CASE("what was put is there under the hash of its content, until it is removed") {
  Disk disk;
  const auto store = disk.open_store();
  const std::string blob = content(100'000);
  const BlobKey key = key_of(blob);
  REQUIRE(put(*store, key, blob));
  CHECK(store->contains(key));
  CHECK(content_in(*store, key) == blob);
  CHECK(store->used_bytes() == blob.size());
  CHECK(disk.names() == Names{key.hex()});

  REQUIRE(put(*store, key, blob));  // again does no harm
  CHECK(store->used_bytes() == blob.size());

  REQUIRE(store->remove(key));
  REQUIRE(store->remove(key));
  CHECK_FALSE(store->contains(key));
  CHECK(store->read(key).error().code == ErrorCode::NotFound);
  CHECK(store->used_bytes() == 0);
  CHECK(disk.names().empty());
}

TEST_CASE("what is not what its key says is not kept") {
  Disk disk;
  const auto store = disk.open_store();
  const std::string blob = content(1000);
  SUBCASE("other bytes") {
    std::string other = blob;
    other[500] ^= 1;
    CHECK(code_of(put(*store, key_of(blob), other)) == ErrorCode::Corrupt);
  }
  SUBCASE("too few") {
    auto upload = store->begin(key_of(blob), blob.size() + 1);
    REQUIRE(upload.has_value());
    REQUIRE(upload->add(bytes_of(blob)));
    CHECK(code_of(upload->commit()) == ErrorCode::Corrupt);
  }
  SUBCASE("too many") {
    auto upload = store->begin(key_of(blob), blob.size() - 1);
    REQUIRE(upload.has_value());
    CHECK(code_of(upload->add(bytes_of(blob))) == ErrorCode::Corrupt);
  }
  SUBCASE("an upload that was given up") {
    auto upload = store->begin(key_of(blob), blob.size());
    REQUIRE(upload.has_value());
    REQUIRE(upload->add(bytes_of(blob)));
    CHECK(disk.names().size() == 1);
  }
  CHECK_FALSE(store->contains(key_of(blob)));
  CHECK(store->used_bytes() == 0);
  CHECK(disk.names().empty());
}

TEST_CASE("what is too large, or for which there is no room, is refused before it comes") {
  Disk disk;
  const auto store = disk.open_store({.max_blob_bytes = 100, .quota_bytes = 250});
  CHECK(code_of(put(*store, key_of("x"), content(101))) == ErrorCode::Refused);
  CHECK_FALSE(store->begin(key_of("x"), UINT64_MAX).has_value());

  const std::string one = content(100, 1);
  REQUIRE(put(*store, key_of(one), one));
  {
    const auto coming = store->begin(key_of("y"), 100);
    REQUIRE(coming.has_value());
    const auto no_room = store->begin(key_of("z"), 51);
    REQUIRE_FALSE(no_room.has_value());
    CHECK(no_room.error().retry == Retry::Later);
    CHECK(store->begin(key_of("z"), 50).has_value());
  }
  CHECK(store->used_bytes() == 100);
  const std::string two = content(100, 2);
  CHECK(put(*store, key_of(two), two));
}

TEST_CASE("a disk that fails leaves nothing behind but its error") {
  Disk disk;
  const auto store = disk.open_store();
  const std::string blob = content(1000);
  SUBCASE("full") { disk.files.room_bytes = 500; }
  SUBCASE("no sync") { disk.files.syncs = false; }
  SUBCASE("no rename") { disk.files.renames = false; }
  CHECK(code_of(put(*store, key_of(blob), blob)) == ErrorCode::IoFailure);
  CHECK_FALSE(store->contains(key_of(blob)));
  CHECK(store->used_bytes() == 0);
  CHECK(disk.names().empty());
}

TEST_CASE("a store finds what was there before, and removes what came in part") {
  Disk disk;
  const std::string blob = content(1000);
  REQUIRE(put(*disk.open_store(), key_of(blob), blob));
  const std::string part = disk.directory.file("blobs/" + key_of("other").hex() + ".0.part", "half");
  const std::string foreign = disk.directory.file("blobs/readme", "not ours");

  const auto store = disk.open_store();
  CHECK(store->keys() == std::vector{key_of(blob)});
  CHECK(store->used_bytes() == blob.size());
  CHECK(content_in(*store, key_of(blob)) == blob);
  CHECK(disk.names() == (key_of(blob).hex() < "readme" ? Names{key_of(blob).hex(), "readme"}
                                                       : Names{"readme", key_of(blob).hex()}));
}

TEST_CASE("a directory that cannot be made is named") {
  Disk disk;
  const auto store = BlobStore::open({.directory = disk.directory.file("file", "") + "/below"}, disk.files);
  REQUIRE_FALSE(store.has_value());
  CHECK(store.error().what.find(disk.directory.path("file")) != std::string::npos);
}
