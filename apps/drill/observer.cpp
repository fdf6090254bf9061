// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/observer.h"

#include <chrono>
#include <cstdlib>
#include <utility>

#include "ha/leader_record.h"

namespace weir::drill {

namespace {

constexpr Duration kLookInterval = 40ms;  // at checkpoints; the leader's node is watched
constexpr Duration kSession = 10s;
constexpr const char* kRoot = "/weir";

}  // namespace

Result<std::unique_ptr<Observer>> Observer::start(const std::string& hosts, const std::string& cluster,
                                                  Recorder& recorder) {
  auto paths = ZkPaths::make(kRoot, cluster);
  if (!paths) return paths.error();
  std::unique_ptr<Observer> made(new Observer(*std::move(paths), recorder));
  auto client = ZkClient::open({.hosts = hosts, .session_timeout = kSession}, *made);
  if (!client) return client.error();
  made->client_ = *std::move(client);
  made->thread_ = Thread("observer", [observer = made.get()] { observer->run(); });
  return made;
}

Observer::~Observer() {
  {
    const MutexLock lock(lock_);
    is_over_ = true;
    woken_.notify_all();
  }
  if (client_) client_->close();
  thread_.join();
}

void Observer::follow(JobId job) {
  const MutexLock lock(lock_);
  job_ = job;
}

void Observer::on_session(ZkSessionState state, const ZkSession&) {
  const MutexLock lock(lock_);
  is_expired_ |= state == ZkSessionState::Expired;
  has_changed_ = true;
  woken_.notify_all();
}

void Observer::on_changed(const std::string&) {
  const MutexLock lock(lock_);
  has_changed_ = true;
  woken_.notify_all();
}

bool Observer::await_change() {
  const TimePoint next = std::chrono::steady_clock::now() + kLookInterval;
  bool must_renew = false;
  {
    const MutexLock lock(lock_);
    while (!is_over_ && !has_changed_ && woken_.wait_until(lock_, next)) {}
    has_changed_ = false;
    must_renew = std::exchange(is_expired_, false);
    if (is_over_) return false;
  }
  if (must_renew) (void)client_->renew();
  return true;
}

void Observer::run() {
  while (await_change()) {
    look_at_leader();
    look_at_checkpoints();
  }
}

void Observer::look_at_leader() {
  const auto there = client_->exists(paths_.leader(), true);
  // One who is elected again may write into the node that he has.
  if (!there.is_done() || std::pair(there.value.created, there.value.version) == seen_leader_) return;
  const auto node = client_->get(paths_.leader());
  if (!node.is_done() || node.value.data.empty()) return;  // not to be found yet
  const auto leader = decode_leader(node.value.data, paths_.leader());
  if (!leader) return recorder_.note(leader.error().what);
  seen_leader_ = {node.value.created, node.value.version};
  recorder_.add(LeaderSeen{.epoch = leader->session.low,
                           .session = leader->session,
                           .address = leader->address,
                           .owner = node.value.owner,
                           .at = std::chrono::steady_clock::now()});
}

void Observer::look_at_checkpoints() {
  JobId job;
  {
    const MutexLock lock(lock_);
    job = job_;
  }
  if (job.is_none()) return;
  const std::string folder = paths_.checkpoints(job);
  const auto names = client_->children(folder);
  if (!names.is_done()) return;
  for (const std::string& name : names.value) {
    if (!seen_checkpoints_.insert(name).second) continue;
    const auto node = client_->exists(folder + "/" + name);
    if (!node.is_done()) continue;  // subsumed by the next one meanwhile
    recorder_.add(CheckpointSeen{.id = std::strtoull(name.c_str(), nullptr, 10),
                                 .created = node.value.created,
                                 .at = std::chrono::steady_clock::now()});
  }
}

std::vector<std::string> Observer::nodes_of(JobId job) {
  std::vector<std::string> left;
  for (const std::string& path : {paths_.job(job), paths_.checkpoints(job), paths_.counter(job)})
    if (client_->exists(path).is_done()) left.push_back(path);
  return left;
}

ZkOutcome Observer::write_under(std::uint64_t epoch) {
  const std::string path = paths_.epoch();
  return client_->commit({ZkOp::check(path, static_cast<std::int32_t>(epoch)),
                          ZkOp::create(path + "-of-a-drill", "")})
      .outcome;
}

bool Observer::has_leader() { return leader_session() != 0; }

std::int64_t Observer::leader_session() {
  const auto there = client_->exists(paths_.leader());
  return there.is_done() ? there.value.owner : 0;
}

}  // namespace weir::drill
