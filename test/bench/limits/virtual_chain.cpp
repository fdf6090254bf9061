// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <vector>

#include "test/bench/limits/limits.h"

namespace weir::limits {

namespace {

class Stage {
public:
  virtual ~Stage() = default;
  virtual void process(std::uint64_t record) = 0;
};

class AddOne final : public Stage {
public:
  explicit AddOne(Stage& next) : next_(next) {}
  void process(std::uint64_t record) override { next_.process(record + 1); }

private:
  Stage& next_;
};

class Sum final : public Stage {
public:
  void process(std::uint64_t record) override { sum_ += record; }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }

private:
  std::uint64_t sum_ = 0;
};

}  // namespace

std::uint64_t virtual_chain(std::uint32_t operators, std::uint64_t records) {
  Sum sum;
  Stage* head = &sum;
  std::vector<std::unique_ptr<Stage>> chain;
  for (std::uint32_t i = 0; i < operators; ++i) {
    chain.push_back(std::make_unique<AddOne>(*head));
    head = chain.back().get();
  }
  for (std::uint64_t record = 0; record < records; ++record) head->process(record);
  return sum.sum();
}

}  // namespace weir::limits
