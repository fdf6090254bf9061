// SPDX-License-Identifier: Apache-2.0
#include "network/partition_registry.h"

#include <string>
#include <utility>

namespace weir {

namespace {

Error not_found(const ResultPartitionId& id) {
  return {.code = ErrorCode::PartitionNotFound,
          .what = "partition " + std::to_string(id.partition) + " of data set " + id.data_set.hex() +
                  " was not found: attempt " + id.producer.hex() + " never registered it",
          .blame = Blame::Environment,
          .retry = Retry::Later};
}

Error closed() {
  return {.code = ErrorCode::Closed, .what = "the worker shuts down", .blame = Blame::Environment};
}

}  // namespace

PartitionRequest::PartitionRequest(const ResultPartitionId& id, DataListener& reader, std::uint32_t channel)
    : id_(id), channel_(channel) {
  reader_.set(reader);
}

void PartitionRequest::answer(Answer answer) {
  {
    MutexLock held(lock_);
    answer_ = std::move(answer);
  }
  reader_.call([this](DataListener& reader) { reader.on_data(channel_); });
}

std::optional<PartitionRequest::Answer> PartitionRequest::take() {
  MutexLock held(lock_);
  return std::exchange(answer_, std::nullopt);
}

void PartitionRequest::withdraw() { reader_.unset(); }

void PartitionRegistry::add(std::shared_ptr<ResultPartition> partition) {
  std::vector<std::shared_ptr<PartitionRequest>> answered;
  bool late = false;
  {
    MutexLock held(lock_);
    late = closed_;
    if (!late) {
      WEIR_CHECK(partitions_.emplace(partition->id(), partition).second, "a partition is registered once");
      const auto [first, last] = waiting_.equal_range(partition->id());
      for (auto it = first; it != last; ++it) {
        if (auto request = it->second.request.lock()) answered.push_back(std::move(request));
      }
      waiting_.erase(first, last);
    }
  }
  if (late) partition->release();
  for (const auto& request : answered) request->answer(partition);
}

void PartitionRegistry::request(const std::shared_ptr<PartitionRequest>& request) {
  std::optional<PartitionRequest::Answer> answer;
  {
    MutexLock held(lock_);
    const auto found = partitions_.find(request->id());
    if (closed_) answer = closed();
    else if (found != partitions_.end()) answer = found->second;
    else waiting_.emplace(request->id(), Waiting{.request = request});
  }
  if (answer) request->answer(std::move(*answer));
}

void PartitionRegistry::on_tick(TimePoint now) {
  std::vector<std::shared_ptr<PartitionRequest>> refused;
  {
    MutexLock held(lock_);
    for (auto it = waiting_.begin(); it != waiting_.end();) {
      auto& [id, waiting] = *it;
      if (!waiting.deadline) waiting.deadline = now + timeout_;
      if (now < *waiting.deadline && !waiting.request.expired()) {
        ++it;
        continue;
      }
      if (auto request = waiting.request.lock()) refused.push_back(std::move(request));
      it = waiting_.erase(it);
    }
  }
  for (const auto& request : refused) request->answer(not_found(request->id()));
}

void PartitionRegistry::remove(const ResultPartitionId& id) {
  std::shared_ptr<ResultPartition> removed;  // may end here, after the lock
  MutexLock held(lock_);
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return;
  removed = std::move(found->second);
  partitions_.erase(found);
}

void PartitionRegistry::release_all_of(const ExecutionAttemptId& producer) {
  std::vector<std::shared_ptr<ResultPartition>> released;
  {
    MutexLock held(lock_);
    for (auto it = partitions_.begin(); it != partitions_.end();) {
      if (it->first.producer != producer) {
        ++it;
        continue;
      }
      released.push_back(std::move(it->second));
      it = partitions_.erase(it);
    }
  }
  for (const auto& partition : released) partition->release();
}

void PartitionRegistry::release_all() {
  Partitions released;
  {
    MutexLock held(lock_);
    released.swap(partitions_);
  }
  for (const auto& [id, partition] : released) partition->release();
}

void PartitionRegistry::close() {
  Partitions released;
  std::multimap<ResultPartitionId, Waiting> refused;
  {
    MutexLock held(lock_);
    closed_ = true;
    released.swap(partitions_);
    refused.swap(waiting_);
  }
  for (const auto& [id, partition] : released) partition->release();
  for (const auto& [id, waiting] : refused) {
    if (const auto request = waiting.request.lock()) request->answer(closed());
  }
}

std::uint32_t PartitionRegistry::partition_count() const {
  MutexLock held(lock_);
  return static_cast<std::uint32_t>(partitions_.size());
}

}  // namespace weir
