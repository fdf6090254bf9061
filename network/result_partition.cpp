// SPDX-License-Identifier: Apache-2.0
#include "network/result_partition.h"

#include <utility>

namespace weir {

namespace {

std::string name_of(const ResultPartitionId& id) {
  return "partition " + std::to_string(id.partition) + " of data set " + id.data_set.hex() + " (attempt " +
         id.producer.hex() + ")";
}

}  // namespace

ResultPartition::ResultPartition(ResultPartitionId id, std::uint32_t subpartition_count,
                                 std::shared_ptr<LocalBufferPool> pool, std::unique_ptr<SpillFile> file)
    : id_(id), pool_(std::move(pool)), file_(std::move(file)), unread_(subpartition_count) {
  WEIR_CHECK(pool_->size() >= subpartition_count, "a partition's pool has a segment for each subpartition");
  for (std::uint32_t i = 0; i < subpartition_count; ++i)
    subpartitions_.push_back(std::make_unique<Subpartition>(file_.get()));
}

void ResultPartition::set_listener(FlushListener* listener) {
  if (listener == nullptr) listener_.unset();
  else listener_.set(*listener);
}

std::optional<BufferBuilder> ResultPartition::request_builder(std::uint32_t subpartition) {
  auto builder = pool_->request();
  if (builder && file_ == nullptr) subpartitions_[subpartition]->add(builder->make_consumer());
  return builder;
}

void ResultPartition::finish_builder(std::uint32_t subpartition, BufferBuilder builder, std::uint32_t bytes) {
  if (file_ != nullptr) return store(subpartition, {builder.begin(), bytes});
  builder.finish(bytes);
  subpartitions_[subpartition]->on_finished();
  tell_consumable();
}

void ResultPartition::store(std::uint32_t subpartition, std::span<const std::byte> bytes) {
  if (bytes.empty() || write_failure_) return;
  const auto extent = file_->append(bytes);
  if (extent) return subpartitions_[subpartition]->add(*extent);
  write_failure_ = extent.error();
  pool_->close();
}

void ResultPartition::flush(std::uint32_t subpartition) {
  if (file_ != nullptr) return;
  subpartitions_[subpartition]->flush();
  tell_consumable();
}

void ResultPartition::broadcast(const StreamEvent& event) {
  for (const auto& subpartition : subpartitions_) subpartition->add(event);
  // A reader that is started when there is something to read would never pass on what has no records before.
  if (event.kind == StreamEvent::Kind::RoundMarker) tell_consumable();
}

void ResultPartition::finish() {
  broadcast({.kind = StreamEvent::Kind::EndOfPartition});
  pool_->close();
}

void ResultPartition::fail(const std::string& cause) {
  pool_->close();
  fail_readers({.code = ErrorCode::ProducerFailed,
                .what = "the producer of " + name_of(id_) + " failed: " + cause,
                .blame = Blame::Environment});
}

void ResultPartition::release() {
  pool_->close();
  fail_readers(
      {.code = ErrorCode::Closed, .what = name_of(id_) + " was released", .blame = Blame::Environment});
}

void ResultPartition::fail_readers(const Error& cause) {
  for (const auto& subpartition : subpartitions_) subpartition->fail(cause);
}

void ResultPartition::on_reader_starving(std::uint32_t subpartition) {
  if (!subpartitions_[subpartition]->mark_starving()) return;
  pool_->nudge();
  listener_.call([](FlushListener& listener) { listener.on_reader_starved(); });
}

void ResultPartition::release_subpartition(std::uint32_t subpartition) {
  subpartitions_[subpartition]->release();
  unread_.fetch_sub(1, std::memory_order_acq_rel);
}

}  // namespace weir
