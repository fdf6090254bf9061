// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/leftovers.h"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "apps/drill/recorder.h"
#include "base/address.h"

namespace weir::drill {

namespace {

constexpr Duration kPause = 50ms;
constexpr const char* kIdentity = "identity";  // of a cluster, by which its nodes know each other

/// Asks until there is nothing or patience is over; what was left then.
template <class Ask>
auto left_after(Ask ask, Duration patience) {
  Recorder quiet;
  const TimePoint deadline = std::chrono::steady_clock::now() + patience;
  auto left = ask();
  while (!left.empty() && std::chrono::steady_clock::now() < deadline) {
    quiet.pass(kPause);
    left = ask();
  }
  return left;
}

/// Zombies do not count: they wait for a parent that is on its way.
bool is_alive(pid_t pid) {
  std::string line;
  if (!std::getline(std::ifstream("/proc/" + std::to_string(pid) + "/stat"), line)) return false;
  return line.find(") Z ") == std::string::npos && line.find("(weir") != std::string::npos;
}

}  // namespace

std::vector<std::string> nodes_left_of(Observer& observer, JobId job, Duration patience) {
  return left_after([&] { return observer.nodes_of(job); }, patience);
}

bool leader_is_gone(Observer& observer, Duration patience) {
  const auto ask = [&] { return observer.has_leader() ? std::string("leader") : std::string(); };
  return left_after(ask, patience).empty();
}

std::vector<std::string> processes_left_of(const std::vector<pid_t>& pids, Duration patience) {
  return left_after(
      [&] {
        std::vector<std::string> alive;
        for (const pid_t pid : pids)
          if (is_alive(pid)) alive.push_back(std::to_string(pid));
        return alive;
      },
      patience);
}

std::vector<std::string> ports_left_of(const std::vector<std::string>& addresses) {
  // "  0: 0100007F:1A0B 00000000:0000 0A ...": bytes of the address turned round, port, peer, state.
  constexpr const char* kListens = "0A";
  std::set<std::string> listening;
  std::ifstream table("/proc/self/net/tcp");
  for (std::string line; std::getline(table, line);) {
    std::istringstream words(line);
    std::string number, here, there, state;
    if (words >> number >> here >> there >> state && state == kListens)
      listening.insert(here.substr(here.find(':') + 1));
  }
  std::vector<std::string> left;
  for (const std::string& address : addresses) {
    const auto place = split_address(address);
    if (!place || !is_loopback(place->host)) continue;
    char port[8];
    std::snprintf(port, sizeof port, "%04X", place->port);
    if (listening.contains(port)) left.push_back(address);
  }
  return left;
}

std::vector<std::string> files_left_in(const std::vector<std::string>& folders) {
  std::vector<std::string> left;
  for (const std::string& folder : folders) {
    std::error_code gone;
    for (std::filesystem::recursive_directory_iterator at(folder, gone), end; !gone && at != end;
         at.increment(gone))
      if (at->is_regular_file(gone) && at->path().filename() != kIdentity)
        left.push_back(at->path().string());
  }
  return left;
}

}  // namespace weir::drill
