// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "network/input_channel.h"
#include "network/remote_inbox.h"

namespace weir {

/// A stream from a task in another worker. What the link's thread brings waits in an inbox that both share.
class RemoteInputChannel final : public InputChannel {
public:
  /// `links` outlives this.
  RemoteInputChannel(ConnectionProvider& links, RemotePartition wanted, RemoteBuffers buffers)
      : links_(links),
        wanted_(std::move(wanted)),
        inbox_(std::make_shared<RemoteInbox>(std::move(buffers))) {}
  ~RemoteInputChannel() override { inbox_->release(); }

  void request_partition(DataListener& gate, std::uint32_t index) override {
    inbox_->open(links_, wanted_, gate, index);
  }
  [[nodiscard]] Polled poll(BufferOrEvent& out) override { return inbox_->poll(out); }
  void on_starving() override { inbox_->tell_starving(); }
  [[nodiscard]] Error failure() const override { return inbox_->failure(); }
  void release() override { inbox_->release(); }

private:
  ConnectionProvider& links_;
  const RemotePartition wanted_;
  const std::shared_ptr<RemoteInbox> inbox_;
};

}  // namespace weir
