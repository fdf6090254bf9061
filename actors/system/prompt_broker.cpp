// SPDX-License-Identifier: Apache-2.0
#include "actors/system/prompt_broker.h"

#include <caf/actor_system.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/middleman_actor.hpp>
#include <caf/message_handler.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace weir {

namespace {

class PromptBroker final : public caf::io::basp_broker {
public:
  using basp_broker::basp_broker;

  caf::behavior make_behavior() override {
    return caf::message_handler([this](const caf::io::connection_closed_msg& closed) {
             connection_cleanup(closed.handle, caf::sec::none);
           })
        .or_else(basp_broker::make_behavior());
  }
};

/// Until the middleman counts as not answering: it may be amid a connect that the kernel makes wait.
constexpr std::chrono::seconds kPatience{10};

/// Whoever is asked to connect hands that on to the broker by mail. If the broker ends before it has read it,
/// the mail is left over, and its sender, which has a thread, with it: the system would wait for that thread
/// without end.
void settle(caf::actor_system& system, const caf::io::middleman_actor& connector) {
  caf::scoped_actor self(system, true);
  // It hands this on, too, behind all else.
  self->request(connector, kPatience, caf::get_atom::value, caf::node_id{})
      .receive([](const caf::node_id&, const std::string&, std::uint16_t) {}, [](const caf::error&) {});
}

/// Starts the broker before the middleman would start its own: of one name there is only one. Ends before
/// the middleman does.
class BrokerModule final : public caf::actor_system::module {
public:
  explicit BrokerModule(caf::actor_system& system) : system_(system) {}
  static module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new BrokerModule(system);
  }

  void init(caf::actor_system_config&) override {
    (void)system_.middleman().named_broker<PromptBroker>(caf::atom("BASP"));
  }
  void start() override {}
  void stop() override {
    settle(system_, system_.middleman().actor_handle());
    if (system_.has_openssl_manager()) settle(system_, system_.openssl_manager().actor_handle());
  }
  [[nodiscard]] id_t id() const override { return network_manager; }  // which nothing else of 0.17.6 is
  [[nodiscard]] void* subtype_ptr() override { return this; }

private:
  caf::actor_system& system_;
};

}  // namespace

void serve_promptly(caf::actor_system_config& config) {
  // Mail is read by the broker itself: nothing of a closed connection is left elsewhere.
  config.set("middleman.workers", std::size_t{0});
  config.load<BrokerModule>();
}

}  // namespace weir
