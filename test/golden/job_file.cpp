// SPDX-License-Identifier: Apache-2.0
#include "test/golden/job_file.h"

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace weir::golden {

namespace {

/// "input" and "input fares" are sections; "input" and "fares" are names. Empty if the section is no input.
std::string name_of_input(const std::string& section) {
  return section == "input" ? section : section.starts_with("input ") ? section.substr(6) : "";
}

std::string begin_input(JobFile& job, const std::string& section) {
  job.inputs[name_of_input(section)];
  return section;
}

/// Turns one line of the file into a part of the job. Returns the section that the following lines belong to.
std::string take_line(JobFile& job, const std::string& section, const std::string& line) {
  if (line.starts_with("--- ")) {
    const std::string next = line.substr(4);
    if (next == "input" || next.starts_with("input ")) return begin_input(job, next);
    if (next == "output") job.end = JobFile::End::Output;
    else if (next == "failure") job.end = JobFile::End::Failure;
    else if (next == "refused") job.end = JobFile::End::Refused;
    else throw std::runtime_error("unknown section: " + next);
    return next;
  }
  if (const auto input = job.inputs.find(name_of_input(section)); input != job.inputs.end()) {
    input->second += line + '\n';
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
