// SPDX-License-Identifier: Apache-2.0
// A shared library with an ABI record, as another version of this project would have made it, or a forger.
#include <stdint.h>

struct record {
  char magic[8];
  uint32_t record_bytes, abi_version, glibcxx_release, cxx11_abi, sanitizers, debug_containers;
  char compiler[64];
};

__attribute__((section(".weir_abi"), used)) static const struct record the_record = {
    FORGED_MAGIC, sizeof(struct record), FORGED_VERSION, FORGED_RELEASE, FORGED_CXX11, FORGED_SANITIZERS, 0, "forger"};
