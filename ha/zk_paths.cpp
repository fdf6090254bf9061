// SPDX-License-Identifier: Apache-2.0
#include "ha/zk_paths.h"

#include <algorithm>

namespace weir {

namespace {

constexpr std::size_t kMaxPathBytes = 512;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '.' || c == '/';
}

std::string_view without_slashes(std::string_view text) {
  while (text.starts_with('/')) text.remove_prefix(1);
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

bool is_path(std::string_view path) {
  return path.size() <= kMaxPathBytes && std::all_of(path.begin(), path.end(), is_plain) &&
         path.find("//") == std::string_view::npos && path.find("/.") == std::string_view::npos;
}

}  // namespace

Result<ZkPaths> ZkPaths::make(std::string_view root, std::string_view cluster) {
  root = without_slashes(root);
  cluster = without_slashes(cluster);
  std::string path = root.empty() ? "" : "/" + std::string(root);
  path += "/" + std::string(cluster);
  if (!cluster.empty() && is_path(path)) return ZkPaths(std::move(path));
  return Error{ErrorCode::BadArgument, "'" + path +
                                           "' cannot be a path in ZooKeeper: expected letters, digits, "
                                           "'-', '_' and '.', and a cluster id"};
}

}  // namespace weir
