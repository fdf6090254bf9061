// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir {

/// Rows of bytes by key, for state that does not fit the heap. A port: RocksDB stands behind it.
///
/// Threads: the task's; a cursor also any other, one at a time, which may outlive the rest.
/// Errors:  throws std::runtime_error, naming what the store said and where it is.
class ByteStore {
public:
  using Bytes = std::span<const std::byte>;

  /// Rows in the order of their keys, as they were when it was made.
  class Cursor {
  public:
    virtual ~Cursor() = default;
    /// The next row, until the next call. False: there is none; not to be called again.
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

  /// A file of a store that was saved.
  struct File {
    std::string name;
    std::uint64_t bytes = 0;
    bool is_final = false;  // a file of this name in this store never has other bytes
    bool operator==(const File&) const = default;
  };

  virtual ~ByteStore() = default;
  /// The column of that name, made if there is none. Lasts as long as this.
  [[nodiscard]] virtual Column& column(const std::string& name) = 0;
  [[nodiscard]] virtual bool has_column(const std::string& name) const = 0;
  /// Removes columns that were there when the store was opened and that nobody has asked for.
  virtual void drop_unasked_columns() = 0;

  /// Saves all rows as of now into `directory`, which is made: by links to files that do not change, where it
  /// can. A store can be opened from these files.
  [[nodiscard]] virtual std::vector<File> save(const std::string& directory) = 0;
};

}  // namespace weir
