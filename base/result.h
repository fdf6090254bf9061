// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace weir {

/// Who must act on an error.
enum class Blame : std::uint8_t {
  User,         // the program, the command line or the configuration is wrong
  Environment,  // a disk, a peer or a network is in a bad state
  Bug,          // we are wrong
};

/// Whether doing the same again can help.
enum class Retry : std::uint8_t { Never, Later, Now };

/// One number a kind of error, so that tests and scripts need not read sentences. Numbered by room.
enum class ErrorCode : std::uint16_t {
  // 1xxx base: configuration, files
  BadArgument = 1001,
  UnknownOption = 1002,
  NotFound = 1003,
  IoFailure = 1004,
  Corrupt = 1005,
  // 2xxx memory and network
  InsufficientBuffers = 2001,
  OutOfMemoryPages = 2002,
  PartitionNotFound = 2003,
  ProducerFailed = 2004,
  Closed = 2005,
  ConnectionLost = 2006,
  ProtocolBroken = 2007,
  // 3xxx graph
  InvalidGraph = 3001,
  GraphDiffers = 3002,
  IllegalTransition = 3003,
  // 4xxx programs
  NotAProgram = 4001,
  WrongAbi = 4002,
  ProgramFailed = 4003,
  // 5xxx control plane
  NotEnoughSlots = 5001,
  UnknownJob = 5002,
  NotLeader = 5003,
  Refused = 5004,
  Timeout = 5005,
  TaskFailed = 5006,
  Cancelled = 5007,
  // 6xxx checkpoints
  CheckpointFailed = 6001,
  StateNotRestorable = 6002,
};

/// What went wrong, of whom, what was expected and, where it helps, what to do: one line for a person to
/// read.
struct [[nodiscard]] Error {
  ErrorCode code = ErrorCode::BadArgument;
  std::string what;
  Blame blame = Blame::User;
  Retry retry = Retry::Never;

  bool operator==(const Error&) const = default;
};

/// A value, or the reason why there is none. Member names follow std::expected, which GCC 12 lacks.
template <class T>
class [[nodiscard]] Result {
public:
  Result(T value) : content_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : content_(std::in_place_index<1>, std::move(error)) {}

  [[nodiscard]] bool has_value() const { return content_.index() == 0; }
  explicit operator bool() const { return has_value(); }

  [[nodiscard]] T& value() & { return std::get<0>(content_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(content_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(content_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const { return std::get<1>(content_); }

private:
  std::variant<T, Error> content_;
};

/// Done, or the reason why not.
class [[nodiscard]] Status {
public:
  Status() = default;
  Status(Error error) : error_(std::move(error)), failed_(true) {}

  [[nodiscard]] static Status ok() { return {}; }
  [[nodiscard]] bool has_value() const { return !failed_; }
  explicit operator bool() const { return !failed_; }
  [[nodiscard]] const Error& error() const { return error_; }

private:
  Error error_;
  bool failed_ = false;
};

namespace detail {
[[noreturn]] void check_failed(const char* file, int line, const char* condition, std::string_view message);
}  // namespace detail

}  // namespace weir

/// A promise of ours to ourselves, kept in release builds too: prints and aborts. The cluster is built to
/// survive a dead worker; it is not built to survive a wrong one.
#define WEIR_CHECK(condition, message)    \
  (static_cast<bool>(condition) ? void(0) \
                                : ::weir::detail::check_failed(__FILE__, __LINE__, #condition, message))
