// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

struct ssl_ctx_st;
struct x509_st;

// For tls.cpp: what certificates say, in words.
namespace weir::tls {

/// The clusters that a certificate names, NAME of every "urn:weir:cluster:NAME".
[[nodiscard]] std::vector<std::string> clusters_of(const x509_st& certificate);

/// Whether the certificate of `context`, read from `file`, could be shown to a peer: it is valid now and
/// signed by the CA of `ca_file`.
[[nodiscard]] Status check_own_certificate(ssl_ctx_st& context, const std::string& file,
                                           const std::string& ca_file);

/// The latest complaint of the library, in its words; clears the others.
[[nodiscard]] std::string take_reason();

}  // namespace weir::tls
