// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_client.h"

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <vector>

#include "base/digest.h"
#include "network/blob/blob_wire.h"
#include "network/blob/incoming_blob.h"
#include "network/tcp/socket.h"

namespace weir {

namespace {

using blob_wire::Reply;
using blob_wire::Request;
using Piece = std::vector<std::byte>;

/// The client's side of one connection. Its errors do not name the server yet.
class Conversation {
public:
  Conversation(WaitingStream stream, const BlobLinkOptions& link, TimePoint deadline)
      : stream_(std::move(stream)), link_(link), deadline_(deadline) {}

  [[nodiscard]] static Result<Conversation> begin(const std::string& address, const BlobLinkOptions& link,
                                                  TimePoint deadline);
  /// A refusal is an error.
  [[nodiscard]] Result<Reply> ask(const Request& request);
  [[nodiscard]] Result<Reply> hear();
  [[nodiscard]] Status send(FileReader& file, std::uint64_t bytes);
  [[nodiscard]] Status receive(IncomingBlob& blob, std::uint64_t bytes);

private:
  [[nodiscard]] TimePoint piece_deadline() const {
    return std::min(deadline_, SystemClock{}.now() + link_.piece_timeout);
  }

  WaitingStream stream_;
  const BlobLinkOptions& link_;
  TimePoint deadline_;
};

Error unexpected() {
  return {ErrorCode::ProtocolBroken, "it answers what was not asked", Blame::Environment};
}

Result<Conversation> Conversation::begin(const std::string& address, const BlobLinkOptions& link,
                                         TimePoint deadline) {
  const auto where = SocketAddress::resolve(address);
  if (!where) return where.error();
  const TimePoint hello_deadline = std::min(deadline, SystemClock{}.now() + link.hello_timeout);
  auto socket = await_connection(*where, hello_deadline);
  if (!socket) return socket.error();
  Conversation talk(make_blob_stream(*std::move(socket), StreamSide::Client, link, nullptr), link, deadline);
  const auto hello = blob_wire::encode(hello_of(link.identity));
  if (auto said = talk.stream_.write(hello, hello_deadline); !said) return said.error();
  const auto reply = talk.hear();
  if (!reply) return reply.error();
  if (reply->kind != Reply::Kind::Welcome) return unexpected();
  return talk;
}

Result<Reply> Conversation::ask(const Request& request) {
  if (auto said = stream_.write(blob_wire::encode(request), piece_deadline()); !said) return said.error();
  return hear();
}

Result<Reply> Conversation::hear() {
  std::array<std::byte, blob_wire::kReplyBytes> bytes;
  if (auto heard = stream_.read(bytes, piece_deadline()); !heard) return heard.error();
  auto head = blob_wire::decode_reply(bytes);
  if (!head) return head.error();
  if (head->reply.kind != Reply::Kind::Refused) return head->reply;
  std::array<std::byte, blob_wire::kMaxRefusalText> room;
  const auto text = std::span(room).first(head->text_bytes);
  if (auto heard = stream_.read(text, piece_deadline()); !heard) return heard.error();
  return blob_wire::with_text(*std::move(head), text).error;
}

Status Conversation::send(FileReader& file, std::uint64_t bytes) {
  Piece room(BlobLinkOptions::kPieceBytes);
  for (std::uint64_t at = 0; at < bytes;) {
    const auto piece = std::span(room).first(std::min<std::uint64_t>(bytes - at, room.size()));
    const auto got = file.read_at(at, piece);
    if (!got) return got.error();
    if (*got < piece.size()) return Error{ErrorCode::Corrupt, "the file became shorter while it was sent"};
    if (auto sent = stream_.write(piece, piece_deadline()); !sent) return sent;
    at += piece.size();
  }
  return Status::ok();
}

Status Conversation::receive(IncomingBlob& blob, std::uint64_t bytes) {
  Piece room(BlobLinkOptions::kPieceBytes);
  for (std::uint64_t left = bytes; left > 0;) {
    const auto piece = std::span(room).first(std::min<std::uint64_t>(left, room.size()));
    if (auto heard = stream_.read(piece, piece_deadline()); !heard) return heard;
    if (auto added = blob.add(piece); !added) return added;
    left -= piece.size();
  }
  if (auto finished = blob.finish(); !finished) return finished;
  return blob.publish();
}

Result<BlobKey> key_of(FileReader& file, std::uint64_t bytes) {
  Sha256 digest;
  Piece room(BlobLinkOptions::kPieceBytes);
  for (std::uint64_t at = 0; at < bytes;) {
    const auto got =
        file.read_at(at, std::span(room).first(std::min<std::uint64_t>(bytes - at, room.size())));
    if (!got) return got.error();
    if (*got == 0) return Error{ErrorCode::Corrupt, "the file became shorter while it was read"};
    digest.add(std::span(room).first(*got));
    at += *got;
  }
  return BlobKey{digest.finish()};
}

Result<BlobKey> put_file(const BlobClient::Options& options, FileReader& file, std::uint64_t bytes) {
  const auto key = key_of(file, bytes);
  if (!key) return key;
  auto talk = Conversation::begin(options.address, options.link,
                                  SystemClock{}.now() + options.transfer_timeout);
  if (!talk) return talk.error();
  auto reply = talk->ask({.kind = Request::Kind::Put, .key = *key, .blob_bytes = bytes});
  if (!reply) return reply.error();
  if (reply->kind == Reply::Kind::Present) return key;
  if (reply->kind != Reply::Kind::Send) return unexpected();
  if (auto sent = talk->send(file, bytes); !sent) return sent.error();
  reply = talk->hear();
  if (!reply) return reply.error();
  if (reply->kind != Reply::Kind::Stored) return unexpected();
  return key;
}

Status get_file(const BlobClient::Options& options, FileSystem& files, const BlobKey& key,
                const std::string& into) {
  auto talk = Conversation::begin(options.address, options.link,
                                  SystemClock{}.now() + options.transfer_timeout);
  if (!talk) return talk.error();
  const auto reply = talk->ask({.kind = Request::Kind::Get, .key = key});
  if (!reply) return reply.error();
  if (reply->kind != Reply::Kind::Found) return unexpected();
  if (reply->blob_bytes > options.max_blob_bytes) {
    return Error{ErrorCode::Refused, "a blob of " + std::to_string(reply->blob_bytes) +
                                         " bytes is too large: " + std::to_string(options.max_blob_bytes) +
                                         " are allowed"};
  }
  auto blob = IncomingBlob::create(files, into, key, reply->blob_bytes);
  if (!blob) return blob.error();
  return talk->receive(*blob, reply->blob_bytes);
}

Error named(const std::string& address, Error error) {
  error.what = "blob server " + address + ": " + error.what;
  return error;
}

}  // namespace

Result<BlobKey> BlobClient::put(const std::string& path) {
  const auto file = files_.open(path);
  if (!file) return file.error();
  const auto bytes = (*file)->size();
  if (!bytes) return bytes.error();
  if (*bytes == 0 || *bytes > options_.max_blob_bytes) {
    return Error{ErrorCode::Refused, "cannot put " + path + " of " + std::to_string(*bytes) +
                                         " bytes: 1 to " + std::to_string(options_.max_blob_bytes) +
                                         " are allowed"};
  }
  auto key = put_file(options_, **file, *bytes);
  if (!key) return named(options_.address, key.error());
  return key;
}

Status BlobClient::get(const BlobKey& key, const std::string& into) {
  auto got = get_file(options_, files_, key, into);
  if (!got) return named(options_.address, got.error());
  return got;
}

}  // namespace weir
