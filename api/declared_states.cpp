// SPDX-License-Identifier: Apache-2.0
#include "api/declared_states.h"

#include <algorithm>

#include "api/params.h"
#include "checkpoint/snapshot/state_schema.h"

namespace weir::detail {

std::vector<StateInfo> checked(std::vector<StateInfo> states) {
  for (auto state = states.begin(); state != states.end(); ++state) {
    const auto other = std::find_if(states.begin(), state, [&](const StateInfo& each) {
      return each.name == state->name && each != *state;
    });
    if (other != state) {
      throw ProgramError("the state \"" + state->name + "\" is declared as " + told(*other) + " and as " +
                         told(*state) + ": give one of them another name");
    }
  }
  return states;
}

}  // namespace weir::detail
