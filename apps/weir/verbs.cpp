// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/verbs.h"

#include <array>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

namespace weir {

namespace {

const Verb* find_verb(std::string_view name) {
  for (const Verb& verb : verbs()) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

Error unknown_verb(const std::string& name) {
  std::vector<std::string_view> names{"help"};
  for (const Verb& verb : verbs()) names.push_back(verb.name);
  const std::string hint = did_you_mean(name, names);
  return {ErrorCode::UnknownOption,
          "there is no verb '" + name + "'" + (hint.empty() ? "; see weir --help" : hint)};
}

Result<Invocation> read_help(const std::vector<std::string>& words) {
  if (words.size() < 2) return Invocation{.kind = Invocation::Kind::Help};
  const Verb* verb = find_verb(words[1]);
  if (verb == nullptr) return unknown_verb(words[1]);
  return Invocation{.kind = Invocation::Kind::HelpOfVerb, .verb = verb};
}

}  // namespace

std::span<const Verb> verbs() {
  static const std::array kVerbs{kRunVerb, kListVerb, kStatusVerb, kCancelVerb, kStopVerb, kInfoVerb};
  return kVerbs;
}

Result<Invocation> read_words(const std::vector<std::string>& words) {
  if (words.empty()) return Error{ErrorCode::BadArgument, "say what to do; see weir --help"};
  const std::string& first = words.front();
  if (first == "help" || first == "--help" || first == "-h") return read_help(words);
  if (first == "--version" || first == "-v") return Invocation{.kind = Invocation::Kind::Version};
  const Verb* verb = find_verb(first);
  if (verb == nullptr) return unknown_verb(first);
  auto line = CommandLine::parse(verb->options, {words.begin() + 1, words.end()});
  if (!line) return Error{line.error().code, line.error().what + " (see weir help " + first + ")"};
  if (line->has("help")) return Invocation{.kind = Invocation::Kind::HelpOfVerb, .verb = verb};
  return Invocation{.kind = Invocation::Kind::Run, .verb = verb, .line = *std::move(line)};
}

int fail(std::string_view message) {
  std::cout.flush();
  std::cerr << "weir: " << message << '\n';
  return kExitError;
}

Result<bool> wants_json(const CommandLine& line) {
  const std::string format = line.text("output", "text");
  if (format == "json") return true;
  if (format == "text") return false;
  constexpr std::array<std::string_view, 2> kFormats{"text", "json"};
  return Error{ErrorCode::BadArgument,
               "--output is text or json, not '" + format + "'" + did_you_mean(format, kFormats)};
}

}  // namespace weir
