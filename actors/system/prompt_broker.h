// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/actor_system_config.hpp>

namespace weir {

/// Has the system's connections served by a broker that forgets a closed one at once.
///
/// CAF 0.17.6 knows a connection by its descriptor, and when it was closed forgets it by mail: after what
/// came in before was read by other threads, and when the broker's turn comes. By then the descriptor may be
/// that of another connection, which then loses what is known of it and is hung up on. The next client of a
/// JobManager comes so soon that on a busy machine this happens to one in some hundred.
///
/// And sees to it that a system which is about to connect to somebody can end.
///
/// Order: before the system is made of `config`, after the middleman was loaded.
void serve_promptly(caf::actor_system_config& config);

}  // namespace weir
