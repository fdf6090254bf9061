// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A program that cannot be built: what it was told or what it says is wrong. The text goes to its user as it
/// is.
class ProgramError : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// The arguments behind the program on the command line: `--name value`, `--name=value` and `--flag`.
///
/// The only door through which a program may learn anything: it is run again on every worker, with these.
/// Errors: ProgramError on a missing or malformed value; what the program never asked for is refused when it
///         is built.
class Params {
public:
  Params() = default;
  explicit Params(std::vector<std::string> arguments);

  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] std::string get(std::string_view name, std::string_view fallback) const;
  [[nodiscard]] std::int64_t get_int(std::string_view name, std::int64_t fallback) const;
  /// The value must be there.
  [[nodiscard]] std::string require(std::string_view name) const;
  /// The value must be one of `choices`; the first is the fallback.
  [[nodiscard]] std::string choose(std::string_view name,
                                   std::initializer_list<std::string_view> choices) const;

  [[nodiscard]] const std::vector<std::string>& arguments() const { return arguments_; }

  /// Throws if there is an argument that the program never asked for.
  void refuse_unknown() const;

private:
  struct Option {
    std::string name;   // empty: an argument without a name
    std::string value;
    bool has_value = false;
  };
  [[nodiscard]] const Option* find(std::string_view name) const;

  std::vector<std::string> arguments_;
  std::vector<Option> options_;
  mutable std::set<std::string, std::less<>> asked_;
};

}  // namespace weir
