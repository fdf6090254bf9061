// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/sync.h"
#include "execution/operators/function_operator.h"
#include "execution/operators/text_format.h"

namespace weir {

/// Calls a function for each record.
template <class T, class Function>
class ForEachSink : public FunctionOperator<SinkOperator<T>, Function> {
public:
  using FunctionOperator<SinkOperator<T>, Function>::FunctionOperator;
  static constexpr bool kNamesItsFailures = true;

  void process(const T& value, EventTime) override {
    this->guarded([&] { std::invoke(this->function(), value); });
  }
};

/// Takes records and does nothing with them.
template <class T>
class DiscardSink final : public SinkOperator<T> {
public:
  static constexpr bool kNamesItsFailures = true;

  void process(const T&, EventTime) override {}
};

/// Where a TextSink's lines go: standard output, or a file. Writes whole lines, in blocks.
///
/// Threads: the task's. Errors: throws std::runtime_error that names the file and what the operating system
///          said.
class LineWriter {
public:
  /// Standard output. It is shared: a block is written in one call.
  [[nodiscard]] static LineWriter standard_output();
  /// A file that is made anew. Of several subtasks each gets a file of its own, `path`/1, `path`/2, ...; the
  /// first one removes those that an earlier job of more subtasks left behind the last.
  [[nodiscard]] static LineWriter file(const std::string& path, std::uint32_t subtask_index,
                                       std::uint32_t parallelism);

  LineWriter(LineWriter&& other) noexcept;
  LineWriter& operator=(LineWriter&&) = delete;
  ~LineWriter();

  /// Where the next line is to be appended, its newline with it. Call line_written() then.
  [[nodiscard]] std::string& block() { return block_; }
  void line_written() {
    if (block_.size() >= kBlockBytes) flush();
  }
  void flush();

private:
  static constexpr std::size_t kBlockBytes = 64 * 1024;
  LineWriter(std::string name, int descriptor, bool is_owned);

  std::string name_;
  int descriptor_;
  bool is_owned_;
  std::string block_;
};

/// Each record as a line of text.
template <class T>
class TextSink final : public SinkOperator<T> {
public:
  static constexpr bool kNamesItsFailures = true;

  struct Options {
    std::string path;           // empty: standard output
    bool with_subtask = false;  // lines of parallel subtasks begin with "2> "
  };

  explicit TextSink(Options options) : options_(std::move(options)) {}

  void open(OperatorContext& context) override {
    if (options_.path.empty()) writer_ = std::make_unique<LineWriter>(LineWriter::standard_output());
    else writer_ = std::make_unique<LineWriter>(
        LineWriter::file(options_.path, context.subtask_index(), context.parallelism()));
    if (options_.with_subtask && context.parallelism() > 1) {
      prefix_ = std::to_string(context.subtask_index() + 1) + "> ";
    }
  }

  void process(const T& value, EventTime) override {
    this->guarded([&] {
      std::string& block = writer_->block();
      block += prefix_;
      format_record(block, value);
      block += '\n';
      writer_->line_written();
    });
  }

  void finish() override { writer_->flush(); }
  void on_idle() override { writer_->flush(); }
  void close() override { writer_.reset(); }

private:
  // Configuration.
  const Options options_;
  // Bound at open.
  std::unique_ptr<LineWriter> writer_;
  std::string prefix_;
};

/// What a CollectSink gathered, from all subtasks. For tests: the program and its cluster share this process.
///
/// Threads: any.
template <class T>
class Collected {
public:
  void add(const T& value) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    values_.push_back(value);
  }
  /// All of it, in no particular order over subtasks; empty afterwards.
  [[nodiscard]] std::vector<T> take() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    return std::exchange(values_, {});
  }

private:
  Mutex lock_;
  std::vector<T> values_ WEIR_GUARDED_BY(lock_);
};

template <class T>
class CollectSink final : public SinkOperator<T> {
public:
  explicit CollectSink(std::shared_ptr<Collected<T>> target) : target_(std::move(target)) {}
  void process(const T& value, EventTime) override { target_->add(value); }

private:
  const std::shared_ptr<Collected<T>> target_;
};

}  // namespace weir
