// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

// A fuzz target is one file that defines these two. Built twice: with libFuzzer, which looks for inputs as
// long as it is let (preset fuzz), and with seeded_main.cpp, which in every test run tries those that are
// kept in corpus/ and makes some out of them and the seeds for a second.

/// Tries one input. Aborts if something is wrong.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace weir::fuzz {

/// Inputs that get far, to be changed here and there.
std::vector<std::string> seeds();

}  // namespace weir::fuzz
