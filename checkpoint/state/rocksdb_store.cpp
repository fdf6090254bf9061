// SPDX-License-Identifier: Apache-2.0
// The module that is loaded when a job first asks for it: the one file that knows RocksDB.
#include <algorithm>
#include <filesystem>
#include <map>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_buffer_manager.h>

#include "checkpoint/state/rocksdb_module.h"

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
using SharedDatabase = std::shared_ptr<const Database>;  // a cursor may be the last that holds it
using ColumnHandle = std::unique_ptr<rocksdb::ColumnFamilyHandle>;

/// Rows as of a RocksDB snapshot, which is held for as long.
class RocksCursor final : public ByteStore::Cursor {
public:
  RocksCursor(SharedDatabase database, rocksdb::ColumnFamilyHandle* column)
      : database_(std::move(database)), snapshot_(database_->db->GetSnapshot()) {
    rocksdb::ReadOptions options;
    options.snapshot = snapshot_;
    options.fill_cache = false;  // the walk passes once
    options.readahead_size = std::size_t{1} << 20;
    rows_.reset(database_->db->NewIterator(options, column));
  }
  ~RocksCursor() override {
    rows_.reset();
    database_->db->ReleaseSnapshot(snapshot_);
  }

  bool next(Bytes& key, Bytes& value) override {
    if (std::exchange(has_begun_, true)) rows_->Next();
    else rows_->SeekToFirst();
    if (!rows_->Valid()) {
      database_->check(rows_->status());
      return false;
    }
    key = bytes_of(rows_->key());
    value = bytes_of(rows_->value());
    return true;
  }

private:
  const SharedDatabase database_;
  const rocksdb::Snapshot* const snapshot_;
  std::unique_ptr<rocksdb::Iterator> rows_;
  bool has_begun_ = false;
};

class RocksColumn final : public ByteStore::Column {
public:
  RocksColumn(SharedDatabase database, ColumnHandle column)
      : database_(std::move(database)), column_(std::move(column)) {
    write_options_.disableWAL = true;
  }

  bool get(Bytes key, std::vector<std::byte>& value) const override {
    rocksdb::PinnableSlice found;
    const rocksdb::Status status =
        database_->db->Get(rocksdb::ReadOptions(), column_.get(), slice_of(key), &found);
    if (status.IsNotFound()) return false;
    database_->check(status);
    const Bytes bytes = bytes_of(found);
    value.assign(bytes.begin(), bytes.end());
    return true;
  }
  void put(Bytes key, Bytes value) override {
    database_->check(database_->db->Put(write_options_, column_.get(), slice_of(key), slice_of(value)));
  }
  void remove(Bytes key) override {
    database_->check(database_->db->Delete(write_options_, column_.get(), slice_of(key)));
  }
  std::unique_ptr<ByteStore::Cursor> rows() const override {
    return std::make_unique<RocksCursor>(database_, column_.get());
  }
  std::size_t row_count() const override {
    std::uint64_t rows = 0;
    (void)database_->db->GetIntProperty(column_.get(), rocksdb::DB::Properties::kEstimateNumKeys, &rows);
    return rows;
  }

private:
  const SharedDatabase database_;
  const ColumnHandle column_;  // goes before the database
  rocksdb::WriteOptions write_options_;
};

class RocksStore final : public ByteStore {
public:
  using Handles = std::map<std::string, ColumnHandle>;

  /// `unasked`: the columns that are there.
  RocksStore(std::shared_ptr<Database> database, Handles unasked)
      : database_(std::move(database)), unasked_(std::move(unasked)) {}

  Column& column(const std::string& name) override {
    auto& column = columns_[name];
    if (!column) column = std::make_unique<RocksColumn>(database_, handle_of(name));
    return *column;
  }
  bool has_column(const std::string& name) const override {
    return columns_.contains(name) || unasked_.contains(name);
  }
  void drop_unasked_columns() override {
    for (const auto& [name, handle] : unasked_) {
      if (name != rocksdb::kDefaultColumnFamilyName)
        database_->check(database_->db->DropColumnFamily(handle.get()));
    }
    unasked_.clear();
  }

  std::vector<File> save(const std::string& directory) override {
    rocksdb::Checkpoint* made = nullptr;
    database_->check(rocksdb::Checkpoint::Create(database_->db.get(), &made));
    const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
    database_->check(checkpoint->CreateCheckpoint(directory));
    std::vector<File> files;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
      const std::string name = entry.path().filename().string();
      files.push_back({.name = name, .bytes = entry.file_size(), .is_final = name.ends_with(".sst")});
    }
    std::ranges::sort(files, {}, &File::name);
    return files;
  }

private:
  ColumnHandle handle_of(const std::string& name) {
    if (auto there = unasked_.extract(name)) return std::move(there.mapped());
    rocksdb::ColumnFamilyHandle* column = nullptr;
    database_->check(database_->db->CreateColumnFamily(database_->column_options, name, &column));
    return ColumnHandle(column);
  }

  const std::shared_ptr<Database> database_;
  Handles unasked_;
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
  // What changed is merged with what changed lately, not each time with a part of everything: that would be
  // new files, and an incremental checkpoint has to write those. Reads ask more files, by their filters.
  columns.compaction_style = rocksdb::kCompactionStyleUniversal;
  // Of fewer files, those that have just filled the state would be among what is merged first, and all of it
  // new behind its first checkpoint: docs/benchmarks.md.
  columns.level0_file_num_compaction_trigger = 12;
  columns.memtable_whole_key_filtering = true;
  columns.memtable_prefix_bloom_size_ratio = 0.05;
  return columns;
}

rocksdb::DBOptions database_options_of(const RocksDbOptions& options) {
  rocksdb::DBOptions database;
  database.create_if_missing = options.content == RocksDbOptions::Content::None;
  database.error_if_exists = options.content == RocksDbOptions::Content::None;
  database.avoid_flush_during_shutdown = true;  // it is removed then
  database.db_write_buffer_size = options.memtable_bytes;
  return database;
}

/// Opens it with every column that it has.
rocksdb::Status open(const RocksDbOptions& options, Database& database, RocksStore::Handles& columns) {
  std::vector<std::string> names{rocksdb::kDefaultColumnFamilyName};
  const rocksdb::DBOptions database_options = database_options_of(options);
  if (options.content == RocksDbOptions::Content::Saved) {
    names.clear();
    const auto listed = rocksdb::DB::ListColumnFamilies(database_options, options.directory, &names);
    if (!listed.ok()) return listed;
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> wanted;
  for (const std::string& name : names) wanted.emplace_back(name, database.column_options);
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(database_options, options.directory, wanted, &handles, &db);
  if (!status.ok()) return status;
  database.db.reset(db);
  for (std::size_t i = 0; i < names.size(); ++i) columns.emplace(names[i], handles[i]);
  return status;
}

Result<std::unique_ptr<ByteStore>> open_store(const RocksDbOptions& options) {
  auto database = std::make_shared<Database>();
  database->column_options = column_options_of(options);
  RocksStore::Handles columns;
  const rocksdb::Status status = open(options, *database, columns);
  if (!status.ok()) {
    return Error{ErrorCode::IoFailure, told(options.directory, status), Blame::Environment, Retry::Later};
  }
  database->directory = options.directory;
  return std::unique_ptr<ByteStore>(std::make_unique<RocksStore>(std::move(database), std::move(columns)));
}

}  // namespace

extern "C" OpenRocksDb weir_open_rocksdb;  // as kOpenRocksDb says
void weir_open_rocksdb(const RocksDbOptions& options, Result<std::unique_ptr<ByteStore>>& opened) {
  opened = open_store(options);
}

}  // namespace weir
