// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/result.h"
#include "graph/job_graph.h"
#include "graph/stream_graph.h"

namespace weir {

/// A user's program, built again in this process: the graph that says what runs, and the operators that run
/// it. Whoever holds it keeps the library loaded.
class Program {
public:
  virtual ~Program() = default;
  [[nodiscard]] virtual const StreamGraph& stream_graph() const = 0;
  [[nodiscard]] virtual const JobGraph& job_graph() const = 0;
};

/// Where a TaskManager gets programs from. A port: the program loader implements it, a test hands over a
/// lambda.
///
/// Threads: any.
/// Errors:  no such library, not a program of ours, another ABI, or a graph that differs from the submitted
///          one.
class ProgramSource {
public:
  virtual ~ProgramSource() = default;
  [[nodiscard]] virtual Result<std::shared_ptr<const Program>> load(const ProgramReference& reference) = 0;
};

}  // namespace weir
