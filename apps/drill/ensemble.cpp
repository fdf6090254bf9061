// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/ensemble.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <utility>

#include "apps/drill/free_ports.h"

namespace weir::drill {

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

Error unable(std::string what) {
  return {ErrorCode::IoFailure, std::move(what), Blame::Environment, Retry::Later};
}

}  // namespace

bool Ensemble::is_installed() {
  return std::filesystem::exists(kJava) && std::filesystem::exists(kServer) && std::filesystem::exists(kLog);
}

Result<std::unique_ptr<Ensemble>> Ensemble::start(Options options) {
  if (!is_installed()) return unable("ZooKeeper is not installed; scripts/setup does it");
  std::unique_ptr<Ensemble> made(new Ensemble(std::move(options)));
  if (Status settled = made->settle(); !settled) return settled.error();
  if (Status begun = made->begin(); !begun) return begun.error();
  return made;
}

Status Ensemble::settle() {
  const bool is_apart = options_.network != nullptr && options_.network->can_cut();
  const auto ports = free_ports(is_apart ? 0 : 3 * options_.servers);
  if (!ports) return ports.error();
  for (std::size_t i = 0; i < options_.servers; ++i) {
    Server& server = servers_.emplace_back();
    if (is_apart) {
      auto place = options_.network->add();
      if (!place) return place.error();
      server.place = *std::move(place);
    } else {
      server.client_port = (*ports)[3 * i];
      server.peer_port = (*ports)[3 * i + 1];
      server.election_port = (*ports)[3 * i + 2];
    }
  }
  return Status::ok();
}

Status Ensemble::begin() {
  for (std::size_t i = 0; i < size(); ++i) {
    const std::string name = std::to_string(i);
    std::filesystem::create_directory(path(name));
    std::ofstream(path(name) + "/myid") << i + 1;
    std::ofstream(path(name) + ".cfg") << configuration_of(i);
    restart(i);
  }
  for (std::size_t i = 0; i < size(); ++i)
    if (Status serves = await_serving(i); !serves) return serves;
  return Status::ok();
}

std::string Ensemble::hosts() const {
  std::string all;
  for (const Server& server : servers_)
    all += (all.empty() ? "" : ",") + server.place.host() + ":" + std::to_string(server.client_port);
  return all;
}

Result<std::size_t> Ensemble::leader() const {
  for (std::size_t i = 0; i < size(); ++i) {
    const std::string said = servers_[i].process->text(kErr);
    const auto last = said.rfind(kAmongOthers);
    if (last != std::string::npos && said.rfind(kLeads) + kLeads.size() == last + kAmongOthers.size())
      return i;
  }
  return unable("no server of ZooKeeper leads the others");
}

void Ensemble::kill(std::size_t server) {
  process(server).signal(SIGKILL);
  (void)process(server).await_end(kPatience);
}

Status Ensemble::await_serving(std::size_t server) {
  if (process(server).await_line(size() == 1 ? kAlone : kAmongOthers, kPatience, kErr)) return Status::ok();
  return unable("ZooKeeper does not serve: " + process(server).text(kErr));
}

std::string Ensemble::configuration_of(std::size_t server) const {
  using std::chrono::milliseconds;
  const Server& its = servers_[server];
  std::string text = "tickTime=" + std::to_string(std::chrono::duration_cast<milliseconds>(kTick).count()) +
                     "\ndataDir=" + path(std::to_string(server)) + "\nclientPortAddress=" + its.place.host() +
                     "\nclientPort=" + std::to_string(its.client_port) +
                     "\nmaxSessionTimeout=60000\nmaxClientCnxns=0\ninitLimit=50\nsyncLimit=10\n";
  if (size() == 1) return text;
  for (std::size_t i = 0; i < size(); ++i)
    text += "server." + std::to_string(i + 1) + "=" + servers_[i].place.host() + ":" +
            std::to_string(servers_[i].peer_port) + ":" + std::to_string(servers_[i].election_port) + "\n";
  return text;
}

void Ensemble::restart(std::size_t server) {
  // A small heap, the quick compiler alone: it is up in a second. What a drill writes need not survive the
  // machine, so it is not forced to disk. One that is alone asks the others again every second: it would
  // wait for up to a minute.
  servers_[server].process = std::make_unique<Process>(
      std::vector<std::string>{kJava, "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                               "-Dzookeeper.forceSync=no", "-Dzookeeper.admin.enableServer=false",
                               "-Dzookeeper.fastleader.maxNotificationInterval=1000", "-cp",
                               std::string(kServer) + ":" + kLog,
                               "org.apache.zookeeper.server.quorum.QuorumPeerMain",
                               path(std::to_string(server) + ".cfg")},
      std::vector<std::string>{}, servers_[server].place.name_space());
}

}  // namespace weir::drill
