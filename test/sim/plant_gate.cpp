// SPDX-License-Identifier: Apache-2.0
#include "test/sim/plant_gate.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "test/sim/planted.h"
#include "test/sim/schedule.h"

namespace weir::sim {

namespace {

constexpr unsigned kLongestHunt = 900;  // seconds; longer: it goes round and round
constexpr std::size_t kLongestResult = 160;

struct Hunt {
  const Plant* plant = nullptr;
  pid_t process = 0;  // 0: it is over, or never began
  int pipe = -1;
  std::string result;
  bool is_found = false;
};

/// What the process of a hunt says at its end.
std::string look_for(const Plant& plant, std::uint64_t seed, std::uint64_t first, std::uint64_t schedules) {
  planted() = plant.number;
  for (std::uint64_t i = 0; i < schedules; ++i) {
    const Verdict verdict = run_schedule(seed_of(seed, first + i));
    if (!verdict.violation.empty())
      return "found in schedule " + std::to_string(i + 1) + ": " + verdict.violation;
  }
  return {};
}

void begin(Hunt& hunt, std::uint64_t seed, std::uint64_t first, std::uint64_t schedules) {
  int ends[2];
  WEIR_CHECK(::pipe(ends) == 0, "a pipe can be had");
  std::fflush(stdout);
  hunt.process = ::fork();
  WEIR_CHECK(hunt.process >= 0, "a process can be had");
  hunt.pipe = ends[0];
  if (hunt.process == 0) {
    ::alarm(kLongestHunt);
    const std::string result = look_for(*hunt.plant, seed, first, schedules);
    const std::size_t length = std::min(result.size(), kLongestResult);
    ::_exit(::write(ends[1], result.data(), length) == static_cast<ssize_t>(length) ? 0 : 1);
  }
  ::close(ends[1]);
}

void finish(Hunt& hunt, int status) {
  hunt.process = 0;
  char text[kLongestResult];
  const ssize_t length = ::read(hunt.pipe, text, sizeof text);
  ::close(hunt.pipe);
  hunt.is_found = WIFEXITED(status) && length > 0;
  if (WIFSIGNALED(status)) hunt.result = "DIED of signal " + std::to_string(WTERMSIG(status));
  else if (hunt.is_found) hunt.result.assign(text, static_cast<std::size_t>(length));
  else hunt.result = "NOT FOUND";
}

/// Waits for one of them to end.
void finish_one(std::vector<Hunt>& hunts) {
  int status = 0;
  const pid_t ended = ::waitpid(-1, &status, 0);
  for (Hunt& hunt : hunts)
    if (ended > 0 && hunt.process == ended) finish(hunt, status);
}

void tell(const Hunt& hunt) {
  std::printf("%2d  %.*s\n    %s\n", hunt.plant->number, static_cast<int>(hunt.plant->name.size()),
              hunt.plant->name.data(), hunt.result.c_str());
  std::fflush(stdout);
}

}  // namespace

bool find_all_plants(std::uint64_t seed, std::uint64_t first, std::uint64_t schedules) {
  std::vector<Hunt> hunts;
  for (const Plant& plant : plants()) hunts.push_back({.plant = &plant});
  const std::size_t cores = std::max(1U, std::thread::hardware_concurrency());
  std::size_t begun = 0;
  for (std::size_t told = 0; told < hunts.size();) {
    const auto running =
        std::count_if(hunts.begin(), hunts.end(), [](const Hunt& h) { return h.process != 0; });
    if (begun < hunts.size() && static_cast<std::size_t>(running) < cores) {
      Hunt& hunt = hunts[begun++];
      if (!hunt.plant->is_there) hunt.result = "DOES NOT FIT any more: change plants.py";
      else begin(hunt, seed, first, schedules);
    } else {
      finish_one(hunts);
    }
    for (; told < begun && hunts[told].process == 0; ++told) tell(hunts[told]);
  }
  const auto missed = std::count_if(hunts.begin(), hunts.end(), [](const Hunt& h) { return !h.is_found; });
  std::printf("%zu bugs planted, %td not found\n", hunts.size(), missed);
  return missed == 0;
}

}  // namespace weir::sim
