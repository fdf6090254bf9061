// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/ids.h"
#include "execution/operators/operator_context.h"
#include "execution/task/state_environment.h"
#include "graph/deployment.h"

namespace weir {

/// Gives an operator's context the backend that its job wants, and what it is restored from. All arguments
/// but the id outlive the context's keyed state. Throws std::runtime_error if something that was written is
/// not there, or is not as it was written.
void set_up_state(OperatorContext& context, OperatorId id, const TaskDeploymentDescriptor& task,
                  StateEnvironment& state);

}  // namespace weir
