// SPDX-License-Identifier: Apache-2.0
// Bytes from outside are a state file or they are not: whoever reads one never looks behind it and never
// makes more room than it has bytes. With a checksum put right, changed bytes get past it.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/crc32c.h"
#include "base/result.h"
#include "checkpoint/snapshot/entry_format.h"
#include "checkpoint/snapshot/memory_storage.h"
#include "checkpoint/snapshot/state_file.h"
#include "memory/data_view.h"
#include "test/fuzz/target.h"

namespace {

using weir::StateFile;

class Bytes final : public weir::StateReader {
public:
  explicit Bytes(std::vector<std::byte> bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  weir::Status read(std::uint64_t offset, std::span<std::byte> into) override {
    WEIR_CHECK(offset <= bytes_.size() && into.size() <= bytes_.size() - offset,
               "only what is there is read");
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return weir::Status::ok();
  }

private:
  const std::vector<std::byte> bytes_;
};

/// As whoever looks into a savepoint does.
void tell_entries(const weir::StateInfo& state, std::span<const std::byte> payload) {
  const auto format = weir::EntryFormat::of(state);
  if (!format) return;
  weir::SavedEntry entry;
  const std::byte* const end = payload.data() + payload.size();
  for (const std::byte* at = payload.data(); at != end;) {
    const std::byte* const next = format->split(at, end, entry);
    if (next == nullptr) return;
    WEIR_CHECK(next > at && next <= end, "an entry has bytes, all of them in its block");
    (void)format->key(entry);
    (void)format->value(entry);
    at = next;
  }
}

void read_all(std::vector<std::byte> bytes) {
  const std::size_t size = bytes.size();
  auto file = StateFile::open(std::make_unique<Bytes>(std::move(bytes)), "fuzzed");
  if (!file) return;
  std::vector<std::byte> buffer;
  for (const StateFile::Block& block : file->blocks()) {
    WEIR_CHECK(block.info.state < file->states().size(), "a block is of a state");
    WEIR_CHECK(block.info.entry_count <= size && block.offset < size, "a block is in the file");
    if (const auto payload = file->read(block, buffer))
      tell_entries(file->states()[block.info.state], *payload);
  }
}

/// Makes the trailer fit what stands before it.
void put_right(std::vector<std::byte>& bytes) {
  constexpr std::size_t kTrailer = 32;
  if (bytes.size() < kTrailer) return;
  std::byte* const end = bytes.data() + bytes.size() - kTrailer;
  const std::uint64_t before = bytes.size() - kTrailer;
  const auto footer_bytes = std::min<std::uint64_t>(weir::load_raw<std::uint32_t>(end + 8), before);
  weir::store_raw(end, before - footer_bytes);
  weir::store_raw(end + 8, static_cast<std::uint32_t>(footer_bytes));
  weir::store_raw(end + 16, std::uint64_t{bytes.size()});
  std::byte numbers[20];
  std::memcpy(numbers, end, 12);
  std::memcpy(numbers + 12, end + 16, 8);
  weir::store_raw(end + 12, weir::crc32c(numbers, weir::crc32c({end - footer_bytes, footer_bytes})));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  const auto* const begin = static_cast<const std::byte*>(static_cast<const void*>(data));
  std::vector<std::byte> input(begin, begin + bytes);
  read_all(input);
  put_right(input);
  read_all(std::move(input));
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  MemoryCheckpointStorage storage;
  auto stream = storage.create("seed");
  StateFileWriter writer(**stream);
  (void)writer.add({0, 3, 2, std::vector<std::byte>(24)});
  (void)writer.add({1, 0, 1, std::vector<std::byte>(5)});
  const auto handle =
      writer.finish({{.name = "count", .key = "string", .value = "i64"},
                     {.name = "offsets", .kind = StateKind::OperatorList, .value = "u64"}});
  const auto* const text = static_cast<const char*>(static_cast<const void*>(handle->content.data()));
  return {std::string(text, handle->content.size())};
}
