// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace weir {

/// An option of a command, as its help shows it.
struct OptionSpec {
  std::string_view name;      // "parallelism,p": the long name, and a letter if it has one
  std::string_view argument;  // "N"; empty: it is a flag
  std::string_view doc;       // one sentence, with unit and default
  bool repeats = false;       // may be given more than once; all() has every value
};

/// What a person wrote behind a command.
class CommandLine {
public:
  /// Reads options up to the first word that is none; the rest, whatever it looks like, is somebody else's.
  /// Errors: one line; an unknown option comes with the nearest known one.
  [[nodiscard]] static Result<CommandLine> parse(std::span<const OptionSpec> options,
                                                 const std::vector<std::string>& words);

  [[nodiscard]] bool has(std::string_view name) const { return values_.find(name) != values_.end(); }
  /// `fallback` unless it was given; the last one of an option that repeats.
  [[nodiscard]] std::string text(std::string_view name, std::string_view fallback) const;
  /// The same for a number from 1.
  [[nodiscard]] Result<std::uint32_t> count(std::string_view name, std::uint32_t fallback) const;

  /// Every value of an option that repeats, as they were written.
  [[nodiscard]] std::vector<std::string> all(std::string_view name) const;

  [[nodiscard]] const std::vector<std::string>& rest() const { return rest_; }

private:
  // By long name; a flag has an empty value.
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
  std::vector<std::string> rest_;
};

/// The options as a table for people.
[[nodiscard]] std::string help_of(std::span<const OptionSpec> options);

/// "; did you mean 'x'?", or nothing if no candidate is near.
[[nodiscard]] std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates);

}  // namespace weir
