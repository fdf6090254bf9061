// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/environment.h"
#include "base/private_directory.h"
#include "base/result.h"
#include "base/sync.h"
#include "execution/task/program.h"

namespace weir {

/// Builds programs out of shared libraries: checks the file, loads it under a name made of its content, runs
/// its entry point and translates what it said.
///
/// A library stays loaded until the process ends: unloading code that a thread, an exception or a function
/// object may still point into is not safe, and the same library is often run again.
///
/// Threads: any; one program is built at a time.
/// Errors:  one line that names the file: it is missing, no ELF library, not made by weir_add_program(),
///          built for another version, cannot be linked, its entry point threw, or its graph is invalid.
class ProgramLoader final : public ProgramSource {
public:
  ProgramLoader();
  ~ProgramLoader() override;

  /// For the client: builds the program for the first time. The answer's job graph carries a fresh job id and
  /// the program's fingerprint.
  [[nodiscard]] Result<std::shared_ptr<const Program>> build(const std::string& library,
                                                             std::vector<std::string> arguments,
                                                             std::uint32_t default_parallelism);

  /// For a worker: builds it again and refuses it if the graph differs from the one that was submitted. Tasks
  /// of the same job share one build.
  [[nodiscard]] Result<std::shared_ptr<const Program>> load(const ProgramReference& reference) override;
  /// The same where `reference.library` is the SHA-256 of the library in hex, and `path` a file with that
  /// content which nobody will write to. The file is not looked at if has_loaded().
  [[nodiscard]] Result<std::shared_ptr<const Program>> load_by_hash(const ProgramReference& reference,
                                                                    const std::string& path);
  [[nodiscard]] bool has_loaded(const std::string& hash) WEIR_EXCLUDES(lock_);

private:
  struct Library;
  using ProgramOr = Result<std::shared_ptr<const Program>>;

  [[nodiscard]] std::shared_ptr<const Program> find_built(const ProgramReference& reference)
      WEIR_REQUIRES(lock_);
  [[nodiscard]] ProgramOr build_again(const Library& library, const ProgramReference& reference)
      WEIR_REQUIRES(lock_);
  [[nodiscard]] Result<const Library*> open(const std::string& path) WEIR_REQUIRES(lock_);
  [[nodiscard]] Result<const Library*> open_by_hash(const std::string& hash, const std::string& file,
                                                    const std::string& shown_as) WEIR_REQUIRES(lock_);
  [[nodiscard]] Result<std::string> copy_in(const std::string& path) WEIR_REQUIRES(lock_);

  Mutex lock_;
  std::unique_ptr<PrivateDirectory> copies_ WEIR_GUARDED_BY(lock_);  // null until the first
  // By the hash of their content.
  std::map<std::string, std::unique_ptr<Library>> libraries_ WEIR_GUARDED_BY(lock_);
  std::vector<std::pair<ProgramReference, std::weak_ptr<const Program>>> built_ WEIR_GUARDED_BY(lock_);
};

/// The same for a program that is a function of this process: for tests, and for main()s that bring their own
/// job.
class InProcessPrograms final : public ProgramSource {
public:
  using Build = std::function<void(Environment&)>;

  explicit InProcessPrograms(Build program) : program_(std::move(program)) {}

  [[nodiscard]] Result<std::shared_ptr<const Program>> build(std::vector<std::string> arguments,
                                                             std::uint32_t default_parallelism);
  [[nodiscard]] Result<std::shared_ptr<const Program>> load(const ProgramReference& reference) override;

private:
  const Build program_;
};

}  // namespace weir
