// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace weir::testing {

/// Thrown in the place of a call that the process did not live to finish.
struct Crash {};

/// A disk in memory that knows what is safe and what is only in the machine's memory, and that lets its user
/// die at any step: a call is one step or several, and what was done before stays done.
///
/// Threads: one.
class CrashDisk final : public FileSystem {
public:
  static constexpr std::uint64_t kNever = UINT64_MAX;

  /// Dies before the step of this number, counted from now.
  void crash_at(std::uint64_t step) {
    steps_ = 0;
    crash_at_ = step;
    is_dead_ = false;
  }
  [[nodiscard]] bool is_dead() const { return is_dead_; }
  [[nodiscard]] std::uint64_t steps() const { return steps_; }
  /// The machine dies with the process: only what was synced is there afterwards.
  void cut_power() {
    names_ = safe_names_;
    for (auto& [path, file] : names_) file->content = file->safe;
  }
  [[nodiscard]] std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> all;
    for (const auto& [path, file] : names_) all.emplace(path, file->content);
    return all;
  }

  Result<std::unique_ptr<FileReader>> open(const std::string& path) override { return absent(path); }
  Result<std::unique_ptr<FileWriter>> create(const std::string& path) override {
    step();
    auto& file = names_[path];
    if (file) file->content.clear();
    else file = std::make_shared<File>();
    return std::unique_ptr<FileWriter>(std::make_unique<Writer>(*this, file));
  }
  Status rename(const std::string& from, const std::string& to) override {
    step();
    const auto found = names_.find(from);
    if (found == names_.end()) return absent(from);
    const auto file = found->second;
    names_.erase(found);
    names_[to] = file;
    step();
    safe_names_ = names_;  // the folder is synced; there is one
    return Status::ok();
  }
  Status remove(const std::string& path) override {
    step();
    names_.erase(path);
    return Status::ok();
  }
  Status make_folder(const std::string&) override { return Status::ok(); }
  Result<std::vector<std::string>> list(const std::string& folder) override {
    step();
    std::vector<std::string> names;
    for (const auto& [path, file] : names_)
      if (path.starts_with(folder + "/")) names.push_back(path.substr(folder.size() + 1));
    return names;
  }

private:
  struct File {
    std::string content;
    std::string safe;
  };
  class Writer final : public FileWriter {
  public:
    Writer(CrashDisk& disk, std::shared_ptr<File> file) : disk_(disk), file_(std::move(file)) {}
    Status write(std::span<const std::byte> bytes) override {
      for (const std::size_t part : {bytes.size() / 2, bytes.size() - bytes.size() / 2}) {
        disk_.step();
        for (const std::byte each : bytes.first(part)) file_->content += static_cast<char>(each);
        bytes = bytes.subspan(part);
      }
      return Status::ok();
    }
    Status sync() override {
      disk_.step();
      file_->safe = file_->content;
      return Status::ok();
    }

  private:
    CrashDisk& disk_;
    const std::shared_ptr<File> file_;
  };

  static Error absent(const std::string& path) {
    return {ErrorCode::NotFound, "there is no " + path, Blame::Environment, Retry::Never};
  }
  void step() {
    if (is_dead_ || ++steps_ >= crash_at_) {
      is_dead_ = true;
      throw Crash{};
    }
  }

  std::map<std::string, std::shared_ptr<File>> names_;
  std::map<std::string, std::shared_ptr<File>> safe_names_;
  std::uint64_t steps_ = 0;
  std::uint64_t crash_at_ = kNever;
  bool is_dead_ = false;
};

}  // namespace weir::testing
