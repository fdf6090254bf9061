// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/snapshot/state_schema.h"

#include "memory/schema.h"

namespace weir {

namespace {

const char* told(StateKind kind) {
  switch (kind) {
    case StateKind::Value: return "value state";
    case StateKind::List: return "list state";
    case StateKind::Map: return "map state";
    case StateKind::Reducing: return "reducing state";
    case StateKind::Aggregating: return "aggregating state";
    case StateKind::Folding: return "folding state";
    case StateKind::OperatorList: return "list";
    case StateKind::OperatorMap: return "broadcast map";
    case StateKind::Timers: return "timers";
  }
  return "state of an unknown kind";
}

const char* told(Redistribution redistribution) {
  switch (redistribution) {
    case Redistribution::Split: return "split ";
    case Redistribution::Union: return "union ";
    case Redistribution::Broadcast: return "";
  }
  return "";
}

}  // namespace

std::string told(const StateInfo& state) {
  std::string text = is_keyed(state.kind) ? "" : told(state.redistribution);
  text.append(told(state.kind)).append(" ");
  if (!state.key.empty()) text += state.key + " -> ";
  if (!state.name_space.empty()) text += state.name_space + " -> ";
  return text + state.value;
}

Status compatible(const StateInfo& from, const StateInfo& to) {
  const auto refuse = [&](const std::string& why) {
    return Error{ErrorCode::BadArgument, "the state \"" + from.name + "\" cannot be restored: " + why,
                 Blame::User};
  };
  if (from.kind != to.kind) {
    return refuse(std::string("it was a ") + told(from.kind) + " and is a " + told(to.kind) +
                  " in this program");
  }
  if (from.expires != to.expires) {
    return refuse(from.expires ? "it had a time to live and has none in this program"
                               : "it had no time to live and has one in this program");
  }
  if (!same_bytes(from.key, to.key))
    return refuse("its key was " + from.key + " and is " + to.key + " in this program");
  if (!same_bytes(from.name_space, to.name_space))
    return refuse("its namespace was " + from.name_space + " and is " + to.name_space + " in this program");
  if (auto fits = compatible(from.value, to.value); !fits)
    return refuse(fits.error().what + " in this program");
  return Status::ok();
}

}  // namespace weir
