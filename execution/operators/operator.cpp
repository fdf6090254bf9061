// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/operator.h"

#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/log.h"

namespace weir {

ProcessingTime& no_processing_time() {
  class Standing final : public ProcessingTime {
    [[nodiscard]] std::int64_t now() const override { return 0; }
    void wake_at(std::int64_t) override {}
  };
  static Standing clock;
  return clock;
}

void OperatorContext::require_free(const std::vector<StateInfo>& used, const StateInfo& wanted) {
  for (const StateInfo& state : used)
    if (state.name == wanted.name) refuse_second_use(wanted.name, state, wanted);
}

Workspace& OperatorContext::workspace() {
  if (!workspace_)
    throw std::logic_error("operator \"" + operator_name() + "\" was given no managed memory");
  return *workspace_;
}

void OperatorContext::begin_restore(Restored restored) {
  restored_ = std::move(restored);
  keyed_state_.begin_restore(KeyedRestore(restored_.files, restored_.stores, restored_.adopted));
  operator_state_.begin_restore(restored_.files, restored_.slices);
}

void OperatorContext::end_restore() {
  std::vector<std::string> unused = keyed_state_.end_restore();
  for (std::string& name : operator_state_.end_restore()) unused.push_back(std::move(name));
  for (const std::string& name : unused) {
    log::warn("state", "operator \"" + operator_name() + "\" has no state \"" + name +
                           "\" any more; what the checkpoint holds of it is dropped");
  }
  restored_.files.clear();
  restored_.slices.clear();
  restored_.stores.clear();
}

void Operator::advance_watermark(EventTime watermark) {
  if (watermark <= watermark_) return;
  watermark_ = watermark;
  guarded([&] { on_watermark(watermark); });
}

void Operator::change_status(StreamStatus status) {
  guarded([&] { on_status(status); });
}

void Operator::pass_latency_marker(const LatencyMarker& marker) {
  context_->note_latency(marker);
  guarded([&] { forward_latency_marker(marker); });
}

void Operator::forward_latency_marker(const LatencyMarker& marker) {
  for (const SideOutput& output : side_outputs_) output.next().process_latency_marker(marker);
}

void Operator::forward_watermark(EventTime watermark) {
  for (const SideOutput& output : side_outputs_) output.next().process_watermark(watermark);
}

void Operator::forward_status(StreamStatus status) {
  for (const SideOutput& output : side_outputs_) output.next().process_status(status);
}

AnyInput* Operator::find_side_output(std::string_view name, RecordTypeKey type) const {
  for (const SideOutput& output : side_outputs_) {
    if (output.name() != name) continue;
    if (output.type() == type) return &output.next();
    throw std::logic_error("its side output \"" + std::string(name) +
                           "\" is read by a tag of another type than it is written by");
  }
  return nullptr;
}

void rethrow_attributed(const std::string& operator_name) {
  try {
    throw;
  } catch (const OperatorFailure&) {
    throw;
  } catch (const TaskCancelled&) {
    throw;
  } catch (const StateNotReadable& error) {
    throw OperatorFailure(operator_name, error.what(), true);
  } catch (const std::exception& error) {
    throw OperatorFailure(operator_name, error.what());
  } catch (...) {
    throw OperatorFailure(operator_name, "something was thrown that is no std::exception");
  }
}

}  // namespace weir
