// SPDX-License-Identifier: Apache-2.0
// A schema and a value, both from outside: "SCHEMA\nBYTES". Whoever parses, skips or prints them stays within
// the bytes, and skipping and printing agree on where a value ends.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "memory/schema.h"
#include "test/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  const std::string_view input(static_cast<const char*>(static_cast<const void*>(data)), bytes);
  const std::size_t line = input.find('\n');
  if (line == input.npos) return 0;
  const auto schema = weir::Schema::parse(input.substr(0, line));
  if (!schema) return 0;
  WEIR_CHECK(schema->text == input.substr(0, line), "a schema is all of its text");
  WEIR_CHECK(weir::compatible(*schema, *schema), "a schema is compatible with itself");
  const auto rest = std::as_bytes(std::span(input.substr(line + 1)));
  // A copy of exactly this size, so that the sanitizer sees any look behind it.
  const std::vector<std::byte> exact(rest.begin(), rest.end());
  const std::byte* const end = exact.data() + exact.size();
  std::string json;
  const std::byte* const behind = weir::skip_value(*schema, exact.data(), end);
  WEIR_CHECK(weir::print_value(*schema, exact.data(), end, json) == behind, "a value has one end");
  WEIR_CHECK(behind == nullptr || behind <= end, "a value ends within the bytes");
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  using namespace std::string_literals;
  return {"struct Order{id:i32,items:vector{struct Item{name:string,count:u8}}}\n\1\0\0\0\2\1a\3\1b\4"s,
          "map{pair{string,optional{f64}}}\n\1\1a\1\0\0\0\0\0\0\0\0"s,
          "tuple{array3{i16},pair{bool,Money}}\nxyz"s};
}
