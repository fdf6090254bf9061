// SPDX-License-Identifier: Apache-2.0
#include "api/built_program.h"

#include "graph/job_graph_generator.h"

namespace weir {

Result<std::shared_ptr<const Program>> translate(const Environment& env, ProgramReference reference) {
  auto stream_graph = env.graph().build();
  if (!stream_graph) return stream_graph.error();
  const bool is_client = reference.fingerprint == 0;
  reference.fingerprint = fingerprint_of(*stream_graph);
  auto job_graph = generate_job_graph(*stream_graph, JobId::random(), std::move(reference));
  if (!job_graph) return job_graph.error();
  if (is_client) cut_input(*stream_graph, *job_graph);
  return std::shared_ptr<const Program>(
      std::make_shared<BuiltProgram>(*std::move(stream_graph), *std::move(job_graph)));
}

Status check_fingerprint(const ProgramReference& submitted, const Program& rebuilt) {
  if (rebuilt.job_graph().program.fingerprint == submitted.fingerprint) return Status::ok();
  return Error{
      ErrorCode::GraphDiffers,
      "the program '" + submitted.library +
          "' builds another graph on this worker than it did at the client: "
          "program() may depend on nothing but env.params() (no clock, random numbers, files or environment "
          "variables), and the library must be the one that was submitted",
      Blame::User};
}

}  // namespace weir
