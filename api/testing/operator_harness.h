// SPDX-License-Identifier: Apache-2.0
// OperatorHarness: one operator without a cluster. See docs/testing.md.
#pragma once

#include "execution/operators/operator_harness.h"
