// SPDX-License-Identifier: Apache-2.0
#include "test/sim/disk.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "test/sim/worker.h"

namespace weir::sim {

namespace {

Error absent(const std::string& path) {
  return {ErrorCode::NotFound, "there is no " + path, Blame::Environment, Retry::Never};
}

}  // namespace

void Disk::lose_unsynced(NodeId node) {
  for (auto& [path, file] : files_)
    if (!file->is_synced && file->writer == node) file->content.resize(file->content.size() / 2);
}

const std::string* Disk::find(const std::string& path) const {
  const auto found = files_.find(path);
  return found == files_.end() ? nullptr : &found->second->content;
}

bool Disk::write(const std::string& path, std::string content) {
  if (failing_percent_ > 0 && world_.random().chance(failing_percent_)) return false;
  files_[path] = std::make_shared<File>(File{.content = std::move(content), .is_synced = true});
  return true;
}

void Disk::remove(const std::string& path) {
  const auto found = files_.find(path);
  if (found == files_.end()) return;
  if (on_remove) on_remove(path);
  files_.erase(found);
}

Status DiskView::work(Work kind) {
  if (Worker* worker = Worker::current()) {
    Duration length = disk_.world_.random().between(20us, 400us);
    if (disk_.slowness_ > Duration::zero())
      length += disk_.world_.random().between(Duration::zero(), disk_.slowness_);
    worker->wait(length);
  }
  if (kind == Work::Read && !disk_.fails_reads_) return Status::ok();
  if (disk_.failing_percent_ > 0 && disk_.world_.random().chance(disk_.failing_percent_))
    return Error{ErrorCode::IoFailure, "the disk fails", Blame::Environment, Retry::Later};
  return Status::ok();
}

class DiskView::Reader final : public FileReader {
public:
  explicit Reader(Disk::FilePtr file) : file_(std::move(file)) {}
  Result<std::size_t> read(std::span<std::byte> to) override {
    const auto got = read_at(position_, to);
    if (got) position_ += *got;
    return got;
  }
  Result<std::size_t> read_at(std::uint64_t position, std::span<std::byte> to) const override {
    if (position >= file_->content.size()) return std::size_t{0};
    const std::size_t count = std::min<std::size_t>(to.size(), file_->content.size() - position);
    std::memcpy(to.data(), file_->content.data() + position, count);
    return count;
  }
  Result<std::uint64_t> size() const override { return std::uint64_t{file_->content.size()}; }

private:
  const Disk::FilePtr file_;
  std::uint64_t position_ = 0;
};

class DiskView::Writer final : public FileWriter {
public:
  Writer(DiskView& view, Disk::FilePtr file) : view_(view), file_(std::move(file)) {}
  Status write(std::span<const std::byte> bytes) override {
    file_->content.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return Status::ok();
  }
  Status sync() override {
    if (Status worked = view_.work(DiskView::Work::Write); !worked) return worked;
    file_->is_synced = true;
    return Status::ok();
  }

private:
  DiskView& view_;
  const Disk::FilePtr file_;
};

Result<std::unique_ptr<FileReader>> DiskView::open(const std::string& path) {
  if (Status worked = work(Work::Read); !worked) return worked.error();
  const auto found = disk_.files_.find(path);
  if (found == disk_.files_.end()) return absent(path);
  return std::unique_ptr<FileReader>(std::make_unique<Reader>(found->second));
}

Result<std::unique_ptr<FileWriter>> DiskView::create(const std::string& path) {
  if (Status worked = work(Work::Write); !worked) return worked.error();
  auto& file = disk_.files_[path];
  file = std::make_shared<Disk::File>(Disk::File{.content = "", .is_synced = false, .writer = node_});
  return std::unique_ptr<FileWriter>(std::make_unique<Writer>(*this, file));
}

Status DiskView::rename(const std::string& from, const std::string& to) {
  if (Status worked = work(Work::Write); !worked) return worked;
  const auto found = disk_.files_.find(from);
  if (found == disk_.files_.end()) return absent(from);
  const auto file = found->second;
  disk_.files_.erase(found);
  disk_.files_[to] = file;
  return Status::ok();
}

Status DiskView::remove(const std::string& path) {
  if (Status worked = work(Work::Write); !worked) return worked;
  disk_.remove(path);
  return Status::ok();
}

Status DiskView::make_folder(const std::string&) { return Status::ok(); }

Result<std::vector<std::string>> DiskView::list(const std::string& folder) {
  if (Status worked = work(Work::Read); !worked) return worked.error();
  std::vector<std::string> names;
  const std::string below = folder + "/";
  for (auto next = disk_.files_.lower_bound(below);
       next != disk_.files_.end() && next->first.starts_with(below); ++next) {
    std::string name = next->first.substr(below.size());
    name.resize(std::min(name.size(), name.find('/')));
    if (names.empty() || names.back() != name) names.push_back(std::move(name));
  }
  return names;
}

}  // namespace weir::sim
