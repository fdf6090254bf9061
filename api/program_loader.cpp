// SPDX-License-Identifier: Apache-2.0
#include "api/program_loader.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

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

/// Whether it is a program for this process.
Status check_library(const std::string& path) {
  const auto record = read_abi_record(path);
  if (!record) return record.error();
  return check_abi(path, *record, make_abi_record());
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

ProgramLoader::~ProgramLoader() = default;

// The file is copied under the hash of its content and loaded from there: the loader takes a path that it has
// seen for the library that it has loaded, whatever has been written there since.
Result<const ProgramLoader::Library*> ProgramLoader::open(const std::string& path) {
  if (auto fits = check_library(path); !fits) return fits.error();
  const auto expected = sha256_of_file(path);
  if (!expected) return expected.error();
  if (const auto known = libraries_.find(*expected); known != libraries_.end()) return known->second.get();

  const auto copy = copy_in(path);
  if (!copy) return copy.error();
  const auto hash = sha256_of_file(*copy);  // of what will be loaded: the original may have changed
  if (!hash) return hash.error();
  const std::string name = copies_->path() + "/" + *hash + ".so";
  std::error_code problem;
  std::filesystem::rename(*copy, name, problem);
  if (problem) return cannot_run(path, ErrorCode::IoFailure, "cannot name its copy: " + problem.message());
  return open_by_hash(*hash, name, path);
}

Result<std::string> ProgramLoader::copy_in(const std::string& path) {
  if (copies_ == nullptr) {
    auto made = PrivateDirectory::make(std::filesystem::temp_directory_path().string(), "weir-programs");
    if (!made) return made.error();
    copies_ = *std::move(made);
  }
  const std::string copy = copies_->path() + "/copy";
  std::error_code problem;
  std::filesystem::copy_file(path, copy, std::filesystem::copy_options::overwrite_existing, problem);
  if (!problem) return copy;
  return cannot_run(path, ErrorCode::IoFailure, "cannot copy it to " + copy + ": " + problem.message());
}

Result<const ProgramLoader::Library*> ProgramLoader::open_by_hash(const std::string& hash,
                                                                  const std::string& file,
                                                                  const std::string& shown_as) {
  if (const auto known = libraries_.find(hash); known != libraries_.end()) return known->second.get();
  if (auto fits = check_library(file); !fits) return fits.error();
  void* handle = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) return cannot_run(shown_as, ErrorCode::NotAProgram, ::dlerror());
  const auto build = reinterpret_cast<BuildFunction>(::dlsym(handle, kBuildSymbol));
  if (build == nullptr) return cannot_run(shown_as, ErrorCode::NotAProgram, "it has no symbol weir_build");
  return libraries_.emplace(hash, std::make_unique<Library>(Library{build})).first->second.get();
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
  if (auto built = find_built(reference)) return built;
  const auto opened = open(reference.library);
  if (!opened) return opened.error();
  return build_again(**opened, reference);
}

Result<std::shared_ptr<const Program>> ProgramLoader::load_by_hash(const ProgramReference& reference,
                                                                   const std::string& path) {
  MutexLock held(lock_);
  if (auto built = find_built(reference)) return built;
  if (!libraries_.contains(reference.library)) {
    const auto hash = sha256_of_file(path);
    if (!hash) return hash.error();
    if (*hash != reference.library) {
      return Error{ErrorCode::Corrupt, "'" + path + "' was changed: its SHA-256 is " + *hash,
                   Blame::Environment, Retry::Later};
    }
  }
  const auto opened = open_by_hash(reference.library, path, path);
  if (!opened) return opened.error();
  return build_again(**opened, reference);
}

bool ProgramLoader::has_loaded(const std::string& hash) {
  MutexLock held(lock_);
  return libraries_.contains(hash);
}

std::shared_ptr<const Program> ProgramLoader::find_built(const ProgramReference& reference) {
  std::erase_if(built_, [](const auto& entry) { return entry.second.expired(); });
  for (const auto& [known, program] : built_) {
    if (auto alive = program.lock(); alive && known == reference) return alive;
  }
  return nullptr;
}

ProgramLoader::ProgramOr ProgramLoader::build_again(const Library& library,
                                                    const ProgramReference& reference) {
  auto program = run_entry_point(library.build, reference);
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
