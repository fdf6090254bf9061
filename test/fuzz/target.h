// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// A fuzz target is one file that defines these two. Built twice: with libFuzzer, which looks for inputs as
// long as it is let (preset fuzz), and with seeded_main.cpp, which makes some out of the seeds for a second
// in every test run.

/// Tries one input. Aborts if something is wrong.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace weir::fuzz {

/// Inputs that get far, to be changed here and there.
std::vector<std::string> seeds();

}  // namespace weir::fuzz
