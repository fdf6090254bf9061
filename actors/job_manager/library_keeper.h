// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "actors/job_manager/job_libraries.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/sync.h"
#include "base/time.h"
#include "network/blob/blob_server.h"
#include "network/blob/blob_store.h"

namespace weir {

/// Stands between the JobManager and its blob server: removes libraries that no job needs.
///
/// Threads: any. What is put and what is removed meet under lock_, so that a blob is never removed between
///          the server's word that it is there and the job that needs it.
class LibraryKeeper final : public BlobServerListener {
public:
  /// `store` outlives this. What it holds already waits for its jobs like what is put now.
  explicit LibraryKeeper(BlobStore& store, Duration promise_timeout = 10min);

  /// The job was submitted with this ProgramReference::library. Errors: it is no key, or the blob is not
  /// here.
  [[nodiscard]] Status on_job(JobId job, const std::string& library) WEIR_EXCLUDES(lock_);
  /// A job of which nothing was said is fine.
  void on_job_over(JobId job) WEIR_EXCLUDES(lock_);

  // BlobServerListener
  void on_stored(const BlobKey& key) override WEIR_EXCLUDES(lock_);
  void on_tick(TimePoint now) override WEIR_EXCLUDES(lock_);

private:
  void remove_unneeded(TimePoint now) WEIR_REQUIRES(lock_);

  BlobStore& store_;
  SystemClock clock_;
  Mutex lock_;
  JobLibraries libraries_ WEIR_GUARDED_BY(lock_);
};

}  // namespace weir
