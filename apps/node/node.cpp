// SPDX-License-Identifier: Apache-2.0
#include "apps/node/node.h"

#include <exception>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "apps/node/exit_codes.h"
#include "base/address.h"
#include "base/log.h"

namespace weir {

namespace {

std::string exit_codes() {
  return "Exit codes: 0 told to end, 1 not started, 2 wrong configuration, 3 refused to listen unprotected,\n"
         "4 no JobManager within the deadline, 11 a task ignored its cancellation; a crash ends by its "
         "signal.\n";
}

/// Keys in one column, what they mean and their defaults in the other.
std::string help_of_keys(std::span<const AnyOption> keys) {
  std::string text;
  for (const AnyOption& option : keys) {
    text += "  " + std::string(option.key) + "\n      " + std::string(option.doc) + " (default: " +
            (option.fallback.empty() ? "none" : std::string(option.fallback)) + ")\n";
  }
  return text;
}

void print_help(const NodeProgram& program) {
  std::cout << program.purpose << "\n\nUsage: " << program.name << " [OPTIONS]\n\n"
            << help_of(program.options) << "\nKeys of the configuration, for the file and -D:\n\n"
            << help_of_keys(program.keys) << '\n'
            << exit_codes();
}

/// The configuration, with what the shorthands say on top.
Result<Config> configuration(const NodeProgram& program, const CommandLine& line) {
  auto config = load_configuration(line);
  if (!config) return config;
  if (line.has("jobmanager")) {
    const auto address = split_address(line.text("jobmanager", ""));
    if (!address) return Error{address.error().code, "--jobmanager: " + address.error().what};
    for (const auto& [key, value] : {std::pair(options::kJobManagerAddress.key, address->host),
                                     std::pair(options::kJobManagerPort.key, std::to_string(address->port))})
      if (Status set = config->set(key, value); !set) return set.error();
  }
  for (const Shorthand& shorthand : program.shorthands) {
    if (!line.has(shorthand.name)) continue;
    const std::string value = line.text(shorthand.name, shorthand.flag_value);
    const Status set = config->set(shorthand.key, value.empty() ? shorthand.flag_value : value);
    if (!set) return Error{set.error().code, "--" + std::string(shorthand.name) + ": " + set.error().what};
  }
  return config;
}

int run_configured(const NodeProgram& program, const CommandLine& line) {
  Shutdown shutdown;
  const auto config = configuration(program, line);
  if (!config) return refuse(program.name, config.error().what, kExitBadConfig);
  const auto level = log::parse_level(config->get(options::kLogLevel));
  if (!level)
    return refuse(program.name, "env.log.level: expected DEBUG, INFO, WARN, ERROR or OFF", kExitBadConfig);
  log::set_level(*level);
  for (const std::string& property : config->lines())
    log::info(program.name, "Loading configuration property: " + property);
  return program.run(*config, shutdown);
}

int run(const NodeProgram& program, const std::vector<std::string>& words) {
  const auto line = CommandLine::parse(program.options, words);
  if (!line)
    return refuse(program.name, line.error().what + " (see --help)", kExitBadConfig);
  if (!line->rest().empty())
    return refuse(program.name, "it takes options only, not '" + line->rest().front() + "' (see --help)",
                  kExitBadConfig);
  if (line->has("help")) {
    print_help(program);
    return kExitOk;
  }
  if (line->has("version")) {
    std::cout << program.name << " " WEIR_VERSION "\n";
    return kExitOk;
  }
  return run_configured(program, *line);
}

}  // namespace

int run_node(const NodeProgram& program, int argc, char** argv) {
  try {
    return run(program, {argv + 1, argv + argc});
  } catch (const std::exception& e) {
    return refuse(program.name, std::string("an error that should have been caught: ") + e.what(),
                  kExitNotStarted);
  }
}

int refuse(std::string_view program, std::string_view why, int exit_code) {
  std::cout.flush();
  std::cerr << program << ": " << why << '\n';
  return exit_code;
}

}  // namespace weir
