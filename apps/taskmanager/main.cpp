// SPDX-License-Identifier: Apache-2.0
// A TaskManager in a process of its own. Not there yet: it says so.
#include <iostream>
#include <string>
#include <vector>

#include "apps/command_line.h"

namespace {

constexpr weir::OptionSpec kOptions[] = {
    {"help,h", "", "Print this."},
    {"version,v", "", "Print the version."},
};

}  // namespace

int main(int argc, char** argv) {
  const auto line = weir::CommandLine::parse(kOptions, {argv + 1, argv + argc});
  if (!line) {
    std::cerr << "weir-taskmanager: " << line.error().what << '\n';
    return 1;
  }
  if (line->has("help")) {
    std::cout << "weir-taskmanager runs a TaskManager in a process of its own.\n\n"
              << weir::help_of(kOptions);
    return 0;
  }
  if (line->has("version")) {
    std::cout << "weir-taskmanager " WEIR_VERSION "\n";
    return 0;
  }
  std::cerr << "weir-taskmanager: clusters of several processes come with the next milestone; "
               "until then use weir run --local\n";
  return 1;
}
