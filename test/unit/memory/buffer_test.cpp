// SPDX-License-Identifier: Apache-2.0
#include "memory/buffer.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

using namespace weir;

namespace {

/// A segment of its own, and how often it came home.
struct Lender final : SegmentRecycler {
  Lender() { block.lend(*this); }
  void recycle(SegmentBlock&) override { ++homecomings; }

  std::array<std::byte, 64> memory{};
  SegmentBlock block{MemorySegment{memory.data(), 64}};
  int homecomings = 0;
};

void write(const BufferBuilder& builder, std::string_view text, std::uint32_t at = 0) {
  std::memcpy(builder.begin() + at, text.data(), text.size());
}

std::string text_of(const Buffer& buffer) {
  const auto bytes = buffer.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

TEST_CASE("a reader takes out what was committed, piece by piece, and never what was not") {
  Lender lender;
  BufferBuilder builder(lender.block);
  auto reader = builder.make_consumer();
  CHECK(builder.end() - builder.begin() == 64);

  write(builder, "abcdef");
  CHECK_FALSE(reader.has_data());
  CHECK(reader.take().empty());

  builder.commit(3);
  CHECK(reader.has_data());
  CHECK(text_of(reader.take()) == "abc");
  CHECK_FALSE(reader.has_data());

  builder.finish(6);
  CHECK(reader.is_finished());
  CHECK(text_of(reader.take()) == "def");
  CHECK(reader.take().empty());
}

TEST_CASE("a segment goes home with its last view, whoever holds it") {
  Lender lender;
  Buffer kept;
  {
    std::optional<BufferBuilder> builder(std::in_place, lender.block);
    auto reader = builder->make_consumer();
    write(*builder, "abc");
    builder->finish(3);
    builder.reset();
    kept = reader.take();
  }
  CHECK(lender.homecomings == 0);
  Buffer copy = kept;
  kept = {};
  CHECK(lender.homecomings == 0);
  CHECK(text_of(copy) == "abc");

  Buffer moved = std::move(copy);
  CHECK(copy.empty());  // NOLINT: moved from, and empty by contract
  moved = {};
  CHECK(lender.homecomings == 1);
}

TEST_CASE("a segment that is lent again begins anew") {
  Lender lender;
  { BufferBuilder(lender.block).finish(10); }
  CHECK(lender.homecomings == 1);

  lender.block.lend(lender);
  BufferBuilder builder(lender.block);
  const auto reader = builder.make_consumer();
  CHECK_FALSE(reader.is_finished());
  CHECK_FALSE(reader.has_data());
}
