// SPDX-License-Identifier: Apache-2.0
#include "test/support/zookeeper_process.h"

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <list>

#include "test/support/local_server.h"

namespace weir::testing {

namespace {

constexpr const char* kJava = "/usr/bin/java";
constexpr const char* kServer = "/usr/share/java/zookeeper.jar";
constexpr const char* kLog = "/usr/share/java/slf4j-simple.jar";
constexpr Duration kPatience = 60s;
constexpr auto kErr = Process::Stream::Err;

// What a server says when it begins to serve.
constexpr std::string_view kAlone = "PrepRequestProcessor (sid:0) started";
constexpr std::string_view kAmongOthers = "ing - broadcast";
constexpr std::string_view kLeads = "leading - broadcast";

}  // namespace

bool has_zookeeper() {
  return std::filesystem::exists(kJava) && std::filesystem::exists(kServer) && std::filesystem::exists(kLog);
}

ZooKeeperProcess::ZooKeeperProcess(std::size_t servers) : servers_(servers) {
  REQUIRE_MESSAGE(has_zookeeper(), "ZooKeeper is not installed; scripts/setup does it");
  {
    std::list<LocalServer> taken;  // all at once, so that they differ
    const auto free_port = [&] { return taken.emplace_back().port(); };
    for (Server& server : servers_) {
      server.client_port = free_port();
      server.peer_port = free_port();
      server.election_port = free_port();
    }
  }
  for (std::size_t i = 0; i < servers; ++i) {
    std::filesystem::create_directory(folder_of(i));
    files_.file(std::to_string(i) + "/myid", std::to_string(i + 1));
    files_.file(std::to_string(i) + ".cfg", configuration_of(i));
    start(i);
  }
  for (std::size_t i = 0; i < servers; ++i) await_serving(i);
}

std::string ZooKeeperProcess::hosts() const {
  std::string all;
  for (const Server& server : servers_)
    all += (all.empty() ? "127.0.0.1:" : ",127.0.0.1:") + std::to_string(server.client_port);
  return all;
}

std::size_t ZooKeeperProcess::leader() const {
  for (std::size_t i = 0; i < size(); ++i) {
    const std::string said = servers_[i].process->text(kErr);
    const auto last = said.rfind(kAmongOthers);
    if (last != std::string::npos && said.rfind(kLeads) + kLeads.size() == last + kAmongOthers.size())
      return i;
  }
  FAIL("no server leads");
  return 0;
}

void ZooKeeperProcess::kill(std::size_t server) {
  process(server).signal(SIGKILL);
  REQUIRE(process(server).await_end());
}

void ZooKeeperProcess::restart(std::size_t server) { start(server); }

void ZooKeeperProcess::await_serving(std::size_t server) {
  const auto line = process(server).await_line(size() == 1 ? kAlone : kAmongOthers, kPatience, kErr);
  REQUIRE_MESSAGE(line.has_value(), process(server).text(kErr));
}

std::string ZooKeeperProcess::folder_of(std::size_t server) const {
  return files_.path(std::to_string(server));
}

std::string ZooKeeperProcess::configuration_of(std::size_t server) const {
  using std::chrono::milliseconds;
  std::string text = "tickTime=" + std::to_string(std::chrono::duration_cast<milliseconds>(kTick).count()) +
                     "\ndataDir=" + folder_of(server) +
                     "\nclientPortAddress=127.0.0.1\nclientPort=" +
                     std::to_string(servers_[server].client_port) +
                     "\nmaxSessionTimeout=60000\nmaxClientCnxns=0\ninitLimit=50\nsyncLimit=10\n";
  if (size() == 1) return text;
  for (std::size_t i = 0; i < size(); ++i)
    text += "server." + std::to_string(i + 1) + "=127.0.0.1:" + std::to_string(servers_[i].peer_port) + ":" +
            std::to_string(servers_[i].election_port) + "\n";
  return text;
}

void ZooKeeperProcess::start(std::size_t server) {
  // A small heap, the quick compiler alone: it is up in a second. What a test writes need not survive the
  // machine, so it is not forced to disk.
  servers_[server].process = std::make_unique<Process>(std::vector<std::string>{
      kJava, "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.forceSync=no",
      "-Dzookeeper.admin.enableServer=false", "-cp", std::string(kServer) + ":" + kLog,
      "org.apache.zookeeper.server.quorum.QuorumPeerMain", files_.path(std::to_string(server) + ".cfg")});
}

}  // namespace weir::testing
