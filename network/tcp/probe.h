// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "base/time.h"

namespace weir {

/// Whether a peer speaks first when somebody connects to it.
enum class Greeting { Expected, None };

/// Finds out whether someone listens at "host:port", and with Greeting::Expected whether he also answers: a
/// frozen process still has its connections taken by the kernel. For those who then hand the address to a
/// library that would wait without end.
///
/// Threads: any; waits, at most `patience` and what the name service takes.
/// Errors:  one line that names the address: nobody listens, no answer in time, no such host.
[[nodiscard]] Status probe(const std::string& address, Duration patience, Greeting greeting);

}  // namespace weir
