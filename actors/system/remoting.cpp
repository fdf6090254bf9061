// SPDX-License-Identifier: Apache-2.0
#include "actors/system/remoting.h"

#include <caf/actor_registry.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/openssl/publish.hpp>
#include <caf/send.hpp>

#include <set>
#include <utility>

#include "actors/system/actor_system.h"
#include "base/address.h"
#include "network/tcp/probe.h"

namespace weir {

namespace {

bool is_encrypted(const caf::actor_system& system) { return system.has_openssl_manager(); }

caf::io::middleman_actor connector_of(caf::actor_system& system) {
  if (is_encrypted(system)) return system.openssl_manager().actor_handle();
  return system.middleman().actor_handle();
}

Error not_found(const std::string& address, const caf::error& cause) {
  if (cause == caf::sec::incompatible_application_ids)
    return {ErrorCode::Refused, "the process at " + address + " is no JobManager of this version of Weir"};
  if (cause == caf::sec::disconnect_during_handshake)
    return {ErrorCode::Refused,
            address +
                " closed the connection during the handshake: check that both sides use TLS, or neither, " +
                "and certificates of one CA",
            Blame::Environment, Retry::Later};
  return {ErrorCode::Timeout, "no JobManager answers at " + address + " (" + caf::to_string(cause) + ")",
          Blame::Environment, Retry::Later};
}

}  // namespace

void close_back_doors(caf::actor_system& system) {
  for (const auto name : {caf::atom("ConfigServ"), caf::atom("SpawnServ")}) system.registry().erase(name);
}

void forget_helpers(caf::actor_system& system) {
  using Broker = caf::io::basp_broker;
  if (!system.has_middleman()) return;
  auto& middleman = system.middleman();
  const caf::actor broker = middleman.named_broker<Broker>(caf::atom("BASP"));
  // In the broker's own time: nobody else may look at what it has.
  middleman.run_later([broker] {
    auto& helpers = static_cast<Broker*>(caf::actor_cast<caf::abstract_actor*>(broker))->spawn_servers;
    for (const auto& [node, helper] : helpers) caf::anon_send_exit(helper, caf::exit_reason::kill);
    helpers.clear();
  });
}

Result<std::uint16_t> publish(const JobManagerActor& job_manager, const std::string& host,
                              std::uint16_t port) {
  const Visit visit;
  caf::actor_system& system = job_manager.home_system();
  const auto published = is_encrypted(system)
                             ? caf::openssl::publish(job_manager, port, host.c_str(), true)
                             : system.middleman().publish(job_manager, port, host.c_str(), true);
  if (published) return *published;
  return Error{
      ErrorCode::IoFailure,
      "cannot listen at " + join_address(host, port) + ": the port is taken, or the address is not ours",
      Blame::Environment};
}

void look_up(LeaderFinderActor::base& self, const std::string& address, std::chrono::milliseconds patience,
             std::function<void(const JobManagerActor&)> on_found,
             std::function<void(const Error&)> on_failed) {
  caf::actor_system& system = self.system();
  const auto place = split_address(address);
  if (!place) return on_failed(place.error());
  const auto greeting = is_encrypted(system) ? Greeting::None : Greeting::Expected;
  if (const Status there = probe(address, patience, greeting); !there) return on_failed(there.error());
  self.request(connector_of(system), patience, caf::connect_atom::value, place->host, place->port)
      .then(
          [&system, address, on_found, on_failed](const caf::node_id&, const caf::strong_actor_ptr& found,
                                                  const std::set<std::string>& interface) {
            if (found && system.assignable<JobManagerActor>(interface))
              return on_found(caf::actor_cast<JobManagerActor>(found));
            on_failed(
                {ErrorCode::Refused, "the process at " + address + " is no JobManager of this version"});
          },
          [address, on_failed](const caf::error& cause) { on_failed(not_found(address, cause)); });
}

}  // namespace weir
