// SPDX-License-Identifier: Apache-2.0
#include "test/sim/link.h"

#include <algorithm>

namespace weir::sim {

LinePtr Wires::line(End from, End to) {
  const auto line = std::make_shared<Line>();
  line->link_ = &links_[{from, to}];
  line->to_ = to;
  line->life_ = to ? world_.life(*to) : 0;
  auto& lines = line->link_->lines;
  std::erase_if(lines, [](const auto& known) { return known.expired(); });
  lines.push_back(line);
  return line;
}

void Wires::send(const LinePtr& line, World::Event event) {
  if (line->is_broken_) return;
  line->under_way_.push_back(std::move(event));
  let_one_arrive(line);
}

void Wires::let_one_arrive(const LinePtr& line) {
  Duration delay = world_.random().between(80us, 600us);
  if (slowness_ > Duration::zero()) delay += world_.random().between(Duration::zero(), slowness_);
  line->last_ = std::max(line->last_, world_.now() + delay);
  world_.in(line->last_ - world_.now(), [this, line] { arrive(line); });
}

void Wires::arrive(const LinePtr& line) {
  if (line->is_broken_) return;
  if (line->link_->is_cut) {
    ++line->held_;
    return;
  }
  const World::Event event = std::move(line->under_way_.front());
  line->under_way_.pop_front();
  if (!line->to_) return event();
  if (world_.is_alive(*line->to_) && world_.life(*line->to_) == line->life_) {
    // Not a second event, unless the receiver stands still.
    if (!world_.is_paused(*line->to_)) return event();
    world_.in(Duration::zero(), *line->to_, [line, event = std::move(event)] {
      if (!line->is_broken()) event();
    });
  }
}

void Wires::heal(End from, End to) {
  Line::Link& link = links_[{from, to}];
  link.is_cut = false;
  for (const auto& known : link.lines) {
    const LinePtr line = known.lock();
    if (!line) continue;
    for (std::size_t held = std::exchange(line->held_, 0); held > 0; --held) let_one_arrive(line);
  }
}

bool Wires::is_cut(End from, End to) const {
  const auto link = links_.find({from, to});
  return link != links_.end() && link->second.is_cut;
}

}  // namespace weir::sim
