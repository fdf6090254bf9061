// SPDX-License-Identifier: Apache-2.0
#include "api/params.h"

#include <algorithm>
#include <charconv>

namespace weir {

namespace {

std::string join(const auto& names, std::string_view lead) {
  std::string text;
  for (const auto& name : names) {
    if (!text.empty()) text += ", ";
    text += lead;
    text += name;
  }
  return text;
}

}  // namespace

Params::Params(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    const std::string& argument = arguments_[i];
    if (!argument.starts_with("--") || argument.size() == 2 || argument[2] == '=') {
      options_.push_back({"", argument, true});
    } else if (const auto equals = argument.find('='); equals != std::string::npos) {
      options_.push_back({argument.substr(2, equals - 2), argument.substr(equals + 1), true});
    } else if (i + 1 < arguments_.size() && !arguments_[i + 1].starts_with("--")) {
      options_.push_back({argument.substr(2), arguments_[i + 1], true});
      ++i;
    } else {
      options_.push_back({argument.substr(2), "", false});
    }
  }
}

const Params::Option* Params::find(std::string_view name) const {
  asked_.emplace(name);
  const auto found = std::find_if(options_.rbegin(), options_.rend(),
                                  [&](const Option& option) { return option.name == name; });
  return found == options_.rend() ? nullptr : &*found;
}

bool Params::has(std::string_view name) const { return find(name) != nullptr; }

std::string Params::get(std::string_view name, std::string_view fallback) const {
  const Option* option = find(name);
  if (option == nullptr) return std::string(fallback);
  if (!option->has_value) throw ProgramError("option --" + std::string(name) + " needs a value");
  return option->value;
}

std::int64_t Params::get_int(std::string_view name, std::int64_t fallback) const {
  const std::string text = get(name, std::to_string(fallback));
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw ProgramError("option --" + std::string(name) + " needs a whole number, not '" + text + "'");
  }
  return value;
}

std::string Params::require(std::string_view name) const {
  if (!has(name)) {
    std::string given;
    for (const Option& option : options_) {
      given += (given.empty() ? "" : " ") + (option.name.empty() ? option.value : "--" + option.name);
    }
    throw ProgramError("option --" + std::string(name) + " is missing" +
                       (given.empty() ? "" : "; given are: " + given));
  }
  return get(name, "");
}

std::string Params::choose(std::string_view name, std::initializer_list<std::string_view> choices) const {
  const std::string value = get(name, *choices.begin());
  if (std::find(choices.begin(), choices.end(), value) == choices.end()) {
    throw ProgramError("option --" + std::string(name) + " is one of " + join(choices, "") + ", not '" +
                       value + "'");
  }
  return value;
}

void Params::refuse_unknown() const {
  for (const Option& option : options_) {
    if (asked_.contains(option.name)) continue;
    const std::string known = asked_.empty() ? "it takes none" : "it knows " + join(asked_, "--");
    throw ProgramError(option.name.empty()
                           ? "the program takes no argument '" + option.value + "'; " + known
                           : "the program has no option --" + option.name + "; " + known);
  }
}

}  // namespace weir
