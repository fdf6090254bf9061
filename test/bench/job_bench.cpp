// SPDX-License-Identifier: Apache-2.0
// Whole jobs and the inner loops of tasks, each beside what the same
// machine does by hand. Run it by scripts/bench.
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "api/program_loader.h"
#include "execution/operators/channel_selectors.h"
#include "execution/operators/element_reader.h"
#include "execution/operators/keyed_reduce.h"
#include "test/bench/allocations.h"
#include "test/bench/figures.h"
#include "test/bench/limits/limits.h"
#include "test/bench/text_generator.h"
#include "test/support/local_job.h"

namespace weir::bench {
namespace {

constexpr std::uint64_t kTextBytes = 128ull << 20;
const Worker::Options kWorker{
    .slots = 16, .network_memory_bytes = 4 << 20, .managed_memory_bytes = 1 << 20};

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "bench_jobs: %s\n", why.c_str());
  std::exit(1);
}

void expect_finished(const testing::JobOutcome& outcome) {
  if (outcome.status != JobStatus::Finished) give_up("a job did not finish: " + outcome.failure);
}

// (a) WordCount over Zipf text, as users run it.

/// Generated once a process, and removed with it.
class TextFile {
public:
  explicit TextFile(std::uint32_t vocabulary)
      : path_((std::filesystem::temp_directory_path() / ("weir-bench-" + std::to_string(::getpid()) + "-" +
                                                         std::to_string(vocabulary) + ".txt")).string()) {
    if (auto written = write_text(path_, kTextBytes, {.vocabulary = vocabulary, .seed = 1}); !written) {
      give_up(written.error().what);
    }
    words_ = limits::word_count_pipeline(path_).words;
  }
  ~TextFile() { std::filesystem::remove(path_); }

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] double rate(double seconds) const { return static_cast<double>(words_) / seconds / 1e6; }

private:
  std::string path_;
  std::uint64_t words_ = 0;
};

void count_words_by_job(const std::string& path, std::uint32_t parallelism) {
  static ProgramLoader loader;
  auto program = loader.build(WEIR_WORD_COUNT, {"--input", path, "--emit", "final", "--output", "/dev/null"},
                              parallelism);
  if (!program) give_up(program.error().what);
  testing::LocalJob job(kWorker);
  expect_finished(job.run(loader, (*program)->job_graph()));
}

void add_word_count(std::uint32_t vocabulary, const std::string& label) {
  auto text = std::make_shared<std::unique_ptr<TextFile>>();
  const auto file = [text, vocabulary]() -> const TextFile& {
    if (!*text) *text = std::make_unique<TextFile>(vocabulary);
    return **text;
  };
  const auto measure = [&](const std::string& name, auto count) {
    add_measure(name, [file, count](benchmark::State& state) {
      const TextFile& input = file();
      set_figure(state, input.rate(seconds_of([&] { count(input.path()); })), "M words/s");
    });
  };
  const std::string name = "word_count_" + label;
  measure(name + "_p1/ours", [](const std::string& path) { count_words_by_job(path, 1); });
  measure(name + "_p1/limit", [](const std::string& path) { (void)limits::word_count_pipeline(path); });
  measure(name + "_p2/ours", [](const std::string& path) { count_words_by_job(path, 2); });
  measure(name + "_p2/limit", [](const std::string& path) { (void)limits::word_count_exchange(path); });
}

// (b) A chain of operators that do next to nothing.

void run_chain(std::uint32_t operators, std::uint64_t records) {
  testing::LocalJob job(kWorker);
  expect_finished(job.run([&](Environment& env) {
    auto stream = env.generate(records, [](std::uint64_t i) { return i; });
    for (std::uint32_t i = 0; i < operators; ++i) stream = stream.map([](std::uint64_t x) { return x + 1; });
    stream.for_each([](std::uint64_t x) { benchmark::DoNotOptimize(x); });
  }));
}

void add_chain(std::uint32_t operators) {
  constexpr std::uint64_t kRecords = 50'000'000;
  const std::string name = "chain_of_" + std::to_string(operators);
  const auto figure = [operators](double seconds) {
    return seconds * 1e9 / static_cast<double>(kRecords * operators);
  };
  add_measure(name + "/ours", [=](benchmark::State& state) {
    set_figure(state, figure(seconds_of([&] { run_chain(operators, kRecords); })), "ns/record/operator");
  });
  add_measure(name + "/limit", [=](benchmark::State& state) {
    set_figure(
        state,
        figure(seconds_of([&] { benchmark::DoNotOptimize(limits::virtual_chain(operators, kRecords)); })),
        "ns/record/operator");
  });
}

// (c) A keyed sum over records that lie in segments, as behind an exchange.

using limits::KeyedRecord;
constexpr std::uint64_t kKeyedRecords = 8'000'000;

/// The records of the limit as the exchange writes them.
class EncodedRecords final : public RecordSink {
public:
  explicit EncodedRecords(const limits::KeyedRecords& records) : RecordSink(1) {
    for (const auto& segment : records.segments()) {
      for (std::size_t at = 0; at < segment.size(); at += sizeof(KeyedRecord)) {
        detail::write_record(*this, 0, load_raw<KeyedRecord>(segment.data() + at), EventTime::none());
      }
    }
    end_segment();
  }

  [[nodiscard]] std::uint64_t read_into(ElementReader& reader) const {
    const std::atomic<std::uint32_t> undisturbed = 0;
    std::uint64_t count = 0;
    for (const auto& segment : segments_) {
      (void)reader.read_records(segment.data(), segment.data() + segment.size() - kSegmentSlackBytes,
                                undisturbed, count);
    }
    return count;
  }

  void write_large(std::uint32_t, std::span<const std::byte>) override {}

protected:
  std::byte* make_room(std::uint32_t, std::size_t) override {
    end_segment();
    auto& fresh = segments_.emplace_back(kDefaultSegmentBytes + kSegmentSlackBytes);
    place(0) = {fresh.data(), fresh.data() + kDefaultSegmentBytes};
    return place(0).at;
  }
  void flush(std::uint32_t) override {}

private:
  void end_segment() {
    if (segments_.empty()) return;
    auto& last = segments_.back();
    last.resize(static_cast<std::size_t>(place(0).at - last.data()) + kSegmentSlackBytes);
  }

  std::vector<std::vector<std::byte>> segments_;
};

/// Adds up what is emitted, as the limit does.
class SumSink final : public Input<KeyedRecord> {
public:
  void process(const KeyedRecord& record, EventTime) override { sum_ += record.value; }
  [[nodiscard]] std::int64_t sum() const { return sum_; }

private:
  std::int64_t sum_ = 0;
};

/// The consumer's half of a keyed sum, just as a task runs it.
class KeyedSumLoop {
public:
  using Key = std::uint64_t KeyedRecord::*;
  using Value = std::int64_t KeyedRecord::*;
  using Fold = SumFold<KeyedRecord, Value>;
  using Op = KeyedReduce<KeyedRecord, Key, Fold>;

  KeyedSumLoop()
      : context_({.operator_name = "Keyed Sum"}),
        op_(&KeyedRecord::key, Fold{{&KeyedRecord::value}}, Emit::Updates),
        reader_(op_) {
    op_.set_output(sink_);
    op_.bind(context_);
    op_.open(context_);
  }

  std::int64_t read(const EncodedRecords& records) {
    (void)records.read_into(reader_);
    return sink_.sum();
  }

private:
  OperatorContext context_;
  SumSink sink_;
  Op op_;
  RecordReader<KeyedRecord, Op> reader_;
};

void add_keyed_sum(std::uint64_t keys, const std::string& label) {
  const auto records = std::make_shared<limits::KeyedRecords>(kKeyedRecords, keys, 1);
  constexpr std::uint32_t kRounds = 2;  // the first fills the table
  const auto figure = [](double seconds) {
    return static_cast<double>(kKeyedRecords * kRounds) / seconds / 1e6;
  };
  add_measure("keyed_sum_" + label + "/ours", [=](benchmark::State& state) {
    const EncodedRecords encoded(*records);
    set_figure(state, figure(seconds_of([&] {
                 KeyedSumLoop loop;
                 for (std::uint32_t round = 0; round < kRounds; ++round)
                   benchmark::DoNotOptimize(loop.read(encoded));
               })), "M records/s");
  });
  add_measure("keyed_sum_" + label + "/limit", [=](benchmark::State& state) {
    set_figure(state,
               figure(seconds_of([&] { benchmark::DoNotOptimize(limits::keyed_sum(*records, kRounds)); })),
               "M records/s");
  });
}

// (e) What a record costs the heap once everything has its size: the growth from a job to one twice as long.

void run_keyed_job(std::uint64_t records) {
  testing::LocalJob job(kWorker);
  expect_finished(job.run([&](Environment& env) {
    env.generate(records, [](std::uint64_t i) { return KeyedRecord{i % 1000, 1}; })
        .key_by(&KeyedRecord::key)
        .sum(&KeyedRecord::value)
        .discard();
  }));
}

template <class Run>
void add_allocations(const std::string& name, Run run) {
  constexpr std::uint64_t kRecords = 2'000'000;
  add_measure(name + "/ours", [=](benchmark::State& state) {
    const auto once = allocated_bytes_of([&] { run(kRecords); });
    const auto twice = allocated_bytes_of([&] { run(2 * kRecords); });
    const auto growth = static_cast<double>(twice) - static_cast<double>(once);
    set_figure(state, std::max(0.0, growth) / static_cast<double>(kRecords), "heap bytes/record");
  });
  add_measure(name + "/limit", [](benchmark::State& state) { set_figure(state, 0, "heap bytes/record"); });
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) {
  using namespace weir::bench;
  add_word_count(100'000, "1e5");
  add_word_count(1'000'000, "1e6");
  for (const std::uint32_t operators : {1u, 3u, 5u}) add_chain(operators);
  add_keyed_sum(1'000, "1e3");
  add_keyed_sum(1'000'000, "1e6");
  add_allocations("allocated_by_chain_of_3", [](std::uint64_t records) { run_chain(3, records); });
  add_allocations("allocated_by_keyed_sum", &run_keyed_job);
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
