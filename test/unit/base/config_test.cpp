// SPDX-License-Identifier: Apache-2.0
#include "base/config.h"

#include <doctest/doctest.h>

#include <set>

#include "base/log.h"
#include "base/options.h"

using namespace weir;

namespace {

constexpr Option<std::uint32_t> kSlots{"taskmanager.numberOfTaskSlots", "1", "slots"};
constexpr Option<Duration> kTimeout{"akka.ask.timeout", "10 s", "patience"};
constexpr Option<Bytes> kSegment{"taskmanager.memory.segment-size", "32kb", "size"};
constexpr Option<bool> kSubmit{"web.submit.enable", "true", "whether"};
constexpr Option<std::string> kPassword{"security.ssl.key-password", "", "secret"};
constexpr AnyOption kKnown[] = {kSlots, kTimeout, kSegment, kSubmit, kPassword};

std::string error_of(const Status& status) { return status ? "no error" : status.error().what; }

std::string read_error(std::string_view text) { return error_of(Config(kKnown).read(text, "conf")); }

}  // namespace

TEST_CASE("an option that nobody set has its default") {
  const Config config(kKnown);
  CHECK(config.get(kSlots) == 1);
  CHECK(config.get(kTimeout) == 10s);
  CHECK(config.get(kSegment) == Bytes{32 * 1024});
  CHECK(config.get(kSubmit));
  CHECK_FALSE(config.has(kSlots));
}

TEST_CASE("a file has one option a line, and comments") {
  Config config(kKnown);
  REQUIRE(
      config.read("# slots\n"
                  "taskmanager.numberOfTaskSlots: 4   # as many as cores\n"
                  "\n"
                  "  akka.ask.timeout:  100 ms\r\n"
                  "web.submit.enable: FALSE\n"
                  "security.ssl.key-password: a#b: c",
                  "conf"));
  CHECK(config.get(kSlots) == 4);
  CHECK(config.get(kTimeout) == 100ms);
  CHECK_FALSE(config.get(kSubmit));
  CHECK(config.get(kPassword) == "a#b: c");
}

TEST_CASE("the command line overrides the file") {
  Config config(kKnown);
  REQUIRE(config.read("taskmanager.numberOfTaskSlots: 4\n", "conf"));
  REQUIRE(config.override_with("taskmanager.numberOfTaskSlots=8"));
  CHECK(config.get(kSlots) == 8);
  CHECK(error_of(config.override_with("taskmanager.numberOfTaskSlots")) ==
        "'taskmanager.numberOfTaskSlots' is not of the form key=value");
}

TEST_CASE("an error says where, what, and what was expected") {
  CHECK(
      read_error("\ntaskmanager.numberOfTaskSlot: 4") ==
      "conf:2: unknown option 'taskmanager.numberOfTaskSlot'; did you mean 'taskmanager.numberOfTaskSlots'?");
  CHECK(read_error("colour.of.the.sky: blue") == "conf:1: unknown option 'colour.of.the.sky'");
  CHECK(read_error("taskmanager.numberOfTaskSlots: many") ==
        "conf:1: taskmanager.numberOfTaskSlots: 'many' is no whole number from 0 to 4294967295");
  CHECK(read_error("taskmanager.numberOfTaskSlots 4") ==
        "conf:1: 'taskmanager.numberOfTaskSlots 4' is no line of the form `key: value`");
  CHECK(read_error("web.submit.enable: maybe") ==
        "conf:1: web.submit.enable: 'maybe' is neither true nor false");
  CHECK(Config(kKnown).set("nothing", "").error().code == ErrorCode::UnknownOption);
}

TEST_CASE("secrets are not shown") {
  Config config(kKnown);
  REQUIRE(config.set("security.ssl.key-password", "hunter2"));
  REQUIRE(config.set("taskmanager.numberOfTaskSlots", "2"));
  CHECK(config.lines() ==
        std::vector<std::string>{"security.ssl.key-password, ******", "taskmanager.numberOfTaskSlots, 2"});
}

TEST_CASE("durations are a number and a unit") {
  const auto duration = [](std::string_view text) {
    const auto result = parse_duration(text);
    return result ? *result : Duration(-1);
  };
  CHECK(duration("10 s") == 10s);
  CHECK(duration("10s") == 10s);
  CHECK(duration(" 5 MIN ") == 5min);
  CHECK(duration("2 d") == 48h);
  CHECK(duration("3000") == 3000ms);
  CHECK(duration("250 us") == 250us);
  for (const auto* bad :
       {"", "s", "-1 s", "10 parsecs", "1.5 s", "10 s s", "99999999999999 d", "18446744073709551616"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration(bad));
  }
}

TEST_CASE("sizes go in steps of 1024") {
  const auto bytes = [](std::string_view text) {
    const auto result = parse_bytes(text);
    return result ? result->count : ~std::uint64_t{0};
  };
  CHECK(bytes("64mb") == 64u << 20);
  CHECK(bytes("10485760b") == 10485760);
  CHECK(bytes("1 G") == 1u << 30);
  CHECK(bytes("32768") == 32768);
  CHECK_FALSE(parse_bytes("64 mib of memory"));
  CHECK_FALSE(parse_bytes("99999999999tb"));
}

TEST_CASE("the nearest candidate is offered only if it is near") {
  constexpr std::string_view kCandidates[] = {"run", "info", "cancel"};
  CHECK(nearest("rnu", kCandidates) == "run");
  CHECK(nearest("cancle", kCandidates) == "cancel");
  CHECK(nearest("savepoint", kCandidates).empty());
}

TEST_CASE("every option of ours has a default that can be read, a sentence, and a key of its own") {
  std::set<std::string_view> keys;
  Config config(options::all());
  for (const auto& option : options::all()) {
    CAPTURE(option.key);
    CHECK(keys.insert(option.key).second);
    CHECK_FALSE(option.doc.empty());
    CHECK(config.set(option.key, option.fallback));
  }
  CHECK(log::parse_level(config.get(options::kLogLevel)) == log::Level::Info);
}
