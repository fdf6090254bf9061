// SPDX-License-Identifier: Apache-2.0
// Values in sealed files and nodes (base/sealed_file.h): bytes that do not fit are an error, never a value.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/file_system.h"
#include "base/result.h"
#include "base/sealed_file.h"
#include "memory/value_bytes.h"

namespace weir {

template <class T>
[[nodiscard]] std::string seal_value(const SealedKind& kind, T value) {
  return seal(kind, to_value_bytes(std::move(value)));
}

/// `path` is for the message.
template <class T>
[[nodiscard]] Result<T> unseal_value(const SealedKind& kind, std::string_view content,
                                     const std::string& path) {
  const auto payload = unseal(kind, content, path);
  if (!payload) return payload.error();
  auto value = from_value_bytes<T>(*payload);
  if (value) return *std::move(value);
  return Error{ErrorCode::Corrupt, path + " is no " + std::string(kind.name) + ": its fields do not fit",
               Blame::Environment, Retry::Never};
}

template <class T>
[[nodiscard]] Result<T> read_value(FileSystem& files, const std::string& path, const SealedKind& kind) {
  const auto content = read_file(files, path);
  if (!content) return content.error();
  return unseal_value<T>(kind, *content, path);
}

template <class T>
[[nodiscard]] Status write_value(FileSystem& files, const std::string& path, const SealedKind& kind,
                                 T value) {
  return write_sealed(files, path, kind, to_value_bytes(std::move(value)));
}

}  // namespace weir
