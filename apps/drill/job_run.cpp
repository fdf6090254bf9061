// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/job_run.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace weir::drill {

namespace {

constexpr Duration kSubmitPatience = 60s;
constexpr const char* kSubmitted = "Job has been submitted with JobID ";

using Json = nlohmann::json;

Json parse(const std::string& text) { return Json::parse(text, nullptr, false); }

}  // namespace

Result<std::unique_ptr<JobRun>> JobRun::start(Cluster& cluster, Options options) {
  std::unique_ptr<JobRun> made(new JobRun(cluster, std::move(options)));
  std::filesystem::create_directories(made->output());
  std::filesystem::create_directories(made->options_.folder + "/deaths");
  auto command = cluster.words("run");
  command.emplace_back("--verbose");  // for its log in the report: when it found which leader
  const auto words = words_of(made->options_);
  command.insert(command.end(), words.begin(), words.end());
  made->client_ = std::make_unique<Process>(std::move(command));
  const auto line = made->client_->await_line(kSubmitted, kSubmitPatience);
  const auto id = line ? JobId::parse(line->text.substr(line->text.rfind(' ') + 1)) : std::nullopt;
  if (!id)
    return Error{ErrorCode::ProgramFailed,
                 "the job could not be submitted: " + made->client_->text(Process::Stream::Err),
                 Blame::Environment, Retry::Later};
  made->id_ = *id;
  return made;
}

std::vector<std::string> JobRun::words_of(const Options& options) {
  std::vector<std::string> words{"-p", std::to_string(options.parallelism), options.library,
                                 "--seed", std::to_string(options.seed),
                                 "--partitions", std::to_string(options.partitions),
                                 "--keys", std::to_string(options.keys),
                                 "--rate", std::to_string(options.rate),
                                 "--until", options.folder + "/until",
                                 "--throw", options.folder + "/throw",
                                 "--output", options.folder + "/out",
                                 "--interval-ms", "100"};
  if (!options.broken.empty()) words.insert(words.end(), {"--break", options.broken});
  if (options.deaths > 0)
    words.insert(words.end(), {"--deaths", options.folder + "/deaths", "--most-deaths",
                               std::to_string(options.deaths), "--odds", "30"});
  return words;
}

Result<JobSeen> JobRun::look() const {
  const Finished said = cluster_.weir("status", {"--output", "json", id_.hex()});
  if (said.end != ProcessEnd{.code = 0})
    return Error{ErrorCode::UnknownJob, said.err, Blame::Environment, Retry::Later};
  return parse_job(said.out);
}

void JobRun::finish() const { std::ofstream(options_.folder + "/until") << "now"; }

Verdict JobRun::reckon() const {
  Ledger ledger(options_.seed, options_.keys, options_.partitions);
  ledger.add_folder(output());
  return ledger.verdict();
}

Result<JobSeen> parse_job(const std::string& json) {
  const Json job = parse(json);
  if (!job.is_object() || !job.contains("state"))
    return Error{ErrorCode::Corrupt, "no status of a job: " + json, Blame::Bug, Retry::Never};
  JobSeen seen{.state = job.value("state", ""), .restarts = job.value("restarts", std::uint64_t{0}),
               .attempts = {}, .data_addresses = {}};
  for (const Json& vertex : job.value("vertices", Json::array())) {
    for (const Json& subtask : vertex.value("subtasks", Json::array())) {
      seen.attempts.push_back(subtask.value("attempt", std::uint64_t{0}));
      seen.data_addresses.push_back(subtask.value("data-address", ""));
    }
  }
  return seen;
}

std::uint64_t refused_of(const std::string& json) {
  const Json cluster = parse(json);
  return cluster.is_object() ? cluster.value("messages-refused", std::uint64_t{0}) : 0;
}

std::vector<std::string> jobs_of(const std::string& json) {
  const Json list = parse(json);
  std::vector<std::string> ids;
  if (!list.is_object()) return ids;
  for (const Json& job : list.value("jobs", Json::array())) ids.push_back(job.value("jid", ""));
  return ids;
}

}  // namespace weir::drill
