// SPDX-License-Identifier: Apache-2.0
#include "apps/weir/state_output.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "apps/weir/json_output.h"
#include "apps/weir/text.h"
#include "checkpoint/snapshot/state_schema.h"

namespace weir {

namespace {

using Align = TextTable::Align;

/// What scripts and people call an operator: what it is found by.
const std::string& handle_of(const SavedOperator& of) { return of.uid.empty() ? of.name : of.uid; }

std::string bytes_text(std::uint64_t bytes) {
  const std::string text = short_count(static_cast<double>(bytes));
  return text + (text.find(' ') == std::string::npos ? " B" : "B");
}

const char* kind_of(const StateInfo& state) {
  switch (state.kind) {
    case StateKind::Value: return "value";
    case StateKind::List: return "list";
    case StateKind::Map: return "map";
    case StateKind::Reducing: return "reducing";
    case StateKind::Aggregating: return "aggregating";
    case StateKind::Folding: return "folding";
    case StateKind::OperatorList:
      return state.redistribution == Redistribution::Union ? "union-list" : "split-list";
    case StateKind::OperatorMap: return "broadcast-map";
    case StateKind::Timers: return "timers";
  }
  return "";
}

/// {"name":value,...}; values are JSON already.
class JsonObject {
public:
  void add(std::string_view name, std::string_view value) {
    text_ += text_.size() == 1 ? "\"" : ",\"";
    text_.append(name).append("\":").append(value);
  }
  void add_text(std::string_view name, std::string_view text) { add(name, quoted(text)); }
  void add_number(std::string_view name, std::uint64_t number) { add(name, std::to_string(number)); }
  void add_flag(std::string_view name, bool flag) { add(name, flag ? "true" : "false"); }
  [[nodiscard]] std::string text() const { return text_ + "}"; }

private:
  std::string text_ = "{";
};

template <class T, class ToJson>
std::string json_list(const std::vector<T>& values, ToJson&& to_json) {
  std::string list = "[";
  for (const T& value : values) list += (list.size() == 1 ? "" : ",") + to_json(value);
  return list + "]";
}

std::string json_of(const SavedState& state) {
  JsonObject json;
  json.add_text("name", state.info.name);
  json.add_text("kind", kind_of(state.info));
  json.add_flag("expires", state.info.expires);
  if (!state.info.key.empty()) json.add_text("key", state.info.key);
  if (!state.info.name_space.empty()) json.add_text("namespace", state.info.name_space);
  json.add_text("value", state.info.value);
  json.add_flag("readable", state.is_readable);
  if (state.is_readable) {
    json.add_number("entries", state.entry_count);
    json.add_number("bytes", state.bytes);
  }
  return json.text();
}

std::string json_of(const SavedOperator& of) {
  JsonObject json;
  json.add_text("id", of.id.hex());
  json.add_text("name", of.name);
  json.add_text("uid", of.uid);
  json.add_number("parallelism", of.parallelism);
  json.add_number("max-parallelism", of.max_parallelism);
  if (of.shared_bytes != 0) json.add_number("shared-bytes", of.shared_bytes);
  json.add("states", json_list(of.states, [](const SavedState& state) { return json_of(state); }));
  return json.text();
}

void add_rows(TextTable& table, const SavedOperator& of) {
  std::vector<std::string> who{printable(of.name), of.uid.empty() ? "-" : printable(of.uid),
                               of.id.hex().substr(0, 8), std::to_string(of.parallelism),
                               std::to_string(of.max_parallelism)};
  const auto add = [&](const std::vector<std::string>& what) {
    std::vector<std::string> cells = std::exchange(who, std::vector<std::string>(who.size()));
    cells.insert(cells.end(), what.begin(), what.end());
    table.add(std::move(cells));
  };
  if (of.states.empty()) add({"-", "", "", ""});
  for (const SavedState& state : of.states) {
    const std::string expires = state.info.expires ? " (expires)" : "";
    add({printable(state.info.name), state.is_readable ? std::to_string(state.entry_count) : "?",
         state.is_readable ? bytes_text(state.bytes) : "?", printable(told(state.info)) + expires});
  }
}

char sign_of(StateChange::Kind kind) {
  switch (kind) {
    case StateChange::Kind::OperatorAdded:
    case StateChange::Kind::StateAdded:
    case StateChange::Kind::Added: return '+';
    case StateChange::Kind::OperatorRemoved:
    case StateChange::Kind::StateRemoved:
    case StateChange::Kind::Removed: return '-';
    default: return '~';
  }
}

const char* name_of(StateChange::Kind kind) {
  switch (kind) {
    case StateChange::Kind::OperatorAdded: return "operator-added";
    case StateChange::Kind::OperatorRemoved: return "operator-removed";
    case StateChange::Kind::StateAdded: return "state-added";
    case StateChange::Kind::StateRemoved: return "state-removed";
    case StateChange::Kind::SchemaChanged: return "schema-changed";
    case StateChange::Kind::Added: return "added";
    case StateChange::Kind::Removed: return "removed";
    case StateChange::Kind::Changed: return "changed";
  }
  return "";
}

}  // namespace

std::string states_text(const CompletedCheckpoint& checkpoint, const std::vector<SavedOperator>& operators) {
  std::string text = checkpoint.is_savepoint ? "Savepoint " : "Checkpoint ";
  text += std::to_string(checkpoint.id) + " of job " + checkpoint.job.hex();
  if (const std::string when = list_time(checkpoint.triggered_at); !when.empty()) text += ", " + when;
  TextTable table({{"Operator"}, {"Uid"}, {"Id"}, {"Subtasks", Align::Right}, {"Groups", Align::Right},
                   {"State"}, {"Entries", Align::Right}, {"Bytes", Align::Right}, {"Kind and types"}});
  for (const SavedOperator& of : operators) add_rows(table, of);
  return text + "\n\n" + table.text();
}

std::string states_json(const CompletedCheckpoint& checkpoint, const std::vector<SavedOperator>& operators) {
  JsonObject json;
  json.add_text("job", checkpoint.job.hex());
  json.add_number("id", checkpoint.id);
  json.add_flag("savepoint", checkpoint.is_savepoint);
  json.add("triggered", std::to_string(checkpoint.triggered_at.time_since_epoch().count()));
  json.add("operators", json_list(operators, [](const SavedOperator& of) { return json_of(of); }));
  return json.text();
}

std::string entry_text(const SavedOperator& of, const SavedEntry& entry, const EntryFormat& format) {
  std::string text = printable(handle_of(of)) + "\t" + printable(format.state().name);
  if (format.has_key()) text += "\t" + printable(format.key(entry));
  if (format.has_name_space()) text += "\t" + printable(format.name_space(entry));
  return text + "\t" + printable(format.value(entry));
}

std::string entry_json(const SavedOperator& of, const SavedEntry& entry, const EntryFormat& format) {
  JsonObject json;
  json.add_text("operator", handle_of(of));
  json.add_text("state", format.state().name);
  json.add_number("subtask", entry.subtask);
  if (is_keyed(format.state().kind)) json.add_number("group", entry.group);
  if (format.has_key()) json.add("key", format.key(entry));
  if (format.has_name_space()) json.add("namespace", format.name_space(entry));
  if (format.state().expires) json.add("last-used", std::to_string(entry.last_use_ms));
  json.add("value", format.value(entry));
  return json.text();
}

std::string change_text(const SavedOperator& of, const StateInfo* state, const StateChange& change) {
  std::string text(1, sign_of(change.kind));
  text += " " + printable(handle_of(of));
  if (state != nullptr) text += " " + printable(state->name);
  if (!change.key.empty()) text += " " + printable(change.key);
  if (!change.name_space.empty()) text += " " + printable(change.name_space);
  const bool has_both = !change.old_value.empty() && !change.new_value.empty();
  if (change.old_value.empty() && change.new_value.empty()) return text;
  return text + ": " + printable(change.old_value) + (has_both ? " => " : "") + printable(change.new_value);
}

std::string change_json(const SavedOperator& of, const StateInfo* state, const StateChange& change) {
  JsonObject json;
  json.add_text("change", name_of(change.kind));
  json.add_text("operator", handle_of(of));
  if (state != nullptr) json.add_text("state", state->name);
  if (!change.key.empty()) json.add("key", change.key);
  if (!change.name_space.empty()) json.add("namespace", change.name_space);
  const bool is_json = change.kind != StateChange::Kind::SchemaChanged;
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) json.add(name, is_json ? value : quoted(value));
  };
  add("old", change.old_value);
  add("new", change.new_value);
  return json.text();
}

}  // namespace weir
