// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/rocksdb_module.h"

#include <doctest/doctest.h>

#include <string>

#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::TemporaryDirectory;

TEST_CASE("a module that cannot be loaded is named, with the reason") {
  const TemporaryDirectory directory;
  const std::string missing = directory.path("libweir_rocksdb.so");
  const auto loaded = load_rocksdb_module(missing);
  REQUIRE(!loaded);
  CHECK(loaded.error().what.starts_with("state cannot be kept in RocksDB: its module " + missing +
                                        " cannot be loaded: "));
  CHECK(loaded.error().what.find("No such file") != std::string::npos);
  CHECK(loaded.error().blame == Blame::Environment);

  const auto text = load_rocksdb_module(directory.file("text", "no library"));
  REQUIRE(!text);
  CHECK(text.error().what.find(" cannot be loaded: ") != std::string::npos);
}

TEST_CASE("a library that is not the module is refused") {
  const auto loaded = load_rocksdb_module("libstdc++.so.6");
  REQUIRE(!loaded);
  CHECK(loaded.error().what.ends_with("it has no symbol weir_open_rocksdb"));
}
