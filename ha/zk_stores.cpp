// SPDX-License-Identifier: Apache-2.0
#include "ha/zk_stores.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

#include "base/log.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/metadata.h"
#include "ha/job_file.h"
#include "ha/job_sweep.h"
#include "ha/orphans.h"
#include "ha/sealed_value.h"
#include "ha/unreadable_checkpoints.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "HighAvailability";
constexpr SealedKind kJobPointer{.magic = 0x4a50'494b'5a57'0031, .version = 1, .name = "pointer to a job"};
constexpr SealedKind kCheckpointPointer{
    .magic = 0x4350'494b'5a57'0031, .version = 1, .name = "pointer to a checkpoint"};
constexpr SealedKind kCounter{
    .magic = 0x4354'494b'5a57'0031, .version = 1, .name = "counter of checkpoints"};
constexpr SealedKind kVerdict{.magic = 0x5644'494b'5a57'0031, .version = 2, .name = "end of a job"};
constexpr SealedKind kRound{.magic = 0x4452'494b'5a57'0031, .version = 1, .name = "round of a job"};

constexpr std::size_t kMaxFailureBytes = 16 << 10;
constexpr std::size_t kMaxAccumulatorBytes = 32 << 10;

struct JobPointer {
  std::string file;  // its name
};
template <class F>
typename F::result_type inspect(F& f, JobPointer& x) {
  return f(x.file);
}

struct CheckpointPointer {
  std::string directory;  // of its metadata
  bool is_savepoint = false;
};
template <class F>
typename F::result_type inspect(F& f, CheckpointPointer& x) {
  return f(x.directory, x.is_savepoint);
}

struct NextId {
  CheckpointId next = 0;
};
template <class F>
typename F::result_type inspect(F& f, NextId& x) {
  return f(x.next);
}

Error corrupt(const std::string& what) {
  return {ErrorCode::Corrupt, what, Blame::Environment, Retry::Never};
}

/// Whether it failed without a doubt: what was prepared for it may go.
bool surely_failed(const Status& written) { return !written && written.error().code != ErrorCode::NotLeader; }

/// Best effort: a file too many costs disk, nothing else.
void remove_file(FileSystem& files, const std::string& path) {
  if (const Status removed = files.remove(path); !removed) log::warn(kLogger, removed.error().what);
}

}  // namespace

// Jobs

Status ZkJobGraphStore::put(const JobGraph& job) {
  const auto ended = term_.get(term_.paths().verdict(job.id));
  if (!ended) return ended.error();
  if (*ended)
    return Error{ErrorCode::Refused, "job " + job.id.hex() + " was submitted before and has ended"};
  const auto old = file_of(job.id);
  if (!old) return old.error();
  if (Status made = files_.make_folder(directory_); !made) return made;
  if (Status known = make_known(); !known) return known;
  const std::string name = job.id.hex() + "-" + JobId::random().hex();
  const std::string path = directory_ + "/" + name;
  if (Status written = write_job(files_, path, job); !written) return written;
  const Status put = term_.put(term_.paths().job(job.id), seal_value(kJobPointer, JobPointer{name}));
  if (surely_failed(put)) remove_file(files_, path);
  if (put && !old->empty()) remove_file(files_, directory_ + "/" + *old);
  return put;
}

Status ZkJobGraphStore::make_known() {
  const auto above = term_.get(term_.paths().jobs());
  if (!above) return above.error();
  return *above ? Status::ok() : term_.put(term_.paths().jobs(), "");
}

/// Whoever led without those jobs would deny them to their clients, and begin their checkpoints from 1.
Status ZkJobGraphStore::check_known() {
  const auto above = term_.get(term_.paths().jobs());
  if (!above) return above.error();
  if (*above) return Status::ok();
  const auto left = files_.list(directory_);
  if (!left && left.error().code != ErrorCode::NotFound) return left.error();
  if (!left || left->empty()) return Status::ok();
  return Error{ErrorCode::Refused,
               "ZooKeeper knows nothing of this cluster, but " + directory_ + " has jobs, as " +
                   left->front() + ", " + std::to_string(left->size()) +
                   " in all: it was emptied, or is not the one of before. Nobody leads until its data is "
                   "back, or those files are moved away",
               Blame::Environment, Retry::Later};
}

Status ZkJobGraphStore::remove(JobId job) {
  const auto file = file_of(job);
  if (!file) return file.error();
  auto changes = verdicts_.changes_for(job);
  changes.push_back({.path = term_.paths().job(job), .content = std::nullopt});
  changes.push_back({.path = term_.paths().round(job), .content = std::nullopt});
  if (Status removed = term_.apply(changes); !removed) return removed;
  if (!file->empty()) remove_file(files_, directory_ + "/" + *file);
  return Status::ok();
}

Result<std::string> ZkJobGraphStore::file_of(JobId job) {
  const std::string path = term_.paths().job(job);
  const auto content = term_.get(path);
  if (!content) return content.error();
  if (!*content) return std::string();
  const auto pointer = unseal_value<JobPointer>(kJobPointer, **content, path);
  const bool is_ours = pointer && pointer->file.starts_with(job.hex() + "-") &&
                       pointer->file.find('/') == std::string::npos;
  return is_ours ? pointer->file : std::string();
}

Result<JobGraph> ZkJobGraphStore::read(JobId id, const std::string& path) {
  const auto file = file_of(id);
  if (!file) return file.error();
  if (file->empty()) return corrupt(path + " is no pointer to job " + id.hex());
  auto job = read_job(files_, directory_ + "/" + *file);
  if (job && job->id != id) return corrupt(path + " points to job " + job->id.hex());
  return job;
}

Result<std::vector<JobGraph>> ZkJobGraphStore::recover() {
  if (Status known = check_known(); !known) return known.error();
  if (Status loaded = verdicts_.load(); !loaded) return loaded.error();
  const auto names = term_.children(term_.paths().jobs());
  if (!names) return names.error();
  std::vector<JobGraph> jobs;
  for (const std::string& name : *names) {
    const auto id = JobId::parse(name);
    if (!id) continue;  // put aside, or not ours
    if (verdicts_.has_ended(*id)) {
      if (Status removed = remove(*id); !removed) return removed.error();
      continue;
    }
    const std::string path = term_.paths().job(*id);
    auto job = read(*id, path);
    if (job) {
      jobs.push_back(*std::move(job));
    } else if (job.error().code == ErrorCode::NotLeader || job.error().code == ErrorCode::IoFailure) {
      return job.error();  // who leads without it would deny it to its client
    } else if (job.error().code == ErrorCode::Corrupt) {
      const auto content = term_.get(path);
      if (!content) return content.error();
      if (Status moved = term_.quarantine(path, content->value_or(""), job.error()); !moved)
        return moved.error();
    } else {
      log::error(kLogger, "Job " + name + " is not recovered: " + job.error().what);
    }
  }
  return jobs;
}

std::vector<JobId> ZkJobGraphStore::sweep() {
  const auto ended = verdicts_.recover();
  std::vector<JobId> ids;
  if (!ended) return ids;
  sweep_after(*ended, term_, files_, directory_);
  for (const JobVerdict& job : *ended) ids.push_back(job.job);
  return ids;
}

Status ZkJobGraphStore::put_round(const DeployedRound& round) {
  return term_.put(term_.paths().round(round.job), seal_value(kRound, round));
}

Result<DeployedRound> ZkJobGraphStore::round_of(JobId job) {
  const std::string path = term_.paths().round(job);
  const auto content = term_.get(path);
  if (!content) return content.error();
  if (!*content) return DeployedRound{};
  auto round = unseal_value<DeployedRound>(kRound, **content, path);
  if (round && round->job != job) round = corrupt(path + " is not a round of that job");
  if (round) return round;
  if (Status moved = term_.quarantine(path, **content, round.error()); !moved) return moved.error();
  return DeployedRound{};
}

// Checkpoints

std::string ZkCheckpointStore::node_of(CheckpointId id) const {
  char digits[24];
  std::snprintf(digits, sizeof digits, "%019llu", static_cast<unsigned long long>(id));
  return term_.paths().checkpoints(options_.job) + "/" + digits;
}

Status ZkCheckpointStore::add(const CompletedCheckpoint& checkpoint) {
  if (Status written = write_metadata(files_, checkpoint); !written) return written;
  return adopt(checkpoint);
}

Status ZkCheckpointStore::adopt(const CompletedCheckpoint& checkpoint) {
  return term_.put(
      node_of(checkpoint.id),
      seal_value(kCheckpointPointer, CheckpointPointer{checkpoint.directory, checkpoint.is_savepoint}));
}

Status ZkCheckpointStore::remove(const CompletedCheckpoint& checkpoint) {
  if (Status removed = term_.remove(node_of(checkpoint.id)); !removed) return removed;
  if (checkpoint.root != options_.root) return Status::ok();
  return files_.remove(checkpoint.directory + "/" + std::string(kMetadataName));
}

Result<CompletedCheckpoint> ZkCheckpointStore::read(const std::string& path, const std::string& content) {
  const auto pointer = unseal_value<CheckpointPointer>(kCheckpointPointer, content, path);
  if (!pointer) return pointer.error();
  auto checkpoint = read_whole_checkpoint(files_, pointer->directory, options_.may_fall_back);
  if (checkpoint && node_of(checkpoint->id) != path)
    return corrupt(path + " points to checkpoint " + std::to_string(checkpoint->id));
  return checkpoint;
}

/// Its pointer is no longer there: it is not to be taken for what nobody needs.
void ZkCheckpointStore::keep_aside(CheckpointId id) {
  const std::string metadata =
      options_.root + "/" + directory_of(id) + "/" + std::string(kMetadataName);
  if (!files_.open(metadata)) return;  // a savepoint, or nothing is left of it
  if (const Status moved = files_.rename(metadata, metadata + ".corrupt"); !moved)
    log::error(kLogger, moved.error().what);
}

Result<std::vector<CompletedCheckpoint>> ZkCheckpointStore::recover() {
  const std::string root = term_.paths().checkpoints(options_.job);
  auto names = term_.children(root);
  if (!names) return names.error();
  std::erase_if(*names, [](const std::string& name) { return name.ends_with(".corrupt"); });
  std::vector<CompletedCheckpoint> readable;
  std::vector<UnreadableCheckpoint> broken;
  std::vector<std::string> contents;
  for (const std::string& name : *names) {  // sorted: oldest first
    const std::string path = root + "/" + name;
    const auto content = term_.get(path);
    if (!content) return content.error();
    auto checkpoint = read(path, contents.emplace_back(content->value_or("")));
    if (checkpoint) readable.push_back(*std::move(checkpoint));
    else broken.push_back({.index = contents.size() - 1, .why = checkpoint.error()});
  }
  if (Status may = may_start_without(broken, names->size(), options_.may_fall_back); !may) return may.error();
  for (const auto& [index, why] : broken) {
    if (Status moved = term_.quarantine(root + "/" + (*names)[index], contents[index], why); !moved)
      return moved.error();
    keep_aside(id_behind("", (*names)[index]));
  }
  return readable;
}

// Ids

Status ZkCheckpointIdCounter::load() {
  if (next_ != 0) return Status::ok();
  const auto content = term_.get(path());
  if (!content) return content.error();
  if (!*content) {
    next_ = reserved_ = 1;
    return Status::ok();
  }
  const auto known = unseal_value<NextId>(kCounter, **content, path());
  if (!known) return known.error();
  next_ = reserved_ = std::max<CheckpointId>(known->next, 1);
  return Status::ok();
}

Status ZkCheckpointIdCounter::reserve_from(CheckpointId first) {
  const CheckpointId end = first + kBlock;
  if (Status written = term_.put(path(), seal_value(kCounter, NextId{end})); !written) return written;
  next_ = first;
  reserved_ = end;
  return Status::ok();
}

Result<CheckpointId> ZkCheckpointIdCounter::next() {
  if (Status loaded = load(); !loaded) return loaded.error();
  if (next_ == reserved_) {
    if (Status reserved = reserve_from(next_); !reserved) return reserved.error();
  }
  return next_++;
}

Result<CheckpointId> ZkCheckpointIdCounter::upcoming() {
  if (Status loaded = load(); !loaded) return loaded.error();
  // By a write, which only succeeds while we lead: what was read before is then still all that there is, and
  // whoever leads next gives only ids behind these.
  if (Status reserved = reserve_from(next_); !reserved) return reserved.error();
  return next_;
}

Status ZkCheckpointIdCounter::skip_to(CheckpointId above) {
  if (Status loaded = load(); !loaded) return loaded;
  return next_ > above ? Status::ok() : reserve_from(above + 1);
}

Status ZkCheckpointIdCounter::forget() {
  next_ = reserved_ = 0;
  if (Status removed = term_.remove(path()); !removed) return removed;
  // Unless there are checkpoints that somebody wants kept.
  const auto kept = term_.children(term_.paths().checkpoints(job_));
  if (!kept) return kept.error();
  return kept->empty() ? term_.remove(term_.paths().checkpoints(job_)) : Status::ok();
}

// Ends

Status ZkVerdictStore::record(const JobVerdict& verdict) {
  JobVerdict kept = verdict;
  if (kept.failure.size() > kMaxFailureBytes) kept.failure.resize(kMaxFailureBytes);
  std::size_t bytes = 0;
  for (const auto& [name, value] : kept.accumulators) bytes += name.size() + sizeof value;
  if (bytes > kMaxAccumulatorBytes) kept.accumulators.clear();
  const MutexLock lock(lock_);
  announced_[verdict.job] = seal_value(kVerdict, kept);
  return Status::ok();
}

std::vector<ZkTerm::Change> ZkVerdictStore::changes_for(JobId job) const {
  const MutexLock lock(lock_);
  const auto announced = announced_.find(job);
  if (announced == announced_.end()) return {};
  return {{.path = term_.paths().verdict(job), .content = announced->second}};
}

bool ZkVerdictStore::has_ended(JobId job) const {
  const MutexLock lock(lock_);
  return std::any_of(found_.begin(), found_.end(), [&](const JobVerdict& one) { return one.job == job; });
}

Result<std::vector<JobVerdict>> ZkVerdictStore::recover() {
  const MutexLock lock(lock_);
  return found_;
}

Status ZkVerdictStore::load() {
  auto verdicts = read_all();
  if (!verdicts) return verdicts.error();
  std::sort(verdicts->begin(), verdicts->end(),
            [](const JobVerdict& a, const JobVerdict& b) { return a.ended < b.ended; });
  while (verdicts->size() > kRemembered) {
    if (Status gone = term_.remove(term_.paths().verdict(verdicts->front().job)); !gone) return gone;
    verdicts->erase(verdicts->begin());
  }
  const MutexLock lock(lock_);
  found_ = *std::move(verdicts);
  return Status::ok();
}

Result<std::vector<JobVerdict>> ZkVerdictStore::read_all() {
  const auto names = term_.children(term_.paths().verdicts());
  if (!names) return names.error();
  std::vector<JobVerdict> verdicts;
  for (const std::string& name : *names) {
    const auto id = JobId::parse(name);
    if (!id) continue;  // put aside, or not ours
    const std::string path = term_.paths().verdict(*id);
    const auto content = term_.get(path);
    if (!content) return content.error();
    auto verdict = unseal_value<JobVerdict>(kVerdict, content->value_or(""), path);
    if (verdict && (verdict->job != *id || !is_globally_terminal(verdict->status)))
      verdict = corrupt(path + " is not the end of that job");
    if (verdict) verdicts.push_back(*std::move(verdict));
    else if (Status moved = term_.quarantine(path, content->value_or(""), verdict.error()); !moved)
      return moved.error();
  }
  return verdicts;
}

}  // namespace weir
