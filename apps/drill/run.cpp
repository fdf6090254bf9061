// SPDX-License-Identifier: Apache-2.0
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <thread>

#include "apps/drill/drill.h"
#include "apps/drill/order.h"
#include "apps/drill/report.h"
#include "base/log.h"
#include "base/private_directory.h"

namespace weir::drill {

namespace {

constexpr int kValid = 0;
constexpr int kInvalid = 1;

Error unable(std::string what) {
  return {ErrorCode::NotFound, std::move(what), Blame::Environment, Retry::Never};
}

/// Where this program is; the others lie beside it.
std::string programs() { return std::filesystem::read_symlink("/proc/self/exe").parent_path().string(); }

/// Beside the programs in a build, below lib/weir in an installation.
Result<std::string> library() {
  const std::filesystem::path here = programs();
  for (const auto& candidate : {here / "libverifiable.so", here.parent_path() / "lib/weir/libverifiable.so"})
    if (std::filesystem::exists(candidate)) return candidate.string();
  return unable("there is no libverifiable.so beside " + (here / "weir").string());
}

std::string machine() {
  utsname system{};
  ::uname(&system);
  return std::to_string(std::thread::hardware_concurrency()) + " processors, Linux " + system.release;
}

void tell(const Outcome& drill) {
  std::cerr << (!drill.is_carried_out() ? "skipped  " : drill.is_valid() ? "valid    " : "INVALID  ")
            << drill.plan.name << " --seed " << drill.plan.seed;
  for (const FaultTimes& fault : drill.faults)
    if (fault.output && drill.faults.size() == 1)
      std::cerr << "  output after "
                << std::chrono::duration_cast<std::chrono::milliseconds>(*fault.output).count() << " ms";
  if (!drill.skipped.empty()) std::cerr << ": " << drill.skipped;
  for (const FaultTimes& fault : drill.faults)
    if (!fault.skipped.empty()) std::cerr << ": " << name_of(fault.fault) << ": " << fault.skipped;
  std::cerr << '\n';
  for (const std::string& finding : drill.findings) std::cerr << "           " << finding << '\n';
}

int write(const Report& report, const std::string& folder) {
  const std::string text = report_text(report);
  std::cout << text << std::flush;
  if (folder.empty()) return report.is_valid() ? kValid : kInvalid;
  std::ofstream page(folder + "/report.txt");
  page << text;
  std::ofstream twin(folder + "/report.json");
  twin << report_json(report);
  page.flush();
  twin.flush();
  if (page && twin) return report.is_valid() ? kValid : kInvalid;
  std::cerr << "weir: the report could not be written to " << folder << '\n';
  return kInvalid;
}

/// Runs drills one after the other, in one ZooKeeper.
class Runner {
public:
  Runner(const Order& order, Setting setting, Network& network)
      : order_(order), setting_(std::move(setting)), network_(network) {}

  Result<Report> run() {
    if (!setting_.own)
      if (Status begun = begin_zookeeper(); !begun) return begun.error();
    Report report{
        .command = order_.command,
        .machine = machine(),
        .network = network_.can_cut() ? "a namespace of each node" : "loopback, " + network_.why_whole(),
        .seed = order_.seed,
        .slack = order_.slack,
        .drills = {}};
    if (order_.has_time)
      report.drills.push_back(drill(random_plan(order_.seed, order_.length, network_.can_cut())));
    for (const Plan& plan : order_.plans) {
      report.drills.push_back(drill(plan));
      if (Status whole = make_whole(); !whole) return whole.error();
    }
    return report;
  }

private:
  Status begin_zookeeper() {
    std::filesystem::create_directory(setting_.folder + "/zookeeper");
    auto servers = Ensemble::start(
        {.servers = 3, .folder = setting_.folder + "/zookeeper", .network = &network_});
    if (!servers) return servers.error();
    zookeeper_ = *std::move(servers);
    return Status::ok();
  }
  Outcome drill(const Plan& plan) {
    Drill next(setting_, network_, zookeeper_.get(), plan);
    Outcome outcome = next.run();
    tell(outcome);
    return outcome;
  }
  /// For the next drill all servers are there.
  Status make_whole() {
    if (!zookeeper_) return Status::ok();
    for (std::size_t i = 0; i < zookeeper_->size(); ++i) {
      if (zookeeper_->is_alive(i)) continue;
      zookeeper_->restart(i);
      if (Status serves = zookeeper_->await_serving(i); !serves) return serves;
    }
    return Status::ok();
  }

  const Order& order_;
  const Setting setting_;
  Network& network_;
  std::unique_ptr<Ensemble> zookeeper_;
};

Result<Report> carry_out(const Order& order) {
  log::set_level(log::Level::Off);  // ZooKeeper's client complains of what we do to it
  const auto network = order.own ? Network::loopback("the cluster is its operator's")
                                 : Network::make();  // before there are threads
  const auto job = library();
  if (!job) return job.error();
  const auto folder = PrivateDirectory::make(std::filesystem::temp_directory_path().string(), "weir-drill");
  if (!folder) return folder.error();
  if (!order.report.empty()) {
    std::error_code failed;
    std::filesystem::create_directories(order.report, failed);
    if (failed) return unable("'" + order.report + "' cannot be made: " + failed.message());
  }
  return Runner(order, {.programs = programs(), .library = *job, .folder = (*folder)->path(),
                        .report = order.report, .broken = order.broken,
                        .task_managers = order.task_managers, .slack = order.slack,
                        .own = order.own},
                *network)
      .run();
}

}  // namespace

int run(const Order& order) {
  if (order.kind == Order::Kind::List) {
    std::cout << list_text();
    return kValid;
  }
  const auto report = carry_out(order);
  if (report) return write(*report, order.report);
  std::cerr << "weir: " << report.error().what << '\n';
  return kInvalid;
}

}  // namespace weir::drill
