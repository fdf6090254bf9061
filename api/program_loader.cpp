// SPDX-License-Identifier: Apache-2.0
#include "api/program_loader.h"

#include <dlfcn.h>
#include <stdlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "api/abi.h"
#include "api/built_program.h"
#include "api/elf_check.h"
#include "base/digest.h"

namespace weir {

struct ProgramLoader::Library {
  BuildFunction build = nullptr;
};

namespace {

Error cannot_run(const std::string& path, ErrorCode code, const std::string& why) {
  return {code, "cannot run '" + path + "': " + why, Blame::User};
}

Result<std::string> make_cache_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "weir-programs-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return Error{ErrorCode::IoFailure,
                 "cannot make a directory like '" + pattern + "': " + std::strerror(errno),
                 Blame::Environment, Retry::Later};
  }
  return pattern;
}

Result<std::shared_ptr<const Program>> run_entry_point(BuildFunction build, ProgramReference reference) {
  Environment env(Params(reference.arguments), reference.default_parallelism);
  std::array<char, 4096> error{};
  if (build(&env, error.data(), error.size()) != 0) {
    return cannot_run(reference.library, ErrorCode::ProgramFailed, error.data());
  }
  const std::string library = reference.library;
  auto program = translate(env, std::move(reference));
  if (!program) return cannot_run(library, program.error().code, program.error().what);
  return program;
}

}  // namespace

ProgramLoader::ProgramLoader() = default;

ProgramLoader::~ProgramLoader() {
  MutexLock held(lock_);
  std::error_code ignored;  // a file left in the temporary directory harms nobody
  if (!cache_directory_.empty()) std::filesystem::remove_all(cache_directory_, ignored);
}

// The file is copied under the hash of its content and loaded from there: the loader takes a path that it has
// seen for the library that it has loaded, whatever has been written there since.
Result<const ProgramLoader::Library*> ProgramLoader::open(const std::string& path) {
  auto record = read_abi_record(path);
  if (!record) return record.error();
  if (auto fits = check_abi(path, *record, make_abi_record()); !fits) return fits.error();
  auto hash = sha256_of_file(path);
  if (!hash) return hash.error();
  if (const auto known = libraries_.find(*hash); known != libraries_.end()) return known->second.get();

  if (cache_directory_.empty()) {
    auto made = make_cache_directory();
    if (!made) return made.error();
    cache_directory_ = *std::move(made);
  }
  const std::string copy = cache_directory_ + "/" + *hash + ".so";
  std::error_code problem;
  std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing, problem);
  if (problem)
    return cannot_run(path, ErrorCode::IoFailure, "cannot copy it to " + copy + ": " + problem.message());

  void* handle = ::dlopen(copy.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return cannot_run(path, ErrorCode::NotAProgram, ::dlerror());
  const auto build = reinterpret_cast<BuildFunction>(::dlsym(handle, kBuildSymbol));
  if (build == nullptr) return cannot_run(path, ErrorCode::NotAProgram, "it has no symbol weir_build");
  auto library = std::make_unique<Library>(Library{build});
  return libraries_.emplace(*std::move(hash), std::move(library)).first->second.get();
}

Result<std::shared_ptr<const Program>> ProgramLoader::build(const std::string& library,
                                                            std::vector<std::string> arguments,
                                                            std::uint32_t default_parallelism) {
  MutexLock held(lock_);
  auto opened = open(library);
  if (!opened) return opened.error();
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(library, ignored).string();
  return run_entry_point((*opened)->build, {absolute, std::move(arguments), default_parallelism, 0});
}

Result<std::shared_ptr<const Program>> ProgramLoader::load(const ProgramReference& reference) {
  MutexLock held(lock_);
  std::erase_if(built_, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [known, program] : built_) {
    if (auto alive = program.lock(); alive && known == reference) return alive;
  }
  auto opened = open(reference.library);
  if (!opened) return opened.error();
  auto program = run_entry_point((*opened)->build, reference);
  if (!program) return program;
  if (auto same = check_fingerprint(reference, **program); !same) return same.error();
  built_.emplace_back(reference, *program);
  return program;
}

Result<std::shared_ptr<const Program>> InProcessPrograms::build(std::vector<std::string> arguments,
                                                                std::uint32_t default_parallelism) {
  return load({"a program in this process", std::move(arguments), default_parallelism, 0});
}

Result<std::shared_ptr<const Program>> InProcessPrograms::load(const ProgramReference& reference) {
  Environment env(Params(reference.arguments), reference.default_parallelism);
  try {
    program_(env);
    env.params().refuse_unknown();
  } catch (const std::exception& error) {
    return Error{ErrorCode::ProgramFailed, error.what(), Blame::User};
  }
  const bool is_first = reference.fingerprint == 0;
  auto program = translate(env, reference);
  if (!program || is_first) return program;
  if (auto same = check_fingerprint(reference, **program); !same) return same.error();
  return program;
}

}  // namespace weir
