// SPDX-License-Identifier: Apache-2.0
#include "execution/task/state_upload.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <span>
#include <string>

#include "test/support/gate.h"

using namespace weir;
using namespace weir::testing;

namespace {

/// A disk that takes its time to close a file, and notes who takes a stream away meanwhile.
class SlowDisk final : public CheckpointStorage {
public:
  Result<std::unique_ptr<StateStream>> create(const std::string&) override {
    return std::unique_ptr<StateStream>(std::make_unique<Stream>(*this));
  }

  Gate closing;
  std::atomic<bool> is_closing = false;
  std::atomic<bool> was_taken_away = false;

private:
  class Stream final : public StateStream {
  public:
    explicit Stream(SlowDisk& disk) : disk_(disk) {}
    ~Stream() override {
      if (disk_.is_closing) disk_.was_taken_away = true;
    }
    Status write_summed(std::span<const std::byte> bytes, std::uint32_t) override {
      written_ += bytes.size();
      return Status::ok();
    }
    Result<StateHandle> close() override {
      disk_.is_closing = true;
      disk_.closing.pass();
      disk_.is_closing = false;
      return StateHandle{.path = "there", .bytes = written_};
    }

  private:
    SlowDisk& disk_;
    std::uint64_t written_ = 0;
  };
};

}  // namespace

TEST_CASE("an upload that is abandoned while its file is closed lets go of it afterwards") {
  const auto disk = std::make_shared<SlowDisk>();
  std::atomic<int> answers = 0;
  Gate others;
  {
    SnapshotWriters writers(2);
    const auto upload =
        StateUpload::begin(writers, disk, std::make_shared<BlockBuffers>(), "state",
                           [&](const Result<StateHandle>& file) { answers += file.has_value(); });
    upload->add({.state = 0, .group = 0, .entry_count = 1, .payload = std::vector<std::byte>(8)});
    upload->finish({});
    disk->closing.await_waiting(1);
    upload->abandon();
    upload->abandon();
    upload->add({.state = 0, .group = 0, .entry_count = 1, .payload = std::vector<std::byte>(8)});
    writers.post([&] { others.pass(); });  // the other writer is here: it has nothing before this to do
    others.await_waiting(1);
    CHECK_FALSE(disk->was_taken_away);
    disk->closing.open();
    others.open();
  }
  CHECK_FALSE(disk->was_taken_away);
  CHECK(answers == 1);
}
