// SPDX-License-Identifier: Apache-2.0
// What a leader whose term is over would say if it did not know that, said for it: it may be too quick to
// step down to say it itself. All of it is about the job that runs, so that ledger and answers show if
// anybody listens.
#include <algorithm>
#include <utility>

#include "apps/drill/nemesis.h"

namespace weir::drill {

namespace {

constexpr const char* kRefusal = "does not lead under that session";

}  // namespace

void Nemesis::speak_for_deposed(const Injection& made) {
  const std::vector<LeaderSeen> leaders = stage_.recorder.history().leaders;
  const LeaderSeen& now = leaders.back();
  const auto deposed = std::ranges::find(leaders, made.epoch, &LeaderSeen::epoch);
  if (deposed == leaders.end() || now.epoch == deposed->epoch) return;
  cancel_under(*deposed, deposed->address, "the deposed leader");
  cancel_under(*deposed, now.address, "the leader");
  if (stage_.observer == nullptr) return;
  const ZkOutcome written = stage_.observer->write_under(deposed->epoch);
  stage_.recorder.note("wrote under term " + std::to_string(deposed->epoch) + ": " +
                       std::string(name_of(written)));
  if (written == ZkOutcome::Done) stage_.refusals.accepted("a write to ZooKeeper under an earlier term");
  if (written == ZkOutcome::BadVersion) stage_.refusals.add(1);
}

void Nemesis::cancel_under(const LeaderSeen& deposed, const std::string& address, const std::string& whom) {
  const Finished answer =
      run_to_end({stage_.cluster.options().programs + "/weir", "cancel", "-m", address, "--session",
                  deposed.session.hex(), "-D", "akka.client.timeout=5 s", stage_.job.id().hex()});
  stage_.recorder.note("asked " + whom + " under term " + std::to_string(deposed.epoch) + ": " + answer.err);
  if (answer.end == ProcessEnd{.code = 0}) return stage_.refusals.accepted(whom + " cancelled a job");
  // One that leads counts for itself what it refuses.
  const bool is_counted = address == stage_.recorder.history().leaders.back().address;
  if (answer.err.find(kRefusal) != std::string::npos && !is_counted) stage_.refusals.add(1);
}

}  // namespace weir::drill
