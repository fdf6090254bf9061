// SPDX-License-Identifier: Apache-2.0
#include "network/blob/blob_session.h"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "base/digest.h"
#include "base/log.h"

namespace weir {

using blob_wire::Reply;
using blob_wire::Request;

Status BlobSession::run() {
  if (auto greeted = greet(); !greeted) return greeted;
  piece_.resize(BlobLinkOptions::kPieceBytes);
  for (;;) {
    std::array<std::byte, blob_wire::kRequestBytes> bytes;
    const auto more = stream_.read_unless_closed(bytes, piece_deadline());
    if (!more) return more.error();
    if (!*more) return Status::ok();
    const auto request = blob_wire::decode_request(bytes);
    if (!request) {
      (void)refuse(request.error());
      return request.error();
    }
    if (auto answered = answer(*request); !answered) return answered;
  }
}

Status BlobSession::greet() {
  std::array<std::byte, blob_wire::kHelloBytes> bytes;
  const TimePoint deadline = SystemClock{}.now() + options_.hello_timeout;
  if (auto heard = stream_.read(bytes, deadline); !heard) return heard;
  const auto hello = blob_wire::decode_hello(bytes);
  if (!hello) return hello.error();  // whatever it speaks, it would not understand us
  if (auto ours = check_hello(*hello, options_.identity); !ours) {
    (void)refuse(ours.error());
    return ours;
  }
  return reply({.kind = Reply::Kind::Welcome});
}

Status BlobSession::answer(const Request& request) {
  return request.kind == Request::Kind::Put ? put(request) : get(request);
}

Status BlobSession::put(const Request& request) {
  if (is_here(request.key)) return reply({.kind = Reply::Kind::Present});
  auto upload = store_.begin(request.key, request.blob_bytes);
  if (!upload) return refuse(upload.error());
  if (auto asked = reply({.kind = Reply::Kind::Send}); !asked) return asked;

  // What cannot be kept is read to its end all the same: the client listens only then.
  auto kept = Status::ok();
  for (std::uint64_t left = request.blob_bytes; left > 0;) {
    const auto piece = std::span(piece_).first(std::min<std::uint64_t>(left, piece_.size()));
    if (auto heard = stream_.read(piece, piece_deadline()); !heard) return heard;
    if (kept) kept = upload->add(piece);
    left -= piece.size();
  }
  if (kept) kept = upload->commit();
  if (!kept) return refuse(kept.error());
  if (listener_ != nullptr) listener_->on_stored(request.key);
  return reply({.kind = Reply::Kind::Stored});
}

/// Whoever removes blobs that nobody wants must know that this one is wanted, before it is promised.
bool BlobSession::is_here(const BlobKey& key) {
  if (!store_.contains(key)) return false;
  if (listener_ == nullptr) return true;
  listener_->on_stored(key);
  return store_.contains(key);
}

Status BlobSession::get(const Request& request) {
  const auto file = store_.read(request.key);
  if (!file) return refuse(file.error());
  const auto bytes = (*file)->size();
  if (!bytes) return refuse(bytes.error());
  if (*bytes == 0) return refuse({ErrorCode::Corrupt, "blob " + request.key.hex() + " was cut off on disk"});
  if (auto found = reply({.kind = Reply::Kind::Found, .blob_bytes = *bytes}); !found) return found;
  return send_blob(request.key, **file, *bytes);
}

Status BlobSession::send_blob(const BlobKey& key, FileReader& file, std::uint64_t bytes) {
  Sha256 digest;
  for (std::uint64_t left = bytes; left > 0;) {
    const auto room = std::span(piece_).first(std::min<std::uint64_t>(left, piece_.size()));
    const auto got = file.read(room);
    if (!got) return got.error();
    if (*got == 0) return Error{ErrorCode::Corrupt, "blob " + key.hex() + " became shorter"};
    const auto piece = room.first(*got);
    digest.add(piece);
    if (auto sent = stream_.write(piece, piece_deadline()); !sent) return sent;
    left -= piece.size();
  }
  if (digest.finish() == key.digest) return Status::ok();
  // The client has seen the same. Without the file, the next upload of this blob heals it.
  (void)store_.remove(key);
  return Error{ErrorCode::Corrupt, "blob " + key.hex() + " was changed on disk, and is removed",
               Blame::Environment};
}

Status BlobSession::reply(const Reply& reply) {
  const std::string bytes = blob_wire::encode(reply);
  return stream_.write(std::as_bytes(std::span(bytes)), piece_deadline());
}

Status BlobSession::refuse(const Error& error) {
  return reply({.kind = Reply::Kind::Refused, .error = error});
}

}  // namespace weir
