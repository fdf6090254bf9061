// SPDX-License-Identifier: Apache-2.0
// The model of ZooKeeper that the simulation believes in, and a real server, are asked the same questions.
#include "test/sim/zk_state.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "ha/zk_client.h"
#include "test/sim/random.h"
#include "test/support/zookeeper_process.h"

namespace weir::sim {
namespace {

using testing::ZooKeeperProcess;
using Paths = std::vector<std::string>;

/// What a real client was told.
class Told final : public ZkListener {
public:
  void on_session(ZkSessionState state, const ZkSession& session) override {
    const MutexLock lock(lock_);
    session_ = state == ZkSessionState::Connected ? session.id : 0;
    told_.notify_all();
  }
  void on_changed(const std::string& path) override {
    const MutexLock lock(lock_);
    changes_.push_back(path);
    told_.notify_all();
  }
  /// Another session than `old`.
  [[nodiscard]] std::int64_t await_session(std::int64_t old) {
    const MutexLock lock(lock_);
    while (session_ == 0 || session_ == old) told_.wait(lock_);
    return session_;
  }
  /// Sorted: no order is promised between paths.
  [[nodiscard]] Paths take_changes() {
    const MutexLock lock(lock_);
    Paths taken = std::exchange(changes_, {});
    std::sort(taken.begin(), taken.end());
    return taken;
  }

private:
  Mutex lock_;
  CondVar told_;
  std::int64_t session_ WEIR_GUARDED_BY(lock_) = 0;
  Paths changes_ WEIR_GUARDED_BY(lock_);
};

/// One client, as the server and the model know it.
struct Asker {
  Told told;
  std::unique_ptr<ZkClient> client;
  std::int64_t session = 0;
  std::int64_t modelled = 0;
  Paths expected;  // what the model says that it was told
};

struct Numbers {
  std::uint64_t seed = 0;
  int steps = 0;
};

Numbers wanted() {
  const char* seed = std::getenv("WEIR_SEED");
  const char* steps = std::getenv("WEIR_ZK_STEPS");
  return {.seed = seed != nullptr ? std::strtoull(seed, nullptr, 10) : std::random_device{}(),
          .steps = steps != nullptr ? std::atoi(steps) : 3'000};
}

/// Two ends of the same story.
class Duet {
public:
  explicit Duet(std::uint64_t seed) : random_(seed), askers_(3) {
    for (Asker& asker : askers_) connect(asker);
  }

  void step() {
    Asker& asker = askers_[random_.below(askers_.size())];
    switch (random_.below(20)) {
      case 0: return renew(asker);
      case 1:
      case 2:
      case 3:
      case 4: return look(asker, random_.chance(60));
      case 5:
      case 6: return read(asker);
      case 7: return list(asker);
      default: return commit(asker);
    }
  }

  /// All that the model says was told has been told, and nothing else.
  void compare_watches() {
    for (Asker& asker : askers_) {
      // The server answers behind what it has told.
      REQUIRE(asker.client->exists("/nothing").outcome == ZkOutcome::NoNode);
      std::sort(asker.expected.begin(), asker.expected.end());
      REQUIRE(asker.told.take_changes() == std::exchange(asker.expected, {}));
    }
  }

private:
  void connect(Asker& asker) {
    if (asker.client) REQUIRE(asker.client->renew());
    else asker.client = *ZkClient::open({.hosts = server_.hosts(), .session_timeout = 4s}, asker.told);
    asker.session = asker.told.await_session(asker.session);
    asker.modelled = ++last_session_;
    model_.begin_session(asker.modelled);
  }
  /// Its watches go, its nodes go, and others are told of those.
  void renew(Asker& asker) {
    compare_watches();
    model_.end_session(asker.modelled);
    note_fired();
    connect(asker);
  }

  [[nodiscard]] std::string path() {
    static const std::vector<std::string> kPaths = {"/a",   "/b",   "/a/x",   "/a/y",
                                                    "/b/x", "/b/y", "/a/x/1", "/b/y/2"};
    return kPaths[random_.below(kPaths.size())];
  }
  [[nodiscard]] std::int32_t version() {
    return random_.chance(50) ? ZkOp::kAnyVersion : static_cast<std::int32_t>(random_.below(4));
  }
  [[nodiscard]] ZkOp op() {
    const std::string data = std::to_string(random_.below(1000));
    switch (random_.below(8)) {
      case 0:
      case 1: return ZkOp::create(path(), data);
      case 2: return ZkOp::create_ephemeral(path(), data);
      case 3:
      case 4: return ZkOp::set(path(), data, version());
      case 5:
      case 6: return ZkOp::remove(path(), version());
      default: return ZkOp::check(path(), version());
    }
  }

  void commit(Asker& asker) {
    std::vector<ZkOp> steps;
    for (auto count = 1 + random_.below(4); count > 0; --count) steps.push_back(op());
    const auto expected = model_.commit(asker.modelled, steps);
    note_fired();
    const auto real = asker.client->commit(steps);
    REQUIRE(name_of(real.outcome) == name_of(expected.outcome));
    REQUIRE(real.value.failed_op == expected.value.failed_op);
  }
  void look(Asker& asker, bool watches) {
    const std::string where = path();
    compare(model_.exists(where, watches ? asker.modelled : 0), asker.client->exists(where, watches));
  }
  void read(Asker& asker) {
    const std::string where = path();
    const auto real = asker.client->get(where);
    compare(model_.get(where), real);
  }
  void list(Asker& asker) {
    const std::string where = path();
    const auto expected = model_.children(where);
    const auto real = asker.client->children(where);
    REQUIRE(name_of(real.outcome) == name_of(expected.outcome));
    REQUIRE(real.value == expected.value);
  }
  void compare(const ZkReply<ZkNode>& expected, const ZkReply<ZkNode>& real) {
    REQUIRE(name_of(real.outcome) == name_of(expected.outcome));
    if (!expected.is_done()) return;
    REQUIRE(real.value.data == expected.value.data);
    REQUIRE(real.value.version == expected.value.version);
    std::int64_t owner = 0;
    for (const Asker& asker : askers_)
      if (asker.modelled == expected.value.owner) owner = asker.session;
    REQUIRE(real.value.owner == owner);
    // Numbers of changes differ by what the server does of its own; their order does not.
    const auto [known, is_new] = changes_.emplace(expected.value.created, real.value.created);
    REQUIRE(known->second == real.value.created);
    if (is_new && known != changes_.begin()) REQUIRE(std::prev(known)->second < real.value.created);
  }
  void note_fired() {
    for (const ZkState::Fired& fired : model_.take_fired())
      for (Asker& asker : askers_)
        if (asker.modelled == fired.session) asker.expected.push_back(fired.path);
  }

  Random random_;
  const ZooKeeperProcess server_;
  std::vector<Asker> askers_;
  ZkState model_;
  std::int64_t last_session_ = 0;
  std::map<std::int64_t, std::int64_t> changes_;  // the model's numbers, and the server's
};

TEST_CASE("the model of ZooKeeper answers as a real server does, and tells who watches the same") {
  const Numbers numbers = wanted();
  MESSAGE("WEIR_SEED=" << numbers.seed << " takes this script again; WEIR_ZK_STEPS=" << numbers.steps);
  Duet duet(numbers.seed);
  for (int i = 0; i < numbers.steps; ++i) {
    CAPTURE(i);
    duet.step();
    if (i % 50 == 0) duet.compare_watches();
  }
  duet.compare_watches();
}

}  // namespace
}  // namespace weir::sim
