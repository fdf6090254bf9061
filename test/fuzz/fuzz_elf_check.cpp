// SPDX-License-Identifier: Apache-2.0
// Any file: it has an ABI record, or it is refused with one line.
#include "api/elf_check.h"

#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "test/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int file = ::memfd_create("library", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  WEIR_CHECK(::ftruncate(file, 0) == 0, "a file in memory can be emptied");
  WEIR_CHECK(::pwrite(file, data, size, 0) == static_cast<ssize_t>(size), "a file in memory can be written");

  const auto record = weir::read_abi_record(path);
  if (record) {
    const weir::Status fits = weir::check_abi(path, *record, weir::make_abi_record());
    WEIR_CHECK(fits || fits.error().what.find('\n') == std::string::npos, "more than one line");
  } else {
    WEIR_CHECK(record.error().what.starts_with("cannot run '" + path), "the file is not named");
  }
  return 0;
}

namespace {

template <class Part>
void append(std::string& file, const Part& part) {
  file.append(reinterpret_cast<const char*>(&part), sizeof part);
}

/// The smallest library that is accepted: two sections, of which one holds the record and one the names.
std::string smallest_library() {
  const weir::AbiRecord record = weir::make_abi_record();
  const char names[] = "\0.weir_abi";
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_type = ET_DYN;
  header.e_machine = EM_X86_64;
  header.e_shoff = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 2;
  header.e_shstrndx = 1;
  Elf64_Shdr record_section{};
  record_section.sh_name = 1;
  record_section.sh_offset = sizeof header + 2 * sizeof(Elf64_Shdr);
  record_section.sh_size = sizeof record;
  Elf64_Shdr name_section{};
  name_section.sh_offset = record_section.sh_offset + sizeof record;
  name_section.sh_size = sizeof names;

  std::string file;
  append(file, header);
  append(file, record_section);
  append(file, name_section);
  append(file, record);
  return file.append(names, sizeof names);
}

}  // namespace

std::vector<std::string> weir::fuzz::seeds() { return {smallest_library(), "\x7F" "ELF", "#!/bin/sh\n"}; }
