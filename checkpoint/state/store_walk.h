// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "checkpoint/state/block_builder.h"
#include "checkpoint/state/byte_store.h"
#include "checkpoint/state/state_table.h"

namespace weir {

/// The rows of a StoreTable as blocks of a state file. A row's key begins with its key group, its value, if
/// it expires, with when it was last used.
class StoreWalk final : public TableWalk {
public:
  static constexpr std::size_t kGroupBytes = 2;
  static constexpr std::size_t kTimeBytes = sizeof(std::int64_t);

  /// `expired_by_ms`: what was last used then or earlier is left out. None: rows do not expire.
  StoreWalk(std::unique_ptr<ByteStore::Cursor> rows, std::uint32_t state,
            std::optional<std::int64_t> expired_by_ms)
      : rows_(std::move(rows)), state_(state), expired_by_ms_(expired_by_ms) {}

  [[nodiscard]] bool next(StateBlock& block) override;
  /// By any thread.
  void abort() { is_aborted_ = true; }

  [[nodiscard]] static KeyGroup group_of(ByteStore::Bytes key) {
    return static_cast<KeyGroup>(key[0]) << 8 | static_cast<KeyGroup>(key[1]);
  }

private:
  [[nodiscard]] bool find_row();
  void add_row();

  const std::unique_ptr<ByteStore::Cursor> rows_;
  const std::uint32_t state_;
  const std::optional<std::int64_t> expired_by_ms_;
  std::atomic<bool> is_aborted_ = false;
  // The row that comes next.
  bool has_row_ = false;
  bool is_over_ = false;
  ByteStore::Bytes key_;
  ByteStore::Bytes value_;
  BlockBuilder builder_;
};

}  // namespace weir
