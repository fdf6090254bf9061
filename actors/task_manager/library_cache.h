// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "api/program_loader.h"
#include "base/result.h"
#include "base/time.h"
#include "execution/task/program.h"
#include "network/blob/blob_link.h"
#include "network/tcp/link_identity.h"

namespace weir {

/// The programs of a TaskManager in a cluster. A reference names its library by the key of a blob: the cache
/// gets it from the blob server and has it loaded.
///
/// A library is fetched once in a process: of tasks that ask at the same time one fetches and the others
/// wait, and once it is loaded its file is not needed again. Whoever holds a Program uses its library; when
/// the last task of the last job lets go of it, the file is removed.
///
/// Threads: any; load() waits for the network, at most Options::transfer_timeout, so it is called by the
///          thread of a task.
/// Errors:  of ProgramSource; and before: Refused if there is no blob server yet or the reference names no
///          blob, and what BlobClient says. Tasks that waited for the same fetch get the same error.
class LibraryCache final : public ProgramSource {
public:
  struct Options {
    std::string parent_directory;          // of the cache's own one; empty: the system's for temporary files
    BlobLinkOptions link;                  // its identity comes with connect()
    Duration transfer_timeout = 60s;       // of all attempts
    std::uint32_t attempts = 3;            // where another one can help
    std::uint64_t max_library_bytes = 256ull << 20;
  };

  /// Errors: the directory cannot be made.
  [[nodiscard]] static Result<std::unique_ptr<LibraryCache>> make(Options options);
  ~LibraryCache() override;

  /// Where libraries are from now on. For every JobManager that is found.
  void connect(const std::string& blob_server, const LinkIdentity& identity);

  [[nodiscard]] Result<std::shared_ptr<const Program>> load(const ProgramReference& reference) override;

  /// Where the files lie.
  [[nodiscard]] const std::string& directory() const;

private:
  class Files;
  explicit LibraryCache(std::shared_ptr<Files> files) : files_(std::move(files)) {}

  const std::shared_ptr<Files> files_;
  ProgramLoader loader_;
};

}  // namespace weir
