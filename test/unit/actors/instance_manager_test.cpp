// SPDX-License-Identifier: Apache-2.0
#include "actors/instance_manager/instance_manager.h"

#include <doctest/doctest.h>

#include <vector>

namespace weir {
namespace {

constexpr TaskManagerId kAda{.high = 1, .low = 1};
constexpr TaskManagerId kBob{.high = 1, .low = 2};
const TimePoint kStart{};

struct Letters final : InstanceOutbox {
  void joined(const TaskManagerJoined& mail) override { all_joined.push_back(mail.task_manager.id); }
  void lost(const TaskManagerLost& mail) override { all_lost.push_back(mail); }
  void dismiss(const Disconnect& mail) override { dismissed.push_back(mail.instance); }
  void wake_after(Duration delay) override { wakes.push_back(delay); }

  std::vector<TaskManagerId> all_joined;
  std::vector<TaskManagerLost> all_lost;
  std::vector<InstanceId> dismissed;
  std::vector<Duration> wakes;
};

struct Fixture {
  Letters out;
  InstanceManager manager{{.heartbeat_timeout = 10s}, out};

  RegistrationReply join(TaskManagerId id, TimePoint now = kStart) {
    return manager.on_register({.id = id, .data_address = "a:1", .slots = 4, .hardware = {}}, now);
  }
};

TEST_CASE_FIXTURE(Fixture, "who registers twice is told so, and stays one") {
  const auto first = join(kAda);
  const auto second = join(kAda, kStart + 1s);
  CHECK(first.kind == RegistrationReply::Kind::Acknowledged);
  CHECK(second ==
        RegistrationReply{.kind = RegistrationReply::Kind::AlreadyRegistered, .instance = first.instance});
  CHECK(out.all_joined == std::vector{kAda});
}

TEST_CASE_FIXTURE(Fixture, "who has nothing to offer is refused with the reason") {
  const auto reply =
      manager.on_register({.id = kAda, .data_address = "a:1", .slots = 0, .hardware = {}}, kStart);
  CHECK(reply == RegistrationReply{.kind = RegistrationReply::Kind::Refused, .reason = "it offers no slots"});
  CHECK(manager.on_register({.id = {}, .data_address = "a:1", .slots = 1, .hardware = {}}, kStart).kind ==
        RegistrationReply::Kind::Refused);
  CHECK(out.all_joined.empty());
}

TEST_CASE_FIXTURE(Fixture, "a silent TaskManager is lost, a beating one is kept") {
  (void)join(kAda);
  const InstanceId bob = join(kBob).instance;

  CHECK(manager.on_heartbeat(bob, kStart + 9s));
  manager.on_tick(kStart + 10s);
  CHECK(out.all_lost.empty());  // ten seconds of silence are still allowed

  manager.on_tick(kStart + 11s);
  CHECK(out.all_lost == std::vector<TaskManagerLost>{
                            {.task_manager = kAda, .reason = "no heartbeat for more than 10000 ms"}});
  CHECK(manager.list(kStart + 11s).instances.size() == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "who was given up and beats again hears that it is not registered, and may come back") {
  const InstanceId first = join(kAda).instance;
  manager.on_tick(kStart + 11s);
  CHECK(out.dismissed == std::vector{first});
  CHECK_FALSE(manager.on_heartbeat(first, kStart + 12s));

  const auto again = join(kAda, kStart + 12s);
  CHECK(again.kind == RegistrationReply::Kind::Acknowledged);
  CHECK(again.instance != first);
}

TEST_CASE_FIXTURE(Fixture, "a broken connection and a farewell are noticed at once, and once") {
  const InstanceId ada = join(kAda).instance;
  const InstanceId bob = join(kBob).instance;
  manager.on_down(ada, "gone");
  manager.on_down(ada, "gone");
  manager.on_left(bob, "bye");
  CHECK(out.all_lost == std::vector<TaskManagerLost>{{kAda, "gone"}, {kBob, "bye"}});
}

TEST_CASE_FIXTURE(Fixture, "there is never more than one wake-up under way, and none without TaskManagers") {
  const InstanceId ada = join(kAda).instance;
  (void)join(kBob, kStart + 5s);
  CHECK(out.wakes == std::vector<Duration>{10s + 1ms});

  manager.on_tick(kStart + 10s + 1ms);  // Ada is lost; Bob was heard five seconds later
  CHECK(out.wakes.back() == 5s);
  CHECK(out.wakes.size() == 2);

  manager.on_tick(kStart + 15s + 1ms);  // Bob is lost too
  CHECK(out.wakes.size() == 2);
  CHECK(manager.list(kStart).instances.empty());
  CHECK(out.dismissed.front() == ada);

  (void)join(kAda, kStart + 20s);
  CHECK(out.wakes.size() == 3);
}

TEST_CASE_FIXTURE(Fixture, "a JobManager without leadership dismisses everyone, and hears nothing of it") {
  const InstanceId ada = join(kAda).instance;
  manager.dismiss_all("revoked");
  CHECK(out.dismissed == std::vector{ada});
  CHECK(out.all_lost.empty());
  CHECK_FALSE(manager.on_heartbeat(ada, kStart));
}

TEST_CASE_FIXTURE(Fixture, "the list tells how long each was silent") {
  const auto reply = join(kAda);
  const auto list = manager.list(kStart + 1500ms);
  REQUIRE(list.instances.size() == 1);
  CHECK(list.instances.front().instance == reply.instance);
  CHECK(list.instances.front().since_heartbeat == 1500ms);
}

}  // namespace
}  // namespace weir
