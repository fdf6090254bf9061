// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/output_watch.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <iterator>

namespace weir::drill {

namespace {

constexpr std::uint32_t kCommitted = IN_MOVED_TO | IN_CREATE;
constexpr std::uint32_t kRemoved = IN_MOVED_FROM | IN_DELETE;
constexpr std::uint32_t kChanged = IN_MODIFY;

OutputSeen::Kind kind_of(std::uint32_t mask) {
  if ((mask & kRemoved) != 0) return OutputSeen::Kind::Removed;
  return (mask & kChanged) != 0 ? OutputSeen::Kind::Changed : OutputSeen::Kind::Committed;
}

}  // namespace

std::uint64_t checkpoint_of(const std::string& part_file) {
  if (!part_file.starts_with("part-")) return 0;
  return std::strtoull(part_file.c_str() + part_file.rfind('-') + 1, nullptr, 10);
}

Result<std::unique_ptr<OutputWatch>> OutputWatch::start(const std::string& folder, Recorder& recorder) {
  const int changes = ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (changes < 0 || ::inotify_add_watch(changes, folder.c_str(), kCommitted | kRemoved | kChanged) < 0) {
    Error error{ErrorCode::IoFailure, "'" + folder + "' cannot be watched: " + std::strerror(errno),
                Blame::Environment, Retry::Later};
    if (changes >= 0) ::close(changes);
    return error;
  }
  return std::unique_ptr<OutputWatch>(new OutputWatch(changes, recorder));
}

OutputWatch::OutputWatch(int changes, Recorder& recorder) : changes_(changes), recorder_(recorder) {
  WEIR_CHECK(::pipe2(stop_, O_CLOEXEC) == 0, "the machine gives no pipe");
  thread_ = Thread("output", [this] { run(); });
}

OutputWatch::~OutputWatch() {
  ::close(stop_[1]);
  thread_.join();
  ::close(stop_[0]);
  ::close(changes_);
}

void OutputWatch::run() {
  pollfd sources[] = {{changes_, POLLIN, 0}, {stop_[0], POLLIN, 0}};
  while (true) {
    if (::poll(sources, std::size(sources), -1) < 0 && errno != EINTR) return;
    while (take_changes()) {}
    if (sources[1].revents != 0) return;
  }
}

bool OutputWatch::take_changes() {
  std::array<char, 16 << 10> bytes;
  const ssize_t count = ::read(changes_, bytes.data(), bytes.size());
  const TimePoint now = std::chrono::steady_clock::now();
  for (ssize_t at = 0; at < count;) {
    inotify_event event;
    std::memcpy(&event, bytes.data() + at, sizeof event);
    const std::string name(event.len == 0 ? "" : bytes.data() + at + sizeof event);
    at += static_cast<ssize_t>(sizeof event + event.len);
    if (name.empty() || name.starts_with('.')) continue;
    recorder_.add(OutputSeen{
        .kind = kind_of(event.mask), .file = name, .checkpoint = checkpoint_of(name), .at = now});
  }
  return count > 0;
}

}  // namespace weir::drill
