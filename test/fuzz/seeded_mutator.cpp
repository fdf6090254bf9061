// SPDX-License-Identifier: Apache-2.0
// Lets libFuzzer begin again at a target's seeds now and then: alone it would take years to come upon an ELF
// header.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "test/fuzz/target.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned random) {
  static const std::vector<std::string> seeds = weir::fuzz::seeds();
  const std::string& seed = seeds[random / 16 % seeds.size()];
  if (random % 16 == 0 && seed.size() <= max_size) size = std::copy(seed.begin(), seed.end(), data) - data;
  return LLVMFuzzerMutate(data, size, max_size);
}
