// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "test/sim/world.h"

namespace weir::sim {

/// Files that all machines see: slow at times, failing at times, and what was not synced is lost with the
/// machine that wrote it.
///
/// Threads: none.
class Disk {
public:
  explicit Disk(World& world) : world_(world) {}

  void be_slow(Duration most) { slowness_ = most; }
  /// What is written, and what is read if that is said.
  void fail(unsigned percent, bool reads_too = false) {
    failing_percent_ = percent;
    fails_reads_ = reads_too;
  }
  /// The machine of `node` dies with its process.
  void lose_unsynced(NodeId node);

  /// Null: there is no such file.
  [[nodiscard]] const std::string* find(const std::string& path) const;
  /// At once and synced, as a task's writers do it. False: the disk fails.
  [[nodiscard]] bool write(const std::string& path, std::string content);
  void remove(const std::string& path);

  /// Told before a file goes.
  std::function<void(const std::string& path)> on_remove;

private:
  friend class DiskView;
  struct File {
    std::string content;
    bool is_synced = false;
    NodeId writer{};
  };
  using FilePtr = std::shared_ptr<File>;

  World& world_;
  Duration slowness_{};
  unsigned failing_percent_ = 0;
  bool fails_reads_ = false;
  std::map<std::string, FilePtr> files_;
};

/// The files as one process sees them. Its calls wait, if a Worker makes them.
class DiskView final : public FileSystem {
public:
  DiskView(Disk& disk, NodeId node) : disk_(disk), node_(node) {}

  Result<std::unique_ptr<FileReader>> open(const std::string& path) override;
  Result<std::unique_ptr<FileWriter>> create(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status make_folder(const std::string& path) override;
  Result<std::vector<std::string>> list(const std::string& folder) override;

private:
  class Reader;
  class Writer;

  /// Takes its time. Errors: the disk fails.
  enum class Work : std::uint8_t { Read, Write };
  [[nodiscard]] Status work(Work kind);

  Disk& disk_;
  const NodeId node_;
};

}  // namespace weir::sim
