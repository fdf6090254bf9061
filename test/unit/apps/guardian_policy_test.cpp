// SPDX-License-Identifier: Apache-2.0
#include "apps/jobmanager/guardian_policy.h"

#include <doctest/doctest.h>

#include <vector>

#include "apps/node/exit_codes.h"

namespace weir {
namespace {

using End = GuardianPolicy::End;

std::vector<Duration> pauses(GuardianPolicy& policy, int crashes, Duration lived) {
  std::vector<Duration> all;
  for (int i = 0; i < crashes; ++i) {
    const auto decision = policy.on_end({.lived = lived, .had_session = true});
    REQUIRE(decision.restart_after);
    all.push_back(*decision.restart_after);
  }
  return all;
}

TEST_CASE("a JobManager that crashes is started again, at first at once and then after longer pauses") {
  GuardianPolicy policy;
  CHECK(pauses(policy, 8, 1s) == std::vector<Duration>{0s, 1s, 2s, 4s, 8s, 16s, 30s, 30s});
  CHECK(pauses(policy, 2, GuardianPolicy::kCalmAfter) == std::vector<Duration>{0s, 0s});
}

TEST_CASE("one that ends as it was told, or would only end so again, is not") {
  for (const End& end :
       {End{.code = kExitOk, .had_session = true}, End{.code = kExitBadConfig, .had_session = false},
        End{.code = kExitUnsafe, .had_session = false}, End{.code = kExitNotStarted, .had_session = false},
        End{.lived = 1s, .had_session = true, .was_told = true}})
    CHECK(!GuardianPolicy().on_end(end).restart_after);
}

TEST_CASE("one that had begun its work and ends with an error is started again") {
  CHECK(GuardianPolicy().on_end({.code = kExitNotStarted, .had_session = true}).restart_after);
  CHECK(GuardianPolicy().on_end({.had_session = false}).restart_after);
}

}  // namespace
}  // namespace weir
