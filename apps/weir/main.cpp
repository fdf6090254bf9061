// SPDX-License-Identifier: Apache-2.0
// The command line: weir VERB [OPTIONS] ...
#include <cstdio>
#include <exception>
#include <algorithm>
#include <iostream>

#include "apps/weir/verbs.h"

namespace weir {

namespace {

int print_usage() {
  std::cout << "weir runs stream programs.\n\nUsage: weir VERB [OPTIONS] ...\n\nVerbs:\n";
  std::size_t width = 0;
  for (const Verb& verb : verbs()) width = std::max(width, verb.name.size());
  for (const Verb& verb : verbs()) {
    std::cout << "  " << verb.name << std::string(width + 2 - verb.name.size(), ' ') << verb.summary << '\n';
  }
  std::cout
      << "\n  weir help VERB   explains one of them\n"
         "  weir --version   prints the version\n\n"
         "Exit codes: 0 all went well, 1 an error that was explained, 31 one that was not, 130 interrupted "
         "twice.\n";
  return kExitOk;
}

int print_help(const Verb& verb) {
  std::cout << verb.summary << "\n\nUsage: weir " << verb.name << " [OPTIONS] " << verb.arguments << "\n\n"
            << help_of(verb.options)
            << "\nOptions end at the first word that is none: what follows the program belongs to it.\n";
  return kExitOk;
}

int print_version() {
  std::cout << "weir " WEIR_VERSION "\n";
  return kExitOk;
}

int dispatch(const std::vector<std::string>& words) {
  const auto asked = read_words(words);
  if (!asked) return fail(asked.error().what);
  switch (asked->kind) {
    case Invocation::Kind::Help: return print_usage();
    case Invocation::Kind::HelpOfVerb: return print_help(*asked->verb);
    case Invocation::Kind::Version: return print_version();
    case Invocation::Kind::Run: break;
  }
  return asked->verb->run(asked->line);
}

}  // namespace

}  // namespace weir

int main(int argc, char** argv) {
  try {
    return weir::dispatch({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    std::fprintf(stderr, "weir: an error that should have been caught: %s\n", e.what());
  } catch (...) {
    std::fprintf(stderr, "weir: an error that should have been caught\n");
  }
  return weir::kExitUncaught;
}
