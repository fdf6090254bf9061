// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/memory_storage.h"

#include <utility>
#include <vector>

#include "base/crc32c.h"

namespace weir {

namespace {

class MemoryStream final : public StateStream {
public:
  MemoryStream(std::string name, std::size_t most_bytes) : name_(std::move(name)), most_bytes_(most_bytes) {}

  Status write_summed(std::span<const std::byte> bytes, std::uint32_t crc) override {
    crc_ = crc32c_joined(crc_, crc, bytes.size());
    bytes_ += bytes.size();
    if (bytes_ > most_bytes_) content_ = {};  // counted to the end, so that one hears how much it would be
    else content_.insert(content_.end(), bytes.begin(), bytes.end());
    return Status::ok();
  }

  Result<StateHandle> close() override {
    if (bytes_ > most_bytes_) return too_much();
    return StateHandle{.content = std::move(content_), .bytes = bytes_, .crc = crc_};
  }

private:
  [[nodiscard]] Error too_much() const {
    return {ErrorCode::IoFailure,
            "the state \"" + name_ + "\" has " + std::to_string(bytes_) + " bytes, more than the " +
                std::to_string(most_bytes_) +
                " that the state backend `memory` takes: set state.backend to `filesystem` or `rocksdb`, and "
                "state.checkpoints.dir",
            Blame::User};
  }

  const std::string name_;
  const std::size_t most_bytes_;
  std::uint64_t bytes_ = 0;  // also of what was refused
  std::uint32_t crc_ = 0;
  std::vector<std::byte> content_;
};

}  // namespace

Result<std::unique_ptr<StateStream>> MemoryCheckpointStorage::create(const std::string& name) {
  return std::unique_ptr<StateStream>(std::make_unique<MemoryStream>(name, most_bytes_));
}

}  // namespace weir
