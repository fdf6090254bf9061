// SPDX-License-Identifier: Apache-2.0
#include "test/golden/job_file.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace weir::golden {

namespace {

/// Turns one line of the file into a part of the job. Returns the section that the following lines belong to.
std::string take_line(JobFile& job, const std::string& section, const std::string& line) {
  if (line.starts_with("--- ")) {
    const std::string next = line.substr(4);
    if (next == "output") job.end = JobFile::End::Output;
    else if (next == "failure") job.end = JobFile::End::Failure;
    else if (next == "refused") job.end = JobFile::End::Refused;
    else if (next != "input") throw std::runtime_error("unknown section: " + next);
    return next;
  }
  if (section == "input") {
    job.input += line + '\n';
  } else if (!section.empty()) {
    job.expected.push_back(line);
  } else if (line.starts_with("program: ")) {
    job.program = line.substr(9);
  } else if (line.starts_with("arguments: ")) {
    std::istringstream words(line.substr(11));
    for (std::string word; words >> word;) job.arguments.push_back(word);
  } else if (!line.starts_with('#')) {
    throw std::runtime_error("unknown line: " + line);
  }
  return section;
}

}  // namespace

JobFile read_job_file(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("cannot open " + path.string());
  JobFile job;
  std::string section;
  for (std::string line; std::getline(file, line);) section = take_line(job, section, line);
  if (job.program.empty() || section.empty()) throw std::runtime_error(path.string() + " is no job");
  return job;
}

}  // namespace weir::golden
