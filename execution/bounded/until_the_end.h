// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "execution/operators/operator.h"
#include "execution/operators/operator_context.h"

namespace weir {

/// An operator that says nothing before its input has ended: on_end() is then called once. Until then no time
/// goes on behind it either.
template <class Base>
class UntilTheEnd : public Base {
public:
  using Base::Base;

  void finish() override { end(); }

protected:
  virtual void on_end() = 0;
  void on_watermark(EventTime watermark) override {
    if (watermark != EventTime::max()) return;
    end();
    this->forward_watermark(watermark);
  }

private:
  void end() {
    if (!std::exchange(has_ended_, true)) on_end();
  }

  bool has_ended_ = false;
};

/// The workspace of an operator, which must have so many pages.
[[nodiscard]] inline Workspace& workspace_of(OperatorContext& context, std::size_t least_pages) {
  Workspace& space = context.workspace();
  if (space.pages->total_pages() >= least_pages) return space;
  throw std::runtime_error("its share of managed memory is " + std::to_string(space.pages->total_pages()) +
                           " pages of " + std::to_string(space.pages->page_bytes()) +
                           " bytes, and it needs " + std::to_string(least_pages) +
                           " at least; raise taskmanager.memory.size");
}

}  // namespace weir
