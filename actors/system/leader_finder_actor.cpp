// SPDX-License-Identifier: Apache-2.0
#include "actors/system/leader_finder_actor.h"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <optional>
#include <utility>
#include <vector>

#include "actors/system/actor_system.h"
#include "actors/system/leader_search.h"
#include "actors/system/remoting.h"

namespace weir {

namespace {

constexpr const char* kName = "LeaderFinder";

class LeaderFinderState : public LeaderSearchOutbox {
public:
  static inline const char* name = kName;
  using Self = LeaderFinderActor::stateful_pointer<LeaderFinderState>;
  using Answer = caf::typed_response_promise<NewLeader, JobManagerActor>;

  LeaderFinderActor::behavior_type start(Self self, LookupOptions options);

  // LeaderSearchOutbox
  void connect(const LeaderAt& leader) override;
  void found(LeaderSessionId session) override;
  void lost(const std::string& reason) override;
  void wake_after(Duration delay) override { self_->delayed_send(self_, delay, Tick{}); }

private:
  void on_given(LeaderSessionId session, const JobManagerActor& leader);
  void on_connected(LeaderSessionId session, const JobManagerActor& leader);
  void on_down(const caf::down_msg& down);
  void follow(const LeaderFollower& follower);
  caf::result<NewLeader, JobManagerActor> who_leads();

  Self self_ = nullptr;
  std::optional<LeaderSearch> logic_;
  JobManagerActor leader_;  // null: there is none
  std::vector<LeaderFollower> followers_;
  std::vector<Answer> asked_;  // by those who wait for a leader
};

LeaderFinderActor::behavior_type LeaderFinderState::start(Self self, LookupOptions options) {
  self_ = self;
  logic_.emplace(LeaderSearch::Options{.patience = options.patience}, *this);
  guard(*self, kName);
  self->set_down_handler([this](caf::down_msg& down) { on_down(down); });
  return {
      [this](const NewLeader& mail, const JobManagerActor& leader) { on_given(mail.session, leader); },
      [this](const LeaderLost& mail) { logic_->on_lost(mail.reason, now_of(*self_)); },
      [this](const LeaderAt& mail) { logic_->on_leader_at(mail, now_of(*self_)); },
      [this](FollowLeader, const LeaderFollower& follower) { follow(follower); },
      [this](RequestLeader) { return who_leads(); },
      [this](Tick) { logic_->on_tick(now_of(*self_)); },
  };
}

void LeaderFinderState::connect(const LeaderAt& leader) {
  const LeaderSessionId session = leader.session;
  look_up(
      *self_, leader.address, std::chrono::ceil<std::chrono::milliseconds>(logic_->patience()),
      [this, session](const JobManagerActor& found) { on_connected(session, found); },
      [this, session](const Error& why) { logic_->on_failed(session, why.what, now_of(*self_)); });
}

void LeaderFinderState::on_given(LeaderSessionId session, const JobManagerActor& leader) {
  leader_ = leader;
  self_->monitor(leader_);
  logic_->on_given(session);
}

void LeaderFinderState::on_connected(LeaderSessionId session, const JobManagerActor& leader) {
  leader_ = leader;
  self_->monitor(leader_);
  logic_->on_connected(session, now_of(*self_));
}

void LeaderFinderState::found(LeaderSessionId session) {
  for (const auto& follower : followers_) caf::anon_send(follower, NewLeader{session}, leader_);
  for (auto& answer : std::exchange(asked_, {})) answer.deliver(NewLeader{session}, leader_);
}

void LeaderFinderState::lost(const std::string& reason) {
  for (const auto& follower : followers_) caf::anon_send(follower, LeaderLost{reason});
  if (leader_) self_->demonitor(leader_.address());
  leader_ = nullptr;
}

void LeaderFinderState::on_down(const caf::down_msg& down) {
  if (leader_ && leader_.address() == down.source)
    return logic_->on_lost("the connection to the JobManager was lost", now_of(*self_));
  std::erase_if(followers_, [&](const LeaderFollower& known) { return known.address() == down.source; });
}

void LeaderFinderState::follow(const LeaderFollower& follower) {
  self_->monitor(follower);
  followers_.push_back(follower);
  if (logic_->connected()) caf::anon_send(follower, NewLeader{*logic_->connected()}, leader_);
}

caf::result<NewLeader, JobManagerActor> LeaderFinderState::who_leads() {
  auto answer = self_->make_response_promise<NewLeader, JobManagerActor>();
  if (logic_->connected()) answer.deliver(NewLeader{*logic_->connected()}, leader_);
  else asked_.push_back(answer);
  return answer;
}

}  // namespace

LeaderFinderActor spawn_leader_finder(caf::actor_system& system, LookupOptions options) {
  using Self = LeaderFinderActor::stateful_pointer<LeaderFinderState>;
  return system.spawn<caf::detached>(
      [](Self self, std::chrono::milliseconds patience) {
        return self->state.start(self, LookupOptions{patience});
      },
      options.patience);
}

void FinderMailer::on_leader(const LeaderAddress& leader) {
  caf::anon_send(receiver_, LeaderAt{leader.address, leader.session});
}

}  // namespace weir
