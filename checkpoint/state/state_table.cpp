// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/state/state_table.h"

#include <stdexcept>
#include <string>

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

void require_same(const StateInfo& from, const StateInfo& wanted) {
  const auto require = [&](const char* part, const std::string& was, const std::string& is) {
    if (was == is) return;
    throw std::runtime_error("the state \"" + from.name + "\" cannot be restored: its " + part + " was " +
                             was + " and is " + is + " in this program");
  };
  require("key", from.key, wanted.key);
  require("namespace", from.name_space, wanted.name_space);
  require("value", from.value, wanted.value);
}

}  // namespace weir
