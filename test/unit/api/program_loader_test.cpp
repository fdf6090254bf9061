// SPDX-License-Identifier: Apache-2.0
#include "api/program_loader.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/thread.h"
#include "test/support/local_job.h"
#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::content_of;
using weir::testing::LocalJob;
using weir::testing::sorted_lines;
using weir::testing::TemporaryDirectory;

namespace {

using Arguments = std::vector<std::string>;
using ProgramPtr = std::shared_ptr<const Program>;

ProgramPtr build(ProgramLoader& loader, const std::string& library, Arguments arguments,
                 std::uint32_t parallelism = 1) {
  auto program = loader.build(library, std::move(arguments), parallelism);
  REQUIRE_MESSAGE(program.has_value(), program.error().what);
  return *program;
}

/// The one line of the refusal, without the file's name, which it must begin with.
std::string refusal(const std::string& library, Arguments arguments = {}) {
  ProgramLoader loader;
  const auto program = loader.build(library, std::move(arguments), 1);
  REQUIRE_FALSE(program.has_value());
  CHECK(program.error().blame == Blame::User);
  CHECK(program.error().what.find('\n') == std::string::npos);
  const auto end = program.error().what.find("': ");
  REQUIRE(end != std::string::npos);
  const std::string named = program.error().what.substr(0, end);
  CHECK(named.ends_with(std::filesystem::path(library).filename().string()));
  return program.error().what.substr(end + 3);
}

/// Where this process puts temporary files meanwhile. Other tests have theirs elsewhere.
class OwnTemporaryFiles {
public:
  OwnTemporaryFiles() : before_(std::filesystem::temp_directory_path()) {
    ::setenv("TMPDIR", directory_.path().c_str(), 1);
  }
  ~OwnTemporaryFiles() { ::setenv("TMPDIR", before_.c_str(), 1); }
  OwnTemporaryFiles(const OwnTemporaryFiles&) = delete;
  OwnTemporaryFiles& operator=(const OwnTemporaryFiles&) = delete;

  [[nodiscard]] std::size_t count() const {
    const std::filesystem::directory_iterator files(directory_.path());
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
  }

private:
  const std::string before_;
  const testing::TemporaryDirectory directory_;
};

}  // namespace

TEST_CASE("the examples are programs") {
  ProgramLoader loader;
  const auto words = build(loader, WEIR_WORD_COUNT, {"--input", "/none"}, 3);
  CHECK(words->job_graph().name == "WordCount");
  REQUIRE(words->job_graph().vertices.size() == 2);
  CHECK(words->job_graph().vertices[0].name == "Source: Text File -> Flat Map");
  CHECK(words->job_graph().vertices[1].parallelism == 3);
  CHECK(words->job_graph().program.fingerprint != 0);
  CHECK(words->job_graph().program.arguments == Arguments{"--input", "/none"});
  CHECK(build(loader, WEIR_NUMBERS, {})->job_graph().name == "Numbers");
  CHECK(build(loader, WEIR_LINE_GREP, {"--input=/none", "--pattern=x"})->job_graph().name == "LineGrep");
}

TEST_CASE("a loaded program runs") {
  const TemporaryDirectory directory;
  const std::string text = directory.file("text", "one\ntwo\nthree\n");
  ProgramLoader loader;
  const auto program = build(loader, WEIR_LINE_GREP,
                             {"--input", text, "--pattern", "t", "--output", directory.path("out")}, 2);
  const auto outcome = LocalJob().run(loader, program->job_graph());
  CHECK_MESSAGE(outcome.status == JobStatus::Finished, outcome.failure);
  CHECK(sorted_lines(content_of(directory.path("out"))) == Arguments{"three", "two"});
}

TEST_CASE("what is no program is refused with one line that says why") {
  const TemporaryDirectory directory;
  CHECK(refusal(directory.path("none.so")) == "No such file or directory");
  CHECK(refusal(directory.file("text.so", "hello\n")) == "it is no ELF file");
  const std::string whole = content_of(WEIR_NUMBERS);
  CHECK(refusal(directory.file("cut.so", whole.substr(0, 50))) == "it is no ELF file");
  CHECK(refusal(directory.file("half.so", whole.substr(0, whole.size() / 2))) ==
        "not all of the file is there: it was cut off");
  CHECK(refusal("/proc/self/exe").starts_with("it has no entry point of ours"));
  CHECK(refusal(WEIR_PLAIN_LIBRARY).starts_with("it has no entry point of ours"));
  CHECK(refusal(WEIR_OTHER_VERSION).starts_with("it was built with ABI version 99 and this process with "));
  CHECK(refusal(WEIR_NO_SYMBOL) == "it has no symbol weir_build");
}

TEST_CASE("a program that fails to build is refused with its own words") {
  CHECK(refusal(WEIR_THROWS) == "this program cannot make up its mind");
  CHECK(refusal(WEIR_THROWS, {"--no-exception"}) == "it threw something that is no std::exception");
  CHECK(refusal(WEIR_SAYS_NOTHING).find("no operators") != std::string::npos);
  CHECK(refusal(WEIR_NUMBERS, {"--cuont", "7"}) ==
        "the program has no option --cuont; it knows --count, --emit, --keys");
  CHECK(refusal(WEIR_NUMBERS, {"--count", "many"}) == "option --count needs a whole number, not 'many'");
  CHECK(refusal(WEIR_WORD_COUNT, {}) == "option --input is missing");
  CHECK(refusal(WEIR_WORD_COUNT, {"--input", "socket://nowhere"}) ==
        "--input 'socket://nowhere' is not socket://HOST:PORT");
}

TEST_CASE("a program that builds another graph the second time is refused where it would run") {
  ProgramLoader loader;
  const auto first = build(loader, WEIR_CHANGES_ITS_MIND, {});
  const auto again = loader.load(first->job_graph().program);
  REQUIRE_FALSE(again.has_value());
  CHECK(again.error().code == ErrorCode::GraphDiffers);
  CHECK(again.error().what.find("builds another graph") != std::string::npos);
  CHECK(again.error().what.find('\n') == std::string::npos);
  CHECK(LocalJob().run(loader, first->job_graph()).failure.find("builds another graph") != std::string::npos);
}

TEST_CASE("the tasks of a job share one build for as long as one of them lives") {
  ProgramLoader loader;
  const ProgramReference reference = build(loader, WEIR_NUMBERS, {"--count=5"}, 2)->job_graph().program;
  auto first = loader.load(reference);
  auto second = loader.load(reference);
  REQUIRE((first && second));
  CHECK(*first == *second);

  ProgramReference other = reference;
  other.arguments = {"--count=6"};  // the same graph from other arguments
  auto third = loader.load(other);
  REQUIRE_MESSAGE(third.has_value(), third.error().what);
  CHECK(*third != *first);
}

TEST_CASE("many threads may ask at once") {
  ProgramLoader loader;
  const ProgramReference reference = build(loader, WEIR_NUMBERS, {"--count=5"}, 2)->job_graph().program;
  std::vector<Thread> threads;
  std::vector<ProgramPtr> programs(8);
  for (ProgramPtr& program : programs) {
    threads.emplace_back("task", [&] {
      auto loaded = loader.load(reference);
      if (loaded) program = *loaded;
    });
  }
  threads.clear();
  for (const ProgramPtr& program : programs) CHECK(program == programs.front());
  CHECK(programs.front() != nullptr);
}

TEST_CASE("a library is known by its content, whatever its path held before") {
  const TemporaryDirectory directory;
  const std::string path = directory.path("program.so");
  ProgramLoader loader;
  std::filesystem::copy_file(WEIR_NUMBERS, path);
  const auto numbers = build(loader, path, {});
  CHECK(numbers->job_graph().name == "Numbers");

  std::filesystem::copy_file(WEIR_LINE_GREP, path, std::filesystem::copy_options::overwrite_existing);
  CHECK(build(loader, path, {"--input=/none", "--pattern=x"})->job_graph().name == "LineGrep");
  CHECK_FALSE(loader.load(numbers->job_graph().program).has_value());  // it is another one now
}

TEST_CASE("a library that is named by its hash is loaded from where it lies, once") {
  const TemporaryDirectory directory;
  const std::string path = directory.path("library.so");
  std::filesystem::copy_file(WEIR_NUMBERS, path);
  ProgramLoader client;
  ProgramReference reference = build(client, path, {}, 2)->job_graph().program;
  reference.library = *sha256_of_file(path);

  ProgramLoader worker;
  CHECK_FALSE(worker.has_loaded(reference.library));
  {
    const auto program = worker.load_by_hash(reference, path);
    REQUIRE_MESSAGE(program.has_value(), program.error().what);
    CHECK((*program)->job_graph().name == "Numbers");
  }
  CHECK(worker.has_loaded(reference.library));
  std::filesystem::remove(path);
  CHECK(worker.load_by_hash(reference, path).has_value());
}

TEST_CASE("a library that is not what its hash says is not loaded") {
  ProgramLoader loader;
  ProgramReference reference = build(loader, WEIR_NUMBERS, {}, 2)->job_graph().program;
  reference.library = *sha256_of_file(WEIR_NUMBERS);
  const auto program = ProgramLoader().load_by_hash(reference, WEIR_LINE_GREP);
  REQUIRE_FALSE(program.has_value());
  CHECK(program.error().code == ErrorCode::Corrupt);
}

TEST_CASE("a loader leaves no copies behind") {
  const OwnTemporaryFiles files;
  {
    ProgramLoader loader;
    (void)build(loader, WEIR_NUMBERS, {});
    CHECK(files.count() == 1);
  }
  CHECK(files.count() == 0);
}
