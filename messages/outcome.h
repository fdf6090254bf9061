// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <utility>

#include "base/result.h"

namespace weir {

/// How a request to another actor ended: done, or refused and why. A refusal is a reply, so that an error of
/// the actor system only ever means "the mail did not arrive".
struct Outcome {
  bool accepted = false;
  Error refusal;  // meaningless when accepted
  bool operator==(const Outcome&) const = default;

  [[nodiscard]] static Outcome ok() { return {.accepted = true, .refusal = {}}; }
  [[nodiscard]] static Outcome refused(Error error) {
    return {.accepted = false, .refusal = std::move(error)};
  }
  [[nodiscard]] static Outcome of(const Status& status) { return status ? ok() : refused(status.error()); }

  [[nodiscard]] Status status() const { return accepted ? Status::ok() : Status(refusal); }
};

// Error belongs to the ground floor, which knows no mail; how it travels is said here.
template <class F>
typename F::result_type inspect(F& f, Error& x) {
  return f(x.code, x.what, x.blame, x.retry);
}
template <class F>
typename F::result_type inspect(F& f, Outcome& x) {
  return f(x.accepted, x.refusal);
}

}  // namespace weir
