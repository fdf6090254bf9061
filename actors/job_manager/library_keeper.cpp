// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/library_keeper.h"

#include "base/log.h"

namespace weir {

LibraryKeeper::LibraryKeeper(BlobStore& store, Duration promise_timeout)
    : store_(store), libraries_(promise_timeout) {
  for (const BlobKey& key : store_.keys()) on_stored(key);
}

Status LibraryKeeper::on_job(JobId job, const std::string& library) {
  const auto key = BlobKey::parse(library);
  if (!key) {
    return Error{ErrorCode::Refused, "'" + library + "' is no key of a library: put it to the blob server "
                                                     "first, and name the SHA-256 of its content"};
  }
  MutexLock held(lock_);
  if (!store_.contains(*key)) {
    return Error{ErrorCode::NotFound, "library " + key->hex() + " is not at the blob server: put it again",
                 Blame::User, Retry::Now};
  }
  libraries_.on_job(job, *key);
  return Status::ok();
}

void LibraryKeeper::on_job_over(JobId job) {
  MutexLock held(lock_);
  libraries_.on_job_over(job);
  remove_unneeded(clock_.now());
}

void LibraryKeeper::on_stored(const BlobKey& key) {
  MutexLock held(lock_);
  libraries_.on_put(key, clock_.now());
}

void LibraryKeeper::on_tick(TimePoint now) {
  MutexLock held(lock_);
  remove_unneeded(now);
}

void LibraryKeeper::remove_unneeded(TimePoint now) {
  for (const BlobKey& key : libraries_.take_unneeded(now)) {
    if (auto removed = store_.remove(key); !removed) log::warn("LibraryKeeper", removed.error().what);
  }
}

}  // namespace weir
