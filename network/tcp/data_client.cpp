// SPDX-License-Identifier: Apache-2.0
#include "network/tcp/data_client.h"

namespace weir {

namespace {

/// What a reader holds who has been told that there is no connection.
class NoConnection final : public PartitionConnection {
public:
  void add_credit(std::uint32_t) override {}
  void tell_starving() override {}
  void close() override {}
};

}  // namespace

std::shared_ptr<PartitionConnection> DataClient::open(const RemotePartition& wanted, std::uint32_t credit,
                                                      std::shared_ptr<PartitionReceiver> receiver) {
  for (;;) {
    auto link = find(wanted.address);
    if (link == nullptr) {
      auto added = add(wanted.address);
      if (!added) {
        receiver->on_failure(added.error());
        return std::make_shared<NoConnection>();
      }
      link = std::move(*added);
    }
    if (auto connection = link->open(wanted, credit, receiver)) return connection;
    remove(wanted.address, link);
  }
}

std::shared_ptr<ClientLink> DataClient::find(const std::string& address) {
  MutexLock held(lock_);
  const auto found = links_.find(address);
  return found == links_.end() ? nullptr : found->second;
}

Result<std::shared_ptr<ClientLink>> DataClient::add(const std::string& address) {
  if (!options_.get()->identity) return in_no_cluster();
  if (auto started = loop_.start(); !started) return started.error();
  const auto resolved = SocketAddress::resolve(address);  // may wait, so without the lock
  if (!resolved) return resolved.error();
  MutexLock held(lock_);
  auto& link = links_[address];  // somebody may have been quicker
  if (link == nullptr) link = std::make_shared<ClientLink>(loop_, options_.get(), *resolved, address);
  return link;
}

void DataClient::join_cluster(const LinkIdentity& identity) {
  std::map<std::string, std::shared_ptr<ClientLink>> old;
  {
    MutexLock held(lock_);
    if (!options_.join_cluster(identity)) return;
    old.swap(links_);
  }
  for (const auto& [address, link] : old) {
    link->abandon({.code = ErrorCode::ConnectionLost,
                   .what = "this worker has joined another cluster",
                   .blame = Blame::Environment});
  }
}

void DataClient::remove(const std::string& address, const std::shared_ptr<ClientLink>& link) {
  MutexLock held(lock_);
  const auto found = links_.find(address);
  if (found != links_.end() && found->second == link) links_.erase(found);
}

}  // namespace weir
