// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/tls_options.h"
#include "test/support/temporary_directory.h"

namespace weir::testing {

/// A certificate authority that lives as long as a test, and its files.
class CertificateAuthority {
public:
  /// What a certificate is to say.
  struct Wishes {
    std::string name = "node";  // of its files
    std::string uri = "urn:weir:cluster:test";
    long valid_from_s = -3600;  // from now
    long valid_to_s = 3600;
  };

  CertificateAuthority();
  ~CertificateAuthority();

  /// Makes a key and a certificate; the key is readable by its owner alone.
  [[nodiscard]] TlsOptions issue(const Wishes& wishes) const;
  [[nodiscard]] TlsOptions issue() const { return issue(Wishes()); }
  [[nodiscard]] std::string ca_file() const { return files_.path("ca.pem"); }
  [[nodiscard]] const TemporaryDirectory& files() const { return files_; }

private:
  struct Keys;
  TemporaryDirectory files_;
  std::unique_ptr<Keys> keys_;
};

}  // namespace weir::testing
