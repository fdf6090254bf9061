// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/own_cluster.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace weir::drill {

namespace {

constexpr std::string_view kZooKeeperWord = "--zookeeper ";

Error wrong(std::string what) { return {ErrorCode::BadArgument, std::move(what)}; }

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// Where a process said that it is.
std::string address_in(const std::string& said) {
  const auto at = said.find(" ready: ");
  if (at == std::string::npos) return {};
  const std::string line = said.substr(at, said.find('\n', at) - at);
  const std::string rpc = value_in(line, "rpc");
  return rpc.empty() ? value_in(line, "data") : rpc;
}

}  // namespace

std::string value_in(const std::string& line, const std::string& name) {
  const auto at = line.find(" " + name + "=");
  if (at == std::string::npos) return {};
  const auto begin = at + name.size() + 2;
  return line.substr(begin, line.find(' ', begin) - begin);
}

Result<std::vector<OwnNode>> parse_pids(std::string_view text) {
  std::vector<OwnNode> nodes;
  std::istringstream lines{std::string(text)};
  unsigned number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    std::istringstream words(line.substr(0, line.find('#')));
    OwnNode node;
    if (!(words >> node.name)) continue;
    const std::string where = "line " + std::to_string(number) + ": ";
    if (!node.is_job_manager() && !node.name.starts_with("taskmanager"))
      return wrong(where + "'" + node.name + "' is neither jobmanager-... nor taskmanager-...");
    // 0 and 1 are none of anybody's cluster, and a group must not be hit by accident.
    if (!(words >> node.pid) || node.pid <= 1)
      return wrong(where + "expected a process id behind " + node.name);
    words >> node.address;
    nodes.push_back(std::move(node));
  }
  if (nodes.empty()) return wrong("expected lines of NAME PID [ADDRESS]");
  return nodes;
}

Status check_processes(const OwnCluster& cluster) {
  for (const OwnNode& node : cluster.nodes)
    if (!content_of("/proc/" + std::to_string(node.pid) + "/comm").starts_with("weir-"))
      return wrong(node.name + ": process " + std::to_string(node.pid) + " is none of Weir's, or has ended");
  return Status::ok();
}

Result<OwnCluster> read_cluster(const std::string& folder) {
  OwnCluster cluster;
  std::error_code gone;
  for (std::filesystem::directory_iterator at(folder, gone), end; !gone && at != end; at.increment(gone)) {
    if (at->path().extension() != ".pid") continue;
    OwnNode node{.name = at->path().stem().string()};
    std::istringstream(content_of(at->path())) >> node.pid;
    if (!node.is_job_manager() && !node.name.starts_with("taskmanager")) continue;
    if (node.pid <= 1 || !std::filesystem::exists("/proc/" + std::to_string(node.pid))) continue;
    node.address = address_in(content_of(folder + "/" + node.name + ".out"));
    cluster.nodes.push_back(std::move(node));
  }
  if (cluster.nodes.empty())
    return wrong("no cluster is up in '" + folder + "'; scripts/cluster up starts one");
  std::ranges::sort(cluster.nodes, {}, &OwnNode::name);
  std::string address = content_of(folder + "/address");
  while (!address.empty() && address.back() == '\n') address.pop_back();
  if (address.starts_with(kZooKeeperWord)) cluster.zookeeper = address.substr(kZooKeeperWord.size());
  else cluster.job_manager = address;
  return cluster;
}

}  // namespace weir::drill
