// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir {

/// Rows of bytes by key, for state that does not fit the heap. A port: RocksDB stands behind it.
///
/// Threads: the task's; a cursor also any other, one at a time.
/// Errors:  throws std::runtime_error, naming what the store said and where it is.
class ByteStore {
public:
  using Bytes = std::span<const std::byte>;

  /// Rows in the order of their keys, as they were when it was made.
  class Cursor {
  public:
    virtual ~Cursor() = default;
    /// The next row, until the next call. False: there is none.
    [[nodiscard]] virtual bool next(Bytes& key, Bytes& value) = 0;
  };

  /// The rows of one state.
  class Column {
  public:
    virtual ~Column() = default;
    /// False: there is no row of that key.
    [[nodiscard]] virtual bool get(Bytes key, std::vector<std::byte>& value) const = 0;
    virtual void put(Bytes key, Bytes value) = 0;
    virtual void remove(Bytes key) = 0;
    [[nodiscard]] virtual std::unique_ptr<Cursor> rows() const = 0;
    /// About how many.
    [[nodiscard]] virtual std::size_t row_count() const = 0;
  };

  virtual ~ByteStore() = default;
  /// The column of that name, made if there is none. Lasts as long as this.
  [[nodiscard]] virtual Column& column(const std::string& name) = 0;
};

}  // namespace weir
