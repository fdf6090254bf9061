// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// How a request to ZooKeeper ended.
enum class ZkOutcome : std::uint8_t {
  Done,
  // Not done: the tree is not as it was expected to be.
  NoNode,
  NodeExists,
  BadVersion,
  NotEmpty,
  // Not done, and never will be.
  NotAllowed,   // the node belongs to others, or the request makes no sense
  TooLarge,     // more than kMaxNodeBytes
  SessionOver,  // the session had ended before the request was sent
  // Done or not done: the connection broke before the answer came. Read, then decide.
  Unknown,
};

[[nodiscard]] std::string_view name_of(ZkOutcome outcome);

template <class T>
struct ZkReply {
  ZkOutcome outcome = ZkOutcome::Unknown;
  T value{};
  [[nodiscard]] bool is_done() const { return outcome == ZkOutcome::Done; }
};

struct ZkNode {
  std::string data;          // not of exists()
  std::int32_t version = 0;  // rises by one with each set
  std::int64_t created = 0;  // number of the transaction that made it
  std::int64_t owner = 0;    // the session with which it goes; 0: it stays
  bool operator==(const ZkNode&) const = default;
};

/// One step of a commit.
struct ZkOp {
  enum class Kind : std::uint8_t { Create, CreateEphemeral, Set, Remove, Check };
  static constexpr std::int32_t kAnyVersion = -1;

  Kind kind = Kind::Check;
  std::string path;
  std::string data;
  std::int32_t version = kAnyVersion;  // the node must have this one

  [[nodiscard]] static ZkOp create(std::string path, std::string data) {
    return {Kind::Create, std::move(path), std::move(data)};
  }
  [[nodiscard]] static ZkOp create_ephemeral(std::string path, std::string data) {
    return {Kind::CreateEphemeral, std::move(path), std::move(data)};
  }
  [[nodiscard]] static ZkOp set(std::string path, std::string data, std::int32_t version = kAnyVersion) {
    return {Kind::Set, std::move(path), std::move(data), version};
  }
  [[nodiscard]] static ZkOp remove(std::string path, std::int32_t version = kAnyVersion) {
    return {Kind::Remove, std::move(path), {}, version};
  }
  [[nodiscard]] static ZkOp check(std::string path, std::int32_t version) {
    return {Kind::Check, std::move(path), {}, version};
  }
};

/// Of a commit that was not done: which of its steps could not be.
struct ZkCommit {
  std::size_t failed_op = 0;
};

/// ZooKeeper's tree of nodes. A port: stores are tested with one that loses answers.
///
/// Threads: any. Its calls wait.
class ZkTree {
public:
  static constexpr std::size_t kMaxNodeBytes = 64 << 10;  // what is longer belongs into a file

  virtual ~ZkTree() = default;
  [[nodiscard]] virtual ZkReply<ZkNode> exists(const std::string& path) = 0;
  [[nodiscard]] virtual ZkReply<ZkNode> get(const std::string& path) = 0;
  /// Names, not paths, sorted.
  [[nodiscard]] virtual ZkReply<std::vector<std::string>> children(const std::string& path) = 0;
  /// All steps are done, or none.
  [[nodiscard]] virtual ZkReply<ZkCommit> commit(std::vector<ZkOp> steps) = 0;
};

}  // namespace weir
