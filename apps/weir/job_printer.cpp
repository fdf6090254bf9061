// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/job_printer.h"

#include <array>
#include <ctime>
#include <iostream>
#include <string>

#include "graph/execution_state.h"

namespace weir {

namespace {

/// "MM/dd/yyyy HH:mm:ss", in the time zone of the person.
std::string time_text(WallTime time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm parts{};
  localtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%m/%d/%Y %H:%M:%S", &parts);
  return {text.data(), length};
}

std::string cause_text(const std::string& cause) { return cause.empty() ? "" : "\n" + cause; }

}  // namespace

void JobPrinter::on_accepted(JobId job) {
  std::cout << "Job has been submitted with JobID " << job.hex() << std::endl;
}

void JobPrinter::on_job_status(const JobStatusChanged& mail) {
  if (is_quiet_) return;
  std::cerr << time_text(mail.at) + "  Job execution switched to status " +
                   std::string(name_of(mail.status)) + "." + cause_text(mail.cause) + "\n";
}

void JobPrinter::on_task_state(const ExecutionStateChanged& mail) {
  if (is_quiet_) return;
  std::cerr << time_text(mail.at) + "  " + mail.task + " switched to " + std::string(name_of(mail.state)) +
                   cause_text(mail.cause) + "\n";
}

void JobPrinter::print_result(const JobResult& result) {
  std::cout << "Program execution finished\n"
            << "Job with JobID " << result.job.hex() << " has finished.\n"
            << "Job Runtime: " << result.net_runtime.count() << " ms\n";
  if (result.accumulators.empty()) return;
  std::cout << "Accumulator Results:\n";
  for (const auto& [name, value] : result.accumulators) std::cout << "- " << name << ": " << value << '\n';
}

}  // namespace weir
