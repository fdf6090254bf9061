// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/job_reference.h"

#include <algorithm>
#include <string>
#include <vector>

#include "apps/weir/text.h"
#include "base/config.h"

namespace weir {

namespace {

constexpr std::size_t kShownCandidates = 4;

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

std::string shown(std::string_view text) { return "'" + printable(cut_to(text, 64)) + "'"; }

/// "f00d... (WordCount)"
std::string shown(const JobOverview& job) { return job.job.hex() + " (" + printable(job.name) + ")"; }

Error unknown(const std::string& written, const JobList& known) {
  // An id that was begun is compared with as much of each job's.
  std::vector<std::string> beginnings;
  for (const JobOverview& job : known.jobs) beginnings.push_back(job.job.hex().substr(0, written.size()));
  const std::string near(
      nearest(written, std::vector<std::string_view>(beginnings.begin(), beginnings.end())));
  const auto meant = near.empty() ? beginnings.end() : std::find(beginnings.begin(), beginnings.end(), near);
  std::string hint = known.jobs.empty() ? "; the cluster has had none yet" : "; weir list -a shows all";
  if (meant != beginnings.end()) {
    const auto index = static_cast<std::size_t>(meant - beginnings.begin());
    hint = "; did you mean " + shown(known.jobs[index]) + "?";
  }
  return {ErrorCode::UnknownJob, "there is no job " + shown(written) + hint};
}

Error ambiguous(const std::string& written, const std::vector<JobOverview>& fitting) {
  std::string all;
  for (std::size_t i = 0; i < std::min(fitting.size(), kShownCandidates); ++i) {
    all += (i == 0 ? "" : ", ") + shown(fitting[i]);
  }
  if (fitting.size() > kShownCandidates) all += ", ...";
  return {ErrorCode::BadArgument, shown(written) + " begins the ids of " + std::to_string(fitting.size()) +
                                      " jobs: " + all + "; write more of it"};
}

}  // namespace

Result<JobId> find_job(std::string_view written, const JobList& known) {
  const std::string id = lower(written);
  if (id.empty()) return Error{ErrorCode::BadArgument, "an empty job id names no job"};
  std::vector<JobOverview> fitting;
  for (const JobOverview& job : known.jobs) {
    if (job.job.hex().starts_with(id)) fitting.push_back(job);
  }
  if (fitting.empty()) return unknown(id, known);
  if (fitting.size() > 1) return ambiguous(id, fitting);
  return fitting.front().job;
}

}  // namespace weir
