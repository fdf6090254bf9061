// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/tls_certificate.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace weir::tls {

namespace {

constexpr std::string_view kClusterUri = "urn:weir:cluster:";

Error bad_certificate(const std::string& file, const std::string& why) {
  return {.code = ErrorCode::BadArgument, .what = "certificate '" + file + "' " + why};
}

bool is_plain(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
  });
}

std::string text_of(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), &BIO_free);
  ASN1_TIME_print(out.get(), time);
  std::string text(64, '\0');
  const int size = BIO_read(out.get(), text.data(), static_cast<int>(text.size()));
  text.resize(static_cast<std::size_t>(std::max(0, size)));
  return text;
}

}  // namespace

std::vector<std::string> clusters_of(const x509_st& certificate) {
  std::vector<std::string> clusters;
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(&certificate, NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    // By length, not up to a zero: a name must not hide its tail.
    std::string text(ASN1_STRING_get0_data(uri), ASN1_STRING_get0_data(uri) + ASN1_STRING_length(uri));
    if (!text.starts_with(kClusterUri)) continue;
    text.erase(0, kClusterUri.size());
    if (is_plain(text)) clusters.push_back(std::move(text));
  }
  return clusters;
}

Status check_own_certificate(ssl_ctx_st& context, const std::string& file, const std::string& ca_file) {
  X509* certificate = SSL_CTX_get0_certificate(&context);
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    return bad_certificate(file, "expired on " + text_of(X509_get0_notAfter(certificate)) +
                                     ": make a new one, as with scripts/certificates");
  }
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              &X509_STORE_CTX_free);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(&context, &chain);
  X509_STORE_CTX_init(check.get(), SSL_CTX_get_cert_store(&context), certificate, chain);
  if (X509_verify_cert(check.get()) == 1) return Status::ok();
  return bad_certificate(file, "does not stand the test by the CA '" + ca_file + "': " +
                                   X509_verify_cert_error_string(X509_STORE_CTX_get_error(check.get())));
}

std::string take_reason() {
  const auto code = ERR_peek_last_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "error " + std::to_string(code);
}

}  // namespace weir::tls
