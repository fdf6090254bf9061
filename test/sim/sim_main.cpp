// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <random>
#include <string>

#include "test/sim/plant_gate.h"
#include "test/sim/planted.h"
#include "test/sim/schedule.h"

namespace weir::sim {

namespace {

constexpr const char* kUsage =
    "sim [--seed S] [--schedules N] [--seconds T] [--first K] [--tail LINES] [--planted B | --plants]\n"
    "\n"
    "Runs the control plane under virtual time while things break, schedule after schedule.\n"
    "  --seed S        of all schedules; else a random one, which is printed\n"
    "  --schedules N   how many (1000; with --seconds: as many as there is time for)\n"
    "  --seconds T     begins no other after this time\n"
    "  --first K       the number of the first; with --schedules 1 just that one is run, and told\n"
    "  --tail LINES    how much is told of one that breaks a promise (120)\n"
    "  --planted B     with the bug of this number in the logic\n"
    "  --plants        plants one bug after the other: each must be found within --schedules\n"
    "Exits with 1 at the first broken promise, and says how to see it again.\n";

struct Options {
  std::uint64_t seed = std::random_device{}();
  std::uint64_t schedules = 0;
  std::uint64_t first = 0;
  double seconds = 0;
  std::size_t tail = 120;
  bool plants_all = false;
};

bool parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (name == "--plants") {
      options.plants_all = true;
      --i;
      continue;
    }
    if (i + 1 == argc) return false;
    const char* value = argv[i + 1];
    char* end = nullptr;
    const double number = std::strtod(value, &end);
    if (*end != 0 || number < 0) return false;
    const auto count = std::strtoull(value, nullptr, 10);
    if (name == "--seed") options.seed = count;
    else if (name == "--schedules") options.schedules = count;
    else if (name == "--first") options.first = count;
    else if (name == "--seconds") options.seconds = number;
    else if (name == "--tail") options.tail = count;
    else if (name == "--planted") planted() = static_cast<int>(count);
    else return false;
  }
  if (options.schedules == 0) options.schedules = options.seconds > 0 ? UINT64_MAX : 1000;
  return true;
}

void tell_story(const Options& options, std::uint64_t schedule) {
  const Verdict told = run_schedule(seed_of(options.seed, schedule), true);
  const std::size_t from = told.story.size() > options.tail ? told.story.size() - options.tail : 0;
  for (std::size_t i = from; i < told.story.size(); ++i) std::printf("%s\n", told.story[i].c_str());
}

int plant_all(const Options& options) {
  std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  return find_all_plants(options.seed, options.first, options.schedules) ? 0 : 1;
}

int run(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const auto began = Clock::now();
  const auto elapsed = [&] { return std::chrono::duration<double>(Clock::now() - began).count(); };
  std::printf("seed %llu\n", static_cast<unsigned long long>(options.seed));
  std::fflush(stdout);
  Tally all;
  Duration simulated{};
  std::uint64_t done = 0;
  for (; done < options.schedules && (options.seconds <= 0 || elapsed() < options.seconds); ++done) {
    const Verdict verdict = run_schedule(seed_of(options.seed, options.first + done));
    all.events += verdict.tally.events;
    all.faults += verdict.tally.faults;
    all.leaders += verdict.tally.leaders;
    all.checkpoints += verdict.tally.checkpoints;
    all.restores += verdict.tally.restores;
    all.refused += verdict.tally.refused;
    simulated += verdict.simulated;
    if (verdict.violation.empty()) continue;
    tell_story(options, options.first + done);
    std::printf("\nBROKEN in schedule %llu: %s\nsee it again: sim --seed %llu --first %llu --schedules 1\n",
                static_cast<unsigned long long>(options.first + done), verdict.violation.c_str(),
                static_cast<unsigned long long>(options.seed),
                static_cast<unsigned long long>(options.first + done));
    return 1;
  }
  if (options.schedules == 1) tell_story(options, options.first);
  const auto number = [](std::uint64_t n) { return static_cast<unsigned long long>(n); };
  const double core_seconds = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  std::printf("schedules %llu, %.0f a second, %.0f a second of a core; simulated %.0f s, %llu events\n",
              number(done), static_cast<double>(done) / elapsed(), static_cast<double>(done) / core_seconds,
              std::chrono::duration<double>(simulated).count(), number(all.events));
  std::printf("faults %llu, leaders %llu, restores %llu, checkpoints %llu, stale messages refused %llu\n",
              number(all.faults), number(all.leaders), number(all.restores), number(all.checkpoints),
              number(all.refused));
  std::printf("all promises kept\n");
  return 0;
}

}  // namespace

}  // namespace weir::sim

int main(int argc, char** argv) {
  weir::sim::Options options;
  if (!weir::sim::parse(argc, argv, options)) {
    std::fputs(weir::sim::kUsage, argc > 1 && std::strcmp(argv[1], "--help") == 0 ? stdout : stderr);
    return argc > 1 && std::strcmp(argv[1], "--help") == 0 ? 0 : 2;
  }
  return options.plants_all ? weir::sim::plant_all(options) : weir::sim::run(options);
}
