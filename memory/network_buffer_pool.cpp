// SPDX-License-Identifier: Apache-2.0
#include "memory/network_buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "memory/local_buffer_pool.h"

namespace weir {

namespace {

Error insufficient(std::uint32_t required, std::uint64_t promised, std::uint32_t total,
                   std::uint32_t segment_bytes) {
  return {
      .code = ErrorCode::InsufficientBuffers,
      .what =
          "insufficient number of network buffers: required " + std::to_string(required) + ", but only " +
          std::to_string(total - promised) + " of " + std::to_string(total) + " (" +
          std::to_string(segment_bytes) +
          " bytes each) are not promised to others; raise taskmanager.network.memory.min, .max or .fraction",
      .blame = Blame::User,
      .retry = Retry::Later};
}

}  // namespace

NetworkBufferPool::Mapping NetworkBufferPool::reserve(std::size_t bytes) {
  if (bytes == 0) return Mapping(nullptr, Unmap{0});
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return Mapping(static_cast<std::byte*>(memory), Unmap{bytes});
}

void NetworkBufferPool::Unmap::operator()(std::byte* memory) const { ::munmap(memory, bytes); }

NetworkBufferPool::NetworkBufferPool(std::uint32_t segment_count, std::uint32_t segment_bytes)
    : segment_bytes_(segment_bytes),
      memory_(reserve(std::size_t{segment_count} * (segment_bytes + kSegmentSlackBytes))) {
  WEIR_CHECK(segment_bytes >= kMinSegmentBytes && segment_bytes % 64 == 0, "no size for a segment");
  free_.reserve(segment_count);
  for (std::uint32_t i = 0; i < segment_count; ++i) {
    auto* data = memory_.get() + std::size_t{i} * (segment_bytes + kSegmentSlackBytes);
    free_.push_back(&blocks_.emplace_back(MemorySegment{data, segment_bytes}));
  }
}

NetworkBufferPool::~NetworkBufferPool() {
  MutexLock held(lock_);
  WEIR_CHECK(free_.size() == blocks_.size(), "somebody still holds network segments");
}

Result<std::shared_ptr<LocalBufferPool>> NetworkBufferPool::create_pool(std::uint32_t required,
                                                                        std::uint32_t max) {
  WEIR_CHECK(required <= max && max > 0, "a pool needs room for what it requires");
  auto pool = std::make_shared<LocalBufferPool>(*this);
  Pools resized;
  {
    MutexLock held(lock_);
    std::uint64_t promised = 0;
    for (const auto& member : members_) promised += member.closed ? 0 : member.demand.required;
    if (promised + required > total_segments())
      return insufficient(required, promised, total_segments(), segment_bytes_);
    members_.push_back({.pool = pool, .demand = {.required = required, .max = max}});
    resized = redistribute();
  }
  for (const auto& other : resized) other->on_resized();
  auto* raw = pool.get();
  return std::shared_ptr<LocalBufferPool>(raw, [pool = std::move(pool)](LocalBufferPool*) { pool->close(); });
}

std::uint32_t NetworkBufferPool::available_segments() const {
  MutexLock held(lock_);
  return static_cast<std::uint32_t>(free_.size());
}

SegmentBlock* NetworkBufferPool::take(const LocalBufferPool& pool, bool will_wait) {
  MutexLock held(lock_);
  const auto member = find(pool);
  if (member == members_.end() || member->closed) return nullptr;
  if (free_.empty()) {
    if (will_wait) short_of_segments_.push_back(member->pool);
    return nullptr;
  }
  ++member->taken;
  auto* block = free_.back();
  free_.pop_back();
  return block;
}

void NetworkBufferPool::give_back(const LocalBufferPool& pool, Blocks blocks) {
  Pools to_wake;
  std::shared_ptr<LocalBufferPool> ended;  // dropped last: `pool` may be it
  {
    MutexLock held(lock_);
    const auto member = find(pool);
    ended = put_back(*member, blocks);
    to_wake.swap(short_of_segments_);
  }
  for (const auto& other : to_wake) other->on_global_segment();
}

void NetworkBufferPool::close(const LocalBufferPool& pool, Blocks blocks) {
  Pools to_wake;
  Pools resized;
  std::shared_ptr<LocalBufferPool> ended;
  {
    MutexLock held(lock_);
    const auto member = find(pool);
    member->closed = true;
    ended = put_back(*member, blocks);
    to_wake.swap(short_of_segments_);
    resized = redistribute();
  }
  for (const auto& other : resized) other->on_resized();
  for (const auto& other : to_wake) other->on_global_segment();
}

std::vector<NetworkBufferPool::Member>::iterator NetworkBufferPool::find(const LocalBufferPool& pool) {
  return std::find_if(members_.begin(), members_.end(),
                      [&](const Member& m) { return m.pool.get() == &pool; });
}

std::shared_ptr<LocalBufferPool> NetworkBufferPool::put_back(Member& member, Blocks blocks) {
  free_.insert(free_.end(), blocks.begin(), blocks.end());
  member.taken -= static_cast<std::uint32_t>(blocks.size());
  if (!member.closed || member.taken > 0) return nullptr;
  auto ended = std::move(member.pool);
  members_.erase(members_.begin() + (&member - members_.data()));
  return ended;
}

NetworkBufferPool::Pools NetworkBufferPool::redistribute() {
  Pools open;
  std::vector<SegmentDemand> demands;
  for (const auto& member : members_) {
    if (member.closed) continue;
    open.push_back(member.pool);
    demands.push_back(member.demand);
  }
  const auto sizes = distribute_segments(total_segments(), demands);
  for (std::size_t i = 0; i < open.size(); ++i) open[i]->set_size(sizes[i]);
  return open;
}

}  // namespace weir
