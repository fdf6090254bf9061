// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/store_walk.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "memory/data_view.h"

namespace weir {

bool StoreWalk::next(StateBlock& block) {
  builder_.use(std::move(block.payload));
  KeyGroup group = 0;
  while (find_row()) {
    const KeyGroup of_row = group_of(key_);
    if (builder_.is_full() || (!builder_.is_empty() && of_row != group)) break;
    group = of_row;
    add_row();
  }
  if (builder_.is_empty() || is_aborted_) return false;
  block = builder_.finish(state_, group);
  return true;
}

/// The next row that has not expired, if it is not there yet.
bool StoreWalk::find_row() {
  while (!has_row_ && !is_over_ && !is_aborted_) {
    if (!rows_->next(key_, value_)) {
      is_over_ = true;
      return false;
    }
    const std::size_t time_bytes = expired_by_ms_ ? kTimeBytes : 0;
    if (key_.size() < kGroupBytes || value_.size() < time_bytes)
      throw std::runtime_error("the state store has a row that is none");
    has_row_ = !expired_by_ms_ || load_raw<std::int64_t>(value_.data()) > *expired_by_ms_;
  }
  return has_row_;
}

void StoreWalk::add_row() {
  const auto key = key_.subspan(kGroupBytes);
  std::byte* at = builder_.room(key.size() + value_.size());
  std::memcpy(at, key.data(), key.size());
  at += key.size();
  if (!value_.empty()) std::memcpy(at, value_.data(), value_.size());
  builder_.added(at + value_.size());
  has_row_ = false;
}

}  // namespace weir
