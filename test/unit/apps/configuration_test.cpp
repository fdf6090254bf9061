// SPDX-License-Identifier: Apache-2.0
#include "apps/configuration.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <string>
#include <vector>

#include "base/options.h"
#include "test/support/temporary_directory.h"

namespace weir {
namespace {

using testing::TemporaryDirectory;

constexpr OptionSpec kOptions[] = {kConfigOption, kDefineOption};

Result<Config> load(const std::vector<std::string>& words) {
  ::unsetenv("WEIR_CONF_DIR");
  const auto line = CommandLine::parse(kOptions, words);
  REQUIRE_MESSAGE(line.has_value(), line.error().what);
  return load_configuration(*line);
}

TEST_CASE("without file and -D every option has its default") {
  const auto config = load({});
  REQUIRE(config.has_value());
  CHECK(config->get(options::kJobManagerPort) == 6123);
  CHECK(config->lines().empty());
}

TEST_CASE("-D beats the file, and the later -D the earlier one") {
  const TemporaryDirectory directory;
  const std::string file =
      directory.file("weir.yaml", "jobmanager.rpc.port: 7000\nparallelism.default: 3\n");
  const auto config =
      load({"--config", file, "-D", "jobmanager.rpc.port=7001", "-Djobmanager.rpc.port=7002"});
  REQUIRE_MESSAGE(config.has_value(), config.error().what);
  CHECK(config->get(options::kJobManagerPort) == 7002);
  CHECK(config->get(options::kParallelism) == 3);
}

TEST_CASE("without --config the file of WEIR_CONF_DIR is read") {
  const TemporaryDirectory directory;
  directory.file("weir.yaml", "taskmanager.numberOfTaskSlots: 4\n");
  ::setenv("WEIR_CONF_DIR", directory.path().c_str(), 1);
  const auto config = load_configuration(*CommandLine::parse(kOptions, {}));
  ::unsetenv("WEIR_CONF_DIR");
  REQUIRE_MESSAGE(config.has_value(), config.error().what);
  CHECK(config->get(options::kTaskSlots) == 4);
}

TEST_CASE("mistakes name file and line, or -D, and the nearest key") {
  const TemporaryDirectory directory;
  const std::string file = directory.file("weir.yaml", "# mine\njobmanager.rpc.prot: 7000\n");
  const auto in_file = load({"--config", file});
  REQUIRE_FALSE(in_file.has_value());
  CHECK(in_file.error().what == file +
                                    ":2: unknown option 'jobmanager.rpc.prot'; did you mean "
                                    "'jobmanager.rpc.port'?");

  const auto in_define = load({"-D", "jobmanager.rpc.port=many"});
  REQUIRE_FALSE(in_define.has_value());
  CHECK(in_define.error().what.find("-D: jobmanager.rpc.port: 'many'") == 0);

  CHECK(load({"--config", "/nonexistent.yaml"}).error().what.find("/nonexistent.yaml") != std::string::npos);
}

TEST_CASE("a file that is no configuration is not read into memory") {
  const TemporaryDirectory directory;
  const auto config = load({"--config", directory.file("big", std::string(2 << 20, '#'))});
  REQUIRE_FALSE(config.has_value());
  CHECK(config.error().what.find("at most 1048576") != std::string::npos);
}

}  // namespace
}  // namespace weir
