// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "base/sync.h"

namespace weir::testing {

/// The machine's files, on a disk that has the faults a test wants.
class FaultyFileSystem final : public FileSystem {
public:
  std::atomic<std::uint64_t> room_bytes = UINT64_MAX;  // then the disk is full
  std::atomic<bool> syncs = true;
  std::atomic<bool> renames = true;
  std::atomic<int> open_error = 0;    // an errno that open() says
  std::atomic<int> create_error = 0;  // an errno that create() and make_folder() say
  std::atomic<int> write_error = 0;   // and write()
  std::atomic<int> read_error = 0;    // and open() and list()

  Result<std::unique_ptr<FileReader>> open(const std::string& path) override {
    if (open_error != 0) return of_system("cannot open " + path, open_error);
    if (read_error != 0) return of_system("cannot open " + path, read_error);
    return files_.open(path);
  }
  Result<std::unique_ptr<FileWriter>> create(const std::string& path) override {
    await_disk();
    if (create_error != 0) return of_system("cannot create " + path, create_error);
    auto file = files_.create(path);
    if (!file) return file.error();
    return std::unique_ptr<FileWriter>(std::make_unique<Writer>(*this, *std::move(file), path));
  }
  Status rename(const std::string& from, const std::string& to) override {
    return renames ? files_.rename(from, to) : fault("rename failed");
  }
  Status remove(const std::string& path) override { return files_.remove(path); }
  Status make_folder(const std::string& path) override {
    if (create_error != 0) return of_system("cannot make the folder " + path, create_error);
    return files_.make_folder(path);
  }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    if (read_error != 0) return of_system("cannot list " + folder, read_error);
    return files_.list(folder);
  }

  /// From now on whoever creates a file waits until the disk lets go.
  void hold() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    is_held_ = true;
  }
  void let_go() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    is_held_ = false;
    changed_.notify_all();
  }

private:
  void await_disk() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    while (is_held_) changed_.wait(lock_);
  }

  class Writer final : public FileWriter {
  public:
    Writer(FaultyFileSystem& disk, std::unique_ptr<FileWriter> file, std::string path)
        : disk_(disk), file_(std::move(file)), path_(std::move(path)) {}
    Status write(std::span<const std::byte> bytes) override {
      if (disk_.write_error != 0) return of_system("cannot write " + path_, disk_.write_error);
      if (bytes.size() > disk_.room_bytes) return fault("no space left");
      disk_.room_bytes -= bytes.size();
      return file_->write(bytes);
    }
    Status sync() override { return disk_.syncs ? file_->sync() : fault("sync failed"); }

  private:
    FaultyFileSystem& disk_;
    const std::unique_ptr<FileWriter> file_;
    const std::string path_;
  };

  static Status fault(const char* what) {
    return Error{ErrorCode::IoFailure, what, Blame::Environment, Retry::Later};
  }

  /// As the machine's files say it.
  static Error of_system(const std::string& what, int error) {
    return {ErrorCode::IoFailure, what + ": " + std::generic_category().message(error), Blame::Environment,
            Retry::Later};
  }

  LocalFileSystem files_;
  Mutex lock_;
  CondVar changed_;
  bool is_held_ WEIR_GUARDED_BY(lock_) = false;
};

}  // namespace weir::testing
