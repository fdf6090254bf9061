// SPDX-License-Identifier: Apache-2.0
#include "apps/node/zookeeper_settings.h"

#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include "base/address.h"
#include "base/file_system.h"
#include "base/options.h"

namespace weir::settings {

namespace {

Error wrong(std::string what) { return {ErrorCode::BadArgument, std::move(what)}; }

/// Calls `check` with each host of the list, until it fails.
template <class Check>
Status for_each_host(std::string_view hosts, Check check) {
  while (true) {
    const auto comma = std::min(hosts.find(','), hosts.size());
    const auto address = split_address(hosts.substr(0, comma));
    if (!address)
      return wrong(std::string(options::kZooKeeperQuorum.key) + ": " + address.error().what);
    if (Status fine = check(*address); !fine) return fine;
    if (comma == hosts.size()) return Status::ok();
    hosts.remove_prefix(comma + 1);
  }
}

/// Debian's client speaks in clear: who listens learns the secret and the sessions' passwords.
Status check_hosts(const Config& config, const std::string& hosts) {
  return for_each_host(hosts, [&](const NetworkAddress& address) -> Status {
    if (is_loopback(address.host) || config.get(options::kZooKeeperTrustedNetwork)) return Status::ok();
    return Error{ErrorCode::Refused, "refused to speak to ZooKeeper at " + address.host +
                                         ": its client knows no TLS, so whoever listens on the way can rule "
                                         "the cluster. If the network can be trusted, set " +
                                         std::string(options::kZooKeeperTrustedNetwork.key) + ": true"};
  });
}

Result<std::string> secret(const std::string& path) {
  if (path.empty()) return std::string();
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return wrong("'" + path + "' can be read by others, so it is no secret: chmod 600 it");
  LocalFileSystem files;
  auto text = read_file(files, path);
  if (!text) return wrong(text.error().what);
  while (!text->empty() && std::isspace(static_cast<unsigned char>(text->back())) != 0) text->pop_back();
  const auto colon = text->find(':');
  if (colon == std::string::npos || colon == 0 || text->find('\n') != std::string::npos)
    return wrong("'" + path + "': expected one line of user:password");
  return text;
}

}  // namespace

Result<std::optional<ZooKeeperOptions>> zookeeper(const Config& config) {
  const std::string hosts = config.get(options::kZooKeeperQuorum);
  const bool is_wanted = config.get(options::kHighAvailability) == "zookeeper" ||
                         (!config.has(options::kHighAvailability) && !hosts.empty());
  if (!is_wanted) return std::optional<ZooKeeperOptions>();
  if (hosts.empty())
    return wrong("high-availability: zookeeper needs " + std::string(options::kZooKeeperQuorum.key) +
                 ", as HOST:PORT,HOST:PORT,...");
  if (Status sound = check_hosts(config, hosts); !sound) return sound.error();
  const Duration timeout = config.get(options::kZooKeeperSessionTimeout);
  if (timeout < 100ms || timeout > 1h)
    return wrong(std::string(options::kZooKeeperSessionTimeout.key) + ": expected 100 ms to 1 h");
  auto password = secret(config.get(options::kZooKeeperSecretFile));
  if (!password) return password.error();
  return std::optional(ZooKeeperOptions{.hosts = hosts,
                                        .root = config.get(options::kZooKeeperRoot),
                                        .cluster = config.get(options::kClusterId),
                                        .session_timeout = timeout,
                                        .secret = *std::move(password)});
}

}  // namespace weir::settings
