// SPDX-License-Identifier: Apache-2.0
// The command line: weir VERB [OPTIONS] ...
#include <array>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "apps/weir/verbs.h"

namespace weir {

namespace {

void print_usage() {
  std::cout << "weir runs stream programs.\n\nUsage: weir VERB [OPTIONS] ...\n\nVerbs:\n";
  for (const Verb& verb : verbs()) {
    std::cout << "  " << verb.name << std::string(8 - verb.name.size(), ' ') << verb.summary << '\n';
  }
  std::cout << "\n  weir help VERB   explains one of them\n"
               "  weir --version   prints the version\n\n"
               "Exit codes: 0 all went well, 1 an error that was explained, 31 one that was not.\n";
}

void print_help(const Verb& verb) {
  std::cout << verb.summary << "\n\nUsage: weir " << verb.name << " [OPTIONS] " << verb.arguments << "\n\n"
            << help_of(verb.options)
            << "\nOptions end at the first word that is none: what follows the program belongs"
            << " to it.\n";
}

const Verb* find_verb(std::string_view name) {
  for (const Verb& verb : verbs()) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

int unknown_verb(const std::string& name) {
  std::vector<std::string_view> names{"help"};
  for (const Verb& verb : verbs()) names.push_back(verb.name);
  const std::string hint = did_you_mean(name, names);
  return fail("there is no verb '" + name + "'" + (hint.empty() ? "; see weir --help" : hint));
}

int help(const std::vector<std::string>& words) {
  if (words.size() < 2) {
    print_usage();
    return kExitOk;
  }
  const Verb* verb = find_verb(words[1]);
  if (verb == nullptr) return unknown_verb(words[1]);
  print_help(*verb);
  return kExitOk;
}

int dispatch(const std::vector<std::string>& words) {
  if (words.empty()) return fail("say what to do; see weir --help");
  const std::string& first = words.front();
  if (first == "help" || first == "--help" || first == "-h") return help(words);
  if (first == "--version" || first == "-v") {
    std::cout << "weir " WEIR_VERSION "\n";
    return kExitOk;
  }
  const Verb* verb = find_verb(first);
  if (verb == nullptr) return unknown_verb(first);
  auto line = CommandLine::parse(verb->options, {words.begin() + 1, words.end()});
  if (!line) return fail(line.error().what + " (see weir help " + first + ")");
  if (line->has("help")) {
    print_help(*verb);
    return kExitOk;
  }
  return verb->run(*line);
}

}  // namespace

std::span<const Verb> verbs() {
  static const std::array kVerbs{kRunVerb, kInfoVerb};
  return kVerbs;
}

int fail(std::string_view message) {
  std::cout.flush();
  std::cerr << "weir: " << message << '\n';
  return kExitError;
}

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
