// SPDX-License-Identifier: Apache-2.0
#include "actors/system/actor_system.h"

#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/atom.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/exit_reason.hpp>
#include <caf/logger.hpp>

#include <exception>

#include "base/log.h"
#include "messages/protocol.h"

namespace weir {

ActorSystemConfig::ActorSystemConfig(Scheduling scheduling) {
  // "sharing" answers three times faster than "stealing" and does not poll when idle.
  set("scheduler.policy", scheduling == Scheduling::ByTest ? caf::atom("testing") : caf::atom("sharing"));
  set("scheduler.max-threads", std::size_t{2});
  register_messages(*this);
}

Visit::~Visit() { caf::logger::set_current_actor_system(nullptr); }

Error mail_error(const caf::error& cause, const std::string& request) {
  if (cause == caf::sec::request_timeout)
    return {ErrorCode::Timeout, request + ": no answer within " + std::to_string(kAskTimeout.count()) + " s",
            Blame::Environment, Retry::Later};
  return {ErrorCode::Closed, request + ": the receiver is gone (" + caf::to_string(cause) + ")",
          Blame::Environment, Retry::Later};
}

void guard(caf::scheduled_actor& self, const std::string& name) {
  self.set_default_handler([name](caf::scheduled_actor*,
                                  caf::message_view& mail) -> caf::result<caf::message> {
    log::warn(name, "dropped a message that it does not understand: " + caf::deep_to_string(mail.content()));
    return caf::make_error(caf::sec::unexpected_message);
  });
  self.set_exception_handler([name](caf::scheduled_actor*, std::exception_ptr& thrown) -> caf::error {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      log::error(name, std::string("ends because of an exception in a handler: ") + e.what());
    } catch (...) {
      log::error(name, "ends because of an exception in a handler");
    }
    return caf::exit_reason::unhandled_exception;
  });
}

TimePoint now_of(const caf::scheduled_actor& self) { return self.clock().now(); }

}  // namespace weir
