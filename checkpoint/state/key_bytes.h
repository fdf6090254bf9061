// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace weir {

/// A serialised key that owns its bytes: sixteen bytes in all, without an allocation for keys up to twelve.
class KeyBytes {
public:
  explicit KeyBytes(std::span<const std::byte> bytes) : size_(static_cast<std::uint32_t>(bytes.size())) {
    std::byte* to = content_;
    if (!is_inline()) {
      to = new std::byte[bytes.size()];
      std::memcpy(content_ + kHeapAt, &to, sizeof to);
    }
    if (!bytes.empty()) std::memcpy(to, bytes.data(), bytes.size());
  }
  KeyBytes(KeyBytes&& other) noexcept : size_(std::exchange(other.size_, 0)) {
    std::memcpy(content_, other.content_, sizeof content_);
  }
  KeyBytes& operator=(KeyBytes&& other) noexcept {
    std::swap(size_, other.size_);
    std::byte content[sizeof content_];
    std::memcpy(content, content_, sizeof content);
    std::memcpy(content_, other.content_, sizeof content);
    std::memcpy(other.content_, content, sizeof content);
    return *this;
  }
  ~KeyBytes() {
    if (!is_inline()) delete[] heap();
  }

  [[nodiscard]] std::span<const std::byte> get() const { return {is_inline() ? content_ : heap(), size_}; }
  [[nodiscard]] bool operator==(std::span<const std::byte> bytes) const {
    return bytes.size() == size_ && std::memcmp(get().data(), bytes.data(), size_) == 0;
  }

private:
  static constexpr std::size_t kHeapAt = 4;

  [[nodiscard]] bool is_inline() const { return size_ <= sizeof content_; }
  [[nodiscard]] std::byte* heap() const {
    std::byte* at;
    std::memcpy(&at, content_ + kHeapAt, sizeof at);
    return at;
  }

  std::uint32_t size_;
  std::byte content_[12]{};  // the bytes, or where they are
};

}  // namespace weir
