// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/time.h"
#include "messages/job.h"

namespace weir {

/// Who watches a job from the client's side. A port: the command line prints, a test writes down.
///
/// Threads: a thread of the actor system, one call at a time; must not block.
class JobListener {
public:
  virtual ~JobListener() = default;
  virtual void on_accepted(JobId) {}
  virtual void on_job_status(const JobStatusChanged&) {}
  virtual void on_task_state(const ExecutionStateChanged&) {}
};

/// Whether somebody may have submitted a job of this id before, as one who died before he was answered.
enum class Submission : std::uint8_t {
  New,
  MayBeThere  // then it is attached to, and submitted only if nobody knows it
};

/// What a submission asks of the world. The actor sends mail; a test writes it down.
class JobSubmissionOutbox {
public:
  virtual ~JobSubmissionOutbox() = default;
  /// Comes back as on_submit_reply(), or on_no_answer().
  virtual void submit(const SubmitJob& mail) = 0;
  /// Comes back as on_attach_reply(), or on_no_answer().
  virtual void attach(const AttachToJob& mail) = 0;
  /// It is over: the result, or why there is none. For a detached job an accepted submission is all there is.
  virtual void finish(Result<JobResult> result) = 0;
  /// Call on_tick() then.
  virtual void wake_after(Duration delay) = 0;
};

/// One job from its client's side: submits it once, follows it from leader to leader, and ends with one
/// answer.
///
///     waiting for a leader -> submitting -> accepted: listening -> over
///                  ^              |               |
///                  +--------------+- leader lost -+   (what was sent once is attached to, and submitted
///                                                      again only if that leader has never heard of it)
///
/// Threads: none. One caller at a time: the actor, or a test.
/// Time:    reads no clock; `now` comes with the call.
class JobSubmission {
public:
  struct Options {
    ListeningBehaviour listening = ListeningBehaviour::Result;
    Submission first = Submission::New;
    Duration leader_timeout = 60s;  // without a leader for longer than this it gives up
  };

  /// `listener` (may be null) and `out` outlive this.
  JobSubmission(JobGraph graph, Options options, JobListener* listener, JobSubmissionOutbox& out)
      : graph_(std::move(graph)),
        options_(options),
        listener_(listener),
        out_(out),
        was_sent_(options.first == Submission::MayBeThere) {}

  void on_leader_found();
  void on_leader_lost(const std::string& reason, TimePoint now);
  void on_submit_reply(const Outcome& reply);
  void on_attach_reply(const Outcome& reply);
  void on_no_answer(const Error& cause);
  void on_tick(TimePoint now);

  void on_job_status(const JobStatusChanged& mail);
  void on_task_state(const ExecutionStateChanged& mail);
  void on_result(const JobResult& mail);

  [[nodiscard]] bool is_over() const { return phase_ == Phase::Over; }

private:
  enum class Phase { Submitting, Listening, Over };

  void submit();
  void accepted();
  void finish(Result<JobResult> result);

  JobGraph graph_;
  const Options options_;
  JobListener* const listener_;
  JobSubmissionOutbox& out_;
  Phase phase_ = Phase::Submitting;
  bool was_sent_;  // by us, or by whoever had the same id
  bool has_leader_ = false;
  TimePoint give_up_at_{};  // while there is no leader
  std::string why_no_leader_;
};

}  // namespace weir
