// SPDX-License-Identifier: Apache-2.0
#include "memory/spill_io.h"

#include <doctest/doctest.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "memory/page_budget.h"
#include "test/support/faulty_file_system.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::FaultyFileSystem;
using weir::testing::TemporaryDirectory;

namespace {

constexpr std::uint32_t kPage = kMinSegmentBytes;
constexpr IoMode kModes[] = {IoMode::Sync, IoMode::Async};

/// Pages, and disks to put them on.
struct Disks {
  explicit Disks(std::vector<std::string> directories, FileSystem* files = nullptr)
      : io({std::move(directories), files}) {}

  MemoryManager memory{64 * kPage, kPage, 1};
  std::unique_ptr<PageBudget> pages = *PageBudget::reserve(memory, 0, 64);
  IoManager io;

  /// A page full of one letter.
  Block block(char letter, std::uint32_t bytes = kPage) {
    const auto page = pages->take();
    REQUIRE(page.has_value());
    std::memset(page->data, letter, bytes);
    return {.page = *page, .bytes = bytes};
  }
};

std::string text(const Block& block) {
  return {reinterpret_cast<const char*>(block.page.data), block.bytes};
}

/// So many blocks, the last one short; block i is full of the letter 'a' + i % 26.
SpilledBlocks write_blocks(Disks& disks, std::uint32_t count, IoMode mode) {
  auto writer = *BlockWriter::open(*disks.io.create_channel(), mode);
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto letter = static_cast<char>('a' + i % 26);
    REQUIRE(writer->write(disks.block(letter, i + 1 == count ? 7 : kPage)));
    if (writer->pages_out() >= 3) disks.pages->give_back(*writer->take_page());
  }
  auto written = writer->close();
  REQUIRE(written);
  while (auto page = writer->try_take_page()) disks.pages->give_back(*page);
  return *written;
}

std::size_t files_below(const std::string& directory) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
    count += entry.is_regular_file() ? 1 : 0;
  return count;
}

}  // namespace

TEST_CASE("blocks come back as they were written, read ahead or one by one, and all pages are free again") {
  const TemporaryDirectory directory;
  for (const IoMode mode : kModes) {
    Disks disks({directory.path()});
    const SpilledBlocks written = write_blocks(disks, 100, mode);
    CHECK(disks.pages->free_pages() == 64);
    CHECK(written.bytes() == 99 * kPage + 7);
    for (const std::size_t ahead : {1u, 4u}) {
      auto reader = *BlockReader::open(written, mode);
      for (std::uint32_t i = 0; i < 100; ++i) {
        while (reader->has_more_to_ask() && reader->pages_out() < ahead)
          REQUIRE(reader->ask(*disks.pages->take()));
        const auto block = reader->take();
        REQUIRE(block);
        CHECK(text(*block) == std::string(i == 99 ? 7 : kPage, static_cast<char>('a' + i % 26)));
        disks.pages->give_back(block->page);
      }
      CHECK_FALSE(reader->has_more_to_ask());
    }
    CHECK(disks.pages->free_pages() == 64);
  }
}

TEST_CASE("blocks come back in bulk") {
  const TemporaryDirectory directory;
  for (const IoMode mode : kModes) {
    Disks disks({directory.path()});
    const SpilledBlocks written = write_blocks(disks, 20, mode);
    std::vector<MemorySegment> pages;
    for (int i = 0; i < 20; ++i) pages.push_back(*disks.pages->take());
    const auto blocks = read_bulk(written, pages, mode);
    REQUIRE(blocks);
    REQUIRE(blocks->size() == 20);
    CHECK(text((*blocks)[3]) == std::string(kPage, 'd'));
    CHECK(text((*blocks)[19]) == "ttttttt");
  }
}

TEST_CASE("buffers of any size come back, and then an empty one") {
  const TemporaryDirectory directory;
  for (const IoMode mode : kModes) {
    Disks disks({directory.path()});
    auto writer = *BufferWriter::open(*disks.io.create_channel(), mode);
    for (std::uint32_t bytes = 1; bytes <= kPage; bytes += 97) {
      REQUIRE(writer->write(disks.block('x', bytes)));
      disks.pages->give_back(*writer->take_page());
    }
    REQUIRE(writer->close());
    auto reader = *BufferReader::open(writer->channel(), mode);
    const MemorySegment page = *disks.pages->take();
    for (std::uint32_t bytes = 1; bytes <= kPage; bytes += 97) {
      REQUIRE(reader->ask(page));
      const auto block = reader->take();
      REQUIRE(block);
      CHECK(text(*block) == std::string(bytes, 'x'));
    }
    REQUIRE(reader->ask(page));
    CHECK(reader->take()->bytes == 0);
  }
}

TEST_CASE("channels go to all disks in turn, and are gone with their last holder") {
  const TemporaryDirectory one;
  const TemporaryDirectory other;
  Disks disks({one.path(), other.path()});
  CHECK(std::filesystem::is_empty(one.path()));  // nothing before something is written
  {
    std::vector<SpilledBlocks> kept;
    for (int i = 0; i < 4; ++i) kept.push_back(write_blocks(disks, 2, IoMode::Async));
    CHECK(files_below(one.path()) == 2);
    CHECK(files_below(other.path()) == 2);
    CHECK(disks.io.channel_count() == 4);
    kept.resize(1);
    CHECK(files_below(one.path()) == 1);
    CHECK(std::filesystem::is_empty(other.path()));
  }
  CHECK(disks.io.channel_count() == 0);
  CHECK(std::filesystem::is_empty(one.path()));
}

TEST_CASE("what a killed process left is removed when the next one begins, and no more than that") {
  const TemporaryDirectory directory;
  Disks alive({directory.path()});
  const SpilledBlocks in_use = write_blocks(alive, 1, IoMode::Sync);
  std::filesystem::create_directory(directory.path("weir-io-AbCdEf"));
  directory.file("weir-io-AbCdEf/000001.channel", "left behind");
  directory.file("weir-io-notes.txt", "a user's");
  const IoManager next({{directory.path()}, nullptr});
  CHECK_FALSE(std::filesystem::exists(directory.path("weir-io-AbCdEf")));
  CHECK(std::filesystem::exists(directory.path("weir-io-notes.txt")));
  CHECK(std::filesystem::exists(in_use.channel->path()));
}

TEST_CASE("a full or broken disk is an error that says so, stays, and loses no page") {
  const TemporaryDirectory directory;
  for (const IoMode mode : kModes) {
    FaultyFileSystem files;
    Disks disks({directory.path()}, &files);
    auto writer = *BlockWriter::open(*disks.io.create_channel(), mode);
    REQUIRE(writer->write(disks.block('a')));
    disks.pages->give_back(*writer->take_page());
    files.write_error = ENOSPC;
    (void)writer->write(disks.block('b'));
    const auto closed = writer->close();
    REQUIRE_FALSE(closed);
    CHECK(closed.error().code == ErrorCode::IoFailure);
    CHECK(closed.error().what.find("No space left on device") != std::string::npos);
    files.write_error = 0;
    CHECK_FALSE(writer->write(disks.block('c')));
    CHECK_FALSE(writer->close());
    while (auto page = writer->try_take_page()) disks.pages->give_back(*page);
    CHECK(disks.pages->free_pages() == 64);

    files.create_error = EIO;
    CHECK_FALSE(BlockWriter::open(*disks.io.create_channel(), mode));
  }
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("bytes that were changed on disk are noticed, whoever reads them") {
  const TemporaryDirectory directory;
  for (const IoMode mode : kModes) {
    Disks disks({directory.path()});
    const SpilledBlocks written = write_blocks(disks, 3, mode);
    auto buffers = *BufferWriter::open(*disks.io.create_channel(), mode);
    REQUIRE(buffers->write(disks.block('x', 100)));
    REQUIRE(buffers->close());
    for (const auto& path : {written.channel->path(), buffers->channel()->path()}) {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(50);
      file.put('!');
    }
    auto blocks = *BlockReader::open(written, mode);
    (void)blocks->ask(*disks.pages->take());
    CHECK(blocks->take().error().code == ErrorCode::Corrupt);
    std::vector<MemorySegment> pages;
    for (int i = 0; i < 3; ++i) pages.push_back(*disks.pages->take());
    CHECK(read_bulk(written, pages, mode).error().code == ErrorCode::Corrupt);
    auto reader = *BufferReader::open(buffers->channel(), mode);
    (void)reader->ask(*disks.pages->take());
    CHECK(reader->take().error().code == ErrorCode::Corrupt);
  }
}

TEST_CASE("an operator gets its share of its slot's pages and gives it back at its end") {
  MemoryManager memory(8 * kPage, kPage, 2);
  {
    const auto budget = PageBudget::reserve(memory, 1, 3);
    REQUIRE(budget);
    CHECK(memory.free_pages(1) == 1);
    CHECK((*budget)->total_pages() == 3);
    for (int i = 0; i < 3; ++i) CHECK((*budget)->take().has_value());
    CHECK_FALSE((*budget)->take().has_value());
    CHECK(PageBudget::reserve(memory, 1, 2).error().code == ErrorCode::OutOfMemoryPages);
  }
  CHECK(memory.free_pages(1) == 4);
  CHECK(memory.verify_empty());
}

TEST_CASE("a list of directories is separated by commas or colons") {
  CHECK(split_directories("") == std::vector<std::string>{});
  CHECK(split_directories("/a") == std::vector<std::string>{"/a"});
  CHECK(split_directories("/a, /b:/c,,") == std::vector<std::string>{"/a", "/b", "/c"});
}
