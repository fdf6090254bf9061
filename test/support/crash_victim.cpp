// SPDX-License-Identifier: Apache-2.0
// A process that crashes as its first argument says and reports it into the file of the second one.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string_view>

#include "base/crash_report.h"
#include "base/result.h"
#include "base/thread.h"
#include "test/support/local_job.h"

namespace {

using namespace weir;

[[gnu::noinline]] std::uint64_t dereference(const volatile std::uint64_t* nothing) { return *nothing; }

[[gnu::noinline]] std::uint64_t recurse(std::uint64_t depth) {
  if (depth == std::uint64_t{1} << 60) return 0;  // the compiler shall not see through us
  volatile char page[512] = {};
  page[0] = static_cast<char>(depth);
  return recurse(depth + 1) + static_cast<std::uint64_t>(page[0]);
}

/// An operator as users write them.
struct Archive final : SinkOperator<std::uint64_t> {
  void process(const std::uint64_t& value, EventTime) override {
    if (value == 5) (void)dereference(nullptr);
  }
};

/// Numbers through a few operators of one chain, of which `second` is the user's mistake.
template <class Second>
void run_job(Second second) {
  testing::LocalJob().run([&](Environment& env) {
    env.job_name("sums");
    env.generate(10, [](std::uint64_t i) { return i; })
        .map([](std::uint64_t i) { return i + 1; })
        .name("first")
        .map(second)
        .name("second")
        .filter([](std::uint64_t i) { return i < 100; })
        .name("third")
        .template sink<Archive>("archive", [] { return std::make_unique<Archive>(); });
  });
}

void crash(std::string_view how) {
  if (how == "map") run_job([](std::uint64_t i) { return i == 4 ? dereference(nullptr) : i; });
  if (how == "sink") run_job([](std::uint64_t i) { return i; });
  if (how == "overflow") run_job([](std::uint64_t i) { return i == 4 ? recurse(i) : i; });
  if (how == "source") {
    testing::LocalJob().run([](Environment& env) {
      env.generate(10, [](std::uint64_t i) { return i == 4 ? dereference(nullptr) : i; }).discard();
    });
  }
  if (how == "abort") std::abort();
  if (how == "promise") WEIR_CHECK(how.empty(), "a promise of ours");
  if (how == "throw") throw std::runtime_error("nobody wants me");
  if (how == "thread") {
    Thread("victim", [] { (void)dereference(nullptr); }).join();
  }
  if (how == "overflow_of_main") (void)recurse(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  if (!crash_report::install(argv[2])) return 2;
  crash(argv[1]);
  return 0;
}
