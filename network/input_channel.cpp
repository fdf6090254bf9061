// SPDX-License-Identifier: Apache-2.0
#include "network/input_channel.h"

#include <string>
#include <utility>

namespace weir {

void LocalInputChannel::request_partition(DataListener& gate, std::uint32_t index) {
  gate_ = &gate;
  index_ = index;
  request_ = std::make_shared<PartitionRequest>(id_, gate, index);
  registry_.request(request_);
}

Polled LocalInputChannel::poll(BufferOrEvent& out, Wanted wanted) {
  if (request_ != nullptr) take_answer();
  if (failure_) return {.kind = Polled::Kind::Failed};
  if (partition_ == nullptr) return {.kind = Polled::Kind::Empty};
  const auto polled = partition_->subpartition(subpartition_).poll(out, wanted);
  if (polled.kind == Polled::Kind::Failed) failure_ = partition_->subpartition(subpartition_).failure();
  return polled;
}

void LocalInputChannel::take_answer() {
  auto answer = request_->take();
  if (!answer) return;
  request_.reset();
  if (!*answer) {
    failure_ = answer->error();
    return;
  }
  auto partition = std::move(**answer);
  if (subpartition_ < partition->subpartition_count() &&
      partition->subpartition(subpartition_).attach(*gate_, index_)) {
    partition_ = std::move(partition);
    return;
  }
  failure_ = {.code = ErrorCode::PartitionNotFound,
              .what = "subpartition " + std::to_string(subpartition_) + " of partition " +
                      std::to_string(id_.partition) + " of data set " + id_.data_set.hex() +
                      " does not exist or was read before",
              .blame = Blame::Bug};
}

void LocalInputChannel::on_starving() {
  if (partition_ != nullptr) partition_->on_reader_starving(subpartition_);
}

Error LocalInputChannel::failure() const { return failure_.value_or(Error{}); }

void LocalInputChannel::release() {
  if (request_ != nullptr) {
    request_->withdraw();
    take_answer();  // a partition that came in the meantime must learn that we do not want it
    request_.reset();
  }
  if (partition_ == nullptr) return;
  partition_->release_subpartition(subpartition_);
  if (partition_->is_consumed()) registry_.remove(id_);
  partition_.reset();
}

}  // namespace weir
