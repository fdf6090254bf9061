// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/state_file.h"

#include <algorithm>
#include <array>
#include <limits>
#include <set>
#include <string_view>
#include <utility>

#include "base/crc32c.h"
#include "memory/serializers_std.h"

namespace weir {

namespace {

constexpr std::uint64_t kMagic = 0x7461'7473'7269'6577;  // "weirstat"
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kHeaderBytes = 12;
constexpr std::size_t kBlockHeaderBytes = 20;
constexpr std::size_t kCheckedHeaderBytes = 16;  // of a block's: what stands before the crc
constexpr std::size_t kTrailerBytes = 32;

/// The trailer's numbers, of which the crc covers all but itself.
struct Trailer {
  std::uint64_t footer_offset = 0;
  std::uint32_t footer_bytes = 0;
  std::uint64_t file_bytes = 0;

  [[nodiscard]] std::uint32_t crc_with(std::span<const std::byte> footer) const {
    std::array<std::byte, 20> numbers;
    store_raw(store_raw(store_raw(numbers.data(), footer_offset), footer_bytes), file_bytes);
    return crc32c(numbers, crc32c(footer));
  }
};

struct Footer {
  std::vector<StateInfo> states;
  std::vector<StateBlockInfo> blocks;
};

std::array<std::byte, kBlockHeaderBytes> header_of(const StateBlockInfo& block,
                                                   std::uint32_t payload_crc) {
  std::array<std::byte, kBlockHeaderBytes> header;
  std::byte* at = store_raw(header.data(), block);
  const std::span<const std::byte> checked = std::span(header).first(kCheckedHeaderBytes);
  store_raw(at, crc32c_joined(crc32c(checked), payload_crc, block.payload_bytes));
  return header;
}

}  // namespace

Status StateFileWriter::write_summed(std::span<const std::byte> bytes, std::uint32_t crc) {
  if (status_) status_ = stream_.write_summed(bytes, crc);
  written_bytes_ += bytes.size();
  return status_;
}

Status StateFileWriter::begin() {
  if (written_bytes_ != 0) return status_;
  std::array<std::byte, kHeaderBytes> header;
  store_raw(store_raw(header.data(), kMagic), kVersion);
  return write(header);
}

Status StateFileWriter::add(const StateBlock& block) {
  WEIR_CHECK(block.payload.size() <= std::numeric_limits<std::uint32_t>::max(), "a block is below 4 GiB");
  if (auto begun = begin(); !begun) return begun;
  const StateBlockInfo info{block.state, block.group, block.entry_count,
                         static_cast<std::uint32_t>(block.payload.size())};
  index_.push_back(info);
  const std::uint32_t crc = crc32c(block.payload);
  if (auto done = write(header_of(info, crc)); !done) return done;
  return write_summed(block.payload, crc);
}

Result<StateHandle> StateFileWriter::finish(const std::vector<StateInfo>& states) {
  if (auto begun = begin(); !begun) return begun.error();
  const Footer footer{states, std::move(index_)};
  std::vector<std::byte> bytes(Serializer<Footer>::bound(footer) + kSegmentSlackBytes);
  bytes.resize(static_cast<std::size_t>(Serializer<Footer>::write(footer, bytes.data()) - bytes.data()));
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max()) {
    return Error{ErrorCode::IoFailure, "the index of a state file has more than 4 GiB", Blame::Bug};
  }
  const Trailer trailer{written_bytes_, static_cast<std::uint32_t>(bytes.size()),
                        written_bytes_ + bytes.size() + kTrailerBytes};
  const std::uint32_t crc = trailer.crc_with(bytes);
  if (auto done = write(bytes); !done) return done.error();
  std::array<std::byte, kTrailerBytes> end;
  std::byte* at = store_raw(store_raw(end.data(), trailer.footer_offset), trailer.footer_bytes);
  store_raw(store_raw(store_raw(at, crc), trailer.file_bytes), kMagic);
  if (auto done = write(end); !done) return done.error();
  return stream_.close();
}

Result<StateFile> StateFile::open(std::unique_ptr<StateReader> bytes, std::string name) {
  StateFile file(std::move(bytes), std::move(name));
  if (auto read = file.read_frame(); !read) return read.error();
  return file;
}

Error StateFile::corrupt(const std::string& what) const {
  return {ErrorCode::Corrupt, "the state file " + name_ + " is damaged: " + what, Blame::Environment};
}

Status StateFile::read_frame() {
  const std::uint64_t file_bytes = bytes_->size();
  if (file_bytes < kHeaderBytes + kTrailerBytes)
    return corrupt("it has " + std::to_string(file_bytes) + " bytes, fewer than any");
  std::array<std::byte, kHeaderBytes> header;
  if (auto got = bytes_->read(0, header); !got) return got;
  if (load_raw<std::uint64_t>(header.data()) != kMagic) return corrupt("it does not begin like one");
  if (const auto version = load_raw<std::uint32_t>(header.data() + 8); version != kVersion) {
    return corrupt("its format is version " + std::to_string(version) + ", this Weir reads version " +
                   std::to_string(kVersion));
  }
  std::array<std::byte, kTrailerBytes> end;
  if (auto got = bytes_->read(file_bytes - kTrailerBytes, end); !got) return got;
  const Trailer trailer{load_raw<std::uint64_t>(end.data()), load_raw<std::uint32_t>(end.data() + 8),
                        load_raw<std::uint64_t>(end.data() + 16)};
  const std::uint64_t blocks_and_footer = file_bytes - kTrailerBytes;
  if (load_raw<std::uint64_t>(end.data() + 24) != kMagic || trailer.file_bytes != file_bytes ||
      trailer.footer_bytes > blocks_and_footer - kHeaderBytes ||
      trailer.footer_offset != blocks_and_footer - trailer.footer_bytes) {
    return corrupt("its end is missing");
  }
  std::vector<std::byte> footer(trailer.footer_bytes);
  if (auto got = bytes_->read(trailer.footer_offset, footer); !got) return got;
  if (trailer.crc_with(footer) != load_raw<std::uint32_t>(end.data() + 12))
    return corrupt("the checksum of its index is wrong");
  return take_footer(footer, trailer.footer_offset);
}

Status StateFile::take_footer(std::span<const std::byte> bytes, std::uint64_t footer_offset) {
  Footer footer;
  const std::byte* const end = bytes.data() + bytes.size();
  if (Serializer<Footer>::read(footer, bytes.data(), end) != end) return corrupt("its index is none");
  std::set<std::string_view> names;
  for (const StateInfo& state : footer.states) {
    if (state.kind > kLastStateKind || state.redistribution > Redistribution::Broadcast)
      return corrupt("state \"" + state.name + "\" is of an unknown kind");
    if (!names.insert(state.name).second) return corrupt("it has state \"" + state.name + "\" twice");
  }
  std::uint64_t offset = kHeaderBytes;
  blocks_.reserve(footer.blocks.size());
  for (const StateBlockInfo& block : footer.blocks) {
    // No entry takes no bytes, so that whoever makes room for them cannot be led astray.
    if (block.state >= footer.states.size() || block.entry_count > block.payload_bytes)
      return corrupt("its index names what cannot be");
    blocks_.push_back({block, offset});
    offset += kBlockHeaderBytes + block.payload_bytes;
  }
  if (offset != footer_offset) return corrupt("its blocks are not those of its index");
  states_ = std::move(footer.states);
  return Status::ok();
}

Result<std::span<const std::byte>> StateFile::read(const Block& block, std::vector<std::byte>& buffer) {
  buffer.resize(kBlockHeaderBytes + block.info.payload_bytes);
  if (auto got = bytes_->read(block.offset, buffer); !got) return got.error();
  const std::span<const std::byte> payload = std::span(buffer).subspan(kBlockHeaderBytes);
  const auto expected = header_of(block.info, crc32c(payload));
  if (!std::equal(expected.begin(), expected.end(), buffer.begin())) {
    return corrupt("the checksum of the block at " + std::to_string(block.offset) + " (state \"" +
                   states_[block.info.state].name + "\", key group " + std::to_string(block.info.group) +
                   ") is wrong");
  }
  return payload;
}

Status StateFile::verify() {
  std::vector<std::byte> buffer;
  for (const Block& block : blocks_) {
    if (auto got = read(block, buffer); !got) return got.error();
  }
  return Status::ok();
}

}  // namespace weir
