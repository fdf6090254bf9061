// SPDX-License-Identifier: Apache-2.0
#include "execution/task/input_processor.h"

#include <stdexcept>
#include <utility>

namespace weir {

void InputProcessor::add(InputGate& gate, std::unique_ptr<ElementReader> reader) {
  gate.request_partitions();
  sources_.push_back(
      {&gate, std::move(reader), std::vector<ChannelReader>(gate.channel_count()), channel_count_});
  channel_count_ += gate.channel_count();
}

InputProcessor::Step InputProcessor::step(const std::atomic<std::uint32_t>& attention) {
  if (current_ != nullptr) return read_current(attention);

  std::size_t finished = 0;
  for (std::size_t tried = 0; tried < sources_.size(); ++tried) {
    Source& source = sources_[turn_];
    turn_ = turn_ + 1 == sources_.size() ? 0 : turn_ + 1;
    switch (source.is_finished ? InputGate::Poll::Finished : source.gate->poll(element_)) {
      case InputGate::Poll::Data:
        if (element_.event) {
          event_source_ = &source;
          event_channel_ = source.first_channel + element_.channel;
          return Step::Event;
        }
        current_ = &source;
        used_bytes_ = 0;
        byte_count_ += element_.buffer.size();
        return read_current(attention);
      case InputGate::Poll::Failed: throw std::runtime_error(source.gate->failure().what);
      case InputGate::Poll::Finished:
        source.is_finished = true;
        ++finished;
        break;
      case InputGate::Poll::Empty: break;
    }
  }
  return finished == sources_.size() ? Step::Finished : Step::Idle;
}

void InputProcessor::block_event_channel() { event_source_->gate->block(element_.channel); }

void InputProcessor::unblock_all() {
  for (Source& source : sources_) source.gate->unblock_all();
}

InputProcessor::Step InputProcessor::read_current(const std::atomic<std::uint32_t>& attention) {
  const auto bytes = element_.buffer.bytes().subspan(used_bytes_);
  ChannelReader& channel = current_->channels[element_.channel];
  used_bytes_ += static_cast<std::uint32_t>(channel.read(bytes, *current_->reader, attention, record_count_));
  if (used_bytes_ < element_.buffer.size()) return Step::Interrupted;
  element_.buffer = {};
  current_ = nullptr;
  return Step::Progressed;
}

}  // namespace weir
