// SPDX-License-Identifier: Apache-2.0
// A job whose output proves that each event counted once: sources that compute their events, a count and a
// hash of all events by key, part files. apps/drill/ledger.h checks what comes out.
//
// Some tasks die on purpose at delicate moments (--deaths), and some variants of the job are wrong on purpose
// (--break), so that the check can be checked.
#include "apps/drill/program/verifiable.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "api/program.h"

namespace {

using namespace weir;

/// An event, and behind the count what is known of its key.
struct Entry {
  std::uint32_t partition = 0;
  std::uint64_t sequence = 0;
  std::uint64_t key = 0;
  std::uint64_t count = 0;
  std::uint64_t hash = 0;
};

/// Where the process ends as if by kill -9, as often as there are files to be made: `directory`/0, /1, ...
/// One in `odds` comes to it.
class Deaths {
public:
  Deaths(std::string directory, std::uint64_t most, std::uint64_t odds)
      : directory_(std::move(directory)), most_(most), odds_(odds) {}

  void perhaps(const char* where) {
    if (directory_.empty() || odds_ == 0) return;
    static std::atomic<std::uint64_t> asked = 0;
    const auto now = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    if (drill::mix(now + ++asked) % odds_ != 0) return;
    for (std::uint64_t i = 0; i < most_; ++i) {
      const int file =
          ::open((directory_ + "/" + std::to_string(i)).c_str(), O_WRONLY | O_CREAT | O_EXCL, 0644);
      if (file < 0) continue;
      (void)!::write(file, where, std::char_traits<char>::length(where));
      ::raise(SIGKILL);
    }
  }

private:
  std::string directory_;
  std::uint64_t most_;
  std::uint64_t odds_;
};

struct Settings {
  std::uint32_t partitions = 1;
  std::uint64_t events = 0;  // of each partition; 0: until the file is there
  std::uint64_t keys = 1;
  std::uint64_t seed = 0;
  std::uint64_t rate = 0;  // events a second and subtask; 0: as fast as they can
  std::string until;
  std::string throw_file;  // whoever finds it takes it away, and throws
  Deaths deaths{"", 0, 0};
};

/// A partition, and which of its events comes next.
struct Place {
  std::uint32_t partition = 0;
  std::uint64_t next = 0;
  bool has_ended = false;
};

class VerifiableSource final : public SourceFunction<Entry> {
public:
  static constexpr bool kCanStop = true;

  explicit VerifiableSource(Settings settings) : settings_(std::move(settings)) {}

  void open(OperatorContext& context) override {
    state_ = &context.operator_state().list_state<Place>("places");
    places_ = state_->get();
    if (context.is_restored()) return;
    for (auto p = context.subtask_index(); p < settings_.partitions; p += context.parallelism())
      places_.push_back({.partition = p});
  }
  void snapshot(CheckpointId) override {
    settings_.deaths.perhaps("source");  // the barriers of other sources are on their way
    state_->assign(places_);
  }
  void run(SourceContext<Entry>& context) override {
    std::uint64_t sent = 0;
    const TimePoint began = std::chrono::steady_clock::now();
    while (context.is_running() && send_batch(context)) {
      if (settings_.rate == 0) continue;
      // Subtasks of different pace: the barriers of a slow one come late.
      sent += kBatch * places_.size();
      context.await_until(began + std::chrono::microseconds(sent * 1'000'000 / settings_.rate));
    }
  }

private:
  static constexpr std::uint64_t kBatch = 16;

  /// False: all partitions have ended.
  bool send_batch(SourceContext<Entry>& context) {
    const bool is_over = !settings_.until.empty() && ::access(settings_.until.c_str(), F_OK) == 0;
    if (!settings_.throw_file.empty() && ::unlink(settings_.throw_file.c_str()) == 0)
      throw std::runtime_error("thrown because " + settings_.throw_file + " was there");
    bool any = false;
    for (Place& place : places_) {
      for (std::uint64_t i = 0; i < kBatch && !place.has_ended; ++i) {
        if (is_over || (settings_.events > 0 && place.next == settings_.events)) end(place, context);
        else send(place, context);
        if (!context.is_running()) return false;
      }
      any |= !place.has_ended;
    }
    return any;
  }
  void send(Place& place, SourceContext<Entry>& context) {
    const std::uint64_t hash = drill::event_hash(settings_.seed, place.partition, place.next);
    const Entry entry{place.partition, place.next++, drill::event_key(hash, settings_.keys), 1,
                      hash};
    context.collect(entry);
  }
  void end(Place& place, SourceContext<Entry>& context) {
    place.has_ended = true;
    context.collect({place.partition, place.next, drill::end_key(place.partition, settings_.keys), 1, 0});
  }

  Settings settings_;
  OperatorListState<Place>* state_ = nullptr;
  std::vector<Place> places_;
};

/// Part files of a process that may die around each step.
class MortalFiles : public TextPartFiles<Entry> {
public:
  MortalFiles(const std::string& folder, Deaths deaths)
      : TextPartFiles<Entry>(PartFiles(folder)), deaths_(std::move(deaths)) {}

  Transaction prepare(CheckpointId checkpoint) {
    deaths_.perhaps("before prepare");
    Transaction made = TextPartFiles<Entry>::prepare(checkpoint);
    deaths_.perhaps("after prepare");
    return made;
  }
  void commit(const Transaction& transaction) {
    deaths_.perhaps("before commit");
    TextPartFiles<Entry>::commit(transaction);
    deaths_.perhaps("after commit");
  }

private:
  Deaths deaths_;
};

/// Makes it visible under a name that no later attempt knows as its own.
void commit_unseen(const PartFiles::Transaction& transaction) {
  const std::string ready = transaction.folder + "/." + transaction.name + ".ready";
  (void)::rename(ready.c_str(), (transaction.folder + "/early-" + transaction.name).c_str());
}

/// The order of the commit is broken: it comes before the checkpoint is complete.
class CommitsTooEarly : public MortalFiles {
public:
  using MortalFiles::MortalFiles;
  Transaction prepare(CheckpointId checkpoint) {
    Transaction made = MortalFiles::prepare(checkpoint);
    commit_unseen(made);
    return made;
  }
};

/// What a checkpoint holds is not committed when the job goes on from it.
class ForgetsPending : public MortalFiles {
public:
  using MortalFiles::MortalFiles;
  void open(const OperatorContext& context, const std::vector<Transaction>&) {
    MortalFiles::open(context, {});
  }
};

/// There is no fence: an attempt that is told to end shows what it has, whoever goes on in its place.
class CommitsWhenTold : public MortalFiles {
public:
  using MortalFiles::MortalFiles;
  ~CommitsWhenTold() { std::ranges::for_each(prepared_, commit_unseen); }
  CommitsWhenTold(CommitsWhenTold&&) = default;
  Transaction prepare(CheckpointId checkpoint) {
    prepared_.push_back(MortalFiles::prepare(checkpoint));
    return prepared_.back();
  }
  void abort() {
    prepared_.push_back(MortalFiles::prepare(kNoCheckpoint));
  }

private:
  static constexpr CheckpointId kNoCheckpoint = 1'000'000'000;
  std::vector<Transaction> prepared_;
};

template <class Store>
void write_to(DataStream<Entry> entries, const std::string& folder, const Deaths& deaths) {
  using Sink = TwoPhaseCommitSink<Entry, Store>;
  entries.sink<Sink>("Ledger", [=] { return std::make_unique<Sink>(Store(folder, deaths)); }).uid("ledger");
}

BackendKind backend_of(const std::string& name) {
  if (name == "memory") return BackendKind::Memory;
  return name == "rocksdb" ? BackendKind::RocksDb : BackendKind::FileSystem;
}

Settings settings_of(const Params& params) {
  const auto number = [&](const char* name, std::int64_t fallback) {
    return static_cast<std::uint64_t>(params.get_int(name, fallback));
  };
  return {.partitions = static_cast<std::uint32_t>(number("partitions", 4)),
          .events = number("events", 0),
          .keys = number("keys", 64),
          .seed = number("seed", 1),
          .rate = number("rate", 0),
          .until = params.get("until", ""),
          .throw_file = params.get("throw", ""),
          .deaths = Deaths(params.get("deaths", ""), number("most-deaths", 0), number("odds", 0))};
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const Settings settings = settings_of(params);
  const std::string output = params.require("output");
  const std::string broken =
      params.choose("break", {"nothing", "alignment", "commit-order", "restore", "fence"});
  const std::string backend = params.choose("backend", {"filesystem", "memory", "rocksdb"});

  env.job_name("Verifiable");
  env.restart_strategy(FixedDelay{.attempts = RestartOptions::kUnlimited, .delay = 0ms});
  env.enable_checkpointing(
      std::chrono::milliseconds(params.get_int("interval-ms", 100)),
      {.mode = broken == "alignment" ? CheckpointMode::AtLeastOnce : CheckpointMode::ExactlyOnce,
       .timeout = 10s,
       .backend = {.kind = backend_of(backend), .incremental = params.has("incremental")}});

  auto entries =
      env.add_source<Entry>("Events", [settings] { return std::make_unique<VerifiableSource>(settings); })
          .uid("events")
          .key_by(&Entry::key)
          .reduce([](const Entry& held, const Entry& next) {
            Entry entry = next;
            entry.count = held.count + 1;
            entry.hash = drill::chained(held.hash, next.hash);
            return entry;
          })
          .uid("counts");
  if (broken == "commit-order") write_to<CommitsTooEarly>(entries, output, settings.deaths);
  else if (broken == "restore") write_to<ForgetsPending>(entries, output, settings.deaths);
  else if (broken == "fence") write_to<CommitsWhenTold>(entries, output, settings.deaths);
  else write_to<MortalFiles>(entries, output, settings.deaths);
}
