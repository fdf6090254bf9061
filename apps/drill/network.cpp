// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/network.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "apps/drill/process.h"
#include "base/thread.h"

namespace weir::drill {

namespace {

constexpr const char* kShell = "/bin/sh";
constexpr std::array kIpPaths{"/usr/sbin/ip", "/sbin/ip", "/usr/bin/ip", "/bin/ip"};
constexpr const char* kNowhere = "nowhere";

Error failed(const std::string& what) {
  return {ErrorCode::IoFailure, what, Blame::Environment, Retry::Never};
}

std::string ip() {
  for (const char* path : kIpPaths)
    if (::access(path, X_OK) == 0) return path;
  return {};
}

/// `lines` are arguments of `ip`, each run in turn.
Status run_ip(const std::vector<std::string>& lines, int name_space = -1) {
  std::string script = "set -e";
  for (const std::string& line : lines) script += "; " + ip() + " " + line;
  Process process({kShell, "-c", script}, {}, name_space);
  const auto end = process.await_end();
  if (end == ProcessEnd{.code = 0}) return Status::ok();
  (void)process.await_line("no such line", 1s, Process::Stream::Err);
  return failed("ip: " + process.text(Process::Stream::Err));
}

/// For one who is not root: root in a namespace of users, which may then make networks.
bool become_root() {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  if (uid == 0) return true;
  if (::unshare(CLONE_NEWUSER) != 0) return false;
  std::ofstream("/proc/self/setgroups") << "deny";
  std::ofstream("/proc/self/uid_map") << "0 " << uid << " 1";
  std::ofstream("/proc/self/gid_map") << "0 " << gid << " 1";
  return ::geteuid() == 0;
}

/// Empty if we are in a network of our own now; else why not.
std::string enter_own_network() {
  if (ip().empty()) return "there is no ip command (Debian: iproute2)";
  if (!become_root() || ::unshare(CLONE_NEWNET) != 0)
    return std::string("the machine gives no network namespace: ") + std::strerror(errno);
  const Status made = run_ip({"link set lo up", "link add weir-bridge type bridge",
                              "addr add 10.77.0.1/16 dev weir-bridge", "link set weir-bridge up"});
  return made ? std::string() : made.error().what;
}

/// A new namespace, which lives as long as the descriptor; -1: there is none.
int make_name_space() {
  int made = -1;
  Thread("namespace", [&made] {
    if (::unshare(CLONE_NEWNET) == 0) made = ::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  }).join();
  return made;
}

}  // namespace

Place::~Place() {
  if (name_space_ >= 0) ::close(name_space_);
}

std::unique_ptr<Network> Network::make() { return loopback(enter_own_network()); }

std::unique_ptr<Network> Network::loopback(std::string why) {
  return std::unique_ptr<Network>(new Network(std::move(why)));
}

std::string Network::next_host() {
  ++count_;
  return "10.77." + std::to_string(count_ / 250) + "." + std::to_string(count_ % 250 + 1);
}

Result<Place> Network::add() {
  if (!can_cut()) return Place();
  Place place(next_host(), make_name_space());
  if (place.name_space() < 0) return failed(std::string("no network namespace: ") + std::strerror(errno));
  const std::string ours = "n" + std::to_string(count_);
  const std::string its = "/proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(place.name_space());
  const Status linked = run_ip({"link add " + ours + " type veth peer name eth0 netns " + its,
                                "link set " + ours + " master weir-bridge up"});
  if (!linked) return linked.error();
  const std::string nowhere = kNowhere;
  const Status up = run_ip({"link set lo up", "addr add " + place.host() + "/16 dev eth0", "link set eth0 up",
                            "link add " + nowhere + " type veth peer name " + nowhere + "-end",
                            "link set " + nowhere + " arp off up", "link set " + nowhere + "-end up"},
                           place.name_space());
  if (!up) return up.error();
  return place;
}

Status Network::cut(const Place& from, const Place& to) {
  if (!can_cut()) return failed(why_whole_);
  return run_ip({"route replace " + to.host() + "/32 dev " + kNowhere + " src " + from.host()},
                from.name_space());
}

Status Network::heal(const Place& from, const Place& to) {
  return run_ip({"route del " + to.host() + "/32 dev " + kNowhere}, from.name_space());
}

}  // namespace weir::drill
