// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/verbs.h"

#include <array>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "apps/drill/options.h"

namespace weir {

namespace {

constexpr OptionSpec kRunOptions[] = {
    kClusterOption,
    kZooKeeperOption,
    kClusterIdOption,
    {"detached,d", "", "Return when the job was accepted."},
    {"jobId", "ID",
     "Submit under this id, 32 hexadecimal digits; a job that has it already is attached to instead."},
    {"parallelism,p", "N", "Subtasks of each operator that does not say otherwise (default 1)."},
    {"fromSavepoint,s", "DIR", "Start from a savepoint, or from a checkpoint that was kept."},
    {"allowNonRestoredState,n", "", "Leave out state of operators that the program no longer has."},
    {"local", "", "Run on a cluster inside this process, which ends with the job."},
    {"slots", "N", "Slots of each TaskManager of the local cluster (default: as many as the job needs)."},
    {"taskmanagers", "N", "TaskManagers of the local cluster (default 1)."},
    {"sysoutLogging,q", "", "Do not print the steps of the job and its tasks."},
    kConfigOption,
    kDefineOption,
    kOutputOption,
    {"verbose", "", "Print what the cluster logs."},
    kHelpOption,
};

constexpr OptionSpec kListOptions[] = {
    {"running,r", "", "Only jobs that run or restart."},
    {"scheduled,s", "", "Only jobs that wait for slots."},
    {"all,a", "", "Also jobs that have ended."},
    kClusterOption,
    kZooKeeperOption,
    kClusterIdOption,
    kConfigOption,
    kDefineOption,
    kOutputOption,
    kHelpOption,
};

constexpr OptionSpec kStatusOptions[] = {
    kClusterOption, kZooKeeperOption, kClusterIdOption, kConfigOption,
    kDefineOption,  kOutputOption,    kHelpOption,
};

constexpr OptionSpec kEndOptions[] = {
    {"withSavepoint,s", "", "First take a savepoint, in DIR or where the cluster keeps them."},
    {"session", "ID",
     "With -m: ask as one who follows the leader of this session; drills do, of one deposed."},
    kClusterOption,
    kZooKeeperOption,
    kClusterIdOption,
    kConfigOption,
    kDefineOption,
    kHelpOption,
};

constexpr OptionSpec kSavepointOptions[] = {
    {"dispose,d", "PATH", "Delete this savepoint, with all state that it names."},
    kClusterOption,
    kZooKeeperOption,
    kClusterIdOption,
    kConfigOption,
    kDefineOption,
    kHelpOption,
};

constexpr OptionSpec kInfoOptions[] = {
    {"parallelism,p", "N", "Subtasks of each operator that does not say otherwise (default 1)."},
    {"help,h", "", "Print this."},
};

constexpr OptionSpec kStateOptions[] = {
    {"json", "", "Print JSON for scripts: ls one object, the others an object a line."},
    kHelpOption,
};

constexpr Verb kVerbs[] = {
    {.name = "run",
     .arguments = "PROGRAM.so [ARGS...]",
     .summary = "Run a program to its end.",
     .options = kRunOptions,
     .run = run_program},
    {.name = "list", .arguments = "", .summary = "List jobs.", .options = kListOptions, .run = run_list},
    {.name = "status",
     .arguments = "[JOB]",
     .summary = "Show the cluster, or one job and its vertices.",
     .options = kStatusOptions,
     .run = run_status},
    {.name = "cancel",
     .arguments = "JOB [DIR]",
     .summary = "Cancel a job; the beginning of its id is enough.",
     .options = kEndOptions,
     .run = run_cancel},
    {.name = "stop",
     .arguments = "JOB [DIR]",
     .summary = "End a job's sources, so that it finishes what it has read.",
     .options = kEndOptions,
     .run = run_stop},
    {.name = "savepoint",
     .arguments = "JOB [DIR]",
     .summary = "Write all state of a job, from which it can be started again.",
     .options = kSavepointOptions,
     .run = run_savepoint},
    {.name = "state",
     .arguments = "ls PATH | get PATH OPERATOR STATE KEY | dump PATH [OPERATOR [STATE]] | diff OLD NEW",
     .summary = "Look into a savepoint or checkpoint, without the program that made it.",
     .options = kStateOptions,
     .run = run_state},
    {.name = "drill",
     .arguments = "list | run SCENARIO... | random",
     .summary = "Break a cluster of real processes on purpose, and prove that nothing is lost.",
     .options = drill::kOptions,
     .run = run_drill},
    {.name = "info",
     .arguments = "PROGRAM.so [ARGS...]",
     .summary = "Print the execution plan of a program as JSON, without running it.",
     .options = kInfoOptions,
     .run = run_info},
};

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

std::span<const Verb> verbs() { return kVerbs; }

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
