// SPDX-License-Identifier: Apache-2.0
#include "apps/configuration.h"

#include <cstdint>
#include <cstdlib>
#include <string>

#include "base/file_system.h"
#include "base/options.h"

namespace weir {

namespace {

constexpr std::uint64_t kMaxFileBytes = 1 << 20;

/// Empty: there is none.
std::string file_of(const CommandLine& line) {
  if (line.has("config")) return line.text("config", "");
  const char* directory = std::getenv("WEIR_CONF_DIR");
  return directory == nullptr || *directory == 0 ? "" : std::string(directory) + "/weir.yaml";
}

Result<std::string> content_of(const std::string& path) {
  LocalFileSystem files;
  const auto file = files.open(path);
  if (!file) return file.error();
  const auto bytes = (*file)->size();
  if (!bytes) return bytes.error();
  if (*bytes > kMaxFileBytes) {
    return Error{ErrorCode::BadArgument, path + " has " + std::to_string(*bytes) +
                                             " bytes; a configuration has at most " +
                                             std::to_string(kMaxFileBytes)};
  }
  return read_file(files, path);
}

Status name_zookeeper(const CommandLine& line, Config& config) {
  if (line.has("zookeeper")) {
    const Status named = config.set(options::kZooKeeperQuorum.key, line.text("zookeeper", ""));
    const Status meant = config.set(options::kHighAvailability.key, "zookeeper");
    if (!named || !meant) return named ? meant : named;
  }
  if (!line.has("cluster-id")) return Status::ok();
  return config.set(options::kClusterId.key, line.text("cluster-id", ""));
}

}  // namespace

Result<Config> load_configuration(const CommandLine& line) {
  Config config(options::all());
  if (const std::string path = file_of(line); !path.empty()) {
    const auto text = content_of(path);
    if (!text) return text.error();
    if (Status read = config.read(*text, path); !read) return read.error();
  }
  for (const std::string& assignment : line.all("define")) {
    if (Status set = config.override_with(assignment); !set) {
      return Error{set.error().code, "-D: " + set.error().what};
    }
  }
  if (Status set = name_zookeeper(line, config); !set) return set.error();
  return config;
}

}  // namespace weir
