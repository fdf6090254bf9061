// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "base/result.h"

/// What this process died of: when it gets a signal that ends it for a fault of its own (SEGV, BUS, FPE, ILL,
/// ABRT), or when nobody catches an exception, a report goes to standard error and into a file:
///
///     *** weir: this process crashed ***
///     time:      1763697600 (seconds since 1970)
///     process:   4711, thread 4719 "Numbers -> Map"
///     signal:    11 (SIGSEGV), address 0x0
///     running:   task Numbers -> Map (1/2) of job "sums" (9f2c...), attempt 7e11...
///     operator:  Map
///     backtrace:
///     /tmp/libsums.so(+0x1a2b)[0x7f...]
///
/// (`c++filt` and `addr2line -e` make names and lines of the backtrace.) Then the process ends by that
/// signal, as it would have without us.
namespace weir::crash_report {

/// Where the machine code of something begins, and what people call it.
struct NamedCode {
  const void* begin = nullptr;
  const char* name = nullptr;
};

/// What a thread works on, for the report.
struct Subject {
  const char* what = "";              // one line
  std::span<const NamedCode> code{};  // functions to look for in the backtrace, the innermost wins
  const char* otherwise = "";         // who it is if none of them is found
};

/// From now on crashes are reported. Once, at the beginning of main(), before there are other threads.
///
/// `path`: of the file, which is made when it is needed; empty for none.
/// Errors: a path that is too long.
[[nodiscard]] Status install(const std::string& path);

/// As long as it lives, this thread works on `subject`, which outlives it.
class Scope {
public:
  explicit Scope(const Subject& subject);
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

private:
  const Subject* const outer_;
};

/// A second stack for this thread's report, without which nothing is told of an overflow of the first. Every
/// weir::Thread has one, if crashes are reported at all.
class ReportStack {
public:
  ReportStack();
  ~ReportStack();
  ReportStack(const ReportStack&) = delete;
  ReportStack& operator=(const ReportStack&) = delete;

private:
  void* memory_ = nullptr;
};

}  // namespace weir::crash_report
