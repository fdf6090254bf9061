// SPDX-License-Identifier: Apache-2.0
#include "graph/job_graph_limits.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace weir {
namespace {

using Limits = JobGraphLimits;

constexpr Duration kLongestPause = 365 * 24h;  // far below what overflows when it is added to a time

Error invalid(std::string what) { return Error{ErrorCode::InvalidGraph, std::move(what)}; }

/// How many bytes follow this first one; -1: no character begins so.
int continuation_bytes(unsigned char first) {
  if (first < 0x80) return 0;
  if (first >= 0xC2 && first <= 0xDF) return 1;
  if (first >= 0xE0 && first <= 0xEF) return 2;
  if (first >= 0xF0 && first <= 0xF4) return 3;
  return -1;
}

/// Whether the second byte makes the shortest form of a character that exists (no surrogate, at most
/// U+10FFFF).
bool may_follow(unsigned char first, unsigned char second) {
  switch (first) {
    case 0xE0: return second >= 0xA0;
    case 0xED: return second < 0xA0;
    case 0xF0: return second >= 0x90;
    case 0xF4: return second < 0x90;
    default: return true;
  }
}

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at]);
    const int more = continuation_bytes(first);
    if (more < 0 || text.size() - at <= static_cast<std::size_t>(more)) return false;
    for (int i = 1; i <= more; ++i) {
      const auto next = static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]);
      if ((next & 0xC0) != 0x80 || (i == 1 && !may_follow(first, next))) return false;
    }
    at += static_cast<std::size_t>(more) + 1;
  }
  return true;
}

/// `whose`: "the name of vertex 3". The text itself is not quoted: it may be anything.
Status check_text(std::string_view text, std::size_t limit, const std::string& whose) {
  if (text.size() > limit)
    return invalid(whose + " has " + std::to_string(text.size()) + " bytes; the limit is " +
                   std::to_string(limit));
  if (!is_utf8(text)) return invalid(whose + " is not valid UTF-8");
  return Status::ok();
}

Status check_count(std::size_t count, std::size_t limit, const std::string& of_what) {
  if (count <= limit) return Status::ok();
  return invalid("the job has " + std::to_string(count) + " " + of_what + "; the limit is " +
                 std::to_string(limit));
}

Status check_counts(const JobGraph& graph) {
  if (const Status few = check_count(graph.vertices.size(), Limits::kVertices, "vertices"); !few) return few;
  std::size_t edges = 0;
  std::size_t operators = 0;
  std::size_t subtasks = 0;
  for (const JobVertex& vertex : graph.vertices) {
    edges += std::max(vertex.inputs.size(), vertex.outputs.size());
    operators += vertex.operators.size();
    subtasks += vertex.parallelism;
  }
  if (const Status few = check_count(edges, Limits::kEdges, "edges"); !few) return few;
  if (const Status few = check_count(operators, Limits::kOperators, "operators"); !few) return few;
  return check_count(subtasks, Limits::kSubtasks, "subtasks");
}

Status check_input_splits(const JobGraph& graph) {
  std::size_t splits = 0;
  std::size_t bytes = 0;
  for (const JobVertex& vertex : graph.vertices) {
    splits += vertex.input_splits.size();
    for (const InputSplit& split : vertex.input_splits) {
      bytes += split.bytes.size();
      for (const std::string& host : split.hosts) bytes += host.size() + sizeof(std::string);
    }
  }
  if (const Status few = check_count(splits, Limits::kInputSplits, "input splits"); !few) return few;
  return check_count(bytes, Limits::kInputSplitBytes, "bytes of input splits");
}

Status check_states(const JobGraph& graph) {
  std::size_t states = 0;
  std::size_t bytes = 0;
  for (const JobVertex& vertex : graph.vertices) {
    for (const ChainedOperator& chained : vertex.operators) {
      states += chained.states.size();
      for (const StateInfo& state : chained.states) {
        bytes += state.name.size() + state.key.size() + state.name_space.size() + state.value.size();
        if (state.kind > kLastStateKind || state.redistribution > Redistribution::Broadcast)
          return invalid("a state of operator \"" + chained.name + "\" is of an unknown kind");
      }
    }
  }
  if (const Status few = check_count(states, Limits::kStates, "states"); !few) return few;
  return check_count(bytes, Limits::kStateBytes, "bytes of names and types of states");
}

Status check_program(const ProgramReference& program) {
  if (const Status done = check_text(program.library, Limits::kPathBytes, "the path of the library"); !done)
    return done;
  if (const Status done = check_count(program.arguments.size(), Limits::kArguments, "arguments"); !done)
    return done;
  std::size_t bytes = 0;
  for (const std::string& argument : program.arguments) bytes += argument.size();
  return check_count(bytes, Limits::kArgumentBytes, "bytes of arguments");
}

Status check_restart(const RestartOptions& restart) {
  if (restart.kind > RestartOptions::Kind::Fallback)
    return invalid("the job wants a restart strategy that does not exist");
  for (const Duration length : {restart.delay, restart.interval}) {
    if (length < 0s || length > kLongestPause)
      return invalid("the restart strategy of the job waits for less than nothing or more than a year");
  }
  return Status::ok();
}

Status check_checkpoints(const CheckpointSettings& settings) {
  constexpr Duration kShortest = 10ms;
  if (settings.mode > CheckpointMode::AtLeastOnce || settings.backend.kind > BackendKind::RocksDb)
    return invalid("the job wants checkpoints of a kind that does not exist");
  const auto is_between = [](Duration length, Duration least) {
    return length >= least && length <= kLongestPause;
  };
  if (settings.interval != Duration::zero() && !is_between(settings.interval, kShortest))
    return invalid("the interval of checkpoints must be 10 ms at least, and a year at most");
  if (!is_between(settings.timeout, kShortest))
    return invalid("the timeout of checkpoints must be 10 ms at least, and a year at most");
  if (!is_between(settings.min_pause, Duration::zero()))
    return invalid("the pause between checkpoints must be 0 at least, and a year at most");
  if (settings.max_concurrent == 0) return invalid("one checkpoint at least must be allowed at a time");
  return check_text(settings.directory, Limits::kPathBytes, "the directory of checkpoints");
}

Status check_names(const JobVertex& vertex, std::size_t number) {
  const std::string who = "vertex " + std::to_string(number + 1);
  if (const Status done = check_text(vertex.name, Limits::kVertexNameBytes, "the name of " + who); !done)
    return done;
  for (const auto* group : {&vertex.slot_sharing_group, &vertex.co_location_group}) {
    if (const Status done = check_text(*group, Limits::kNameBytes, "a group of " + who); !done) return done;
  }
  for (const ChainedOperator& chained : vertex.operators) {
    for (const auto* name : {&chained.name, &chained.uid}) {
      if (const Status done = check_text(*name, Limits::kNameBytes, "the name of an operator of " + who);
          !done)
        return done;
    }
  }
  return Status::ok();
}

}  // namespace

Status check_limits(const JobGraph& graph) {
  if (const Status done = check_counts(graph); !done) return done;
  if (const Status done = check_input_splits(graph); !done) return done;
  if (const Status done = check_states(graph); !done) return done;
  if (const Status done = check_text(graph.name, Limits::kNameBytes, "the name of the job"); !done)
    return done;
  if (const Status done = check_program(graph.program); !done) return done;
  if (const Status done = check_restart(graph.restart); !done) return done;
  if (const Status done = check_checkpoints(graph.checkpoints); !done) return done;
  for (std::size_t number = 0; number < graph.vertices.size(); ++number) {
    if (const Status done = check_names(graph.vertices[number], number); !done) return done;
  }
  return Status::ok();
}

}  // namespace weir
