// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/job_libraries.h"

#include <doctest/doctest.h>

using namespace weir;

namespace {

constexpr BlobKey kWords{{std::byte{1}}};
constexpr BlobKey kNumbers{{std::byte{2}}};
constexpr JobId kOne{0, 1};
constexpr JobId kTwo{0, 2};
constexpr TimePoint kNow{};
using Keys = std::vector<BlobKey>;

}  // namespace

TEST_CASE("a library is needed until the last of its jobs is over") {
  JobLibraries libraries(10min);
  libraries.on_put(kWords, kNow);
  libraries.on_job(kOne, kWords);
  libraries.on_put(kWords, kNow);
  libraries.on_job(kTwo, kWords);
  libraries.on_job(kTwo, kWords);
  CHECK(libraries.take_unneeded(kNow).empty());
  libraries.on_job_over(kOne);
  CHECK(libraries.take_unneeded(kNow).empty());
  libraries.on_job_over(kTwo);
  CHECK(libraries.take_unneeded(kNow) == Keys{kWords});
  CHECK(libraries.take_unneeded(kNow).empty());
  libraries.on_job_over(kTwo);  // unknown by now
}

TEST_CASE("a library whose job is never submitted is needed for a while") {
  JobLibraries libraries(10min);
  libraries.on_put(kWords, kNow);
  libraries.on_put(kNumbers, kNow + 5min);
  CHECK(libraries.take_unneeded(kNow + 10min - 1ns).empty());
  CHECK(libraries.take_unneeded(kNow + 10min) == Keys{kWords});
  CHECK(libraries.take_unneeded(kNow + 15min) == Keys{kNumbers});
}

TEST_CASE("who has just been told that his library is here finds it when another's job ends") {
  JobLibraries libraries(10min);
  libraries.on_put(kWords, kNow);
  libraries.on_job(kOne, kWords);
  libraries.on_put(kWords, kNow + 1min);  // the second client
  libraries.on_job_over(kOne);
  CHECK(libraries.take_unneeded(kNow + 2min).empty());
  libraries.on_job(kTwo, kWords);
  libraries.on_job_over(kTwo);
  CHECK(libraries.take_unneeded(kNow + 2min) == Keys{kWords});
}

TEST_CASE("promises without end cost no more than so many") {
  JobLibraries libraries(10min);
  for (std::size_t i = 0; i < JobLibraries::kMaxPromises + 5; ++i) {
    libraries.on_put(kWords, kNow + std::chrono::seconds(i < 5 ? 0 : 1));
  }
  CHECK(libraries.take_unneeded(kNow + 10min).empty());
  CHECK(libraries.take_unneeded(kNow + 10min + 1s) == Keys{kWords});
}
