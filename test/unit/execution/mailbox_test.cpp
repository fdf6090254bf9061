// SPDX-License-Identifier: Apache-2.0
#include "execution/task/mailbox.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <vector>

#include "base/thread.h"

using namespace weir;

namespace {

/// A pipe whose reading end a task may wait for.
struct Pipe {
  Pipe() { REQUIRE(::pipe(ends) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void write() { REQUIRE(::write(ends[1], "x", 1) == 1); }
  int ends[2] = {};
};

}  // namespace

TEST_CASE("letters are taken in the order of their posting, once") {
  Bell bell;
  Mailbox mailbox(bell);
  std::vector<int> read;
  CHECK(mailbox.attention() == 0);
  for (int i = 0; i < 3; ++i) mailbox.post([&read, i] { read.push_back(i); });
  CHECK(mailbox.attention() == Mailbox::kLetters);
  CHECK(mailbox.take_signals() == Mailbox::kLetters);
  for (const auto& letter : mailbox.take_letters()) letter();
  CHECK(read == std::vector{0, 1, 2});
  CHECK(mailbox.take_letters().empty());
  CHECK(mailbox.attention() == 0);
}

TEST_CASE("signals add up and are taken, but for the one to cancel") {
  Bell bell;
  Mailbox mailbox(bell);
  mailbox.raise_quietly(Mailbox::kFlush);
  mailbox.raise(Mailbox::kReaderStarved | Mailbox::kCancel);
  CHECK(mailbox.take_signals() == (Mailbox::kFlush | Mailbox::kReaderStarved | Mailbox::kCancel));
  CHECK(mailbox.take_signals() == Mailbox::kCancel);
  CHECK(mailbox.attention() == Mailbox::kCancel);
}

TEST_CASE("a signal wakes a task that waits at its bell, a quiet one does not") {
  Bell bell;
  Mailbox mailbox(bell);
  mailbox.raise_quietly(Mailbox::kFlush);
  CHECK_FALSE(bell.await_until(SystemClock{}.now()));
  mailbox.raise(Mailbox::kFlush);
  CHECK(bell.await_until(SystemClock{}.now()));
  mailbox.post([] {});
  CHECK(bell.await_until(SystemClock{}.now()));
}

TEST_CASE("a task that waits for a descriptor wakes when there is something to read") {
  Bell bell;
  Mailbox mailbox(bell);
  Pipe pipe;
  pipe.write();
  mailbox.await_readable(pipe.ends[0]);
  CHECK(mailbox.attention() == 0);
}

TEST_CASE("a task that waits for a descriptor wakes for letters, whenever they come") {
  Bell bell;
  Mailbox mailbox(bell);
  Pipe pipe;  // nothing is ever written
  for (int round = 0; round < 2000; ++round) {
    Thread poster("poster", [&] { mailbox.post([] {}); });
    while (mailbox.attention() == 0) mailbox.await_readable(pipe.ends[0]);
    CHECK(mailbox.take_signals() == Mailbox::kLetters);
    CHECK(mailbox.take_letters().size() == 1);
  }
}

TEST_CASE("a task with something to take does not wait for a descriptor at all") {
  Bell bell;
  Mailbox mailbox(bell);
  Pipe pipe;
  mailbox.raise_quietly(Mailbox::kFlush);
  mailbox.await_readable(pipe.ends[0]);
  CHECK(mailbox.take_signals() == Mailbox::kFlush);
}
