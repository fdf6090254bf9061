// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "apps/weir/state_output.h"
#include "apps/weir/verbs.h"
#include "base/file_system.h"
#include "base/ids.h"
#include "checkpoint/snapshot/savepoint_diff.h"
#include "checkpoint/snapshot/savepoint_reader.h"
#include "checkpoint/state/saved_store.h"

namespace weir {

namespace {

constexpr std::string_view kUsage =
    "say what: weir state ls PATH, get PATH OPERATOR STATE KEY, dump PATH [OPERATOR [STATE]], or diff OLD "
    "NEW";

/// What was asked for, behind `weir state`.
struct Question {
  bool json = false;
  std::string what;
  std::vector<std::string> words;
};

/// `--json` may stand behind the words, too.
Question question_of(const CommandLine& line) {
  Question question{.json = line.has("json"), .what = {}, .words = line.rest()};
  question.json = std::erase(question.words, "--json") != 0 || question.json;
  if (question.words.empty()) return question;
  question.what = question.words.front();
  question.words.erase(question.words.begin());
  return question;
}

/// Every operator that the words name: all of them, without a word.
Result<std::vector<SavedOperator>> operators_of(const SavepointReader& savepoint, const std::string& who) {
  std::vector<OperatorId> ids;
  if (who.empty()) {
    for (const auto& [id, state] : savepoint.checkpoint().operators) ids.push_back(id);
  } else if (const auto id = savepoint.find(who)) {
    ids.push_back(*id);
  } else {
    return id.error();
  }
  std::vector<SavedOperator> operators;
  for (const OperatorId id : ids) {
    auto described = savepoint.describe(id);
    if (!described) return described.error();
    operators.push_back(*std::move(described));
  }
  std::ranges::stable_sort(operators, {}, &SavedOperator::name);
  return operators;
}

Result<const SavedState*> state_of(const SavedOperator& of, const std::string& name) {
  std::string names;
  for (const SavedState& state : of.states) {
    if (state.info.name == name) return &state;
    names += (names.empty() ? "\"" : ", \"") + state.info.name + "\"";
  }
  return Error{ErrorCode::NotFound, of.told() + " has no state \"" + name + "\"" +
                                        (names.empty() ? "" : "; it has " + names)};
}

int end_of_output() {
  std::cout.flush();
  return std::cout ? kExitOk : fail("standard output cannot be written");
}

int list(const Question& question, const SavepointReader& savepoint) {
  const auto operators = operators_of(savepoint, {});
  if (!operators) return fail(operators.error().what);
  std::cout << (question.json ? states_json(savepoint.checkpoint(), *operators) + "\n"
                              : states_text(savepoint.checkpoint(), *operators));
  return end_of_output();
}

int get(const Question& question, const SavepointReader& savepoint) {
  const auto operators = operators_of(savepoint, question.words[1]);
  if (!operators) return fail(operators.error().what);
  const SavedOperator& of = operators->front();
  const auto state = state_of(of, question.words[2]);
  if (!state) return fail(state.error().what);
  const StateInfo& info = (*state)->info;
  const std::string& key = question.words[3];
  const std::string of_whom = of.told() + ": the state \"" + info.name + "\"";
  if (info.key.empty()) return fail(of_whom + " has no keys; weir state dump shows all of it");

  bool is_found = false;
  const Status read = savepoint.for_each(of, info, [&](const SavedEntry& entry, const EntryFormat& format) {
    if (!format.has_key(entry, key)) return;
    is_found = true;
    if (question.json) std::cout << entry_json(of, entry, format) << '\n';
    else if (format.has_name_space())
      std::cout << format.name_space(entry) << '\t' << format.value(entry) << '\n';
    else std::cout << format.value(entry) << '\n';
  });
  if (!read) return fail(read.error().what);
  if (!is_found) return fail(of_whom + " has nothing of key " + key + " (its keys are " + info.key + ")");
  return end_of_output();
}

/// What cannot be read is told, and the rest is printed all the same.
int dump(const Question& question, const SavepointReader& savepoint) {
  const auto operators = operators_of(savepoint, question.words.size() > 1 ? question.words[1] : "");
  if (!operators) return fail(operators.error().what);
  const std::string wanted = question.words.size() > 2 ? question.words[2] : "";
  if (!wanted.empty()) {
    if (const auto state = state_of(operators->front(), wanted); !state) return fail(state.error().what);
  }
  int outcome = kExitOk;
  for (const SavedOperator& of : *operators) {
    for (const SavedState& state : of.states) {
      if (!wanted.empty() && state.info.name != wanted) continue;
      const Status read =
          savepoint.for_each(of, state.info, [&](const SavedEntry& entry, const EntryFormat& format) {
            std::cout << (question.json ? entry_json(of, entry, format) : entry_text(of, entry, format))
                      << '\n';
          });
      if (!read) outcome = fail(read.error().what);
    }
  }
  return outcome == kExitOk ? end_of_output() : outcome;
}

/// Prints changes as they come.
class ChangePrinter final : public ChangeListener {
public:
  explicit ChangePrinter(bool json)
      : json_(json),
        has_colours_(!json && ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr) {}

  void on_change(const SavedOperator& of, const StateInfo* state, const StateChange& change) override {
    if (json_) {
      std::cout << change_json(of, state, change) << '\n';
      return;
    }
    const std::string line = change_text(of, state, change);
    if (has_colours_) std::cout << colour_of(line.front()) << line << "\x1b[0m\n";
    else std::cout << line << '\n';
  }

private:
  static const char* colour_of(char sign) {
    return sign == '+' ? "\x1b[32m" : sign == '-' ? "\x1b[31m" : "\x1b[33m";
  }

  const bool json_;
  const bool has_colours_;
};

/// Stores that had to be fetched, as long as the question is answered.
class Workshop {
public:
  Workshop()
      : folder_(std::filesystem::temp_directory_path() / ("weir-state-" + JobId::random().hex())),
        stores_(files_, folder_.string()) {}
  ~Workshop() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

  [[nodiscard]] Result<SavepointReader> open(const std::string& path) {
    return SavepointReader::open(files_, path, &stores_);
  }

private:
  LocalFileSystem files_;
  const std::filesystem::path folder_;
  FetchedStores stores_;
};

int compare(const Question& question, Workshop& workshop, const SavepointReader& from) {
  const auto to = workshop.open(question.words[1]);
  if (!to) return fail(to.error().what);
  ChangePrinter printer(question.json);
  if (const Status done = diff(from, *to, printer); !done) return fail(done.error().what);
  return end_of_output();
}

int answer(const Question& question) {
  struct Kind {
    std::string_view name;
    std::size_t fewest;
    std::size_t most;
  };
  constexpr Kind kKinds[] = {{"ls", 1, 1}, {"get", 4, 4}, {"dump", 1, 3}, {"diff", 2, 2}};
  const auto kind = std::ranges::find(kKinds, question.what, &Kind::name);
  if (kind == std::end(kKinds) || question.words.size() < kind->fewest || question.words.size() > kind->most)
    return fail(kUsage);

  Workshop workshop;
  const auto savepoint = workshop.open(question.words[0]);
  if (!savepoint) return fail(savepoint.error().what);
  if (question.what == "ls") return list(question, *savepoint);
  if (question.what == "get") return get(question, *savepoint);
  if (question.what == "dump") return dump(question, *savepoint);
  return compare(question, workshop, *savepoint);
}

}  // namespace

int run_state(const CommandLine& line) { return answer(question_of(line)); }

}  // namespace weir
