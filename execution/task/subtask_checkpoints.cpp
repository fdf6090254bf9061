// SPDX-License-Identifier: Apache-2.0
#include "execution/task/subtask_checkpoints.h"

#include <exception>
#include <utility>

#include "base/sync.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/memory_storage.h"

namespace weir {

namespace {

/// Collects blocks in memory.
class BlockList final : public SnapshotSink {
public:
  void add(StateBlock block) override { blocks.push_back(std::move(block)); }
  std::vector<StateBlock> blocks;
};

std::vector<std::string> paths_of(const Result<StateHandle>& written, const std::string& root) {
  if (!written || written->path.empty()) return {};
  return {root + "/" + written->path};
}

std::string holds_its_input(const std::string& operator_name) {
  return "operator \"" + operator_name + "\" holds its input until that has ended, and no checkpoint has it";
}

}  // namespace

/// Lets writers post letters until the task is gone. lock_ is held while a letter is posted.
class SubtaskCheckpoints::Door {
public:
  explicit Door(Mailbox& mailbox) : mailbox_(&mailbox) {}
  /// False: the task is gone.
  [[nodiscard]] bool post(Mailbox::Letter letter) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    if (mailbox_ != nullptr) mailbox_->post(std::move(letter));
    return mailbox_ != nullptr;
  }
  void close() WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    mailbox_ = nullptr;
  }

private:
  Mutex lock_;
  Mailbox* mailbox_ WEIR_GUARDED_BY(lock_);
};

SubtaskCheckpoints::SubtaskCheckpoints(const TaskDeploymentDescriptor& task, OperatorChain& chain,
                                       const Surroundings& around)
    : task_(task),
      chain_(chain),
      mailbox_(around.mailbox),
      writers_(around.writers),
      responder_(around.responder),
      state_(around.state),
      door_(std::make_shared<Door>(mailbox_)) {}

SubtaskCheckpoints::~SubtaskCheckpoints() {
  door_->close();
  drop_running();
}

void SubtaskCheckpoints::begin(const BarrierAligner::Barrier& barrier, Duration alignment) {
  if (running_) give_up("a newer checkpoint began before its state was written");
  for (const OperatorChain::Stateful& each : chain_.stateful_at_the_end()) {
    if (each.context->has_workspace())
      return decline(barrier.checkpoint, holds_its_input(each.context->operator_name()));
  }
  const auto storage = storage_for(barrier);
  if (!storage) return decline(barrier.checkpoint, storage.error().what);

  const TimePoint began = SystemClock{}.now();
  running_ = std::make_unique<Running>();
  running_->barrier = barrier;
  running_->began = began;
  running_->report = {.job = task_.job,
                      .attempt = task_.attempt,
                      .checkpoint = barrier.checkpoint,
                      .snapshot = {},
                      .alignment = alignment};
  auto& operators = chain_.stateful(barrier.checkpoint);
  try {
    for (OperatorChain::Stateful& each : operators) begin_part(each, *storage);
  } catch (const std::exception& problem) {
    return give_up(problem.what());
  }
  running_->report.sync = SystemClock{}.now() - began;
  if (running_->open_answers == 0) acknowledge();
}

void SubtaskCheckpoints::begin_part(OperatorChain::Stateful& from,
                                    const std::shared_ptr<CheckpointStorage>& storage) {
  OperatorContext& context = *from.context;
  Part part{.from = &from, .states = context.operator_state().states()};
  const auto keyed = context.keyed_state().states();
  part.states.insert(part.states.end(), keyed.begin(), keyed.end());
  if (part.states.empty()) return;

  OperatorSnapshot& snapshot = running_->report.snapshot.operators[from.id];
  snapshot.states = part.states;
  snapshot.lists = context.operator_state().lists();
  if (!keyed.empty()) snapshot.key_groups = context.keyed_state().range();
  const std::size_t index = running_->parts.size();
  running_->parts.push_back(std::move(part));
  if (saves_store_apart(context)) begin_store_upload(running_->parts.back(), index);
  begin_upload(running_->parts.back(), index, storage);
}

void SubtaskCheckpoints::begin_upload(Part& part, std::size_t index,
                                      const std::shared_ptr<CheckpointStorage>& storage) {
  const auto done = [this, door = door_, id = running_->barrier.checkpoint, index,
                     root = running_->barrier.storage_root,
                     &files = state_.files()](Result<StateHandle> written) {
    if (door->post([=, this] { on_written(id, index, written, root); })) return;
    for (const std::string& path : paths_of(written, root)) (void)files.remove(path);
  };
  part.upload = StateUpload::begin(writers_, storage, buffers_, file_name(part), done);
  ++running_->open_answers;
  OperatorContext& context = *part.from->context;
  context.operator_state().snapshot(*part.upload);
  const auto first_keyed = static_cast<std::uint32_t>(context.operator_state().states().size());
  using StoredRows = KeyedBackend::StoredRows;
  context.keyed_state().begin_snapshot(*part.upload, first_keyed,
                                       part.store ? StoredRows::AreSavedApart : StoredRows::AreWalked);
  if (context.keyed_state().walks().empty()) {
    part.is_walked = true;
    return part.upload->finish(part.states);
  }
  part.upload->walk(context.keyed_state().walks(),
                    [this, door = door_, id = running_->barrier.checkpoint, index] {
                      (void)door->post([=, this] { on_walked(id, index); });
                    });
}

bool SubtaskCheckpoints::saves_store_apart(OperatorContext& context) const {
  return task_.backend.kind == BackendKind::RocksDb && task_.backend.incremental &&
         !running_->barrier.is_savepoint && context.keyed_state().store() != nullptr;
}

void SubtaskCheckpoints::begin_store_upload(Part& part, std::size_t index) {
  const BarrierAligner::Barrier& barrier = running_->barrier;
  OperatorContext& context = *part.from->context;
  const std::string name = file_name(part) + "-" + std::to_string(barrier.checkpoint);
  const auto directory = state_.fresh_directory(name);
  if (!directory) throw std::runtime_error(directory.error().what);
  StoreUpload::Plan plan{.root = barrier.storage_root,
                         .directory = directory_of(barrier.checkpoint),
                         .prefix = name,
                         .saved_at = *directory,
                         .files = context.keyed_state().store()->save(*directory),
                         .known = {}};
  for (const ByteStore::File& file : plan.files) {
    const StateHandle* const known = context.shared_files().find(barrier.storage_root, file.name);
    if (file.is_final && known != nullptr) plan.known.emplace(file.name, *known);
  }
  const auto done = [this, door = door_, id = barrier.checkpoint, index,
                     &files = state_.files()](Result<StoreUpload::Saved> saved) {
    if (door->post([=, this] { on_store_written(id, index, saved); }) || !saved) return;
    for (const std::string& path : saved->written) (void)files.remove(path);
  };
  ++running_->open_answers;
  part.store = StoreUpload::begin(writers_, state_.files(), std::move(plan), done);
}

std::string SubtaskCheckpoints::file_name(const Part& part) const {
  return part.from->id.hex() + "-" + std::to_string(task_.subtask_index) + "-" +
         task_.attempt.hex().substr(0, 8);
}

Result<std::shared_ptr<CheckpointStorage>> SubtaskCheckpoints::storage_for(
    const BarrierAligner::Barrier& barrier) {
  using Storage = std::shared_ptr<CheckpointStorage>;
  const bool in_files = barrier.is_savepoint || task_.backend.kind == BackendKind::FileSystem ||
                        task_.backend.kind == BackendKind::RocksDb;
  if (!in_files)
    return Storage(std::make_shared<MemoryCheckpointStorage>(state_.options().most_memory_bytes));
  if (barrier.storage_root.empty())
    return Error{ErrorCode::BadArgument, "there is no directory for checkpoints: set state.checkpoints.dir"};
  FileCheckpointStorage::Options options{.root = barrier.storage_root,
                                         .directory = {},
                                         .inline_bytes = state_.options().inline_bytes};
  if (!barrier.is_savepoint) options.directory = directory_of(barrier.checkpoint);
  return Storage(std::make_shared<FileCheckpointStorage>(state_.files(), std::move(options)));
}

void SubtaskCheckpoints::on_walked(CheckpointId checkpoint, std::size_t index) {
  if (!is_running(checkpoint)) return;
  Part& part = running_->parts[index];
  part.is_walked = true;
  part.from->context->keyed_state().end_snapshot();
  part.upload->finish(part.states);
}

void SubtaskCheckpoints::on_written(CheckpointId checkpoint, std::size_t part,
                                    const Result<StateHandle>& written, const std::string& root) {
  if (!is_running(checkpoint)) return remove(paths_of(written, root));
  if (!written) return give_up(written.error().what);
  running_->report.snapshot.operators[running_->parts[part].from->id].state = *written;
  running_->report.bytes += written->bytes;
  for (std::string& path : paths_of(written, root)) running_->written.push_back(std::move(path));
  on_answer();
}

void SubtaskCheckpoints::on_store_written(CheckpointId checkpoint, std::size_t index,
                                          const Result<StoreUpload::Saved>& saved) {
  if (!is_running(checkpoint)) return saved ? remove(saved->written) : void();
  if (!saved) return give_up(saved.error().what);
  Part& part = running_->parts[index];
  part.final_files = saved->final_files;
  running_->report.snapshot.operators[part.from->id].shared = saved->files;
  running_->report.bytes += saved->written_bytes;
  running_->written.insert(running_->written.end(), saved->written.begin(), saved->written.end());
  on_answer();
}

void SubtaskCheckpoints::on_answer() {
  if (--running_->open_answers == 0) acknowledge();
}

void SubtaskCheckpoints::acknowledge() {
  const auto done = std::exchange(running_, nullptr);
  for (Part& part : done->parts) {
    if (!part.store) continue;
    part.from->context->shared_files().add(done->barrier.checkpoint, done->barrier.storage_root,
                                           std::move(part.final_files));
  }
  done->report.async = SystemClock{}.now() - done->began - done->report.sync;
  responder_.on_checkpoint_acknowledged(done->report);
}

void SubtaskCheckpoints::give_up(const std::string& reason) {
  const CheckpointId checkpoint = running_->barrier.checkpoint;
  drop_running();
  decline(checkpoint, reason);
}

void SubtaskCheckpoints::decline(CheckpointId checkpoint, const std::string& reason) {
  responder_.on_checkpoint_declined(task_.job, task_.attempt, checkpoint,
                                    task_.display_name() + ": " + reason);
}

void SubtaskCheckpoints::abort(CheckpointId checkpoint) {
  if (is_running(checkpoint)) drop_running();
}

void SubtaskCheckpoints::drop_running() {
  const auto dropped = std::exchange(running_, nullptr);
  if (!dropped) return;
  for (Part& part : dropped->parts) {
    if (!part.is_walked) part.from->context->keyed_state().abort_snapshot();
    if (part.upload) part.upload->abandon();
    if (part.store) part.store->abandon();
  }
  remove(std::move(dropped->written));
}

void SubtaskCheckpoints::remove(std::vector<std::string> paths) {
  if (paths.empty()) return;
  writers_.post([&files = state_.files(), paths = std::move(paths)] {
    for (const std::string& path : paths) (void)files.remove(path);
  });
}

Result<TaskSnapshot> SubtaskCheckpoints::final_snapshot() {
  TaskSnapshot snapshot;
  MemoryCheckpointStorage storage;
  for (OperatorChain::Stateful& each : chain_.stateful_at_the_end()) {
    const OperatorStateBackend& state = each.context->operator_state();
    if (state.states().empty()) continue;
    BlockList blocks;
    state.snapshot(blocks);
    auto stream = storage.create(each.id.hex());
    if (!stream) return stream.error();
    StateFileWriter file(**stream);
    for (const StateBlock& block : blocks.blocks)
      if (Status added = file.add(block); !added) return added.error();
    auto handle = file.finish(state.states());
    if (!handle) return handle.error();
    snapshot.operators[each.id] = {
        .state = *std::move(handle), .states = state.states(), .lists = state.lists()};
  }
  return snapshot;
}

}  // namespace weir
