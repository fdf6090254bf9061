// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/rocksdb_backend.h"

#include <filesystem>
#include <map>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

namespace weir {

namespace {

using Bytes = ByteStore::Bytes;

rocksdb::Slice slice_of(Bytes bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}
Bytes bytes_of(const rocksdb::Slice& slice) {
  return {static_cast<const std::byte*>(static_cast<const void*>(slice.data())), slice.size()};
}

std::string told(const std::string& directory, const rocksdb::Status& status) {
  return "the state store in " + directory + ": " + status.ToString();
}

/// The database and its directory, which goes with it.
struct Database {
  ~Database() {
    db.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
  void check(const rocksdb::Status& status) const {
    if (!status.ok()) throw std::runtime_error(told(directory, status));
  }

  std::string directory;
  rocksdb::ColumnFamilyOptions column_options;
  std::unique_ptr<rocksdb::DB> db;
};

/// Rows as of a RocksDB snapshot, which is held for as long.
class RocksCursor final : public ByteStore::Cursor {
public:
  RocksCursor(const Database& database, rocksdb::ColumnFamilyHandle* column)
      : database_(database), snapshot_(database.db->GetSnapshot()) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    options.fill_cache = false;  // the walk passes once
    options.readahead_size = std::size_t{1} << 20;
    rows_.reset(database.db->NewIterator(options, column));
  }
  ~RocksCursor() override {
    rows_.reset();
    database_.db->ReleaseSnapshot(snapshot_);
  }

  bool next(Bytes& key, Bytes& value) override {
    if (std::exchange(has_begun_, true)) rows_->Next();
    else rows_->SeekToFirst();
    if (!rows_->Valid()) {
      database_.check(rows_->status());
      return false;
    }
    key = bytes_of(rows_->key());
    value = bytes_of(rows_->value());
    return true;
  }

private:
  const Database& database_;  // outlives this
  const rocksdb::Snapshot* const snapshot_;
  std::unique_ptr<rocksdb::Iterator> rows_;
  bool has_begun_ = false;
};

class RocksColumn final : public ByteStore::Column {
public:
  RocksColumn(const Database& database, const std::string& name) : database_(database) {
    rocksdb::ColumnFamilyHandle* column = nullptr;
    database_.check(database_.db->CreateColumnFamily(database_.column_options, name, &column));
    column_.reset(column);
    write_options_.disableWAL = true;
  }

  bool get(Bytes key, std::vector<std::byte>& value) const override {
    rocksdb::PinnableSlice found;
    const rocksdb::Status status =
        database_.db->Get(rocksdb::ReadOptions(), column_.get(), slice_of(key), &found);
    if (status.IsNotFound()) return false;
    database_.check(status);
    const Bytes bytes = bytes_of(found);
    value.assign(bytes.begin(), bytes.end());
    return true;
  }
  void put(Bytes key, Bytes value) override {
    database_.check(database_.db->Put(write_options_, column_.get(), slice_of(key), slice_of(value)));
  }
  void remove(Bytes key) override {
    database_.check(database_.db->Delete(write_options_, column_.get(), slice_of(key)));
  }
  std::unique_ptr<ByteStore::Cursor> rows() const override {
    return std::make_unique<RocksCursor>(database_, column_.get());
  }
  std::size_t row_count() const override {
    std::uint64_t rows = 0;
    (void)database_.db->GetIntProperty(column_.get(), rocksdb::DB::Properties::kEstimateNumKeys, &rows);
    return rows;
  }

private:
  const Database& database_;  // outlives this
  std::unique_ptr<rocksdb::ColumnFamilyHandle> column_;
  rocksdb::WriteOptions write_options_;
};

class RocksStore final : public ByteStore {
public:
  explicit RocksStore(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  Column& column(const std::string& name) override {
    auto& column = columns_[name];
    if (!column) column = std::make_unique<RocksColumn>(*database_, name);
    return *column;
  }

private:
  const std::unique_ptr<Database> database_;
  std::map<std::string, std::unique_ptr<RocksColumn>> columns_;
};

rocksdb::ColumnFamilyOptions column_options_of(const RocksDbOptions& options) {
  rocksdb::BlockBasedTableOptions tables;
  tables.block_cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  tables.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  tables.cache_index_and_filter_blocks = true;
  rocksdb::ColumnFamilyOptions columns;
  columns.table_factory.reset(rocksdb::NewBlockBasedTableFactory(tables));
  columns.compression = rocksdb::kNoCompression;  // the processor is what is short here
  columns.memtable_whole_key_filtering = true;
  columns.memtable_prefix_bloom_size_ratio = 0.05;
  return columns;
}

}  // namespace

Result<std::unique_ptr<ByteStore>> open_rocksdb(const RocksDbOptions& options) {
  rocksdb::DBOptions database_options;
  database_options.create_if_missing = true;
  database_options.error_if_exists = true;
  database_options.avoid_flush_during_shutdown = true;  // it is removed then
  database_options.db_write_buffer_size = options.memtable_bytes;
  auto database = std::make_unique<Database>();
  database->column_options = column_options_of(options);
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(
      rocksdb::Options(database_options, database->column_options), options.directory, &db);
  if (!status.ok()) {
    return Error{ErrorCode::IoFailure, told(options.directory, status), Blame::Environment, Retry::Later};
  }
  database->directory = options.directory;
  database->db.reset(db);
  return std::unique_ptr<ByteStore>(std::make_unique<RocksStore>(std::move(database)));
}

}  // namespace weir
