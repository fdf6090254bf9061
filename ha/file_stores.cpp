// SPDX-License-Identifier: Apache-2.0
#include "ha/file_stores.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/sealed_file.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"
#include "ha/memory_stores.h"
#include "ha/orphans.h"
#include "ha/unreadable_checkpoints.h"
#include "memory/value_bytes.h"

namespace weir {
namespace {

constexpr std::string_view kLogger = "HighAvailability";
constexpr std::string_view kCheckpointPrefix = "chk-";
constexpr std::string_view kSavepointPrefix = "savepoint-";
constexpr std::string_view kBegun = ".begun";
constexpr std::string_view kCounterName = FileCheckpointIdCounter::kName;
constexpr SealedKind kPointer{.magic = 0x5053'5249'4557'0031, .version = 1, .name = "pointer to a savepoint"};
constexpr SealedKind kCounter{.magic = 0x4449'5249'4557'0031, .version = 1, .name = "counter of checkpoints"};
constexpr SealedKind kJob{.magic = 0x424f'4a52'4945'5731, .version = 1, .name = "submitted job"};

struct SavepointPointer {
  std::string directory;
};
template <class F>
typename F::result_type inspect(F& f, SavepointPointer& x) {
  return f(x.directory);
}

struct NextId {
  CheckpointId next = 0;
};
template <class F>
typename F::result_type inspect(F& f, NextId& x) {
  return f(x.next);
}

Result<std::vector<std::string>> names_in(FileSystem& files, const std::string& directory) {
  auto names = files.list(directory);
  if (!names && names.error().code == ErrorCode::NotFound) return std::vector<std::string>();
  return names;
}

template <class T>
Result<T> read_value(FileSystem& files, const std::string& path, const SealedKind& kind) {
  const auto bytes = read_sealed(files, path, kind);
  if (!bytes) return bytes.error();
  auto value = from_value_bytes<T>(*bytes);
  if (value) return *std::move(value);
  return Error{ErrorCode::Corrupt, path + " is no " + std::string(kind.name) + ": its fields do not fit",
               Blame::Environment, Retry::Never};
}

/// "<job id>.begun" of a job that is not there: its JobManager died between the two removals.
bool is_left_of_a_job(std::string_view name, const std::vector<std::string>& names) {
  if (!name.ends_with(kBegun)) return false;
  name.remove_suffix(kBegun.size());
  return JobId::parse(name) && std::ranges::find(names, name) == names.end();
}

/// Out of the way, but there for who wants to know.
void quarantine(FileSystem& files, const std::string& path, const Error& why) {
  log::error(kLogger, why.what + "; renamed to " + path + ".corrupt");
  if (const Status moved = files.rename(path, path + ".corrupt"); !moved)
    log::error(kLogger, moved.error().what);
}

}  // namespace

std::string FileCheckpointStore::pointer_to(CheckpointId savepoint) const {
  return options_.root + "/" + std::string(kSavepointPrefix) + std::to_string(savepoint);
}

Status FileCheckpointStore::add(const CompletedCheckpoint& checkpoint) {
  if (Status written = write_metadata(files_, checkpoint); !written) return written;
  return checkpoint.root == options_.root ? Status::ok() : adopt(checkpoint);
}

Status FileCheckpointStore::adopt(const CompletedCheckpoint& checkpoint) {
  if (Status made = files_.make_folder(options_.root); !made) return made;
  return write_sealed(files_, pointer_to(checkpoint.id), kPointer,
                      to_value_bytes(SavepointPointer{checkpoint.directory}));
}

Status FileCheckpointStore::remove(const CompletedCheckpoint& checkpoint) {
  if (checkpoint.root != options_.root) return files_.remove(pointer_to(checkpoint.id));
  return files_.remove(checkpoint.directory + "/" + std::string(kMetadataName));
}

Result<std::vector<FileCheckpointStore::Mark>> FileCheckpointStore::marks() {
  const auto names = names_in(files_, options_.root);
  if (!names) return names.error();
  std::vector<Mark> marks;
  for (const std::string& name : *names) {
    const std::string path = options_.root + "/" + name;
    if (const CheckpointId id = id_behind(kSavepointPrefix, name); id != 0) marks.push_back({id, path, true});
    const CheckpointId id = id_behind(kCheckpointPrefix, name);
    if (id == 0) continue;
    const auto content = names_in(files_, path);
    if (!content) return content.error();
    if (std::find(content->begin(), content->end(), kMetadataName) != content->end())
      marks.push_back({id, path + "/" + std::string(kMetadataName), false});
  }
  std::sort(marks.begin(), marks.end(), [](const Mark& a, const Mark& b) { return a.id < b.id; });
  return marks;
}

Result<CompletedCheckpoint> FileCheckpointStore::read(const Mark& mark) {
  if (!mark.is_pointer) return read_whole_checkpoint(files_, mark.path, options_.may_fall_back);
  const auto pointer = read_value<SavepointPointer>(files_, mark.path, kPointer);
  if (!pointer) return pointer.error();
  return read_whole_checkpoint(files_, pointer->directory, options_.may_fall_back);
}

Status FileCheckpointStore::expect_root() {
  const std::string& mark = options_.root_was_made;
  const std::string counter = options_.root + "/" + std::string(kCounterName);  // is there as long as the job
  const auto is_there = files_.open(counter);
  if (!is_there && is_there.error().code != ErrorCode::NotFound) return is_there.error();
  const auto was_there = files_.open(mark);
  if (!was_there && was_there.error().code != ErrorCode::NotFound) return was_there.error();
  if (was_there && is_there) return Status::ok();
  if (was_there)
    return Error{ErrorCode::NotFound,
                 "the job's checkpoints are not in " + options_.root +
                     ", where they were: is that disk mounted? If it is to start from nothing, remove " +
                     mark,
                 Blame::Environment, Retry::Later};
  for (const std::string& folder : {options_.root, mark.substr(0, mark.rfind('/'))})
    if (Status made = files_.make_folder(folder); !made) return made;
  if (!is_there) {
    if (Status made = write_sealed(files_, counter, kCounter, to_value_bytes(NextId{1})); !made) return made;
  }
  return write_file_atomically(files_, mark, options_.root + "\n");
}

Result<std::vector<CompletedCheckpoint>> FileCheckpointStore::recover() {
  if (!options_.root_was_made.empty())
    if (const Status there = expect_root(); !there) return there.error();
  const auto found = marks();
  if (!found) return found.error();
  std::vector<CompletedCheckpoint> readable;
  std::vector<UnreadableCheckpoint> broken;
  for (std::size_t i = 0; i < found->size(); ++i) {
    auto checkpoint = read((*found)[i]);
    if (checkpoint) readable.push_back(*std::move(checkpoint));
    else broken.push_back({.index = i, .why = checkpoint.error()});
  }
  if (Status may = may_start_without(broken, found->size(), options_.may_fall_back); !may) return may.error();
  for (const UnreadableCheckpoint& one : broken) quarantine(files_, (*found)[one.index].path, one.why);
  return readable;
}

Status FileCheckpointIdCounter::load() {
  if (next_ != 0) return Status::ok();
  const auto known = read_value<NextId>(files_, path(), kCounter);
  if (!known && known.error().code != ErrorCode::NotFound) return known.error();
  next_ = reserved_ = known ? std::max<CheckpointId>(known->next, 1) : 1;
  return Status::ok();
}

Status FileCheckpointIdCounter::reserve_from(CheckpointId first) {
  if (Status made = files_.make_folder(root_); !made) return made;
  const CheckpointId end = first + kBlock;
  if (Status written = write_sealed(files_, path(), kCounter, to_value_bytes(NextId{end})); !written)
    return written;
  next_ = first;
  reserved_ = end;
  return Status::ok();
}

Result<CheckpointId> FileCheckpointIdCounter::next() {
  if (Status loaded = load(); !loaded) return loaded.error();
  if (next_ == reserved_) {
    if (Status reserved = reserve_from(next_); !reserved) return reserved.error();
  }
  return next_++;
}

Result<CheckpointId> FileCheckpointIdCounter::upcoming() {
  if (Status loaded = load(); !loaded) return loaded.error();
  return next_;
}

Status FileCheckpointIdCounter::skip_to(CheckpointId above) {
  if (Status loaded = load(); !loaded) return loaded;
  return next_ > above ? Status::ok() : reserve_from(above + 1);
}

Status FileCheckpointIdCounter::forget() {
  next_ = reserved_ = 0;
  return files_.remove(path());
}

CheckpointStores FileCheckpointStoreFactory::open(JobId job, const std::string& root) {
  if (root.empty()) {
    return {.completed = std::make_unique<MemoryCheckpointStore>(),
            .ids = std::make_unique<MemoryCheckpointIdCounter>()};
  }
  const std::string mark =
      jobs_directory_.empty() ? std::string() : jobs_directory_ + "/" + job.hex() + std::string(kBegun);
  return {.completed = std::make_unique<FileCheckpointStore>(
              files_, FileCheckpointStore::Options{
                          .root = root, .may_fall_back = may_fall_back_, .root_was_made = mark}),
          .ids = std::make_unique<FileCheckpointIdCounter>(files_, root)};
}

Status FileJobGraphStore::put(const JobGraph& job) {
  if (Status made = files_.make_folder(directory_); !made) return made;
  return write_sealed(files_, directory_ + "/" + job.id.hex(), kJob, to_value_bytes(job));
}

Status FileJobGraphStore::remove(JobId job) {
  const std::string path = directory_ + "/" + job.hex();
  if (Status removed = files_.remove(path); !removed) return removed;
  return files_.remove(path + std::string(kBegun));
}

Result<std::vector<JobGraph>> FileJobGraphStore::recover() {
  const auto names = names_in(files_, directory_);
  if (!names) return names.error();
  std::vector<JobGraph> jobs;
  for (const std::string& name : *names) {
    const std::string path = directory_ + "/" + name;
    if (is_left_of_a_job(name, *names)) {
      if (Status removed = files_.remove(path); !removed) return removed.error();
    }
    const auto id = JobId::parse(name);
    if (!id) continue;  // not ours
    auto job = read_value<JobGraph>(files_, path, kJob);
    if (job && job->id != *id)
      job = Error{ErrorCode::Corrupt, path + " holds another job", Blame::Environment, Retry::Never};
    if (job) jobs.push_back(*std::move(job));
    else if (job.error().code == ErrorCode::Corrupt) quarantine(files_, path, job.error());
    else return job.error();
  }
  return jobs;
}

}  // namespace weir
