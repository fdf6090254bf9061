// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::log {

enum class Level : std::uint8_t { Debug, Info, Warn, Error, Off };

/// Below this nothing is written. Default: Info. Threads: any.
void set_level(Level level);
[[nodiscard]] bool enabled(Level level);
/// The level that is called "DEBUG", "INFO", "WARN", "ERROR" or "OFF".
[[nodiscard]] std::optional<Level> parse_level(std::string_view name);

/// One line to standard error: `yyyy-MM-dd HH:mm:ss,SSS LEVEL logger - message`, the pattern that Flink's
/// users grep; LEVEL is padded to five columns. `logger` is the room or actor that speaks. Threads: any.
/// Never on the path of a record.
void write(Level level, std::string_view logger, std::string_view message);

inline void debug(std::string_view logger, std::string_view message) { write(Level::Debug, logger, message); }
inline void info(std::string_view logger, std::string_view message) { write(Level::Info, logger, message); }
inline void warn(std::string_view logger, std::string_view message) { write(Level::Warn, logger, message); }
inline void error(std::string_view logger, std::string_view message) { write(Level::Error, logger, message); }

}  // namespace weir::log
