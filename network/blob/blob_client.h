// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/file_system.h"
#include "base/result.h"
#include "base/time.h"
#include "network/blob/blob_key.h"
#include "network/blob/blob_link.h"

namespace weir {

/// Puts files into a cluster's blob server and gets them from there, one connection a call.
///
/// Threads: any; a call waits, at most transfer_timeout and what the name service takes.
/// Errors:  name the server. Refused: another token or cluster, too large, no room; NotFound: no such blob;
///          Corrupt: what came is not what was asked for; else what the network or the disk said. The error's
///          `retry` says whether another attempt can help.
class BlobClient {
public:
  struct Options {
    std::string address;  // "host:port" of the server
    BlobLinkOptions link;
    Duration transfer_timeout = 60s;              // of a whole call
    std::uint64_t max_blob_bytes = 256ull << 20;  // no more is read, whatever the server says
  };

  /// `files` outlives this.
  BlobClient(Options options, FileSystem& files) : options_(std::move(options)), files_(files) {}

  /// Its content is at the server when this returns. Nothing is sent if it was there.
  [[nodiscard]] Result<BlobKey> put(const std::string& path);
  /// Makes the file `into`, whole and checked, or none.
  [[nodiscard]] Status get(const BlobKey& key, const std::string& into);

private:
  const Options options_;
  FileSystem& files_;
};

}  // namespace weir
