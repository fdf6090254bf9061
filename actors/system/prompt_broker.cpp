// SPDX-License-Identifier: Apache-2.0
#include "actors/system/prompt_broker.h"

#include <caf/actor_system.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/message_handler.hpp>

#include <cstddef>

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

/// Starts the broker before the middleman would start its own: of one name there is only one.
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
  void stop() override {}
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
