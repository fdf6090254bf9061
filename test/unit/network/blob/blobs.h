// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
#include "network/blob/blob_key.h"
#include "network/blob/blob_store.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"

// Blobs and where they lie, for the tests of the room.
namespace weir::testing {

inline std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

inline BlobKey key_of(std::string_view content) {
  Sha256 digest;
  digest.add(bytes_of(content));
  return {digest.finish()};
}

/// Content that nobody guesses, the same for the same seed.
inline std::string content(std::size_t bytes, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string made(bytes, '\0');
  for (char& byte : made) byte = static_cast<char>(random());
  return made;
}

struct Disk {
  TemporaryDirectory directory;
  FaultyFileSystem files;

  [[nodiscard]] std::vector<std::string> names(const std::string& below = "blobs") {
    return *files.list(directory.path(below));
  }
  [[nodiscard]] std::unique_ptr<BlobStore> open_store(BlobStore::Options options = {}) {
    options.directory = directory.path("blobs");
    auto store = BlobStore::open(options, files);
    REQUIRE_MESSAGE(store.has_value(), store.error().what);
    return *std::move(store);
  }
};

inline Status put(BlobStore& store, const BlobKey& key, std::string_view content) {
  auto upload = store.begin(key, content.size());
  if (!upload) return upload.error();
  if (auto added = upload->add(bytes_of(content)); !added) return added;
  return upload->commit();
}

}  // namespace weir::testing
