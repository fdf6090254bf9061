// SPDX-License-Identifier: Apache-2.0
#include "execution/task/subtask_checkpoints.h"

#include <utility>

#include "base/sync.h"
#include "checkpoint/snapshot/file_storage.h"
#include "checkpoint/snapshot/memory_storage.h"

namespace weir {

namespace {

constexpr std::size_t kSliceBytes = 64 << 10;
constexpr std::size_t kIdleSliceBytes = 1 << 20;
constexpr int kRecordsShare = 9;  // of ten

/// Collects blocks in memory.
class BlockList final : public SnapshotSink {
public:
  void add(StateBlock block) override { blocks.push_back(std::move(block)); }
  std::vector<StateBlock> blocks;
};

}  // namespace

/// Lets writers post letters until the task is gone. lock_ is held while a letter is posted.
class SubtaskCheckpoints::Door {
public:
  explicit Door(Mailbox& mailbox) : mailbox_(&mailbox) {}
  void post(Mailbox::Letter letter) WEIR_EXCLUDES(lock_) {
    MutexLock held(lock_);
    if (mailbox_ != nullptr) mailbox_->post(std::move(letter));
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
  hand_on_everything();
  if (running_) {  // all of it is with the writers; their answers mean nothing now
    decline(running_->checkpoint, "a newer checkpoint began before its state was written");
    drop_running();
  }
  const auto storage = storage_for(barrier);
  if (!storage) return decline(barrier.checkpoint, storage.error().what);

  const TimePoint began = SystemClock{}.now();
  running_ = std::make_unique<Running>();
  running_->checkpoint = barrier.checkpoint;
  running_->began = began;
  running_->report = {.job = task_.job,
                      .attempt = task_.attempt,
                      .checkpoint = barrier.checkpoint,
                      .snapshot = {},
                      .alignment = alignment};
  for (OperatorChain::Stateful& each : chain_.stateful(barrier.checkpoint)) begin_part(each, *storage);
  running_->report.sync = SystemClock{}.now() - began;
  if (running_->open_parts == 0) acknowledge();
}

void SubtaskCheckpoints::begin_part(OperatorChain::Stateful& from,
                                    const std::shared_ptr<CheckpointStorage>& storage) {
  OperatorContext& context = *from.context;
  Part part{.from = &from, .states = context.operator_state().states()};
  const auto first_keyed = static_cast<std::uint32_t>(part.states.size());
  const auto keyed = context.keyed_state().states();
  part.states.insert(part.states.end(), keyed.begin(), keyed.end());
  if (part.states.empty()) return;

  const std::size_t index = running_->parts.size();
  const auto done = [this, door = door_, id = running_->checkpoint, index](Result<StateHandle> written) {
    door->post([this, id, index, written = std::move(written)] { on_written(id, index, written); });
  };
  part.upload = StateUpload::begin(
      writers_, storage,
      from.id.hex() + "-" + std::to_string(task_.subtask_index) + "-" + task_.attempt.hex().substr(0, 8),
      done);

  OperatorSnapshot& snapshot = running_->report.snapshot.operators[from.id];
  snapshot.lists = context.operator_state().lists();
  context.operator_state().snapshot(*part.upload);
  if (keyed.empty()) {
    finish_part(part);
  } else {
    snapshot.key_groups = context.keyed_state().range();
    context.keyed_state().begin_snapshot(*part.upload, first_keyed);
  }
  ++running_->open_parts;
  running_->parts.push_back(std::move(part));
}

void SubtaskCheckpoints::finish_part(Part& part) {
  part.is_handed_on = true;
  part.upload->finish(part.states);
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

bool SubtaskCheckpoints::has_more() const {
  if (!running_) return false;
  for (const Part& part : running_->parts)
    if (!part.is_handed_on) return true;
  return false;
}

void SubtaskCheckpoints::advance(TimePoint now) {
  if (now < next_slice_ || !has_more()) return;
  for (Part& part : running_->parts) {
    if (part.is_handed_on) continue;
    if (part.from->context->keyed_state().snapshot_some(kSliceBytes)) finish_part(part);
    break;
  }
  const TimePoint after = SystemClock{}.now();
  next_slice_ = after + kRecordsShare * (after - now);
}

bool SubtaskCheckpoints::advance_idly() {
  if (!has_more()) return false;
  for (Part& part : running_->parts) {
    if (part.is_handed_on) continue;
    if (!part.upload->has_room()) return false;
    if (part.from->context->keyed_state().snapshot_some(kIdleSliceBytes)) finish_part(part);
    return true;
  }
  return false;
}

void SubtaskCheckpoints::hand_on_everything() {
  if (!running_) return;
  for (Part& part : running_->parts) {
    while (!part.is_handed_on) {
      if (part.from->context->keyed_state().snapshot_some(kIdleSliceBytes)) finish_part(part);
    }
  }
}

void SubtaskCheckpoints::on_written(CheckpointId checkpoint, std::size_t part,
                                    const Result<StateHandle>& written) {
  if (!running_ || running_->checkpoint != checkpoint) return;
  if (!written) {
    decline(checkpoint, written.error().what);
    return drop_running();
  }
  Running& running = *running_;
  running.report.snapshot.operators[running.parts[part].from->id].state = *written;
  running.report.bytes += written->bytes;
  if (--running.open_parts == 0) acknowledge();
}

void SubtaskCheckpoints::acknowledge() {
  const auto done = std::exchange(running_, nullptr);
  done->report.async = SystemClock{}.now() - done->began - done->report.sync;
  responder_.on_checkpoint_acknowledged(done->report);
}

void SubtaskCheckpoints::decline(CheckpointId checkpoint, const std::string& reason) {
  responder_.on_checkpoint_declined(task_.job, task_.attempt, checkpoint,
                                    task_.display_name() + ": " + reason);
}

void SubtaskCheckpoints::abort(CheckpointId checkpoint) {
  if (running_ && running_->checkpoint == checkpoint) drop_running();
}

void SubtaskCheckpoints::drop_running() {
  if (!running_) return;
  for (Part& part : running_->parts) {
    if (!part.is_handed_on) part.from->context->keyed_state().abort_snapshot();
    part.upload->abandon();
  }
  running_.reset();
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
    snapshot.operators[each.id] = {.state = *std::move(handle), .lists = state.lists()};
  }
  return snapshot;
}

}  // namespace weir
