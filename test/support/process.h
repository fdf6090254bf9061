// SPDX-License-Identifier: Apache-2.0
// Real processes, as tests know them: those of the drills.
#pragma once

#include "apps/drill/process.h"

namespace weir::testing {

using drill::Finished;
using drill::Process;
using drill::ProcessEnd;
using drill::ProcessLine;
using drill::ProcessUse;
using drill::run_to_end;
using drill::use_of;

}  // namespace weir::testing
