// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <utility>

#include "base/log.h"
#include "ha/leader_record.h"
#include "ha/zk_leader.h"

namespace weir {

namespace {

constexpr std::string_view kLogger = "LeaderRetrieval";
constexpr Duration kRenewalPause = 1s;

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
  while (true) {
    bool is_expired = false;
    {
      const MutexLock lock(lock_);
      while (!is_over_ && !must_read_ && !is_expired_) woken_.wait(lock_);
      if (is_over_) return;
      is_expired = std::exchange(is_expired_, false);
      if (!is_expired) must_read_ = false;
    }
    if (is_expired) renew_session();
    else read_leader();
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

void ZkLeaderRetrieval::read_leader() {
  const std::string path = options_.paths.leader();
  // The watch first: what changes behind it is told.
  const auto seen = client_->exists(path, true);
  if (seen.outcome == ZkOutcome::NoNode) return tell({});
  if (!seen.is_done()) return;  // asked again when there is a connection
  const auto read = client_->get(path);
  if (!read.is_done()) return;
  if (read.value.data.empty()) return tell({});  // elected, and not ready to be found
  const auto leader = decode_leader(read.value.data, path);
  if (!leader) return log::error(kLogger, leader.error().what);
  tell(*leader);
}

void ZkLeaderRetrieval::tell(const LeaderAddress& leader) {
  if (const auto news = sight_.on_read(leader)) listener_->on_leader(*news);
}

}  // namespace weir
