// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/private_directory.h"
#include "base/result.h"
#include "base/sync.h"
#include "base/thread.h"

namespace weir {

/// Who does the work of a channel: whoever asks for it, or a thread of its disk.
enum class IoMode : std::uint8_t { Sync, Async };

/// One thread that works off requests in their order. It begins with the first of them.
///
/// Threads: post() by any.
/// Order:   lock_ is a leaf. What was posted is done before this ends.
class IoThread {
public:
  explicit IoThread(std::string name) : name_(std::move(name)) {}
  ~IoThread();
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  /// `request` throws nothing.
  void post(std::function<void()> request) WEIR_EXCLUDES(lock_);

private:
  void run() WEIR_EXCLUDES(lock_);

  const std::string name_;
  Mutex lock_;
  CondVar changed_;
  std::deque<std::function<void()>> requests_ WEIR_GUARDED_BY(lock_);
  bool is_ending_ WEIR_GUARDED_BY(lock_) = false;
  Thread thread_ WEIR_GUARDED_BY(lock_);
};

/// A place for what does not fit into memory: the name of a file that is written once, read any number of
/// times, and gone with the last who knows it.
///
/// Threads: any.
class SpillChannel {
public:
  ~SpillChannel();
  SpillChannel(const SpillChannel&) = delete;
  SpillChannel& operator=(const SpillChannel&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] Result<std::unique_ptr<FileWriter>> create() const { return files_.create(path_); }
  [[nodiscard]] Result<std::unique_ptr<FileReader>> open() const { return files_.open(path_); }
  /// Those of its disk.
  [[nodiscard]] IoThread& writer() const { return writer_; }
  [[nodiscard]] IoThread& reader() const { return reader_; }

private:
  friend class IoManager;
  SpillChannel(std::string path, std::shared_ptr<PrivateDirectory> directory, FileSystem& files,
               IoThread& writer, IoThread& reader, std::atomic<std::uint64_t>& count);

  const std::string path_;
  const std::shared_ptr<PrivateDirectory> directory_;  // gone with the last channel in it
  FileSystem& files_;
  IoThread& writer_;
  IoThread& reader_;
  std::atomic<std::uint64_t>& count_;
};

/// The disks on which the operators of a worker put what does not fit into their memory. Each directory has a
/// thread that writes and one that reads. What a process left behind that was killed is removed when the next
/// one begins.
///
/// Threads: any. lock_ is held while a directory is made.
/// Order:   outlives its channels.
/// Errors:  name the directory or the file, and what the system said.
class IoManager {
public:
  struct Options {
    std::vector<std::string> directories;  // one a disk; none: the system's for temporary files
    FileSystem* files = nullptr;           // outlives this; none: the machine's
  };

  explicit IoManager(Options options);
  IoManager(const IoManager&) = delete;
  IoManager& operator=(const IoManager&) = delete;

  /// On the disks in turn.
  [[nodiscard]] Result<std::shared_ptr<SpillChannel>> create_channel() WEIR_EXCLUDES(lock_);
  [[nodiscard]] std::uint64_t channel_count() const { return count_.load(std::memory_order_relaxed); }

private:
  struct Disk {
    std::string parent;
    std::weak_ptr<PrivateDirectory> directory;
    std::unique_ptr<IoThread> writer;
    std::unique_ptr<IoThread> reader;
  };

  LocalFileSystem machine_files_;
  FileSystem& files_;
  std::atomic<std::uint64_t> count_ = 0;  // of channels that live
  Mutex lock_;
  std::vector<Disk> disks_ WEIR_GUARDED_BY(lock_);
  std::uint64_t next_ WEIR_GUARDED_BY(lock_) = 0;
};

/// The directories in a list as configurations have it, separated by commas or colons.
[[nodiscard]] std::vector<std::string> split_directories(std::string_view list);

}  // namespace weir
