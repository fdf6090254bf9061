// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/order.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <string_view>

#include "apps/drill/options.h"
#include "base/file_system.h"

namespace weir::drill {

namespace {

constexpr std::string_view kUsage =
    "say what: weir drill list, weir drill run SCENARIO..., or weir drill random";
constexpr std::uint64_t kFewSeeds = 1'000'000;  // a seed that a person can type

Error wrong(std::string what) { return {ErrorCode::BadArgument, std::move(what)}; }

/// Options may stand before the words and behind them; those behind win.
struct Words {
  const CommandLine& before;
  CommandLine behind;
  std::string what;
  std::vector<std::string> names;

  [[nodiscard]] bool has(std::string_view name) const { return behind.has(name) || before.has(name); }
  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback) const {
    return behind.text(name, before.text(name, fallback));
  }
  [[nodiscard]] Result<std::uint32_t> count(std::string_view name, std::uint32_t fallback) const {
    return behind.has(name) ? behind.count(name, fallback) : before.count(name, fallback);
  }
};

Result<Words> words_of(const CommandLine& line) {
  if (line.rest().empty()) return wrong(std::string(kUsage));
  std::vector<std::string> names;
  auto at = line.rest().begin() + 1;
  while (at != line.rest().end() && !at->starts_with('-')) names.push_back(*at++);
  auto behind = CommandLine::parse(kOptions, {at, line.rest().end()});
  if (!behind) return behind.error();
  names.insert(names.end(), behind->rest().begin(), behind->rest().end());
  return Words{line, *std::move(behind), line.rest().front(), std::move(names)};
}

template <class Number>
Result<Number> number_of(const Words& words, std::string_view name, Number fallback) {
  if (!words.has(name)) return fallback;
  const std::string text = words.text(name, "");
  Number number{};
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec == std::errc() && read.ptr == text.data() + text.size() && number >= Number{}) return number;
  return wrong("--" + std::string(name) + " wants a number, not '" + text + "'");
}

Status read_run(const Words& words, Order& order) {
  const auto times = words.count("times", 1);
  if (!times) return times.error();
  if (words.names.empty()) return wrong("run wants scenarios; weir drill list shows all");
  std::vector<std::string> names = words.names;
  if (names == std::vector<std::string>{"all"}) {
    names.clear();
    for (const FaultKind& kind : fault_kinds()) names.emplace_back(kind.name);
    for (const Combination& combination : combinations()) names.emplace_back(combination.name);
  }
  for (const std::string& name : names) {
    for (std::uint32_t i = 0; i < *times; ++i) {
      auto plan = plan_of(name, order.seed + i);
      if (!plan) return plan.error();
      order.plans.push_back(*std::move(plan));
    }
  }
  for (const std::string& name : words.names) order.command += " " + name;
  if (*times > 1) order.command += " --times " + std::to_string(*times);
  return Status::ok();
}

Status read_random(const Words& words, Order& order) {
  if (!words.names.empty())
    return wrong("random takes no scenario, it chooses them: '" + words.names[0] + "'");
  const auto minutes = number_of<double>(words, "minutes", 1);
  if (!minutes) return minutes.error();
  order.has_time = true;
  order.length =
      std::chrono::duration_cast<Duration>(std::chrono::duration<double, std::ratio<60>>(*minutes));
  order.command += " --minutes " + words.text("minutes", "1");
  return Status::ok();
}

Status read_own(const Words& words, Order& order) {
  if (words.has("cluster") && words.has("pids")) return wrong("--cluster and --pids contradict each other");
  if (!words.has("cluster") && !words.has("pids")) {
    for (const char* option : {"jobmanager", "zookeeper", "cluster-id"})
      if (words.has(option)) return wrong("--" + std::string(option) + " is for --pids");
    return Status::ok();
  }
  if (order.has_time) return wrong("random is for clusters of the drill's own");
  if (words.has("cluster")) {
    auto own = read_cluster(words.text("cluster", ""));
    if (!own) return own.error();
    order.own = *std::move(own);
    return check_processes(*order.own);
  }
  const std::string path = words.text("pids", "");
  LocalFileSystem files;
  const auto text = read_file(files, path);
  if (!text) return text.error();
  auto nodes = parse_pids(*text);
  if (!nodes) return wrong(path + ", " + nodes.error().what);
  if (words.has("jobmanager") == words.has("zookeeper"))
    return wrong("--pids wants --jobmanager HOST:PORT or --zookeeper HOSTS");
  order.own = {.nodes = *std::move(nodes),
               .job_manager = words.text("jobmanager", ""),
               .zookeeper = words.text("zookeeper", ""),
               .id = words.text("cluster-id", "default")};
  return check_processes(*order.own);
}

Status read_hold(const Words& words, Order& order) {
  if (!words.has("hold")) return Status::ok();
  const auto seconds = number_of<double>(words, "hold", 0);
  if (!seconds) return seconds.error();
  for (Plan& plan : order.plans)
    for (Planned& planned : plan.faults)
      if (planned.hold > Duration::zero())
        planned.hold = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds));
  return Status::ok();
}

Status read_options(const Words& words, Order& order) {
  order.report = words.text("report", "");
  order.broken = words.text("break", "");
  constexpr std::array<std::string_view, 5> kParts{"", "alignment", "commit-order", "restore", "fence"};
  if (std::ranges::find(kParts, order.broken) == kParts.end())
    return wrong("--break: expected alignment, commit-order, restore or fence, not '" + order.broken + "'");
  const auto task_managers = words.count("taskmanagers", 3);
  if (!task_managers) return task_managers.error();
  order.task_managers = *task_managers;
  const auto slack = number_of<double>(words, "slack", 1);
  if (!slack) return slack.error();
  order.slack = *slack;
  if (Status own = read_own(words, order); !own) return own;
  if (Status hold = read_hold(words, order); !hold) return hold;
  for (const char* option :
       {"taskmanagers", "slack", "cluster", "pids", "jobmanager", "zookeeper", "cluster-id", "hold", "break"})
    if (words.has(option)) order.command += " --" + std::string(option) + " " + words.text(option, "");
  return Status::ok();
}

}  // namespace

Result<Order> read_order(const CommandLine& line, std::uint64_t any_seed) {
  auto words = words_of(line);
  if (!words) return words.error();
  Order order{.command = "weir drill " + words->what};
  if (words->what == "list") return order;
  if (words->what != "run" && words->what != "random") return wrong(std::string(kUsage));
  order.kind = Order::Kind::Drills;
  const auto seed = number_of<std::uint64_t>(*words, "seed", any_seed % kFewSeeds);
  if (!seed) return seed.error();
  order.seed = *seed;
  const Status read = words->what == "run" ? read_run(*words, order) : read_random(*words, order);
  if (!read) return read.error();
  order.command += " --seed " + std::to_string(order.seed);
  if (const Status options = read_options(*words, order); !options) return options.error();
  return order;
}

std::string list_text() {
  std::string text = "Drills, by the row of the failure model that they are of (weir drill run NAME...):\n\n";
  const auto line = [&](std::string_view name, unsigned row, std::string_view sentence) {
    std::string padded(name);
    padded.resize(28, ' ');
    text += (row < 10 ? " " : "") + std::to_string(row) + "  " + padded + std::string(sentence) + "\n";
  };
  for (const FaultKind& kind : fault_kinds()) line(kind.name, kind.row, kind.text);
  for (const Combination& combination : combinations())
    line(combination.name, combination.row, combination.text);
  return text + "\nweir drill run all runs each of them.\n";
}

}  // namespace weir::drill
