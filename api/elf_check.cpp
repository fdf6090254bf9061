// SPDX-License-Identifier: Apache-2.0
#include "api/elf_check.h"

#include <elf.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <vector>

namespace weir {

namespace {

constexpr std::uintmax_t kMaxProgramBytes = std::uintmax_t{1} << 30;
constexpr std::uint64_t kMaxNameTableBytes = 1 << 20;
#if defined(__x86_64__)
constexpr Elf64_Half kThisMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kThisMachine = EM_AARCH64;
#endif

Error refuse(const std::string& path, ErrorCode code, const std::string& why) {
  return {code, "cannot run '" + path + "': " + why, Blame::User};
}

/// A file of which any range may be asked for, and only ranges that are there are answered.
class BoundedFile {
public:
  BoundedFile(const std::string& path, std::uint64_t bytes)
      : stream_(path, std::ios::binary), bytes_(bytes) {}

  template <class T>
  [[nodiscard]] std::optional<T> read(std::uint64_t offset) {
    T value;
    if (!read_bytes(offset, &value, sizeof value)) return std::nullopt;
    return value;
  }

  [[nodiscard]] bool holds(std::uint64_t offset, std::uint64_t count) const {
    return offset <= bytes_ && count <= bytes_ - offset;
  }

  [[nodiscard]] bool read_bytes(std::uint64_t offset, void* into, std::uint64_t count) {
    if (!holds(offset, count)) return false;
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(static_cast<char*>(into), static_cast<std::streamsize>(count));
    return static_cast<std::uint64_t>(stream_.gcount()) == count;
  }

private:
  std::ifstream stream_;
  std::uint64_t bytes_;
};

/// Whether all that the headers speak of is in the file. Of one that was cut off the loader would map what is
/// not there, and the process die of it.
bool is_whole(BoundedFile& file, const Elf64_Ehdr& header) {
  if (!file.holds(header.e_shoff, std::uint64_t{header.e_shnum} * sizeof(Elf64_Shdr))) return false;
  for (std::uint64_t i = 0; i < header.e_phnum; ++i) {
    const auto segment = file.read<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment || !file.holds(segment->p_offset, segment->p_filesz)) return false;
  }
  return true;
}

/// The section of that name, if the file has one.
std::optional<Elf64_Shdr> find_section(BoundedFile& file, const Elf64_Ehdr& header, std::string_view wanted) {
  const auto section = [&](std::uint64_t index) {
    return file.read<Elf64_Shdr>(header.e_shoff + index * sizeof(Elf64_Shdr));
  };
  const auto names = section(header.e_shstrndx);
  if (header.e_shentsize != sizeof(Elf64_Shdr) || !names || names->sh_size > kMaxNameTableBytes)
    return std::nullopt;
  std::string table(names->sh_size, '\0');
  if (!file.read_bytes(names->sh_offset, table.data(), table.size())) return std::nullopt;

  for (std::uint64_t i = 0; i < header.e_shnum; ++i) {
    const auto candidate = section(i);
    if (!candidate) return std::nullopt;
    if (candidate->sh_name < table.size() && wanted == table.c_str() + candidate->sh_name) return candidate;
  }
  return std::nullopt;
}

}  // namespace

Result<AbiRecord> read_abi_record(const std::string& path) {
  std::error_code problem;
  const auto bytes = std::filesystem::file_size(path, problem);
  if (problem) return refuse(path, ErrorCode::NotFound, problem.message());
  if (bytes > kMaxProgramBytes) return refuse(path, ErrorCode::NotAProgram, "it is larger than 1 GiB");

  BoundedFile file(path, bytes);
  const auto header = file.read<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0) {
    return refuse(path, ErrorCode::NotAProgram, "it is no ELF file");
  }
  if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != kThisMachine) {
    return refuse(path, ErrorCode::NotAProgram, "it was built for another kind of machine");
  }
  if (header->e_type != ET_DYN)
    return refuse(path, ErrorCode::NotAProgram, "it is an ELF file but no shared library");

  if (!is_whole(file, *header)) {
    return refuse(path, ErrorCode::NotAProgram, "not all of the file is there: it was cut off");
  }

  const auto section = find_section(file, *header, kAbiSection);
  const auto record = section ? file.read<AbiRecord>(section->sh_offset) : std::nullopt;
  if (!record || section->sh_size < sizeof(AbiRecord) ||
      std::memcmp(record->magic, kAbiMagic, sizeof kAbiMagic) != 0) {
    return refuse(path, ErrorCode::NotAProgram,
                  "it has no entry point of ours: define void weir::program(Environment&) and build it with "
                  "weir_add_program()");
  }
  return *record;
}

Status check_abi(const std::string& path, const AbiRecord& theirs, const AbiRecord& ours) {
  const auto differ = [&](const std::string& what, std::uint32_t there, std::uint32_t here) {
    return refuse(path, ErrorCode::WrongAbi,
                  "it was built with " + what + " " + std::to_string(there) + " and this process with " +
                      std::to_string(here) + ": rebuild it with this version");
  };
  if (theirs.abi_version != ours.abi_version)
    return differ("ABI version", theirs.abi_version, ours.abi_version);
  if (theirs.glibcxx_release > ours.glibcxx_release) {
    return differ("libstdc++", theirs.glibcxx_release, ours.glibcxx_release);
  }
  if (theirs.cxx11_abi != ours.cxx11_abi)
    return differ("_GLIBCXX_USE_CXX11_ABI", theirs.cxx11_abi, ours.cxx11_abi);
  if (theirs.sanitizers != ours.sanitizers) return differ("sanitizers", theirs.sanitizers, ours.sanitizers);
  if (theirs.debug_containers != ours.debug_containers) {
    return differ("_GLIBCXX_DEBUG", theirs.debug_containers, ours.debug_containers);
  }
  return Status::ok();
}

}  // namespace weir
