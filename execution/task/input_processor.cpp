// SPDX-License-Identifier: Apache-2.0
#include "execution/task/input_processor.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir {

void InputProcessor::add(InputGate& gate, std::unique_ptr<ElementReader> reader, AnyInput& input,
                         bool goes_first) {
  gate.request_partitions();
  Entrance& entrance = entrance_of(input);
  sources_.push_back({&gate, std::move(reader), std::vector<ChannelReader>(gate.channel_count()),
                      channel_count_, &entrance, entrance.channel_count, goes_first});
  some_go_first_ = some_go_first_ || goes_first;
  channel_count_ += gate.channel_count();
  entrance.channel_count += gate.channel_count();
  entrance.valve.add_channels(gate.channel_count());
}

InputProcessor::Entrance& InputProcessor::entrance_of(AnyInput& input) {
  const auto found = std::ranges::find(entrances_, &input, &Entrance::input);
  return found != entrances_.end() ? *found : entrances_.emplace_back(Entrance{.input = &input});
}

InputProcessor::Step InputProcessor::step(const std::atomic<std::uint32_t>& attention) {
  if (current_ != nullptr) return read_current(attention);

  if (some_go_first_) {
    for (Source& source : sources_) {
      if (!source.goes_first) continue;
      if (const Step step = poll(source, attention); step != Step::Idle) return step;
    }
  }
  for (std::size_t tried = 0; tried < sources_.size(); ++tried) {
    Source& source = sources_[turn_];
    turn_ = turn_ + 1 == sources_.size() ? 0 : turn_ + 1;
    if (const Step step = poll(source, attention); step != Step::Idle) return step;
  }
  return std::ranges::all_of(sources_, &Source::is_finished) ? Step::Finished : Step::Idle;
}

InputProcessor::Step InputProcessor::poll(Source& source, const std::atomic<std::uint32_t>& attention) {
  switch (source.is_finished ? InputGate::Poll::Finished : source.gate->poll(element_)) {
    case InputGate::Poll::Data:
      if (element_.event) {
        take_event(source);
        return Step::Event;
      }
      current_ = &source;
      used_bytes_ = 0;
      byte_count_ += element_.buffer.size();
      return read_current(attention);
    case InputGate::Poll::Failed: throw std::runtime_error(source.gate->failure().what);
    case InputGate::Poll::Finished: source.is_finished = true; break;
    case InputGate::Poll::Empty: break;
  }
  return Step::Idle;
}

void InputProcessor::take_event(Source& source) {
  event_source_ = &source;
  event_channel_ = source.first_channel + element_.channel;
  if (element_.event->kind != StreamEvent::Kind::EndOfPartition) return;
  tell(*source.entrance, source.entrance->valve.on_end(entrance_channel(source, element_.channel)));
}

void InputProcessor::on_watermark(EventTime watermark) {
  Entrance& entrance = *current_->entrance;
  tell(entrance, entrance.valve.on_watermark(entrance_channel(*current_, element_.channel), watermark));
}

void InputProcessor::on_status(StreamStatus status) {
  Entrance& entrance = *current_->entrance;
  tell(entrance, entrance.valve.on_status(entrance_channel(*current_, element_.channel), status));
}

void InputProcessor::on_latency_marker(const LatencyMarker& marker) {
  current_->entrance->input->process_latency_marker(marker);
}

void InputProcessor::tell(Entrance& entrance, const WatermarkValve::Outcome& outcome) {
  if (outcome.became_active) entrance.input->process_status(StreamStatus::Active);
  if (!outcome.watermark.is_none()) entrance.input->process_watermark(outcome.watermark);
  if (outcome.became_idle) entrance.input->process_status(StreamStatus::Idle);
}

void InputProcessor::block_event_channel() { event_source_->gate->block(element_.channel); }

void InputProcessor::unblock_all() {
  for (Source& source : sources_) source.gate->unblock_all();
}

InputProcessor::Step InputProcessor::read_current(const std::atomic<std::uint32_t>& attention) {
  const auto bytes = element_.buffer.bytes().subspan(used_bytes_);
  ChannelReader& channel = current_->channels[element_.channel];
  used_bytes_ +=
      static_cast<std::uint32_t>(channel.read(bytes, *current_->reader, *this, attention, record_count_));
  if (used_bytes_ < element_.buffer.size()) return Step::Interrupted;
  element_.buffer = {};
  current_ = nullptr;
  return Step::Progressed;
}

}  // namespace weir
