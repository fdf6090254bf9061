// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"
#include "ha/leader_record.h"
#include "ha/zk_leader.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "LeaderRetrieval";
constexpr Duration kRenewalPause = 1s;
constexpr Duration kReadPause = 500ms;

}  // namespace

Result<std::unique_ptr<ZkLeaderRetrieval>> ZkLeaderRetrieval::make(Options options) {
  std::unique_ptr<ZkLeaderRetrieval> retrieval(new ZkLeaderRetrieval(std::move(options)));
  auto client = ZkClient::open(retrieval->options_.zookeeper, *retrieval);
  if (!client) return client.error();
  retrieval->client_ = *std::move(client);
  return retrieval;
}

void ZkLeaderRetrieval::start(LeaderListener& listener) {
  WEIR_CHECK(listener_ == nullptr, "a retrieval is started once");
  listener_ = &listener;
  thread_ = Thread("retrieval", [this] { run(); });
}

void ZkLeaderRetrieval::stop() {
  {
    const MutexLock lock(lock_);
    is_over_ = true;
    woken_.notify_all();
  }
  thread_.join();
  listener_ = nullptr;
  client_.reset();
}

void ZkLeaderRetrieval::run() {
  constexpr TimePoint kNever = TimePoint::max();
  TimePoint again = kNever;  // when what could not be read is asked for again
  while (true) {
    bool is_expired = false;
    {
      const MutexLock lock(lock_);
      while (!is_over_ && !must_read_ && !is_expired_) {
        if (again == kNever) woken_.wait(lock_);
        else must_read_ = !woken_.wait_until(lock_, again) || must_read_;
      }
      if (is_over_) return;
      is_expired = std::exchange(is_expired_, false);
      if (!is_expired) must_read_ = false;
    }
    again = kNever;
    if (is_expired) renew_session();
    else if (const auto leader = read_leader()) tell(*leader);
    else again = std::chrono::steady_clock::now() + kReadPause;
  }
}

void ZkLeaderRetrieval::renew_session() {
  const Status begun = client_->renew();
  if (begun) return;
  log::error(kLogger, begun.error().what);
  const TimePoint again = std::chrono::steady_clock::now() + kRenewalPause;
  const MutexLock lock(lock_);
  is_expired_ = true;
  while (!is_over_ && woken_.wait_until(lock_, again)) {}
}

void ZkLeaderRetrieval::on_session(ZkSessionState state, const ZkSession&) {
  const MutexLock lock(lock_);
  if (state == ZkSessionState::Connected) must_read_ = true;
  if (state == ZkSessionState::Expired) is_expired_ = true;
  woken_.notify_all();
}

void ZkLeaderRetrieval::on_changed(const std::string&) {
  const MutexLock lock(lock_);
  must_read_ = true;
  woken_.notify_all();
}

/// None: it could not be read. There may be no news of the connection before it can.
std::optional<LeaderAddress> ZkLeaderRetrieval::read_leader() {
  const LeaderAddress nobody;
  const std::string path = options_.paths.leader();
  // The watch first: what changes behind it is told.
  const auto seen = client_->exists(path, true);
  if (seen.outcome == ZkOutcome::NoNode) return nobody;
  if (!seen.is_done()) return std::nullopt;
  const auto read = client_->get(path);
  if (read.outcome == ZkOutcome::NotAllowed)
    note("ZooKeeper does not let this process read " + path +
         ": is it the cluster's secret (high-availability.zookeeper.client.secret-file)?");
  if (!read.is_done()) return std::nullopt;
  if (read.value.data.empty()) return nobody;  // elected, and not ready to be found
  const auto leader = decode_leader(read.value.data, path);
  if (leader) return *leader;
  note(leader.error().what);
  return std::nullopt;
}

/// Logs it, once.
void ZkLeaderRetrieval::note(const std::string& problem) {
  if (problem == noted_) return;
  noted_ = problem;
  log::error(kLogger, problem);
}

void ZkLeaderRetrieval::tell(const LeaderAddress& leader) {
  if (const auto news = sight_.on_read(leader)) listener_->on_leader(*news);
}

}  // namespace weir
