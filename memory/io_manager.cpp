// SPDX-License-Identifier: Apache-2.0
#include "memory/io_manager.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace weir {

namespace {
constexpr const char* kDirectoryName = "weir-io";
}  // namespace

IoThread::~IoThread() {
  Thread last;
  {
    MutexLock held(lock_);
    is_ending_ = true;
    changed_.notify_all();
    last = std::move(thread_);
  }
}

void IoThread::post(std::function<void()> request) {
  MutexLock held(lock_);
  requests_.push_back(std::move(request));
  if (!thread_.joinable()) thread_ = Thread(name_, [this] { run(); });
  changed_.notify_all();
}

void IoThread::run() {
  while (true) {
    std::function<void()> request;
    {
      MutexLock held(lock_);
      while (requests_.empty() && !is_ending_) changed_.wait(lock_);
      if (requests_.empty()) return;
      request = std::move(requests_.front());
      requests_.pop_front();
    }
    request();
  }
}

SpillChannel::SpillChannel(std::string path, std::shared_ptr<PrivateDirectory> directory, FileSystem& files,
                           IoThread& writer, IoThread& reader, std::atomic<std::uint64_t>& count)
    : path_(std::move(path)),
      directory_(std::move(directory)),
      files_(files),
      writer_(writer),
      reader_(reader),
      count_(count) {
  count_.fetch_add(1, std::memory_order_relaxed);
}

SpillChannel::~SpillChannel() {
  (void)files_.remove(path_);  // what stays goes with the directory
  count_.fetch_sub(1, std::memory_order_relaxed);
}

IoManager::IoManager(Options options) : files_(options.files == nullptr ? machine_files_ : *options.files) {
  if (options.directories.empty()) options.directories.emplace_back();
  MutexLock held(lock_);
  for (std::string& each : options.directories) {
    std::error_code problem;  // then there is no directory to make channels in, and that is said there
    if (each.empty()) each = std::filesystem::temp_directory_path(problem).string();
    if (!problem) PrivateDirectory::remove_abandoned(each, kDirectoryName);
    const std::string number = std::to_string(disks_.size());
    disks_.push_back({.parent = std::move(each),
                      .directory = {},
                      .writer = std::make_unique<IoThread>("spill writer " + number),
                      .reader = std::make_unique<IoThread>("spill reader " + number)});
  }
}

Result<std::shared_ptr<SpillChannel>> IoManager::create_channel() {
  MutexLock held(lock_);
  Disk& disk = disks_[next_ % disks_.size()];
  if (disk.parent.empty())
    return Error{ErrorCode::IoFailure, "there is no directory for temporary files: set io.tmp.dirs",
                 Blame::Environment};
  auto directory = disk.directory.lock();
  if (directory == nullptr) {
    auto made = PrivateDirectory::make(disk.parent, kDirectoryName);
    if (!made) return made.error();
    directory = *std::move(made);
    disk.directory = directory;
  }
  char name[32];
  std::snprintf(name, sizeof name, "/%06llu.channel", static_cast<unsigned long long>(next_++));
  return std::shared_ptr<SpillChannel>(new SpillChannel(directory->path() + name, directory, files_,
                                                        *disk.writer, *disk.reader, count_));
}

std::vector<std::string> split_directories(std::string_view list) {
  std::vector<std::string> directories;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find_first_of(",:"), list.size());
    std::string_view each = list.substr(0, end);
    while (!each.empty() && each.front() == ' ') each.remove_prefix(1);
    while (!each.empty() && each.back() == ' ') each.remove_suffix(1);
    if (!each.empty()) directories.emplace_back(each);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return directories;
}

}  // namespace weir
