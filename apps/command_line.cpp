// SPDX-License-Identifier: Apache-2.0
#include "apps/command_line.h"

#include <algorithm>
#include <charconv>
#include <sstream>
#include <utility>

#include <boost/program_options.hpp>

#include "base/config.h"

namespace weir {

namespace po = boost::program_options;

namespace {

std::string_view long_name(const OptionSpec& option) { return option.name.substr(0, option.name.find(',')); }

po::options_description describe(std::span<const OptionSpec> options) {
  po::options_description all("Options", 100);
  for (const OptionSpec& option : options) {
    const std::string name(option.name);
    const std::string doc(option.doc);
    if (option.argument.empty()) {
      all.add_options()(name.c_str(), doc.c_str());
    } else {
      all.add_options()(name.c_str(), po::value<std::string>()->value_name(std::string(option.argument)),
                        doc.c_str());
    }
  }
  return all;
}

/// Whether `word` is an option whose value is the word behind it: `-p 4` and `--parallelism 4`, not `-p4`,
/// `-q`.
bool takes_next_word(std::span<const OptionSpec> options, const std::string& word) {
  return std::any_of(options.begin(), options.end(), [&](const OptionSpec& option) {
    const auto comma = option.name.find(',');
    const bool is_named =
        word == "--" + std::string(long_name(option)) ||
        (comma != std::string_view::npos && word == "-" + std::string(option.name.substr(comma + 1)));
    return is_named && !option.argument.empty();
  });
}

std::size_t count_of_option_words(std::span<const OptionSpec> options,
                                  const std::vector<std::string>& words) {
  std::size_t i = 0;
  while (i < words.size() && words[i].size() > 1 && words[i].front() == '-') {
    i += takes_next_word(options, words[i]) ? 2 : 1;
  }
  return std::min(i, words.size());
}

bool may_repeat(std::span<const OptionSpec> options, std::string_view name) {
  return std::any_of(options.begin(), options.end(),
                     [&](const OptionSpec& option) { return option.repeats && long_name(option) == name; });
}

Error unknown_option(std::span<const OptionSpec> options, const std::string& written) {
  std::vector<std::string> names;
  for (const OptionSpec& option : options) names.push_back("--" + std::string(long_name(option)));
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  return {ErrorCode::UnknownOption, "unknown option '" + written + "'" + did_you_mean(written, candidates)};
}

}  // namespace

Result<CommandLine> CommandLine::parse(std::span<const OptionSpec> options,
                                       const std::vector<std::string>& words) {
  const auto end_of_options =
      words.begin() + static_cast<std::ptrdiff_t>(count_of_option_words(options, words));
  CommandLine line;
  line.rest_.assign(end_of_options, words.end());
  const po::options_description all = describe(options);
  const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
  try {
    const auto parsed =
        po::command_line_parser({words.begin(), end_of_options}).options(all).style(style).run();
    for (const auto& option : parsed.options) {
      auto& values = line.values_[option.string_key];
      if (!values.empty() && !may_repeat(options, option.string_key)) {
        return Error{ErrorCode::BadArgument, "option '--" + option.string_key + "' is given twice"};
      }
      values.push_back(option.value.empty() ? "" : option.value.front());
    }
  } catch (const po::unknown_option& e) {
    return unknown_option(options, e.get_option_name());
  } catch (const po::error& e) {
    return Error{ErrorCode::BadArgument, e.what()};
  }
  return line;
}

std::string CommandLine::text(std::string_view name, std::string_view fallback) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::string(fallback) : it->second.back();
}

std::vector<std::string> CommandLine::all(std::string_view name) const {
  const auto it = values_.find(name);
  return it == values_.end() ? std::vector<std::string>{} : it->second;
}

Result<std::uint32_t> CommandLine::count(std::string_view name, std::uint32_t fallback) const {
  const auto it = values_.find(name);
  if (it == values_.end()) return fallback;
  const std::string& text = it->second.back();
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number == 0) {
    return Error{ErrorCode::BadArgument,
                 "option '--" + std::string(name) + "' wants a whole number from 1, not '" + text + "'"};
  }
  return number;
}

std::string help_of(std::span<const OptionSpec> options) {
  std::ostringstream text;
  text << describe(options);
  return text.str();
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates) {
  const std::string_view near = nearest(text, candidates);
  return near.empty() ? std::string() : "; did you mean '" + std::string(near) + "'?";
}

}  // namespace weir
