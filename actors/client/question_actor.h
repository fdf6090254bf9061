// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/event_based_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include "actors/system/actor_system.h"
#include "base/result.h"
#include "messages/protocol.h"

namespace weir {

struct QuestionOptions {
  LeaderFinderActor finder;
  std::chrono::milliseconds patience;  // in all
  std::string request;                 // for messages
};

template <class Reply>
struct Answered {
  Result<Reply> reply;
  bool was_repeated;  // a leader that was lost may have heard it too
};

/// One question to whoever leads. It is asked again when its leader was lost before the answer came: CAF
/// drops what is on its way then, and the answer would be waited for in vain.
///
/// Errors: Timeout, when the patience is over.
template <class Reply, class Ask>
class QuestionState {
public:
  static inline const char* name = "Question";
  using Self = caf::stateful_actor<QuestionState>*;
  using Answer = std::promise<Answered<Reply>>;

  caf::behavior start(Self self, QuestionOptions options, Ask ask, std::shared_ptr<Answer> answer) {
    self_ = self;
    options_ = std::move(options);
    ask_ = std::make_unique<Ask>(std::move(ask));
    answer_ = std::move(answer);
    deadline_ = now_of(*self) + options_.patience;
    guard(*self, name);
    self->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    find_leader();
    return {[](Tick) {}};  // only answers are waited for
  }

private:
  [[nodiscard]] std::chrono::milliseconds time_left() const {
    using std::chrono::milliseconds;
    return std::max(milliseconds(1), std::chrono::ceil<milliseconds>(deadline_ - now_of(*self_)));
  }

  void find_leader() {
    self_->request(options_.finder, time_left(), RequestLeader{})
        .then([this](const NewLeader& found,
                     const JobManagerActor& leader) { ask_of(found.session, leader); },
              [this](const caf::error& cause) {
                finish(mail_error(cause, "finding the JobManager", options_.patience));
              });
  }

  void ask_of(LeaderSessionId session, const JobManagerActor& leader) {
    leader_ = leader;
    self_->monitor(leader_);
    const int time = ++times_;
    (*ask_)(*self_, time_left(), session, leader_)
        .then([this](const Reply& reply) { finish(reply); },
              [this, time](const caf::error& cause) { on_no_answer(time, cause); });
  }

  void on_down(const caf::down_msg& down) {
    if (leader_ && leader_.address() == down.source) on_lost();
  }

  void on_no_answer(int time, const caf::error& cause) {
    if (time != times_ || !leader_) return;  // it has been asked again, or is about to be
    if (cause == caf::sec::request_timeout)
      return finish(mail_error(cause, options_.request, options_.patience));
    on_lost();
  }

  void on_lost() {
    self_->demonitor(leader_.address());
    leader_ = nullptr;
    find_leader();
  }

  void finish(Result<Reply> reply) {
    answer_->set_value({std::move(reply), times_ > 1});
    self_->quit();
  }

  Self self_ = nullptr;
  QuestionOptions options_;
  std::unique_ptr<Ask> ask_;
  std::shared_ptr<Answer> answer_;
  TimePoint deadline_{};
  JobManagerActor leader_;  // null: it is being looked for
  int times_ = 0;
};

/// Starts one. `ask(self, patience, session, leader)` sends the request and returns what comes of it.
template <class Reply, class Ask>
caf::behavior ask_leader(caf::stateful_actor<QuestionState<Reply, Ask>>* self, const QuestionOptions& options,
                         const Ask& ask, const std::shared_ptr<std::promise<Answered<Reply>>>& answer) {
  return self->state.start(self, options, ask, answer);
}

}  // namespace weir
