// SPDX-License-Identifier: Apache-2.0
// Any arguments: they are understood, or refused with one line.
#include "api/params.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "test/fuzz/target.h"

namespace {

/// False if it was refused.
bool accepts(const std::function<void()>& call) {
  try {
    call();
    return true;
  } catch (const weir::ProgramError& error) {
    WEIR_CHECK(error.what()[0] != 0, "a refusal without a word");
    return false;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::string> arguments(1);
  for (std::size_t i = 0; i < size; ++i) {
    if (data[i] == '\n') arguments.emplace_back();
    else arguments.back() += static_cast<char>(data[i]);
  }
  const weir::Params params(arguments);
  WEIR_CHECK(params.arguments() == arguments, "arguments changed");
  accepts([&] { (void)params.get_int("count", 7); });
  accepts([&] { (void)params.choose("emit", {"updates", "final"}); });
  const bool has_input = accepts([&] { (void)params.require("input"); });
  WEIR_CHECK(params.has("input") || !has_input, "an option came out of nowhere");
  accepts([&] { params.refuse_unknown(); });
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  return {"--input\nfile\n--count=5\n--emit\nfinal", "--input=\n--flag\n--count\n-9223372036854775808",
          "--\n-\n--=\n--=x"};
}
