// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/verbs.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "apps/weir/cluster.h"
#include "base/options.h"

namespace weir {
namespace {

constexpr OptionSpec kOptions[] = {kClusterOption, kOutputOption};

CommandLine parsed(const std::vector<std::string>& words) {
  auto line = CommandLine::parse(kOptions, words);
  REQUIRE_MESSAGE(line.has_value(), line.error().what);
  return *std::move(line);
}

TEST_CASE("words name a verb, ask for help, or are refused with the nearest verb") {
  CHECK(read_words({"list", "-a"})->verb->name == "list");
  CHECK(read_words({"list", "-a"})->line.has("all"));
  CHECK(read_words({"list", "-h"})->kind == Invocation::Kind::HelpOfVerb);
  CHECK(read_words({"help", "cancel"})->verb->name == "cancel");
  CHECK(read_words({"--version"})->kind == Invocation::Kind::Version);
  CHECK(read_words({"cancle"}).error().what == "there is no verb 'cancle'; did you mean 'cancel'?");
  CHECK_FALSE(read_words({}).has_value());
}

TEST_CASE("the cluster is the one that -m names, else the configured one") {
  Config config(options::all());
  REQUIRE(config.set("jobmanager.rpc.address", "10.0.0.1").has_value());
  CHECK(*job_manager_address(parsed({}), config) == "10.0.0.1:6123");
  CHECK(*job_manager_address(parsed({"-m", "there:7"}), config) == "there:7");
  CHECK(*job_manager_address(parsed({"-m", "[::1]:7"}), config) == "[::1]:7");
  for (const char* bad : {"there", "there:", ":7", "there:x", "there:70000"}) {
    CAPTURE(bad);
    const auto address = job_manager_address(parsed({"-m", bad}), config);
    REQUIRE_FALSE(address.has_value());
    CHECK(address.error().what.starts_with("--jobmanager: "));
  }
  REQUIRE(config.set("jobmanager.rpc.port", "70000").has_value());
  CHECK(job_manager_address(parsed({}), config).error().what.starts_with("jobmanager.rpc.port: "));
}

TEST_CASE("output is for people unless JSON is asked for") {
  CHECK_FALSE(*wants_json(parsed({})));
  CHECK(*wants_json(parsed({"--output", "json"})));
  CHECK(wants_json(parsed({"--output", "jsn"})).error().what.find("did you mean 'json'?") !=
        std::string::npos);
}

TEST_CASE("every verb explains itself and has a way to ask for help") {
  for (const Verb& verb : verbs()) {
    CAPTURE(verb.name);
    CHECK(verb.summary.ends_with("."));
    CHECK(read_words({std::string(verb.name), "--help"})->kind == Invocation::Kind::HelpOfVerb);
  }
}

}  // namespace
}  // namespace weir
