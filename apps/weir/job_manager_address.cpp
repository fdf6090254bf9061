// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/job_manager_address.h"

#include <cstdint>
#include <limits>

#include "base/address.h"
#include "base/options.h"

namespace weir {

Result<std::string> job_manager_address(const CommandLine& line, const Config& config) {
  if (!line.has("jobmanager")) {
    const std::uint32_t port = config.get(options::kJobManagerPort);
    if (port == 0 || port > std::numeric_limits<std::uint16_t>::max()) {
      return Error{ErrorCode::BadArgument, "jobmanager.rpc.port: a port to connect to is a number from 1 to "
                                           "65535, not " +
                                               std::to_string(port)};
    }
    return join_address(config.get(options::kJobManagerAddress), static_cast<std::uint16_t>(port));
  }
  const auto address = split_address(line.text("jobmanager", ""));
  if (!address) return Error{ErrorCode::BadArgument, "--jobmanager: " + address.error().what};
  return join_address(address->host, address->port);
}

}  // namespace weir
