// SPDX-License-Identifier: Apache-2.0
#include "execution/task/operator_backend.h"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/state/rocksdb_backend.h"
#include "checkpoint/state/saved_store.h"

namespace weir {

namespace {

/// Of a Result of the restore.
template <class T>
T restored(Result<T> result) {
  if (!result) throw std::runtime_error("state cannot be restored: " + result.error().what);
  return *std::move(result);
}

bool overlap(KeyGroupRange one, KeyGroupRange other) {
  return one.first <= other.last && other.first <= one.last;
}

/// One operator's state, as its sources come in.
class SetUp {
public:
  SetUp(OperatorContext& context, OperatorId id, const TaskDeploymentDescriptor& task,
        StateEnvironment& state)
      : context_(context), id_(id), task_(task), state_(state) {}

  void run() {
    OperatorContext::Restored restored{.checkpoint = task_.restore.checkpoint};
    const auto found = task_.restore.operators.find(id_);
    if (restored.checkpoint != 0 && found != task_.restore.operators.end())
      read_sources(found->second, restored);
    if (task_.backend.kind == BackendKind::RocksDb) use_store();
    if (restored.checkpoint != 0) context_.begin_restore(std::move(restored));
  }

private:
  void read_sources(const OperatorRestore& from, OperatorContext::Restored& into) {
    into.adopted = adopted_source(from);
    for (std::size_t i = 0; i < from.sources.size(); ++i) {
      const OperatorSnapshot& source = from.sources[i];
      auto bytes = restored(open_state(state_.files(), task_.restore.root, source.state));
      into.files.push_back(restored(StateFile::open(std::move(bytes), source.state.path)));
      into.stores.push_back(nullptr);
      if (source.shared.empty() || !overlap(source.key_groups, context_.keyed_state().range())) continue;
      const std::string directory = fetch(source, i);
      if (into.adopted == i) adopt(source, directory);
      else into.stores.back() = restored(state_.open_store(directory, RocksDbOptions::Content::Saved));
    }
    into.slices = from.slices;
  }

  /// The source whose store has just the key groups of this subtask.
  [[nodiscard]] std::optional<std::size_t> adopted_source(const OperatorRestore& from) const {
    if (task_.backend.kind != BackendKind::RocksDb) return std::nullopt;
    for (std::size_t i = 0; i < from.sources.size(); ++i) {
      const OperatorSnapshot& source = from.sources[i];
      if (!source.shared.empty() && source.key_groups == context_.keyed_state().range()) return i;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::string fetch(const OperatorSnapshot& source, std::size_t number) const {
    std::string directory = restored(state_.fresh_directory(name() + "-" + std::to_string(number)));
    if (Status fetched = fetch_store(state_.files(), task_.restore.root, source.shared, directory); !fetched)
      throw std::runtime_error("state cannot be restored: " + fetched.error().what);
    return directory;
  }

  void adopt(const OperatorSnapshot& source, const std::string& directory) {
    adopted_directory_ = directory;
    SharedFiles::Files files;
    for (const StateHandle& file : source.shared) {
      const std::string name = name_in_store(file.path);
      if (name.ends_with(".sst")) files.emplace(name, file);
    }
    context_.shared_files().restore(task_.restore.checkpoint, task_.restore.root, std::move(files));
  }

  void use_store() const {
    context_.keyed_state().use_store([&state = state_, name = name(), adopted = adopted_directory_] {
      using Content = RocksDbOptions::Content;
      const auto opened = [&]() -> Result<std::unique_ptr<ByteStore>> {
        if (!adopted.empty()) return state.open_store(adopted, Content::Saved);
        auto directory = state.fresh_directory(name);
        if (!directory) return directory.error();
        return state.open_store(*directory, Content::None);
      };
      auto store = opened();
      if (!store) throw std::runtime_error(store.error().what);
      return *std::move(store);
    });
  }

  [[nodiscard]] std::string name() const { return task_.attempt.hex() + "-" + id_.hex(); }

  OperatorContext& context_;
  const OperatorId id_;
  const TaskDeploymentDescriptor& task_;
  StateEnvironment& state_;
  std::string adopted_directory_;  // empty: the store begins without content
};

}  // namespace

void set_up_state(OperatorContext& context, OperatorId id, const TaskDeploymentDescriptor& task,
                  StateEnvironment& state) {
  SetUp(context, id, task, state).run();
}

}  // namespace weir
