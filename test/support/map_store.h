// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/state/byte_store.h"

namespace weir::testing {

/// A ByteStore in memory.
class MapStore final : public ByteStore {
public:
  Column& column(const std::string& name) override { return columns_[name]; }
  bool has_column(const std::string& name) const override { return columns_.contains(name); }
  void drop_unasked_columns() override {}
  std::vector<File> save(const std::string&) override { throw std::runtime_error("it has no files"); }

private:
  using Owned = std::vector<std::byte>;
  using Rows = std::map<Owned, Owned>;

  class Walk final : public Cursor {
  public:
    explicit Walk(Rows rows) : rows_(std::move(rows)) {}
    bool next(Bytes& key, Bytes& value) override {
      if (at_ == rows_.end()) return false;
      key = at_->first;
      value = at_->second;
      ++at_;
      return true;
    }

  private:
    const Rows rows_;
    Rows::const_iterator at_ = rows_.begin();
  };

  class MapColumn final : public Column {
  public:
    bool get(Bytes key, std::vector<std::byte>& value) const override {
      const auto found = rows_.find(Owned(key.begin(), key.end()));
      if (found == rows_.end()) return false;
      value = found->second;
      return true;
    }
    void put(Bytes key, Bytes value) override {
      rows_[Owned(key.begin(), key.end())] = Owned(value.begin(), value.end());
    }
    void remove(Bytes key) override { rows_.erase(Owned(key.begin(), key.end())); }
    std::unique_ptr<Cursor> rows() const override { return std::make_unique<Walk>(rows_); }
    std::size_t row_count() const override { return rows_.size(); }

  private:
    Rows rows_;
  };

  std::map<std::string, MapColumn> columns_;
};

}  // namespace weir::testing
