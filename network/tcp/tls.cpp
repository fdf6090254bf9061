// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/tls.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "network/tcp/tls_certificate.h"
#include "network/tcp/tls_stream.h"

namespace weir {

namespace {

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

Error refused(std::string what) { return {.code = ErrorCode::BadArgument, .what = std::move(what)}; }

Status check_file(const std::string& what, const std::string& file) {
  if (file.empty()) return refused("TLS needs a " + what + ", and none was given");
  if (::access(file.c_str(), R_OK) == 0) return Status::ok();
  return refused("cannot read " + what + " '" + file + "': " + std::strerror(errno));
}

Status check_key_file(const std::string& file) {
  if (auto readable = check_file("key", file); !readable) return readable;
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return refused("no key '" + file + "': " + std::strerror(errno));
  if ((status.st_mode & (S_IWGRP | S_IRWXO)) == 0) return Status::ok();
  return refused("key '" + file + "' can be read by others, so it is no secret: chmod 600 it");
}

Status check_files(const TlsOptions& options) {
  if (auto there = check_file("certificate", options.certificate_file); !there) return there;
  if (auto there = check_key_file(options.key_file); !there) return there;
  return check_file("CA", options.ca_file);
}

/// Of the peer's certificates, when the library has looked at each; the last is the peer's own.
int on_certificate(int is_good, X509_STORE_CTX* check) {
  if (is_good != 1 || X509_STORE_CTX_get_error_depth(check) != 0) return is_good;
  const auto* session =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* cluster = static_cast<const std::string*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(session)));
  const auto theirs = tls::clusters_of(*X509_STORE_CTX_get_current_cert(check));
  if (std::ranges::find(theirs, *cluster) != theirs.end()) return 1;
  X509_STORE_CTX_set_error(check, X509_V_ERR_APPLICATION_VERIFICATION);
  return 0;
}

void set_rules(SSL_CTX& context) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  // Each connection shows its certificates: nothing is resumed, nothing is agreed upon twice.
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
  SSL_CTX_set_session_cache_mode(&context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(&context, 0);
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(&context, 1);
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &on_certificate);
}

Status read_files(SSL_CTX& context, const TlsOptions& files) {
  ERR_clear_error();
  if (SSL_CTX_use_certificate_chain_file(&context, files.certificate_file.c_str()) != 1) {
    return refused("'" + files.certificate_file + "' holds no certificate in PEM: " + tls::take_reason());
  }
  if (SSL_CTX_use_PrivateKey_file(&context, files.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH) {
      return refused("key '" + files.key_file + "' does not belong to certificate '" +
                     files.certificate_file + "'");
    }
    return refused("'" + files.key_file +
                   "' holds no key in PEM without a passphrase: " + tls::take_reason());
  }
  if (SSL_CTX_check_private_key(&context) != 1) {
    return refused("key '" + files.key_file + "' does not belong to certificate '" + files.certificate_file +
                   "'");
  }
  if (SSL_CTX_load_verify_file(&context, files.ca_file.c_str()) != 1) {
    return refused("'" + files.ca_file + "' holds no CA in PEM: " + tls::take_reason());
  }
  return tls::check_own_certificate(context, files.certificate_file, files.ca_file);
}

/// Nobody types a passphrase into a server.
int no_passphrase(char*, int, int, void*) { return 0; }

}  // namespace

struct TlsContext::State {
  Context context{nullptr, &SSL_CTX_free};
  std::string cluster;
};

TlsContext::TlsContext(std::unique_ptr<State> state) : state_(std::move(state)) {}
TlsContext::~TlsContext() = default;

Result<std::shared_ptr<TlsContext>> TlsContext::load(const TlsOptions& options) {
  if (auto there = check_files(options); !there) return there.error();
  auto state = std::make_unique<State>();
  state->context.reset(SSL_CTX_new(TLS_method()));
  if (state->context == nullptr) return refused("no TLS: " + tls::take_reason());
  SSL_CTX_set_default_passwd_cb(state->context.get(), &no_passphrase);
  set_rules(*state->context);
  if (auto read = read_files(*state->context, options); !read) return read.error();
  auto clusters = tls::clusters_of(*SSL_CTX_get0_certificate(state->context.get()));
  if (clusters.size() != 1) {
    return refused("certificate '" + options.certificate_file + "' names " + std::to_string(clusters.size()) +
                   " clusters: expected one subject alternative name URI:urn:weir:cluster:NAME, NAME of "
                   "letters, digits, '-', '.' and '_'");
  }
  state->cluster = std::move(clusters.front());
  SSL_CTX_set_app_data(state->context.get(), &state->cluster);
  return std::shared_ptr<TlsContext>(new TlsContext(std::move(state)));
}

std::unique_ptr<ByteStream> TlsContext::wrap(Descriptor connected, StreamSide side) {
  return make_tls_stream(*state_->context, std::move(connected), side);
}

const std::string& TlsContext::cluster() const { return state_->cluster; }

}  // namespace weir
