// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/slot_queue.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

constexpr TaskManagerId kAda{.high = 1, .low = 1};
constexpr TaskManagerId kBob{.high = 1, .low = 2};

JobId job(std::uint64_t number) { return {.high = 7, .low = number}; }

/// A wish for so many slots.
effects::RequestSlots wish(std::uint32_t slots, std::uint64_t version = 0) {
  effects::RequestSlots request{.version = version, .requests = {}, .may_wait = true};
  for (std::uint32_t i = 0; i < slots; ++i)
    request.requests.push_back({.vertex = {.vertex = {.high = 9, .low = 1}, .subtask = i},
                                .slot_sharing_group = "default",
                                .co_location_group = {},
                                .producers = {}});
  return request;
}

/// A cluster of one TaskManager with four slots, of which `used` are lent.
class Line {
public:
  explicit Line(std::uint32_t used = 0) {
    scheduler.add_task_manager(kAda, "ada:1", 4);
    if (used > 0) lent = *queue.take(wish(used).requests);
  }

  void release(std::size_t count) {
    for (; count > 0; --count) {
      queue.release(lent.back());
      lent.pop_back();
    }
  }
  /// The low halves of the ids of the jobs that are served now, in order.
  std::vector<std::uint64_t> served() {
    std::vector<std::uint64_t> jobs;
    while (const auto grant = queue.next()) jobs.push_back(grant->job.low);
    return jobs;
  }
  using Jobs = std::vector<std::uint64_t>;

  Scheduler scheduler;
  SlotQueue queue{scheduler};
  std::vector<AssignedSlot> lent;
};

TEST_CASE_FIXTURE(Line, "slots that are free are had at once, and others are refused with the numbers") {
  CHECK(queue.take(wish(4).requests)->size() == 4);
  CHECK(queue.take(wish(2).requests).error().what ==
        "the job needs 2 slots but has 0 (1 TaskManager x 4, 4 in use); lower -p or raise "
        "taskmanager.numberOfTaskSlots");
}

TEST_CASE("a waiting job is served as soon as there are enough slots, and not before") {
  Line line(4);
  line.queue.wait(job(1), wish(2, 5));
  CHECK(line.queue.waiting_for(job(1)) == "waiting for 2 slots, 0 are free");
  CHECK(line.served().empty());

  SUBCASE("given back by others") {
    line.release(1);
    CHECK(line.queue.waiting_for(job(1)) == "waiting for 2 slots, 1 is free");
    CHECK(line.served().empty());
    line.release(1);
  }
  SUBCASE("of a TaskManager that joined") { line.scheduler.add_task_manager(kBob, "bob:1", 2); }

  const auto grant = line.queue.next();
  REQUIRE(grant.has_value());
  CHECK(grant->job == job(1));
  CHECK(grant->version == 5);
  CHECK(grant->slots.size() == 2);
  CHECK(line.queue.waiting_for(job(1)).empty());
  CHECK_FALSE(line.queue.next().has_value());
}

TEST_CASE("who came first is served first: a narrow job does not overtake a wide one") {
  Line line(4);
  line.queue.wait(job(1), wish(3));
  line.queue.wait(job(2), wish(1));
  line.release(2);
  CHECK(line.served().empty());
  CHECK(line.queue.waiting_for(job(2)) == "waiting for 1 slot, 2 are free; others were first");
  CHECK(line.queue.take(wish(1).requests).error().what ==
        "the job needs 1 slot and 2 are free, but others that wait for slots were first (2)");
  line.release(2);
  CHECK(line.served() == Line::Jobs{1, 2});
}

TEST_CASE("a job that is too wide for the cluster holds up nobody until it is not") {
  Line line(2);
  line.queue.wait(job(1), wish(6));
  CHECK(line.queue.take(wish(1).requests).has_value());
  line.queue.wait(job(2), wish(1));
  CHECK(line.served() == Line::Jobs{2});

  line.scheduler.add_task_manager(kBob, "bob:1", 4);
  line.queue.wait(job(3), wish(1));
  CHECK(line.served().empty());  // now it is the wide one's turn, and the narrow one waits
  line.release(2);
  CHECK(line.served() == Line::Jobs{1});
}

TEST_CASE("whoever leaves the line lets the next one go on") {
  Line line(2);
  line.queue.wait(job(1), wish(3));
  line.queue.wait(job(2), wish(2));
  CHECK(line.served().empty());
  line.queue.leave(job(1));
  line.queue.leave(job(9));  // who is not there
  CHECK(line.served() == Line::Jobs{2});
}

TEST_CASE("who gives up is told what was missing, unless his wish was an older one") {
  Line line(2);
  line.queue.wait(job(1), wish(3, 8));
  CHECK_FALSE(line.queue.give_up(job(1), 7).has_value());
  CHECK_FALSE(line.queue.give_up(job(2), 8).has_value());
  CHECK(line.queue.give_up(job(1), 8)->what ==
        "the job needs 3 slots but has 2 (1 TaskManager x 4, 2 in use); lower -p or raise "
        "taskmanager.numberOfTaskSlots");
  CHECK_FALSE(line.queue.give_up(job(1), 8).has_value());
}

}  // namespace
}  // namespace weir
