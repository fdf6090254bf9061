// SPDX-License-Identifier: Apache-2.0
#include "api/elf_check.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <functional>
#include <random>
#include <string>

#include "test/support/temporary_directory.h"

using namespace weir;
using weir::testing::content_of;
using weir::testing::TemporaryDirectory;

namespace {

/// The one line of the refusal, without the file's name, which it must begin with.
std::string refusal(const std::string& path) {
  const auto record = read_abi_record(path);
  REQUIRE_FALSE(record.has_value());
  const std::string& what = record.error().what;
  const std::string lead = "cannot run '" + path + "': ";
  REQUIRE(what.starts_with(lead));
  CHECK(what.find('\n') == std::string::npos);
  return what.substr(lead.size());
}

const std::string kNoElf = "it is no ELF file";
const std::string kCutOff = "not all of the file is there: it was cut off";
const std::string kNoEntry =
    "it has no entry point of ours: define void weir::program(Environment&) and build it with "
    "weir_add_program()";

}  // namespace

TEST_CASE("a program's record is that of the compiler that made it") {
  const auto record = read_abi_record(WEIR_NUMBERS);
  REQUIRE_MESSAGE(record.has_value(), record.error().what);
  const AbiRecord ours = make_abi_record();
  CHECK(record->abi_version == ours.abi_version);
  CHECK(std::string(record->compiler) == ours.compiler);
  CHECK(check_abi(WEIR_NUMBERS, *record, ours).has_value());
}

TEST_CASE("what is no program is refused by what it is") {
  const TemporaryDirectory directory;
  CHECK(refusal(directory.path("none.so")) == "No such file or directory");
  CHECK(refusal(directory.path()) == "Is a directory");
  CHECK(refusal(directory.file("empty.so", "")) == kNoElf);
  CHECK(refusal(directory.file(
            "program.cpp", "void weir::program(Environment& env) {}\n" + std::string(500, ' '))) == kNoElf);
  CHECK(refusal("/proc/self/exe") == kNoEntry);
  CHECK(refusal(WEIR_PLAIN_LIBRARY) == kNoEntry);
  CHECK(refusal(WEIR_WRONG_MAGIC) == kNoEntry);
}

TEST_CASE("another machine's library, and what is no library, are refused by their headers") {
  const TemporaryDirectory directory;
  std::string elf = content_of(WEIR_NUMBERS);
  SUBCASE("32 bits") {
    elf[4] = 1;
    CHECK(refusal(directory.file("x.so", elf)) == "it was built for another kind of machine");
  }
  SUBCASE("a machine of another kind") {
    elf[18] = 8;  // MIPS
    CHECK(refusal(directory.file("x.so", elf)) == "it was built for another kind of machine");
  }
  SUBCASE("an object file") {
    elf[16] = 1;
    CHECK(refusal(directory.file("x.o", elf)) == "it is an ELF file but no shared library");
  }
}

TEST_CASE("a library that was cut off anywhere is refused") {
  const TemporaryDirectory directory;
  const std::string elf = content_of(WEIR_NUMBERS);
  for (std::size_t bytes = 0; bytes < elf.size(); bytes += 1 + elf.size() / 97) {
    CAPTURE(bytes);
    const std::string why = refusal(directory.file("cut.so", elf.substr(0, bytes)));
    CHECK(why == (bytes < 64 ? kNoElf : kCutOff));
  }
  CHECK(refusal(directory.file("cut.so", elf.substr(0, elf.size() - 1))) == kCutOff);
}

TEST_CASE("a library of which bytes are wrong is read or refused, and nothing worse") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  const TemporaryDirectory directory;
  const std::string elf = content_of(WEIR_PLAIN_LIBRARY);
  for (int round = 0; round < 500; ++round) {
    std::string broken = elf;
    const std::size_t table = broken.size() - 64 * 20;  // the section headers stand at the end
    for (int changes = 0; changes < 8; ++changes) {
      const std::size_t at = random() % 2 == 0 ? random() % 64 : table + random() % (broken.size() - table);
      if (at >= 4) broken[at] = static_cast<char>(random());
    }
    (void)read_abi_record(directory.file("broken.so", broken));
  }
}

TEST_CASE("a program of another make is refused with both sides of the difference") {
  const AbiRecord ours = make_abi_record();
  const auto refused = [&](const std::function<void(AbiRecord&)>& change) -> std::string {
    AbiRecord theirs = ours;
    change(theirs);
    const Status fits = check_abi("x.so", theirs, ours);
    return fits ? "" : fits.error().what;
  };
  CHECK(refused([](AbiRecord& record) { record.abi_version = 9; }) ==
        "cannot run 'x.so': it was built with ABI version 9 and this process with " +
            std::to_string(ours.abi_version) + ": rebuild it with this version");
  CHECK(refused([](AbiRecord& record) { record.cxx11_abi ^= 1; }).find("_GLIBCXX_USE_CXX11_ABI") !=
        std::string::npos);
  CHECK(refused([](AbiRecord& record) { record.sanitizers ^= 1; }).find("sanitizers") != std::string::npos);
  CHECK(refused([](AbiRecord& record) { record.debug_containers ^= 1; }).find("_GLIBCXX_DEBUG") !=
        std::string::npos);
  CHECK(refused([](AbiRecord& record) { ++record.glibcxx_release; }).find("libstdc++") != std::string::npos);
  CHECK(refused([](AbiRecord& record) { --record.glibcxx_release; }).empty());  // older is compatible
  CHECK(refused([](AbiRecord& record) { record.compiler[0] = '?'; }).empty());
}
