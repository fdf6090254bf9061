// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/jobs_with_libraries.h"

#include <array>
#include <cstddef>
#include <span>
#include <utility>

#include "base/log.h"
#include "network/blob/blob_key.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "JobsWithLibraries";
constexpr std::size_t kPieceBytes = 256 << 10;

/// Hands everything in a file to `take`, piece by piece.
template <class Take>
Status for_each_piece(FileReader& file, Take take) {
  std::vector<std::byte> piece(kPieceBytes);
  while (true) {
    const auto count = file.read(piece);
    if (!count) return count.error();
    if (*count == 0) return Status::ok();
    if (Status taken = take(std::span<const std::byte>(piece.data(), *count)); !taken) return taken;
  }
}

}  // namespace

Status JobsWithLibraries::put(const JobGraph& job) {
  if (Status saved = save(job); !saved) return saved;
  return jobs_->put(job);
}

Status JobsWithLibraries::remove(JobId job) {
  if (Status removed = jobs_->remove(job); !removed) return removed;
  return remove_libraries(job);
}

std::vector<JobId> JobsWithLibraries::sweep() {
  std::vector<JobId> ended = jobs_->sweep();
  for (const JobId job : ended)
    if (const Status removed = remove_libraries(job); !removed) log::warn(kLogger, removed.error().what);
  return ended;
}

Status JobsWithLibraries::remove_libraries(JobId job) {
  const auto names = files_.list(folder_of(job));
  if (!names) return Status::ok();  // it has none
  for (const std::string& name : *names)
    if (Status removed = files_.remove(folder_of(job) + "/" + name); !removed) return removed;
  return files_.remove(folder_of(job));
}

Result<std::vector<JobGraph>> JobsWithLibraries::recover() {
  auto jobs = jobs_->recover();
  if (!jobs) return jobs;
  std::erase_if(*jobs, [&](const JobGraph& job) {
    const Status fetched = fetch(job);
    if (!fetched)
      log::error(kLogger,
                 "Job " + job.name + " (" + job.id.hex() + ") is not recovered: " + fetched.error().what);
    return !fetched;
  });
  return jobs;
}

Status JobsWithLibraries::save(const JobGraph& job) {
  const auto key = BlobKey::parse(job.program.library);
  if (!key) return Status::ok();  // a path that all machines know
  const std::string path = folder_of(job.id) + "/" + key->hex();
  auto blob = blobs_.read(*key);
  if (!blob) return blob.error();
  if (Status made = files_.make_folder(folder_of(job.id)); !made) return made;
  {
    auto copy = files_.create(path + ".part");
    if (!copy) return copy.error();
    Status copied =
        for_each_piece(**blob, [&](std::span<const std::byte> piece) { return (*copy)->write(piece); });
    if (copied) copied = (*copy)->sync();
    if (!copied) return copied;
  }
  return files_.rename(path + ".part", path);
}

Status JobsWithLibraries::fetch(const JobGraph& job) {
  const auto key = BlobKey::parse(job.program.library);
  if (!key || blobs_.contains(*key)) return Status::ok();
  auto file = files_.open(folder_of(job.id) + "/" + key->hex());
  if (!file) return file.error();
  const auto bytes = (*file)->size();
  if (!bytes) return bytes.error();
  auto upload = blobs_.begin(*key, *bytes);
  if (!upload) return upload.error();
  const Status copied =
      for_each_piece(**file, [&](std::span<const std::byte> piece) { return upload->add(piece); });
  return copied ? upload->commit() : copied;
}

}  // namespace weir
