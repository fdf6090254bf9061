// SPDX-License-Identifier: Apache-2.0
#include "base/sealed_file.h"

#include <array>
#include <cstring>
#include <span>

#include "base/crc32c.h"

namespace weir {
namespace {

constexpr std::size_t kHeaderBytes = 24;

struct Header {
  std::uint64_t magic = 0;
  std::uint32_t version = 0;
  std::uint32_t crc = 0;
  std::uint64_t payload_bytes = 0;
};
static_assert(sizeof(Header) == kHeaderBytes);

std::uint32_t crc_of(const Header& header, std::string_view payload) {
  std::uint32_t crc = crc32c(std::as_bytes(std::span(&header.magic, 1)));
  crc = crc32c(std::as_bytes(std::span(&header.version, 1)), crc);
  crc = crc32c(std::as_bytes(std::span(&header.payload_bytes, 1)), crc);
  return crc32c(std::as_bytes(std::span(payload)), crc);
}

}  // namespace

std::string seal(const SealedKind& kind, std::string_view payload) {
  Header header{.magic = kind.magic, .version = kind.version, .payload_bytes = payload.size()};
  header.crc = crc_of(header, payload);
  std::string content(kHeaderBytes, 0);
  std::memcpy(content.data(), &header, kHeaderBytes);
  return content.append(payload);
}

Result<std::string_view> unseal(const SealedKind& kind, std::string_view content, const std::string& path) {
  const auto corrupt = [&](const std::string& what) {
    return Error{ErrorCode::Corrupt, path + " is no " + std::string(kind.name) + ": " + what,
                 Blame::Environment, Retry::Never};
  };
  Header header;
  if (content.size() < kHeaderBytes)
    return corrupt("it has only " + std::to_string(content.size()) + " bytes");
  std::memcpy(&header, content.data(), kHeaderBytes);
  const std::string_view payload = content.substr(kHeaderBytes);
  if (header.magic != kind.magic) return corrupt("it begins with other bytes");
  if (header.version != kind.version)
    return corrupt("it has version " + std::to_string(header.version) + ", which is unknown here");
  if (header.payload_bytes != payload.size())
    return corrupt("it has " + std::to_string(payload.size()) + " bytes behind its header, not " +
                   std::to_string(header.payload_bytes));
  if (header.crc != crc_of(header, payload)) return corrupt("its checksum is wrong");
  return payload;
}

Status write_sealed(FileSystem& files, const std::string& path, const SealedKind& kind,
                    std::string_view payload) {
  return write_file_atomically(files, path, seal(kind, payload));
}

Result<std::string> read_sealed(FileSystem& files, const std::string& path, const SealedKind& kind) {
  auto content = read_file(files, path);
  if (!content) return content.error();
  const auto payload = unseal(kind, *content, path);
  if (!payload) return payload.error();
  return std::string(*payload);
}

}  // namespace weir
