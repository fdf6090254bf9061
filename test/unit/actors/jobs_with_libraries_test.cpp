// SPDX-License-Identifier: Apache-2.0
#include "actors/job_manager/jobs_with_libraries.h"

#include <memory>

#include "ha/file_stores.h"
#include "test/support/temporary_directory.h"
#include "test/unit/network/blob/blobs.h"

using namespace weir;
using namespace weir::testing;

namespace {

constexpr JobId kOne{0, 1};
constexpr JobId kTwo{0, 2};

/// What all JobManagers see.
struct Shared {
  [[nodiscard]] JobsWithLibraries jobs(BlobStore& blobs) {
    return {std::make_unique<FileJobGraphStore>(files, directory.path("jobs")), blobs, files,
            directory.path("blobs")};
  }
  [[nodiscard]] std::string library(JobId job, const BlobKey& key) const {
    return directory.path("blobs") + "/" + job.hex() + "/" + key.hex();
  }
  TemporaryDirectory directory;
  LocalFileSystem files;
};

JobGraph job(JobId id, const std::string& library) {
  JobGraph graph{.id = id};
  graph.program.library = library;
  return graph;
}

std::vector<JobId> recovered(JobsWithLibraries jobs) {
  const auto all = jobs.recover();
  REQUIRE(all);
  std::vector<JobId> ids;
  for (const JobGraph& one : *all) ids.push_back(one.id);
  return ids;
}

}  // namespace

TEST_CASE("another JobManager recovers a job with the library of its program") {
  Shared shared;
  Disk first_disk;
  Disk second_disk;
  const auto first = first_disk.open_store();
  const auto second = second_disk.open_store();
  const BlobKey words = key_of("words");
  REQUIRE(put(*first, words, "words"));
  REQUIRE(shared.jobs(*first).put(job(kOne, words.hex())));
  REQUIRE(shared.jobs(*first).put(job(kTwo, "/opt/known_to_all.so")));
  CHECK(content_of(shared.library(kOne, words)) == "words");
  CHECK(recovered(shared.jobs(*second)) == std::vector{kOne, kTwo});
  CHECK(second->contains(words));
  CHECK(recovered(shared.jobs(*second)) == std::vector{kOne, kTwo});

  REQUIRE(shared.jobs(*second).remove(kOne));
  REQUIRE(shared.jobs(*second).remove(kTwo));
  CHECK(recovered(shared.jobs(*first)).empty());
  CHECK(content_of(shared.directory.path("blobs")).empty());
}

TEST_CASE("a job whose library is not what it was is left out, and no other") {
  Shared shared;
  Disk first_disk;
  Disk second_disk;
  const auto first = first_disk.open_store();
  const auto second = second_disk.open_store();
  for (const auto& [id, text] : {std::pair(kOne, "words"), std::pair(kTwo, "numbers")}) {
    REQUIRE(put(*first, key_of(text), text));
    REQUIRE(shared.jobs(*first).put(job(id, key_of(text).hex())));
  }
  const std::string path = shared.library(kOne, key_of("words"));
  SUBCASE("another content") { REQUIRE(write_file_atomically(shared.files, path, "wolds")); }
  SUBCASE("a part of it") { REQUIRE(write_file_atomically(shared.files, path, "wor")); }
  SUBCASE("nothing") { REQUIRE(shared.files.remove(path)); }
  CHECK(recovered(shared.jobs(*second)) == std::vector{kTwo});
  CHECK_FALSE(second->contains(key_of("words")));
}

TEST_CASE("a job whose library is not at the blob server is not kept") {
  Shared shared;
  Disk disk;
  const auto blobs = disk.open_store();
  CHECK_FALSE(shared.jobs(*blobs).put(job(kOne, key_of("words").hex())).has_value());
  CHECK(recovered(shared.jobs(*blobs)).empty());
}
