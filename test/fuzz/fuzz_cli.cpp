// SPDX-License-Identifier: Apache-2.0
// Any words behind `weir`: they are understood, or refused with one line.
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "apps/weir/job_manager_address.h"
#include "apps/weir/job_reference.h"
#include "apps/weir/verbs.h"
#include "base/options.h"
#include "base/result.h"
#include "test/fuzz/target.h"

// Nobody is spoken to.
int weir::run_program(const CommandLine&) { return kExitOk; }
int weir::run_info(const CommandLine&) { return kExitOk; }
int weir::run_list(const CommandLine&) { return kExitOk; }
int weir::run_state(const CommandLine&) { return kExitOk; }
int weir::run_drill(const CommandLine&) { return kExitOk; }
int weir::run_status(const CommandLine&) { return kExitOk; }
int weir::run_cancel(const CommandLine&) { return kExitOk; }
int weir::run_stop(const CommandLine&) { return kExitOk; }
int weir::run_savepoint(const CommandLine&) { return kExitOk; }

namespace {

using namespace weir;

template <class Answer>
bool check_refusal(const Answer& answer) {
  if (answer) return true;
  WEIR_CHECK(!answer.error().what.empty(), "a refusal without a word");
  return false;
}

/// All that a verb asks of its words before it speaks to anybody. A configuration file is another's input.
void ask(const CommandLine& line) {
  Config config(options::all());
  for (const std::string& assignment : line.all("define")) check_refusal(config.override_with(assignment));
  check_refusal(job_manager_address(line, config));
  check_refusal(wants_json(line));
  for (const char* number : {"parallelism", "slots", "taskmanagers"}) {
    const auto count = line.count(number, 1);
    WEIR_CHECK(!check_refusal(count) || *count > 0, "a count is at least 1");
  }
  const JobList known{{{.job = JobId{0xAB, 1}}, {.job = JobId{0xAC, 2}}}};
  for (const std::string& word : line.rest()) {
    const auto job = find_job(word, known);
    WEIR_CHECK(!check_refusal(job) || *job == known.jobs[0].job || *job == known.jobs[1].job,
               "a job out of nowhere");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> words(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == 0) words.emplace_back();
    else words.back() += static_cast<char>(data[i]);
  }
  const auto asked = read_words(words);
  if (check_refusal(asked) && asked->kind == Invocation::Kind::Run) ask(asked->line);
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  const auto words = [](std::vector<std::string> all) {
    std::string text;
    for (const std::string& word : all) text += (text.empty() ? "" : std::string(1, '\0')) + word;
    return text;
  };
  return {words({"run", "-m", "localhost:6123", "-p", "4", "-d", "prog.so", "--input", "x"}),
          words({"run", "--local", "--slots=2", "-Dparallelism.default=3", "--output", "json", "prog.so"}),
          words({"list", "-a", "--jobmanager=[::1]:7"}),
          words({"cancel", "-D", "jobmanager.rpc.port=70000", "00000000000000ab"}),
          words({"status", "--output=text", "ac"}),
          words({"help", "info"})};
}
