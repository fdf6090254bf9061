// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "api/environment.h"
#include "execution/task/program.h"

namespace weir {

/// A program and the graphs that were made of it.
class BuiltProgram final : public Program {
public:
  BuiltProgram(StreamGraph stream_graph, JobGraph job_graph)
      : stream_graph_(std::move(stream_graph)), job_graph_(std::move(job_graph)) {}

  [[nodiscard]] const StreamGraph& stream_graph() const override { return stream_graph_; }
  [[nodiscard]] const JobGraph& job_graph() const override { return job_graph_; }

private:
  const StreamGraph stream_graph_;
  const JobGraph job_graph_;
};

/// Translates what a program has said into graphs, under a fresh job id. The answer's reference is
/// `reference` with the fingerprint set. Without a fingerprint before, this is the client, which cuts the
/// input of the sources for the whole job.
[[nodiscard]] Result<std::shared_ptr<const Program>> translate(const Environment& env,
                                                               ProgramReference reference);

/// Refuses a program whose graph is not the one that was submitted.
[[nodiscard]] Status check_fingerprint(const ProgramReference& submitted, const Program& rebuilt);

}  // namespace weir
