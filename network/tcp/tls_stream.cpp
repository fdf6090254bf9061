// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/tls_stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "network/tcp/tls_certificate.h"

namespace weir {

namespace {

/// What one record of TLS carries at most.
constexpr std::size_t kRecordBytes = 16 * 1024;

// The library's own sockets would kill the process when the peer has gone: they write without MSG_NOSIGNAL.

const Descriptor& socket_of(BIO* bio) { return *static_cast<const Descriptor*>(BIO_get_data(bio)); }

int socket_outcome(BIO* bio, ssize_t done, int wait) {
  BIO_clear_retry_flags(bio);
  if (done < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    BIO_set_flags(bio, wait | BIO_FLAGS_SHOULD_RETRY);
  return static_cast<int>(done);
}

int socket_write(BIO* bio, const char* from, int size) {
  ssize_t sent = 0;
  do sent = ::send(socket_of(bio).number(), from, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return socket_outcome(bio, sent, BIO_FLAGS_WRITE);
}

int socket_read(BIO* bio, char* into, int size) {
  ssize_t got = 0;
  do got = ::recv(socket_of(bio).number(), into, static_cast<std::size_t>(size), 0);
  while (got < 0 && errno == EINTR);
  if (got == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return socket_outcome(bio, got, BIO_FLAGS_READ);
}

long socket_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

const BIO_METHOD* socket_method() {
  static const std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> method = [] {
    std::unique_ptr<BIO_METHOD, decltype(&BIO_meth_free)> made(
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir socket"), &BIO_meth_free);
    BIO_meth_set_write(made.get(), &socket_write);
    BIO_meth_set_read(made.get(), &socket_read);
    BIO_meth_set_ctrl(made.get(), &socket_control);
    return made;
  }();
  return method.get();
}

class TlsStream final : public ByteStream {
public:
  TlsStream(SSL_CTX& context, Descriptor socket, StreamSide side)
      : socket_(std::move(socket)), session_(SSL_new(&context), &SSL_free) {
    BIO* bio = BIO_new(socket_method());
    BIO_set_data(bio, const_cast<Descriptor*>(&socket_));
    BIO_set_init(bio, 1);
    SSL_set_bio(session_.get(), bio, bio);
    if (side == StreamSide::Client) SSL_set_connect_state(session_.get());
    else SSL_set_accept_state(session_.get());
  }
  ~TlsStream() override {
    if (broken_ || SSL_is_init_finished(session_.get()) == 0) return;
    ERR_clear_error();
    (void)SSL_shutdown(session_.get());  // says that this end was meant; nobody waits for an answer
    ERR_clear_error();
  }

  Result<Progress> read(std::span<const Room> into) override {
    if (broken_) return *broken_;
    Progress progress;
    for (const auto room : into) {
      for (std::size_t filled = 0; filled < room.size();) {
        std::size_t got = 0;
        ERR_clear_error();
        const int outcome = SSL_read_ex(session_.get(), room.data() + filled, room.size() - filled, &got);
        if (outcome <= 0) return stopped(outcome, progress);
        filled += got;
        progress.bytes += got;
      }
    }
    return progress;
  }

  Result<Progress> write(std::span<const Piece> from) override {
    if (broken_) return *broken_;
    Progress progress;
    std::array<std::byte, kRecordBytes> gathered;
    std::size_t taken_of_first = 0;
    while (!from.empty()) {
      const auto record = next_record(from, taken_of_first, gathered);
      std::size_t sent = 0;
      ERR_clear_error();
      const int outcome = SSL_write_ex(session_.get(), record.data(), record.size(), &sent);
      if (outcome <= 0) return stopped(outcome, progress);
      progress.bytes += sent;
      for (taken_of_first += sent; !from.empty() && taken_of_first >= from.front().size();) {
        taken_of_first -= from.front().size();
        from = from.subspan(1);
      }
    }
    return progress;
  }

  int descriptor() const override { return socket_.number(); }

private:
  /// Up to a record's worth of bytes from the pieces: in place if the first has as many, else put together,
  /// since each record costs. An attempt that could not be finished is repeated with the same bytes, maybe
  /// more: pieces that were not taken come again.
  static Piece next_record(std::span<const Piece> from, std::size_t skip, std::span<std::byte> gathered) {
    const auto first = from.front().subspan(skip);
    if (first.size() >= gathered.size()) return first.first(gathered.size());
    std::size_t size = 0;
    for (const auto piece : from) {
      const auto part = piece.subspan(skip).first(std::min(piece.size() - skip, gathered.size() - size));
      std::ranges::copy(part, gathered.begin() + static_cast<std::ptrdiff_t>(size));
      size += part.size();
      skip = 0;
    }
    return gathered.first(size);
  }

  Result<Progress> stopped(int outcome, Progress progress) {
    switch (SSL_get_error(session_.get(), outcome)) {
      case SSL_ERROR_WANT_READ: progress.next = Progress::Next::WhenReadable; return progress;
      case SSL_ERROR_WANT_WRITE: progress.next = Progress::Next::WhenWritable; return progress;
      case SSL_ERROR_ZERO_RETURN:
        if (progress.bytes == 0) progress.next = Progress::Next::End;
        return progress;
      default: break;
    }
    broken_ = reason(errno);
    if (progress.bytes > 0) return progress;  // the reason comes next time
    return *broken_;
  }

  [[nodiscard]] Error reason(int system_error) const {
    const auto code = ERR_peek_last_error();
    const auto number = ERR_GET_REASON(code);
    const bool is_greeted = SSL_is_init_finished(session_.get()) != 0;
    const auto why = [&](std::string what) {
      ERR_clear_error();
      return Error{.code = is_greeted ? ErrorCode::ConnectionLost : ErrorCode::Refused,
                   .what = std::move(what),
                   .blame = Blame::Environment};
    };
    if (code == 0 || ERR_GET_LIB(code) == ERR_LIB_SYS) {
      return {.code = ErrorCode::ConnectionLost,
              .what = system_error != 0 ? std::strerror(system_error) : "the connection was cut",
              .blame = Blame::Environment};
    }
    if (number == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      ERR_clear_error();
      return {
          .code = ErrorCode::ConnectionLost, .what = "the connection was cut", .blame = Blame::Environment};
    }
    if (number == SSL_R_CERTIFICATE_VERIFY_FAILED) return why(certificate_refusal());
    if (number == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return why("it shows no certificate");
    if (number == SSL_R_WRONG_VERSION_NUMBER || number == SSL_R_HTTP_REQUEST) {
      return why("it does not speak TLS");
    }
    if (number >= SSL_AD_REASON_OFFSET) return why("it broke off the TLS greeting: " + tls::take_reason());
    return why("TLS failed: " + tls::take_reason());
  }

  [[nodiscard]] std::string certificate_refusal() const {
    const auto verdict = SSL_get_verify_result(session_.get());
    if (verdict == X509_V_ERR_APPLICATION_VERIFICATION) return "its certificate does not name our cluster";
    return std::string("its certificate is refused: ") + X509_verify_cert_error_string(verdict);
  }

  const Descriptor socket_;
  const std::unique_ptr<SSL, decltype(&SSL_free)> session_;
  std::optional<Error> broken_;
};

}  // namespace

std::unique_ptr<ByteStream> make_tls_stream(ssl_ctx_st& context, Descriptor connected, StreamSide side) {
  return std::make_unique<TlsStream>(context, std::move(connected), side);
}

}  // namespace weir
