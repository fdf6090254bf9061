// SPDX-License-Identifier: Apache-2.0
#include "actors/task_manager/registration.h"

#include <doctest/doctest.h>

#include <vector>

namespace weir {
namespace {

using Step = Registration::Step;
const TimePoint kStart{};

const RegistrationReply kRefused{.kind = RegistrationReply::Kind::Refused};
const RegistrationReply kTaken{.kind = RegistrationReply::Kind::Acknowledged,
                               .instance = {.high = 1, .low = 1}};

/// Polls whenever it is due until `end`, and writes down when it asked.
std::vector<Duration> asks(Registration& registration, TimePoint end) {
  std::vector<Duration> at;
  while (registration.due() && *registration.due() <= end) {
    const TimePoint now = *registration.due();
    if (registration.poll(now) == Step::Ask) at.push_back(now - kStart);
  }
  return at;
}

TEST_CASE("it asks at once, then after pauses that double up to the longest") {
  Registration registration({.initial_pause = 500ms, .max_pause = 2s});
  registration.start(kStart);
  CHECK(asks(registration, kStart + 10s) ==
        std::vector<Duration>{0s, 500ms, 1500ms, 3500ms, 5500ms, 7500ms, 9500ms});
}

TEST_CASE("nothing happens before it is due, or before it is started") {
  Registration registration({});
  CHECK(registration.poll(kStart) == Step::Wait);
  registration.start(kStart);
  CHECK(registration.poll(kStart) == Step::Ask);
  CHECK(registration.poll(kStart + 499ms) == Step::Wait);
  CHECK(registration.poll(kStart + 500ms) == Step::Ask);
}

TEST_CASE("once taken in it is quiet, and later answers change nothing") {
  Registration registration({});
  registration.start(kStart);
  CHECK(registration.poll(kStart) == Step::Ask);
  CHECK(registration.on_reply(kTaken, kStart));
  CHECK_FALSE(registration.on_reply(kTaken, kStart));
  CHECK_FALSE(registration.on_reply(kRefused, kStart));
  CHECK_FALSE(registration.due().has_value());
  CHECK(registration.poll(kStart + 1h) == Step::Wait);
}

TEST_CASE("who was registered all along is taken in as well") {
  Registration registration({});
  registration.start(kStart);
  RegistrationReply already = kTaken;
  already.kind = RegistrationReply::Kind::AlreadyRegistered;
  CHECK(registration.on_reply(already, kStart));
}

TEST_CASE("after a refusal it waits longer, then begins with the shortest pause again") {
  Registration registration({.initial_pause = 500ms, .max_pause = 30s, .refused_pause = 10s});
  registration.start(kStart);
  (void)asks(registration, kStart + 5s);
  CHECK_FALSE(registration.on_reply(kRefused, kStart + 5s));
  CHECK(asks(registration, kStart + 16s) == std::vector<Duration>{15s, 15500ms});
}

TEST_CASE("after its deadline it gives up; a refusal's pause does not count") {
  Registration registration(
      {.initial_pause = 1s, .max_pause = 1s, .refused_pause = 10s, .give_up_after = 3s});
  registration.start(kStart);
  SUBCASE("silence") {
    CHECK(asks(registration, kStart + 2s).size() == 3);
    CHECK(registration.poll(kStart + 3s) == Step::GiveUp);
  }
  SUBCASE("refused") {
    CHECK(registration.poll(kStart) == Step::Ask);
    CHECK_FALSE(registration.on_reply(kRefused, kStart));
    CHECK(registration.poll(kStart + 10s) == Step::Ask);
    CHECK(registration.poll(kStart + 13s) == Step::GiveUp);
  }
  CHECK_FALSE(registration.due().has_value());
}

TEST_CASE("a new run forgets the last one") {
  Registration registration({.initial_pause = 500ms, .max_pause = 30s});
  registration.start(kStart);
  (void)asks(registration, kStart + 20s);
  registration.start(kStart + 20s);
  CHECK(asks(registration, kStart + 21s) == std::vector<Duration>{20s, 20500ms});
}

}  // namespace
}  // namespace weir
