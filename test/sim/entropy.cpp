// SPDX-License-Identifier: Apache-2.0
#include "test/sim/entropy.h"

#include <array>
#include <string>
#include <utility>

#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "test/sim/random.h"

namespace weir::sim {

namespace {

Random& entropy() {
  static thread_local Random source{0};
  return source;
}

auto& sink() {
  static thread_local std::function<void(std::string_view, std::string_view)> where;
  return where;
}

}  // namespace

void seed_entropy(std::uint64_t seed) { entropy() = Random(seed); }

void log_to(std::function<void(std::string_view, std::string_view)> where) { sink() = std::move(where); }

}  // namespace weir::sim

namespace weir::detail {

std::array<std::uint64_t, 2> random_bits() {
  const std::uint64_t high = sim::entropy().next();
  return {high, sim::entropy().next()};
}

void check_failed(const char* file, int line, const char* condition, std::string_view message) {
  throw sim::CheckFailed(std::string(file) + ":" + std::to_string(line) + ": " + condition + ": " +
                         std::string(message));
}

}  // namespace weir::detail

namespace weir::log {

void write(Level, std::string_view logger, std::string_view message) {
  if (sim::sink()) sim::sink()(logger, message);
}

}  // namespace weir::log
