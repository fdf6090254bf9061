// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "execution/operators/input.h"

namespace weir {

/// Names one more output of an operator, whose records are of type T:
///
///     constexpr weir::OutputTag<Reading> kLate{"late"};
///
/// What the operator emits under it comes out of side_output(kLate) of the stream behind it; without that it
/// is dropped. The name is literal text, unique among the tags of one operator.
template <class T>
struct OutputTag {
  using Value = T;
  std::string_view name;
};

/// Tells record types apart, within one program.
using RecordTypeKey = const char*;
namespace detail {
template <class T>
inline constexpr char kRecordTypeKey = 0;
}
template <class T>
[[nodiscard]] constexpr RecordTypeKey record_type_key() {
  return &detail::kRecordTypeKey<T>;
}

/// Where an operator's records of one tag go, if anybody reads them.
class SideOutput {
public:
  SideOutput(std::string_view name, RecordTypeKey type, AnyInput& next)
      : name_(name), type_(type), next_(&next) {}

  [[nodiscard]] std::string_view name() const { return name_; }
  [[nodiscard]] RecordTypeKey type() const { return type_; }
  [[nodiscard]] AnyInput& next() const { return *next_; }

private:
  std::string_view name_;  // the graph's
  RecordTypeKey type_;
  AnyInput* next_;  // wired by the chain, outlives this
};

}  // namespace weir
