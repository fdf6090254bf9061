// SPDX-License-Identifier: Apache-2.0
// What a process does about the connections of its peers, which here are sockets in the test's hands.
#include "actors/system/remoting.h"

#include <doctest/doctest.h>

#include <caf/actor_system.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/io/basp/header.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actors/client/question_actor.h"
#include "actors/job_manager/job_manager_actor.h"
#include "actors/system/actor_system.h"
#include "base/address.h"
#include "network/tcp/socket.h"
#include "network/tcp/waiting_stream.h"
#include "test/support/process_counts.h"

namespace weir {
namespace {

using namespace std::chrono_literals;
using Kind = caf::io::basp::message_type;
using Header = caf::io::basp::header;

TimePoint soon() { return SystemClock{}.now() + 20s; }

class Peer {
public:
  Peer(caf::actor_system& system, std::uint16_t port)
      : Peer(system, *await_connection(*SocketAddress::resolve("127.0.0.1", port), soon())) {
    // It is greeted by each server, at length.
    std::array<std::byte, caf::io::basp::header_size> header;
    REQUIRE(stream_.read(header, soon()));
    std::uint32_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | std::to_integer<std::uint32_t>(header[4 + i]);
    std::vector<std::byte> greeting(length);
    REQUIRE(stream_.read(greeting, soon()));
  }

  template <class... Values>
  std::vector<char> encoded(const Values&... values) {
    std::vector<char> bytes;
    caf::binary_serializer sink(system_, bytes);
    REQUIRE_FALSE(sink(values...));
    return bytes;
  }
  void say(const std::vector<char>& bytes) {
    REQUIRE(stream_.write(std::as_bytes(std::span(bytes)), soon()));
  }

  std::vector<char> node(std::uint32_t process) {
    return encoded(*caf::make_node_id(process, std::string(40, 'a')));
  }
  void say_hello_header(std::uint32_t process) {
    const auto length = static_cast<std::uint32_t>(node(process).size());
    say(encoded(Header(Kind::client_handshake, 0, length, 0, 0, 0)));
  }
  void say_hello_payload(std::uint32_t process) { say(node(process)); }
  void say_mail(caf::actor_id to, const caf::message& mail) {
    const auto payload = encoded(std::vector<caf::strong_actor_ptr>{}, mail);
    say(encoded(Header(Kind::direct_message, 0, static_cast<std::uint32_t>(payload.size()), 0, 0, to)));
    say(payload);
  }
  /// Says no more, and hears all: whoever just closes takes back what was not read yet.
  void leave() {
    REQUIRE(::shutdown(socket_, SHUT_WR) == 0);
    std::array<std::byte, 1> heard;
    while (stream_.read(heard, soon())) continue;
  }
  /// Whether the server goes on talking.
  bool hears_more() {
    std::array<std::byte, caf::io::basp::header_size> header;
    return static_cast<bool>(stream_.read(header, soon()));
  }

private:
  Peer(caf::actor_system& system, Descriptor socket)
      : system_(system), socket_(socket.number()), stream_(make_plain_stream(std::move(socket))) {}

  caf::actor_system& system_;
  const int socket_;
  WaitingStream stream_;
};

/// A server whose two threads for actors do nothing until they are let.
class BusyServer {
public:
  BusyServer() {
    listener_ = system.spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](std::uint32_t) { heard_.set_value(); }};
    });
    port = *system.middleman().publish(listener_, 0, "127.0.0.1");
    for (int i = 0; i < 2; ++i) {
      std::promise<void> begun;
      caf::anon_send(system.spawn([this, &begun](caf::event_based_actor*) -> caf::behavior {
        return {[this, &begun](std::uint32_t) {
          begun.set_value();
          go_.wait();
        }};
      }), std::uint32_t{0});
      begun.get_future().wait();
    }
  }
  ~BusyServer() { caf::anon_send_exit(listener_, caf::exit_reason::user_shutdown); }

  void let_go() {
    let_go_.set_value();
    heard_.get_future().wait();
  }
  /// Whatever has come in by now was dealt with when this returns.
  void settle() {
    for (int round = 0; round < 3; ++round) {
      std::promise<void> passed;
      system.middleman().backend().post([&] { passed.set_value(); });
      passed.get_future().wait();
    }
  }
  [[nodiscard]] caf::actor_id listener() const { return listener_.id(); }

  ActorSystemConfig config{RemotingOptions{.heartbeat_interval = 20ms}};
  caf::actor_system system{config};
  std::uint16_t port = 0;

private:
  std::promise<void> let_go_;
  std::promise<void> heard_;
  const std::shared_future<void> go_ = let_go_.get_future().share();
  caf::actor listener_;
};

TEST_CASE("a connection is not mistaken for the closed one whose descriptor it got") {
  BusyServer server;
  const std::size_t unconnected = testing::ProcessCounts{}.descriptors;
  {
    Peer first(server.system, server.port);
    first.say_hello_header(1);
    first.say_hello_payload(1);
    first.say_mail(server.listener(), caf::make_message(std::uint32_t{7}));
    first.leave();
  }
  while (testing::ProcessCounts{}.descriptors > unconnected) server.settle();

  Peer second(server.system, server.port);
  second.say_hello_header(2);
  server.settle();
  server.let_go();
  server.settle();
  second.say_hello_payload(2);
  CHECK(second.hears_more());
  CHECK(second.hears_more());
}

TEST_CASE("a process that is about to connect to somebody can end at once") {
  const auto silent = listen_at(*SocketAddress::resolve("127.0.0.1", 0));
  REQUIRE(silent);
  const std::uint16_t port = split_address(address_of(*silent)->text())->port;
  for (int round = 0; round < 100; ++round) {
    ActorSystemConfig config{RemotingOptions{}};
    caf::actor_system system{config};
    caf::anon_send(system.middleman().actor_handle(), caf::connect_atom::value, std::string("127.0.0.1"),
                   port);
  }
}

TEST_CASE("actors wait for answers as long as their process was told, and say how long that was") {
  ActorSystemConfig config(RemotingOptions{.ask_timeout = 1500ms});
  caf::actor_system system(config);
  caf::scoped_actor self(system);
  CHECK(ask_timeout(*self) == 1500ms);
  CHECK(mail_error(*self, caf::sec::request_timeout, "Heartbeat").what ==
        "Heartbeat: no answer within 1500 ms");
  CHECK(mail_error(caf::sec::request_timeout, "Heartbeat", 2s).what == "Heartbeat: no answer within 2 s");
}

// A question to whoever leads.

using Questioned = caf::typed_actor<caf::replies_to<RequestJobStatus>::with<JobStatusReply>>;

struct LeadingTwo {
  LeadingTwo() {
    for (auto& manager : managers) manager = spawn_job_manager(system, {});
    silent = system.spawn([](caf::event_based_actor* self) -> caf::behavior {
      return {[self](const RequestJobStatus&) { return self->make_response_promise(); }};
    });
    finder = system.spawn([this](LeaderFinderActor::pointer) -> LeaderFinderActor::behavior_type {
      return {[](const NewLeader&, const JobManagerActor&) {},
              [](const LeaderLost&) {},
              [](const LeaderAt&) {},
              [](FollowLeader, const LeaderFollower&) {},
              [this](RequestLeader) -> caf::result<NewLeader, JobManagerActor> {
                return {NewLeader{}, managers[leading]};
              },
              [](Tick) {}};
    });
  }
  ~LeadingTwo() {
    for (const auto& manager : managers) caf::anon_send_exit(manager, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(silent, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(finder, caf::exit_reason::user_shutdown);
  }

  /// The first leader is asked in vain, the second answers.
  std::future<Answered<JobStatusReply>> ask(std::chrono::milliseconds patience) {
    auto answer = std::make_shared<std::promise<Answered<JobStatusReply>>>();
    auto result = answer->get_future();
    const auto ask = [this](auto& self, std::chrono::milliseconds time, LeaderSessionId,
                            const JobManagerActor& leader) {
      const auto whom = leader == managers[0] ? caf::actor_cast<Questioned>(silent)
                                              : caf::actor_cast<Questioned>(leader);
      return self.request(whom, time, RequestJobStatus{.job = {.high = 1, .low = 1}});
    };
    asking = system.spawn(ask_leader<JobStatusReply, decltype(ask)>,
                          QuestionOptions{finder, patience, "RequestJobStatus"}, ask, answer);
    return result;
  }

  ActorSystemConfig config;
  caf::actor_system system{config};
  std::array<JobManagerActor, 2> managers;
  std::atomic<std::size_t> leading = 0;
  caf::actor silent;
  LeaderFinderActor finder;
  caf::actor asking;
};

TEST_CASE("a question is asked again when its leader was lost before it answered") {
  LeadingTwo cluster;
  auto answer = cluster.ask(20s);
  cluster.leading = 1;
  caf::anon_send_exit(cluster.managers[0], caf::exit_reason::kill);
  const auto answered = answer.get();
  REQUIRE(answered.reply);
  CHECK(answered.reply->outcome.refusal.code == ErrorCode::UnknownJob);
}

TEST_CASE("a question that a leader does not answer is given up when the patience is over") {
  LeadingTwo cluster;
  const auto answered = cluster.ask(50ms).get();
  REQUIRE_FALSE(answered.reply);
  CHECK(answered.reply.error().what == "RequestJobStatus: no answer within 50 ms");
  CHECK_FALSE(answered.was_repeated);
}

}  // namespace
}  // namespace weir
