// SPDX-License-Identifier: Apache-2.0
#include "test/support/certificates.h"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <cstdio>

namespace weir::testing {

namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using File = std::unique_ptr<std::FILE, decltype(&std::fclose)>;

Key make_key() {
  Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  REQUIRE(key != nullptr);
  return key;
}

void extend(X509& certificate, X509& issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, &issuer, &certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
      X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()), &X509_EXTENSION_free);
  REQUIRE(extension != nullptr);
  X509_add_ext(&certificate, extension.get(), -1);
}

Certificate begin_certificate(EVP_PKEY& key, const std::string& name, long from_s, long to_s) {
  static long serial = 0;
  Certificate made(X509_new(), &X509_free);
  X509_set_version(made.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), from_s);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), to_s);
  X509_set_pubkey(made.get(), &key);
  std::string subject = name;
  X509_NAME_add_entry_by_NID(X509_get_subject_name(made.get()), NID_commonName, MBSTRING_UTF8,
                             reinterpret_cast<unsigned char*>(subject.data()), -1, -1, 0);
  return made;
}

}  // namespace

struct CertificateAuthority::Keys {
  Key key{nullptr, &EVP_PKEY_free};
  Certificate certificate{nullptr, &X509_free};
};

CertificateAuthority::CertificateAuthority() : keys_(std::make_unique<Keys>()) {
  constexpr long kHour = 3600;
  keys_->key = make_key();
  keys_->certificate = begin_certificate(*keys_->key, "test CA", -2 * kHour, 24 * kHour);
  X509& certificate = *keys_->certificate;
  X509_set_issuer_name(&certificate, X509_get_subject_name(&certificate));
  extend(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE");
  extend(certificate, certificate, NID_key_usage, "critical,keyCertSign");
  REQUIRE(X509_sign(&certificate, keys_->key.get(), EVP_sha256()) > 0);
  const File file(std::fopen(ca_file().c_str(), "w"), &std::fclose);
  REQUIRE(PEM_write_X509(file.get(), &certificate) == 1);
}

CertificateAuthority::~CertificateAuthority() = default;

TlsOptions CertificateAuthority::issue(const Wishes& wishes) const {
  const TlsOptions made{.certificate_file = files_.path(wishes.name + ".pem"),
                        .key_file = files_.path(wishes.name + ".key"),
                        .ca_file = ca_file()};
  const Key key = make_key();
  const auto certificate = begin_certificate(*key, wishes.name, wishes.valid_from_s, wishes.valid_to_s);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(keys_->certificate.get()));
  if (!wishes.uri.empty()) {
    extend(*certificate, *keys_->certificate, NID_subject_alt_name, "URI:" + wishes.uri);
  }
  extend(*certificate, *keys_->certificate, NID_ext_key_usage, "serverAuth,clientAuth");
  REQUIRE(X509_sign(certificate.get(), keys_->key.get(), EVP_sha256()) > 0);
  const File certificate_file(std::fopen(made.certificate_file.c_str(), "w"), &std::fclose);
  REQUIRE(PEM_write_X509(certificate_file.get(), certificate.get()) == 1);
  const File key_file(std::fopen(made.key_file.c_str(), "w"), &std::fclose);
  REQUIRE(::chmod(made.key_file.c_str(), 0600) == 0);
  REQUIRE(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return made;
}

}  // namespace weir::testing
