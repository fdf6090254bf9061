// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace weir::log {

namespace {

spdlog::level::level_enum to_spdlog(Level level) {
  switch (level) {
    case Level::Debug: return spdlog::level::debug;
    case Level::Info: return spdlog::level::info;
    case Level::Warn: return spdlog::level::warn;
    case Level::Error: return spdlog::level::err;
    case Level::Off: break;
  }
  return spdlog::level::off;
}

std::string_view name_of(Level level) {
  switch (level) {
    case Level::Debug: return "DEBUG";
    case Level::Info: return "INFO";
    case Level::Warn: return "WARN";
    case Level::Error: return "ERROR";
    case Level::Off: break;
  }
  return "OFF";
}

spdlog::logger& sink() {
  static spdlog::logger logger = [] {
    spdlog::logger made("weir", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made.set_pattern("%Y-%m-%d %H:%M:%S,%e %v");
    made.flush_on(spdlog::level::warn);
    return made;
  }();
  return logger;
}

}  // namespace

void set_level(Level level) { sink().set_level(to_spdlog(level)); }

std::optional<Level> parse_level(std::string_view name) {
  for (const auto level : {Level::Debug, Level::Info, Level::Warn, Level::Error, Level::Off}) {
    if (name_of(level) == name) return level;
  }
  return std::nullopt;
}

bool enabled(Level level) { return sink().should_log(to_spdlog(level)); }

void write(Level level, std::string_view logger, std::string_view message) {
  sink().log(to_spdlog(level), "{:<5} {} - {}", name_of(level), logger, message);
}

}  // namespace weir::log
