// SPDX-License-Identifier: Apache-2.0
// What the configuration means for the processes of a cluster.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/config.h"
#include "base/result.h"
#include "base/tls_options.h"
#include "graph/failover.h"
#include "graph/state_defaults.h"

namespace weir::settings {

/// None: TLS was not asked for. Errors: only a part of certificate, key and CA is named.
[[nodiscard]] Result<std::optional<TlsOptions>> tls(const Config& config);

/// Where a node listens. The interface is its own name unless another was set.
struct Interface {
  std::string host;  // how others find it
  std::string bind_host;
};
/// Errors: it can be reached from other machines, without TLS, and nobody said that this is intended.
[[nodiscard]] Result<Interface> interface_of(const Config& config, const Option<std::string>& host,
                                             const Option<std::string>& bind_host);

[[nodiscard]] Result<std::uint16_t> port(const Config& config, const Option<std::uint32_t>& option);

/// Of jobs that say nothing else.
[[nodiscard]] Result<RestartOptions> restart(const Config& config);

/// Of jobs that say nothing else.
[[nodiscard]] Result<StateDefaults> state_defaults(const Config& config);

/// Where jobs are kept beyond the life of their JobManager; empty: nowhere. Errors: an unknown way, or no
/// directory for it.
[[nodiscard]] Result<std::string> storage_directory(const Config& config);

/// How often a life sign is sent, and after how long a silence the sender counts as dead.
struct Heartbeats {
  Duration interval;
  Duration timeout;
};
/// Errors: fewer than two life signs fit into the time-out.
[[nodiscard]] Result<Heartbeats> heartbeats(const Config& config);

/// How tasks outlive their JobManager; both zero: they do not.
struct Adoption {
  Duration grace = Duration::zero();    // so long they run without one
  Duration timeout = Duration::zero();  // so long the next one waits for them
};
/// Errors: nobody would be waited for.
[[nodiscard]] Result<Adoption> adoption(const Config& config, bool has_other_job_managers);

/// How long to wait for answers, of the option's kind. Errors: not at all.
[[nodiscard]] Result<Duration> patience(const Config& config, const Option<Duration>& option);

}  // namespace weir::settings
