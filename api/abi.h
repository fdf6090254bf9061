// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace weir {

class StreamExecutionEnvironment;

/// Raised whenever a program that was compiled before could no longer be run by what is compiled now.
inline constexpr std::uint32_t kAbiVersion = 1;

/// What a program's library says of how it was compiled. It lies in an ELF section of its own, so that it is
/// read before the library is loaded and any of its code runs. Its layout is for ever: later versions append.
struct AbiRecord {
  char magic[8];               // "WEIRABI" and a zero
  std::uint32_t record_bytes;  // sizeof(AbiRecord) there
  std::uint32_t abi_version;   // kAbiVersion there
  std::uint32_t glibcxx_release;
  std::uint32_t cxx11_abi;     // 1: the new std::string
  std::uint32_t sanitizers;    // bit 0 address, bit 1 thread
  std::uint32_t debug_containers;
  char compiler[64];
};

inline constexpr char kAbiMagic[8] = "WEIRABI";
inline constexpr const char* kAbiSection = ".weir_abi";
inline constexpr const char* kBuildSymbol = "weir_build";

/// weir_build(): runs the program's entry point. Not zero: it threw, and `error` holds what.
using BuildFunction = int (*)(StreamExecutionEnvironment* env, char* error, std::size_t error_bytes) noexcept;

/// The record of the code that includes this.
constexpr AbiRecord make_abi_record() {
  AbiRecord record{};
  for (int i = 0; i < 8; ++i) record.magic[i] = kAbiMagic[i];
  record.record_bytes = sizeof(AbiRecord);
  record.abi_version = kAbiVersion;
#ifdef _GLIBCXX_RELEASE
  record.glibcxx_release = _GLIBCXX_RELEASE;
#endif
#ifdef _GLIBCXX_USE_CXX11_ABI
  record.cxx11_abi = _GLIBCXX_USE_CXX11_ABI;
#endif
#if defined(__SANITIZE_ADDRESS__)
  record.sanitizers |= 1;
#endif
#if defined(__SANITIZE_THREAD__)
  record.sanitizers |= 2;
#endif
#ifdef _GLIBCXX_DEBUG
  record.debug_containers = 1;
#endif
  const char* compiler = __VERSION__;
  for (int i = 0; i < 63 && compiler[i] != 0; ++i) record.compiler[i] = compiler[i];
  return record;
}

}  // namespace weir
