// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "checkpoint/snapshot/checkpoint_settings.h"
#include "ha/ports.h"
#include "messages/archive.h"

namespace weir {

/// What is recorded of a job that has ended.
[[nodiscard]] JobVerdict verdict_of(const JobDetails& job, const CheckpointSettings& checkpoints);
/// What there is to see of a job of which only its end is on record.
[[nodiscard]] JobDetails details_of(const JobVerdict& verdict);

}  // namespace weir
