// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "execution/operators/workspace.h"
#include "memory/io_manager.h"
#include "memory/memory_manager.h"
#include "test/support/temporary_directory.h"

namespace weir::testing {

/// The workspace of one operator: few pages, and a disk of its own. At its end all must be given back.
struct SmallSpace {
  explicit SmallSpace(std::uint32_t page_count, IoMode mode = IoMode::Sync, FileSystem* files = nullptr,
                      std::uint32_t page_bytes = kMinSegmentBytes)
      : memory(std::uint64_t{page_count} * page_bytes, page_bytes, 1),
        io({{directory.path()}, files}) {
    auto pages = PageBudget::reserve(memory, 0, page_count);
    REQUIRE(pages);
    space.pages = *std::move(pages);
    space.io = &io;
    space.mode = mode;
  }
  ~SmallSpace() { check_all_home(); }

  void check_all_home() {
    CHECK(space.pages->free_pages() == space.pages->total_pages());
    CHECK(io.channel_count() == 0);
    CHECK(std::filesystem::is_empty(directory.path()));
  }

  const TemporaryDirectory directory;
  MemoryManager memory;
  IoManager io;
  Workspace space;
};

}  // namespace weir::testing
