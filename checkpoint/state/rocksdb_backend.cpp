// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/rocksdb_backend.h"

#include <dlfcn.h>

#include <filesystem>

#include "checkpoint/state/rocksdb_module.h"

namespace weir {

namespace {

/// The module lies beside the library that this is part of.
std::string module_file() {
  Dl_info library{};
  WEIR_CHECK(::dladdr(reinterpret_cast<const void*>(&module_file), &library) != 0, "this code is in a file");
  return std::filesystem::path(library.dli_fname).replace_filename(WEIR_ROCKSDB_MODULE).string();
}

Error cannot_load(const std::string& file, const std::string& why) {
  return {ErrorCode::NotFound,
          "state cannot be kept in RocksDB: its module " + file + " cannot be loaded: " + why,
          Blame::Environment, Retry::Never};
}

}  // namespace

Result<OpenRocksDb*> load_rocksdb_module(const std::string& file) {
  // RocksDB has threads and static variables that last as long as the process.
  void* const module = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (module == nullptr) return cannot_load(file, ::dlerror());
  auto* const open = reinterpret_cast<OpenRocksDb*>(::dlsym(module, kOpenRocksDb));
  if (open == nullptr) return cannot_load(file, std::string("it has no symbol ") + kOpenRocksDb);
  return open;
}

Result<std::unique_ptr<ByteStore>> open_rocksdb(const RocksDbOptions& options) {
  const auto open = load_rocksdb_module(module_file());
  if (!open) return open.error();
  Result<std::unique_ptr<ByteStore>> opened = Error{};
  (*open)(options, opened);
  return opened;
}

}  // namespace weir
