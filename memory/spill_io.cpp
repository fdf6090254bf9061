// SPDX-License-Identifier: Apache-2.0
#include "memory/spill_io.h"

#include <string>

#include "base/crc32c.h"
#include "memory/data_view.h"

namespace weir {

namespace {

constexpr std::size_t kHeaderBytes = 2 * sizeof(std::uint32_t);

Error changed(const SpillChannel& channel) {
  return {.code = ErrorCode::Corrupt,
          .what = "the temporary file " + channel.path() + " was changed on disk",
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

Result<std::uint32_t> read_block(const FileReader& file, const SpillChannel& channel,
                                 const SpilledBlocks::Extent& from, const MemorySegment& into) {
  const auto got = file.read_at(from.offset, {into.data, from.bytes});
  if (!got) return got.error();
  if (*got != from.bytes || crc32c({into.data, from.bytes}) != from.checksum) return changed(channel);
  return from.bytes;
}

Result<std::uint32_t> read_buffer(FileReader& file, const SpillChannel& channel, const MemorySegment& into) {
  std::byte header[kHeaderBytes];
  const auto got = file.read(header);
  if (!got) return got.error();
  if (*got == 0) return 0u;
  const auto bytes = load_raw<std::uint32_t>(header);
  if (*got != kHeaderBytes || bytes == 0 || bytes > into.bytes) return changed(channel);
  const auto content = file.read({into.data, bytes});
  if (!content) return content.error();
  const auto checksum = load_raw<std::uint32_t>(header + sizeof bytes);
  if (*content != bytes || crc32c({into.data, bytes}) != checksum) return changed(channel);
  return bytes;
}

}  // namespace

Status IoRequests::submit(Block block, Work work) {
  ++submitted_;
  {
    MutexLock held(lock_);
    ++under_way_;
  }
  if (thread_ == nullptr) perform(block, work);
  else thread_->post([this, block, work = std::move(work)] { perform(block, work); });
  MutexLock held(lock_);
  return status();
}

void IoRequests::perform(Block block, const Work& work) {
  bool is_broken = false;
  {
    MutexLock held(lock_);
    is_broken = failure_.has_value();
  }
  const auto done = is_broken ? Result<std::uint32_t>(0u) : work(block);
  MutexLock held(lock_);
  if (done) block.bytes = *done;
  else failure_ = done.error();
  returned_.push_back(block);
  --under_way_;
  changed_.notify_all();
}

Status IoRequests::status() { return failure_ ? Status(*failure_) : Status::ok(); }

Result<Block> IoRequests::take() {
  MutexLock held(lock_);
  WEIR_CHECK(under_way_ > 0 || !returned_.empty(), "a block comes back only if one was given");
  while (returned_.empty()) changed_.wait(lock_);
  if (failure_) return *failure_;
  const Block block = returned_.front();
  returned_.pop_front();
  ++taken_;
  return block;
}

std::optional<Block> IoRequests::try_take() {
  MutexLock held(lock_);
  if (returned_.empty()) return std::nullopt;
  const Block block = returned_.front();
  returned_.pop_front();
  ++taken_;
  return block;
}

Status IoRequests::await_all() {
  MutexLock held(lock_);
  while (under_way_ > 0) changed_.wait(lock_);
  return status();
}

Result<std::unique_ptr<BlockWriter>> BlockWriter::open(std::shared_ptr<SpillChannel> channel, IoMode mode) {
  auto file = channel->create();
  if (!file) return file.error();
  return std::unique_ptr<BlockWriter>(new BlockWriter(std::move(channel), *std::move(file), mode));
}

Status BlockWriter::write(Block block) {
  written_.blocks.push_back(
      {.offset = written_.bytes(), .bytes = block.bytes, .checksum = crc32c(block.used())});
  return requests_.submit(block, [file = file_.get()](const Block& each) -> Result<std::uint32_t> {
    if (Status done = file->write(each.used()); !done) return done.error();
    return each.bytes;
  });
}

std::optional<MemorySegment> BlockWriter::try_take_page() {
  const auto block = requests_.try_take();
  return block ? std::optional(block->page) : std::nullopt;
}

Result<MemorySegment> BlockWriter::take_page() {
  const auto block = requests_.take();
  if (!block) return block.error();
  return block->page;
}

Result<SpilledBlocks> BlockWriter::close() {
  if (Status done = requests_.await_all(); !done) return done.error();
  return written_;
}

Result<std::unique_ptr<BlockReader>> BlockReader::open(SpilledBlocks blocks, IoMode mode) {
  auto file = blocks.channel->open();
  if (!file) return file.error();
  return std::unique_ptr<BlockReader>(new BlockReader(std::move(blocks), *std::move(file), mode));
}

Status BlockReader::ask(MemorySegment page) {
  const auto& extent = blocks_.blocks[asked_++];
  return requests_.submit({.page = page, .bytes = 0}, [this, &extent](const Block& into) {
    return read_block(*file_, *blocks_.channel, extent, into.page);
  });
}

Result<std::vector<Block>> read_bulk(const SpilledBlocks& blocks, std::span<const MemorySegment> pages,
                                     IoMode mode) {
  WEIR_CHECK(pages.size() >= blocks.blocks.size(), "each block has a page to go to");
  auto file = blocks.channel->open();
  if (!file) return file.error();
  std::vector<Block> read;
  IoRequests requests(mode == IoMode::Sync ? nullptr : &blocks.channel->reader());
  (void)requests.submit({}, [&](const Block&) -> Result<std::uint32_t> {
    for (std::size_t i = 0; i < blocks.blocks.size(); ++i) {
      const auto bytes = read_block(**file, *blocks.channel, blocks.blocks[i], pages[i]);
      if (!bytes) return bytes.error();
      read.push_back({.page = pages[i], .bytes = *bytes});
    }
    return 0u;
  });
  if (Status done = requests.await_all(); !done) return done.error();
  return read;
}

Result<std::unique_ptr<BufferWriter>> BufferWriter::open(std::shared_ptr<SpillChannel> channel, IoMode mode) {
  auto file = channel->create();
  if (!file) return file.error();
  return std::unique_ptr<BufferWriter>(new BufferWriter(std::move(channel), *std::move(file), mode));
}

Status BufferWriter::write(Block block) {
  return requests_.submit(block, [file = file_.get()](const Block& each) -> Result<std::uint32_t> {
    std::byte header[kHeaderBytes];
    store_raw(store_raw(header, each.bytes), crc32c(each.used()));
    if (Status done = file->write(header); !done) return done.error();
    if (Status done = file->write(each.used()); !done) return done.error();
    return each.bytes;
  });
}

std::optional<MemorySegment> BufferWriter::try_take_page() {
  const auto block = requests_.try_take();
  return block ? std::optional(block->page) : std::nullopt;
}

Result<MemorySegment> BufferWriter::take_page() {
  const auto block = requests_.take();
  if (!block) return block.error();
  return block->page;
}

Result<std::unique_ptr<BufferReader>> BufferReader::open(std::shared_ptr<SpillChannel> channel, IoMode mode) {
  auto file = channel->open();
  if (!file) return file.error();
  return std::unique_ptr<BufferReader>(new BufferReader(std::move(channel), *std::move(file), mode));
}

Status BufferReader::ask(MemorySegment page) {
  return requests_.submit({.page = page, .bytes = 0}, [this](const Block& into) {
    return read_buffer(*file_, *channel_, into.page);
  });
}

}  // namespace weir
