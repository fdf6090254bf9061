// SPDX-License-Identifier: Apache-2.0
// Shows when nothing comes out: a number every millisecond and source, through an exchange, to a sink that at
// once appends the time of its machine to a file. It ends when another file is there.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "api/program.h"

namespace {

struct Beat {
  std::int64_t number = 0;
};

void append(const std::string& path, const std::string& line) {
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  (void)!::write(file, line.data(), line.size());
  ::close(file);
}

std::int64_t nanoseconds_now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

class BeatSource final : public weir::SourceFunction<Beat> {
public:
  explicit BeatSource(const std::string& until) : until_(until) {}
  void run(weir::SourceContext<Beat>& context) override {
    auto next = std::chrono::steady_clock::now();
    while (context.is_running() && ::access(until_.c_str(), F_OK) != 0) {
      context.collect({number_++});
      context.await_until(next += std::chrono::milliseconds(1));
    }
  }

private:
  const std::string until_;
  std::int64_t number_ = 0;
};

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::string output = params.require("output");
  const std::string until = params.require("until");
  env.enable_checkpointing(std::chrono::milliseconds(params.get_int("interval", 100)));
  env.buffer_timeout(std::chrono::milliseconds(1));
  env.add_source<Beat>("Beats", [until] { return std::make_unique<BeatSource>(until); })
      .rebalance()
      .for_each([output](const Beat&) { append(output, std::to_string(nanoseconds_now()) + "\n"); });
  env.job_name("Pulse");
}
