// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "ha/zk_tree.h"
#include "test/sim/world.h"
#include "test/sim/zk_state.h"

namespace weir::sim {

/// What is asked of a server.
struct ZkRequest {
  enum class Kind : std::uint8_t { Exists, Get, Children, Commit, Ping };
  Kind kind = Kind::Ping;
  std::string path;
  bool watches = false;
  std::vector<ZkOp> steps;
  LeaderSessionId term;  // under which a leader writes; for who checks
};
struct ZkAnswer {
  ZkOutcome outcome = ZkOutcome::Unknown;
  ZkNode node;
  std::vector<std::string> names;
  ZkCommit commit;
  std::int64_t change = 0;  // the latest that the server knew
};

/// Three servers of ZooKeeper. Changes have one order; each server knows them a little later than they
/// happened, and a client sees what its server knows, its own changes included. A session ends when nobody
/// has heard of it for its time-out.
///
/// Threads: none.
class ZkEnsemble {
public:
  static constexpr std::size_t kMembers = 3;

  /// How a server speaks to one client over one connection.
  struct Wire {
    std::int64_t session = 0;
    std::size_t member = 0;
    bool is_open = true;  // the server sends nothing on one that is not, and reads no more
    std::function<void(const std::string& path)> changed;
    std::function<void()> closed;
    // Requests of one connection are answered in their order.
    std::deque<std::function<void()>> waiting;
    bool is_busy = false;
  };
  using WirePtr = std::shared_ptr<Wire>;
  using Answered = std::function<void(const ZkAnswer&)>;

  explicit ZkEnsemble(World& world);

  /// A client that has seen `seen` asks for a session, or for the one that it had. False: this server takes
  /// nobody now. What was watched and has changed since is told at once.
  struct Watched {
    std::string path;
    bool was_there = false;
  };
  enum class Welcome : std::uint8_t { NotServing, Expired, Connected };
  Welcome connect(const WirePtr& wire, Duration timeout, std::int64_t seen,
                  const std::vector<Watched>& watched);
  void request(const WirePtr& wire, ZkRequest request, Answered answered);
  /// The client ends its session.
  void close(std::int64_t session);

  // Faults.
  void stop(std::size_t member);
  void start(std::size_t member);
  /// Somebody else changes a node.
  void tamper(ZkOp step);
  /// Slow to know what the others know.
  void lag(std::size_t member, Duration lag) { members_[member].lag = lag; }
  [[nodiscard]] bool serves() const { return is_serving_; }

  /// What is true, whatever servers know. For who checks, not for who runs.
  [[nodiscard]] const ZkState& truth() const { return truth_; }
  /// Told of each commit that was done.
  std::function<void(LeaderSessionId term, const std::vector<ZkOp>& steps)> on_commit;

private:
  struct Member {
    bool is_up = true;
    Duration lag{};
    ZkState state;
    TimePoint knows_until{};
    std::vector<WirePtr> wires;
  };
  struct Session {
    Duration timeout{};
    TimePoint ends{};
  };

  void answer_next(const WirePtr& wire);
  void answer(const WirePtr& wire, const ZkRequest& request, const Answered& answered);
  /// Orders a change; `done` happens when `member` knows it.
  void order(std::function<void(ZkState&)> change, std::size_t member, std::function<void()> done);
  void tell_watchers(Member& member);
  void touch(std::int64_t session);
  void watch_expiry(std::int64_t session);
  void elect();
  static void drop(const WirePtr& wire);
  void drop_wires(Member& member);
  void drop_wires_of(std::int64_t session);

  World& world_;
  ZkState truth_;
  std::array<Member, kMembers> members_;
  std::map<std::int64_t, Session> sessions_;
  std::int64_t last_session_ = 0x1000;
  std::size_t leader_ = 0;
  bool is_serving_ = true;
  std::uint64_t election_ = 0;
};

}  // namespace weir::sim
