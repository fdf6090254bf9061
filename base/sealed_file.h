// SPDX-License-Identifier: Apache-2.0
// A small file of which every byte is checked. Little endian:
//
//   magic u64 | version u32 | crc u32 | payload bytes u64 | payload
//   the crc is that of magic, version, payload bytes and payload
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/file_system.h"
#include "base/result.h"

namespace weir {

/// What kind of sealed file it is. `name` is what people call it: "metadata of a checkpoint".
struct SealedKind {
  std::uint64_t magic = 0;
  std::uint32_t version = 1;  // others are refused
  std::string_view name;
};

[[nodiscard]] std::string seal(const SealedKind& kind, std::string_view payload);

/// The payload, a part of `content`. Errors: Corrupt, naming the file and what is wrong with it.
[[nodiscard]] Result<std::string_view> unseal(const SealedKind& kind, std::string_view content,
                                              const std::string& path);

/// Writes a file so that readers, and whoever comes after a crash, see the old payload or the new.
[[nodiscard]] Status write_sealed(FileSystem& files, const std::string& path, const SealedKind& kind,
                                  std::string_view payload);
[[nodiscard]] Result<std::string> read_sealed(FileSystem& files, const std::string& path,
                                              const SealedKind& kind);

}  // namespace weir
