// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/job_printer.h"

#include <iostream>
#include <string>

#include "apps/weir/text.h"
#include "graph/execution_state.h"

namespace weir {

namespace {

std::string cause_text(const std::string& cause) { return cause.empty() ? "" : "\n" + printable(cause); }

Console::Colour colour_of(JobStatus status) {
  switch (status) {
    case JobStatus::Failing:
    case JobStatus::Failed: return Console::Colour::Red;
    case JobStatus::Finished: return Console::Colour::Green;
    default: return Console::Colour::Plain;
  }
}

Console::Colour colour_of(ExecutionState state) {
  return state == ExecutionState::Failed ? Console::Colour::Red : Console::Colour::Dim;
}

}  // namespace

void JobPrinter::on_accepted(JobId job) {
  if (is_json_) return;
  console_.show({});
  std::cout << "Job has been submitted with JobID " << job.hex() << std::endl;
}

void JobPrinter::on_job_status(const JobStatusChanged& mail) {
  if (is_quiet_) return;
  console_.print(step_time(mail.at) + "  Job execution switched to status " +
                     std::string(name_of(mail.status)) + "." + cause_text(mail.cause),
                 colour_of(mail.status));
}

void JobPrinter::on_task_state(const ExecutionStateChanged& mail) {
  if (is_quiet_) return;
  console_.print(step_time(mail.at) + "  " + printable(mail.task) + " switched to " +
                     std::string(name_of(mail.state)) + cause_text(mail.cause),
                 colour_of(mail.state));
}

void print_result(const JobResult& result) {
  std::cout << "Program execution finished\n"
            << "Job with JobID " << result.job.hex() << " has finished.\n"
            << "Job Runtime: " << result.net_runtime.count() << " ms\n";
  if (result.accumulators.empty()) return;
  std::cout << "Accumulator Results:\n";
  for (const auto& [name, value] : result.accumulators) {
    std::cout << "- " << printable(name) << ": " << value << '\n';
  }
}

}  // namespace weir
