// SPDX-License-Identifier: Apache-2.0
#include "execution/task/network_environment.h"

#include <utility>

#include "memory/network_buffer_pool.h"
#include "network/input_channel.h"
#include "network/partition_registry.h"
#include "network/remote_channel.h"
#include "network/spill_file.h"
#include "network/tcp/data_client.h"
#include "network/tcp/data_server.h"
#include "network/tcp/io_loop.h"

namespace weir {

namespace {

LinkOptions link_options(const NetworkEnvironment::Options& options) {
  LinkOptions links;
  links.identity = options.identity;
  links.segment_bytes = options.segment_bytes;
  links.streams = options.streams;
  return links;
}

/// The same error, with the task it is about.
Error about(const TaskDeploymentDescriptor& task, Error error) {
  error.what = task.display_name() + ": " + error.what;
  return error;
}

}  // namespace

struct NetworkEnvironment::State {
  using Channels = std::vector<std::unique_ptr<InputChannel>>;

  explicit State(const Options& chosen)
      : options(chosen),
        segments(static_cast<std::uint32_t>(chosen.memory_bytes / chosen.segment_bytes),
                 chosen.segment_bytes),
        server(io, registry, link_options(chosen)),
        client(io, link_options(chosen)) {}

  [[nodiscard]] Result<std::shared_ptr<ResultPartition>> make_partition(
      const ResultPartitionDescriptor& output);
  /// Shared by the channels of a gate, as soon as something comes from afar; null until then.
  using Floating = std::shared_ptr<LocalBufferPool>;

  [[nodiscard]] Result<Channels> make_channels(const InputGateDescriptor& input, Floating& floating);
  [[nodiscard]] Result<std::unique_ptr<InputChannel>> make_channel(const InputChannelDescriptor& channel,
                                                                   Floating& floating);
  [[nodiscard]] Result<std::unique_ptr<InputChannel>> make_remote(
      const InputChannelDescriptor& channel, const std::shared_ptr<LocalBufferPool>& floating);

  const Options options;
  NetworkBufferPool segments;
  PartitionRegistry registry;
  IoLoop io{"weir-io"};
  DataServer server;
  DataClient client;
  Result<std::string> data_address = std::string();
};

NetworkEnvironment::NetworkEnvironment(const Options& options) : state_(std::make_unique<State>(options)) {
  if (options.port) state_->data_address = state_->server.listen(options.bind_address, *options.port);
}

NetworkEnvironment::~NetworkEnvironment() {
  close();
  state_->io.stop();
}

Result<std::string> NetworkEnvironment::data_address() const { return state_->data_address; }

void NetworkEnvironment::join_cluster(const LinkIdentity& identity) {
  state_->server.join_cluster(identity);
  state_->client.join_cluster(identity);
}

Result<TaskWiring> NetworkEnvironment::wire(const TaskDeploymentDescriptor& task, Bell& bell) {
  TaskWiring wiring;
  for (const ResultPartitionDescriptor& output : task.outputs) {
    auto partition = state_->make_partition(output);
    if (!partition) return about(task, partition.error());
    wiring.outputs.push_back(*std::move(partition));
  }
  for (const InputGateDescriptor& input : task.inputs) {
    State::Floating floating;
    auto channels = state_->make_channels(input, floating);
    if (!channels) return about(task, channels.error());
    wiring.inputs.push_back(std::make_unique<InputGate>(*std::move(channels), bell));
    wiring.late_channels.push_back(
        [state = state_.get(), floating](const InputChannelDescriptor& channel) mutable {
          return state->make_channel(channel, floating);
        });
  }
  return wiring;
}

Result<std::shared_ptr<ResultPartition>> NetworkEnvironment::State::make_partition(
    const ResultPartitionDescriptor& output) {
  const std::uint32_t count = output.subpartition_count;
  const bool is_blocking = output.exchange == ExchangeMode::Blocking;
  const std::uint32_t more = count * (options.buffers_per_channel - 1) + options.floating_buffers_per_gate;
  auto pool = segments.create_pool(count, is_blocking ? count : count + more);
  if (!pool) return pool.error();
  if (!is_blocking) return std::make_shared<ResultPartition>(output.id, count, *std::move(pool));
  auto file = SpillFile::make(options.temporary_directory);
  if (!file) return file.error();
  return std::make_shared<ResultPartition>(output.id, count, *std::move(pool), *std::move(file));
}

Result<NetworkEnvironment::State::Channels> NetworkEnvironment::State::make_channels(
    const InputGateDescriptor& input, Floating& floating) {
  Channels channels;
  for (const InputChannelDescriptor& channel : input.channels) {
    auto made = make_channel(channel, floating);
    if (!made) return made.error();
    channels.push_back(*std::move(made));
  }
  return channels;
}

Result<std::unique_ptr<InputChannel>> NetworkEnvironment::State::make_channel(
    const InputChannelDescriptor& channel, Floating& floating) {
  using Location = InputChannelDescriptor::Location;
  std::unique_ptr<InputChannel> made;
  if (channel.location == Location::Unknown) {
    made = std::make_unique<UnknownInputChannel>();
  } else if (channel.location == Location::Local) {
    made = std::make_unique<LocalInputChannel>(registry, channel.partition, channel.subpartition);
  }
  if (made != nullptr) return made;
  if (floating == nullptr && options.floating_buffers_per_gate > 0) {
    auto pool = segments.create_pool(0, options.floating_buffers_per_gate);
    if (!pool) return pool.error();
    floating = *std::move(pool);
  }
  return make_remote(channel, floating);
}

Result<std::unique_ptr<InputChannel>> NetworkEnvironment::State::make_remote(
    const InputChannelDescriptor& channel, const std::shared_ptr<LocalBufferPool>& floating) {
  if (channel.location != InputChannelDescriptor::Location::Remote || channel.address.empty()) {
    return Error{.code = ErrorCode::Refused,
                 .what = "nobody knows where partition " + std::to_string(channel.partition.partition) +
                         " of data set " + channel.partition.data_set.hex() + " is written",
                 .blame = Blame::Environment};
  }
  const auto own = options.buffers_per_channel;
  auto exclusive = segments.create_pool(own, own);
  if (!exclusive) return exclusive.error();
  RemotePartition wanted{
      .address = channel.address, .partition = channel.partition, .subpartition = channel.subpartition};
  RemoteBuffers buffers{.exclusive = *std::move(exclusive), .floating = floating};
  return std::unique_ptr<InputChannel>(
      std::make_unique<RemoteInputChannel>(client, std::move(wanted), std::move(buffers)));
}

void NetworkEnvironment::add_partitions(const std::vector<std::shared_ptr<ResultPartition>>& partitions) {
  for (const auto& partition : partitions) state_->registry.add(partition);
}

void NetworkEnvironment::release_partitions_of(const ExecutionAttemptId& producer) {
  state_->registry.release_all_of(producer);
}

void NetworkEnvironment::release_all_partitions() { state_->registry.release_all(); }

void NetworkEnvironment::on_tick(TimePoint now) { state_->registry.on_tick(now); }

void NetworkEnvironment::close() { state_->registry.close(); }

std::uint32_t NetworkEnvironment::free_segments() const { return state_->segments.available_segments(); }

}  // namespace weir
