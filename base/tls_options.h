// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace weir {

/// By what a node proves who it is, and whom it believes. Paths of PEM files.
struct TlsOptions {
  std::string certificate_file;
  std::string key_file;  // readable by its owner alone
  std::string ca_file;   // who must have signed a peer's certificate
  bool operator==(const TlsOptions&) const = default;
};

}  // namespace weir
