// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace weir::drill {

/// Where one node of a cluster lives on the network. With it its namespace ends.
class Place {
public:
  /// On the machine's own network.
  Place() = default;
  Place(std::string host, int name_space) : host_(std::move(host)), name_space_(name_space) {}
  ~Place();
  Place(Place&& other) noexcept
      : host_(std::move(other.host_)), name_space_(std::exchange(other.name_space_, -1)) {}
  Place& operator=(Place&& other) noexcept {
    std::swap(host_, other.host_);
    std::swap(name_space_, other.name_space_);
    return *this;
  }

  [[nodiscard]] const std::string& host() const { return host_; }
  /// The descriptor of its network namespace; -1: the one we are in.
  [[nodiscard]] int name_space() const { return name_space_; }

private:
  std::string host_ = "127.0.0.1";
  int name_space_ = -1;
};

/// The network of a drill's clusters. Where the machine allows it, each node is in a network namespace of its
/// own, and all hang on one bridge in a namespace of ours that nobody else can reach:
///
///     drill 10.77.0.1 ---- bridge ---- veth ---- node 10.77.0.2
///                              \------ veth ---- node 10.77.0.3
///
/// What a node sends to another can be cut, each pair and direction for itself: it goes to a device that
/// leads nowhere, silently as on a broken cable. Otherwise all nodes are on loopback, and nothing can be cut.
///
/// Threads: one.
class Network {
public:
  /// A network of our own if the machine allows it. Moves the calling thread, and with it all that it starts
  /// from then on. Call it before there are other threads.
  [[nodiscard]] static std::unique_ptr<Network> make();
  /// The machine's loopback.
  [[nodiscard]] static std::unique_ptr<Network> loopback(std::string why);

  /// Empty: links can be cut. Else why they cannot.
  [[nodiscard]] const std::string& why_whole() const { return why_whole_; }
  [[nodiscard]] bool can_cut() const { return why_whole_.empty(); }

  /// One more node.
  [[nodiscard]] Result<Place> add();
  /// Nothing arrives any more that `from` sends to `to`.
  [[nodiscard]] Status cut(const Place& from, const Place& to);
  /// What was cut, arrives again.
  [[nodiscard]] Status heal(const Place& from, const Place& to);

private:
  explicit Network(std::string why_whole) : why_whole_(std::move(why_whole)) {}
  [[nodiscard]] std::string next_host();

  const std::string why_whole_;
  unsigned count_ = 1;  // of hosts that were given away
};

}  // namespace weir::drill
