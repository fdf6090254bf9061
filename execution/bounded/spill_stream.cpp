// SPDX-License-Identifier: Apache-2.0
#include "execution/bounded/spill_stream.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "memory/data_view.h"

namespace weir {

SpillStreamWriter::SpillStreamWriter(Workspace& space, std::size_t most_pages)
    : space_(space),
      most_pages_(most_pages),
      page_bytes_(space.pages->page_bytes()),
      writer_(must(BlockWriter::open(must(space.io->create_channel()), space.mode))) {}

void SpillStreamWriter::append(std::span<const std::byte> head, std::span<const std::byte> tail) {
  const auto length = static_cast<std::uint32_t>(head.size() + tail.size());
  std::byte header[sizeof length];
  store_raw(header, length);
  put(header, sizeof header);
  put(head.data(), head.size());
  put(tail.data(), tail.size());
  ++count_;
}

void SpillStreamWriter::put(const std::byte* from, std::size_t bytes) {
  while (bytes > 0) {
    if (page_.data == nullptr) next_page();
    const std::size_t part = std::min(bytes, page_bytes_ - used_);
    std::memcpy(page_.data + used_, from, part);
    used_ += static_cast<std::uint32_t>(part);
    from += part;
    bytes -= part;
    if (used_ == page_bytes_) flush();
  }
}

void SpillStreamWriter::next_page() {
  if (writer_->pages_out() < most_pages_) {
    if (const auto page = space_.pages->take()) {
      page_ = *page;
      return;
    }
  }
  WEIR_CHECK(writer_->pages_out() > 0, "whoever writes to disk has a page for it");
  page_ = must(writer_->take_page());
}

void SpillStreamWriter::flush() {
  must(writer_->write({.page = std::exchange(page_, {}), .bytes = std::exchange(used_, 0)}));
}

SpilledRecords SpillStreamWriter::close() {
  if (used_ > 0) flush();
  SpilledRecords records{.blocks = must(writer_->close()), .count = count_};
  give_back();
  return records;
}

void SpillStreamWriter::give_back() {
  if (page_.data != nullptr) space_.pages->give_back(std::exchange(page_, {}));
  (void)writer_->close();
  while (const auto page = writer_->try_take_page()) space_.pages->give_back(*page);
}

SpillStreamReader::SpillStreamReader(Workspace& space, SpilledRecords records, std::size_t page_count)
    : space_(space),
      left_(records.count),
      reader_(must(BlockReader::open(std::move(records.blocks), space.mode))) {
  for (std::size_t i = 0; i < page_count && reader_->has_more_to_ask(); ++i) {
    const auto page = space_.pages->take();
    WEIR_CHECK(page, "whoever reads from disk has pages for it");
    must(reader_->ask(*page));
  }
}

bool SpillStreamReader::next(std::span<const std::byte>& record) {
  if (left_ == 0) {
    give_back();
    return false;
  }
  --left_;
  std::byte header[sizeof(std::uint32_t)];
  get(header, sizeof header);
  const auto length = load_raw<std::uint32_t>(header);
  if (used_ == block_.bytes && length > 0) next_block();
  if (block_.bytes - used_ >= length) [[likely]] {
    record = {block_.page.data + used_, length};
    used_ += length;
    return true;
  }
  scratch_.resize(length);
  auto* const to = static_cast<std::byte*>(static_cast<void*>(scratch_.data()));
  get(to, length);
  record = {to, length};
  return true;
}

void SpillStreamReader::get(std::byte* to, std::size_t bytes) {
  while (bytes > 0) {
    if (used_ == block_.bytes) next_block();
    const std::size_t part = std::min<std::size_t>(bytes, block_.bytes - used_);
    std::memcpy(to, block_.page.data + used_, part);
    used_ += static_cast<std::uint32_t>(part);
    to += part;
    bytes -= part;
  }
}

void SpillStreamReader::next_block() {
  if (block_.page.data != nullptr) {
    const MemorySegment page = std::exchange(block_.page, {});
    if (reader_->has_more_to_ask()) must(reader_->ask(page));
    else space_.pages->give_back(page);
  }
  WEIR_CHECK(reader_->pages_out() > 0, "a channel has the records that were written to it");
  block_ = must(reader_->take());
  used_ = 0;
}

void SpillStreamReader::give_back() {
  if (block_.page.data != nullptr) space_.pages->give_back(std::exchange(block_.page, {}));
  block_ = {};
  used_ = 0;
  reader_->give_pages_to([this](MemorySegment page) { space_.pages->give_back(page); });
}

}  // namespace weir
