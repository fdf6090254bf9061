// SPDX-License-Identifier: Apache-2.0
#include "actors/system/actor_system.h"

#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/atom.hpp>
#include <caf/deep_to_string.hpp>
#include <caf/exit_reason.hpp>
#include <caf/io/middleman.hpp>
#include <caf/logger.hpp>
#include <caf/openssl/manager.hpp>
#include <caf/settings.hpp>

#include <exception>
#include <string>
#include <vector>

#include "actors/system/prompt_broker.h"
#include "base/log.h"
#include "messages/protocol.h"

namespace weir {

namespace {
/// Grows with each change of a message: two versions of a cluster's processes do not understand each other.
constexpr const char* kWireName = "weir/1";

constexpr const char* kAskTimeoutKey = "weir.ask-timeout";

/// "10 s", "250 ms"
std::string written(std::chrono::milliseconds time) {
  if (time.count() % 1000 != 0) return std::to_string(time.count()) + " ms";
  return std::to_string(time.count() / 1000) + " s";
}
}  // namespace

ActorSystemConfig::ActorSystemConfig(Scheduling scheduling) {
  // "sharing" answers three times faster than "stealing" and does not poll when idle.
  set("scheduler.policy", scheduling == Scheduling::ByTest ? caf::atom("testing") : caf::atom("sharing"));
  set("scheduler.max-threads", std::size_t{2});
  register_messages(*this);
}

ActorSystemConfig::ActorSystemConfig(const RemotingOptions& remoting) : ActorSystemConfig() {
  load<caf::io::middleman>();
  serve_promptly(*this);
  set("middleman.heartbeat-interval", caf::timespan(remoting.heartbeat_interval));
  set("middleman.connection-timeout", caf::timespan(remoting.silence));
  caf::put(content, kAskTimeoutKey, caf::timespan(remoting.ask_timeout));  // set() wants keys of its own
  // Whoever speaks another version of our messages is refused at the handshake.
  set("middleman.app-identifiers", std::vector<std::string>{kWireName});
  if (!remoting.tls) return;
  load<caf::openssl::manager>();
  openssl_certificate = remoting.tls->certificate_file;
  openssl_key = remoting.tls->key_file;
  openssl_cafile = remoting.tls->ca_file;
}

Visit::~Visit() { caf::logger::set_current_actor_system(nullptr); }

std::chrono::milliseconds ask_timeout(const caf::local_actor& self) {
  const caf::timespan otherwise = RemotingOptions{}.ask_timeout;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      caf::get_or(self.config(), kAskTimeoutKey, otherwise));
}

Error mail_error(const caf::local_actor& self, const caf::error& cause, const std::string& request) {
  return mail_error(cause, request, ask_timeout(self));
}

Error mail_error(const caf::error& cause, const std::string& request, std::chrono::milliseconds waited) {
  if (cause == caf::sec::request_timeout)
    return {ErrorCode::Timeout, request + ": no answer within " + written(waited), Blame::Environment,
            Retry::Later};
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
