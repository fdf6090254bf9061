// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/socket_text_source.h"

#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "execution/operators/operator.h"
#include "test/support/local_server.h"
#include "test/support/operator_ends.h"
#include "test/support/process_counts.h"

using namespace weir;
using weir::testing::Gathered;
using weir::testing::LocalServer;

namespace {

using Lines = std::vector<std::string>;
const std::atomic<std::uint32_t> kNoLetters = 0;

/// A task that waits for descriptors as a real one does, or as it is told to; and that need not wait for any
/// moment.
class TestLoop final : public SourceLoop {
public:
  TestLoop() : SourceLoop(kNoLetters) {}

  std::function<void()> on_pause = [] {};
  std::function<void()> on_wait_for_data;
  std::atomic<int> waits = 0;  // for data

private:
  void take_letters() override {}
  void await_until(TimePoint) override { on_pause(); }
  void await_readable(int descriptor) override {
    ++waits;
    if (on_wait_for_data) return on_wait_for_data();
    pollfd readable{descriptor, POLLIN, 0};
    REQUIRE(::poll(&readable, 1, 60'000) == 1);
  }
};

/// A source in a task of its own.
struct Reader {
  explicit Reader(std::uint16_t port, std::uint32_t max_retries = 0)
      : source({.host = "127.0.0.1", .port = port, .max_retries = max_retries, .retry_pause = 1h}) {}

  Lines run() {
    run_into(lines);
    return lines.values;
  }
  void run_into(Input<std::string>& target) {
    const OperatorContext place({"socket", 0, 1, 128});
    SourceContext<std::string> context(target, loop, place);
    source.run(context);
  }
  /// What it threw.
  std::string failure() {
    try {
      (void)run();
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  }

  TestLoop loop;
  SocketTextSource source;
  Gathered<std::string> lines;
};

}  // namespace

TEST_CASE("the lines that a server sends arrive until it closes the connection") {
  LocalServer server;
  server.listen();
  Thread sender("server", [&] {
    auto connection = server.accept();
    connection.send("one\ntw");
    connection.send("o\r\n\nthree");
    connection.send(std::string(200'000, 'x') + "\nlast");
  });
  CHECK(Reader(server.port()).run() == Lines{"one", "two", "", "three" + std::string(200'000, 'x'), "last"});
}

TEST_CASE("a server that sends nothing has no lines") {
  LocalServer server;
  server.listen();
  Thread sender("server", [&] { (void)server.accept(); });
  CHECK(Reader(server.port()).run().empty());
}

TEST_CASE("a server that is not there is named, and nothing is kept open") {
  LocalServer server;
  const testing::ProcessCounts before;
  CHECK(Reader(server.port()).failure() ==
        "cannot connect to 127.0.0.1:" + std::to_string(server.port()) + ": Connection refused");
  CHECK(testing::ProcessCounts() == before);
}

TEST_CASE("a server that comes late is found when there are retries left") {
  LocalServer server;
  Thread sender;
  Reader reader(server.port(), 3);
  int pauses = 0;
  reader.loop.on_pause = [&] {
    if (++pauses != 3) return;
    server.listen();
    sender = Thread("server", [&] { server.accept().send("hello\n"); });
  };
  CHECK(reader.run() == Lines{"hello"});
  CHECK(pauses == 3);
}

TEST_CASE("when all retries are used up the last failure is told") {
  LocalServer server;
  Reader reader(server.port(), 2);
  int pauses = 0;
  reader.loop.on_pause = [&] { ++pauses; };
  CHECK(reader.failure().ends_with("Connection refused"));
  CHECK(pauses == 2);
}

TEST_CASE("a broken connection is a failure, and mended by a retry") {
  LocalServer server;
  server.listen();
  bool mends = false;
  SUBCASE("without retries") { mends = false; }
  SUBCASE("with one") { mends = true; }
  Reader reader(server.port(), mends ? 1 : 0);
  Thread sender("server", [&] {
    auto first = server.accept();
    first.send("before\ntorn");
    while (reader.loop.waits < 2) continue;  // then it has read that
    first.reset();
    if (mends) server.accept().send("after\n");
  });
  if (mends) {
    CHECK(reader.run() == Lines{"before", "after"});
  } else {
    CHECK(reader.failure() ==
          "lost the connection to 127.0.0.1:" + std::to_string(server.port()) + ": Connection reset by peer");
  }
}

TEST_CASE("what an operator behind the source throws is no broken connection") {
  struct Thrower final : Input<std::string> {
    void process(const std::string&, EventTime) override {
      ++calls;
      throw OperatorFailure("map", "no such number");
    }
    int calls = 0;
  } thrower;
  LocalServer server;
  server.listen();
  Thread sender("server", [&] { server.accept().send("one\ntwo\n"); });
  Reader reader(server.port(), 5);
  CHECK_THROWS_AS(reader.run_into(thrower), OperatorFailure);
  CHECK(thrower.calls == 1);
}

TEST_CASE("a source that is woken for letters does not get stuck on a silent server") {
  LocalServer server;
  server.listen();
  Reader reader(server.port());
  int wakes = 0;
  reader.loop.on_wait_for_data = [&] {
    if (++wakes == 3) throw TaskCancelled{};
  };
  CHECK_THROWS_AS(reader.run(), TaskCancelled);
}
