// SPDX-License-Identifier: Apache-2.0
#include "apps/drill/ledger.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <optional>

#include "apps/drill/program/verifiable.h"

namespace weir::drill {

namespace {

constexpr std::size_t kMostExamples = 10;

/// The five numbers of "(1,2,3,4,5)".
std::optional<std::array<std::uint64_t, 5>> numbers_of(std::string_view line) {
  std::array<std::uint64_t, 5> numbers{};
  const char* at = line.data();
  const char* const end = at + line.size();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    if (at == end || *at++ != (i == 0 ? '(' : ',')) return std::nullopt;
    const auto read = std::from_chars(at, end, numbers[i]);
    if (read.ec != std::errc()) return std::nullopt;
    at = read.ptr;
  }
  if (end - at != 1 || *at != ')') return std::nullopt;
  return numbers;
}

std::string event_name(std::uint64_t partition, std::uint64_t sequence) {
  return "event " + std::to_string(sequence) + " of partition " + std::to_string(partition);
}

}  // namespace

std::string Verdict::text() const {
  std::string text = std::to_string(events) + " events, " + std::to_string(lost) + " lost, " +
                     std::to_string(duplicated) + " duplicated, " + std::to_string(wrong) + " wrong";
  for (const std::string& example : examples) text += "\n  " + example;
  return text;
}

void Ledger::add_line(std::string_view text) {
  ++line_count_;
  const auto numbers = numbers_of(text);
  if (!numbers || (*numbers)[0] >= partitions_) return strange_.emplace_back(text), void();
  const auto& [partition, sequence, key, count, hash] = *numbers;
  if (key == end_key(static_cast<std::uint32_t>(partition), keys_))
    return ends_[partition].push_back(sequence);
  sequences_[partition].push_back(sequence);
  by_key_[key].push_back({partition, sequence, key, count, hash});
}

void Ledger::add_folder(const std::string& folder) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().filename().string().starts_with('.')) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) add_line(line);
  }
}

/// One reckoning.
class Ledger::Check {
public:
  explicit Check(const Ledger& ledger) : ledger_(ledger) {
    for (const std::string& line : ledger.strange_) blame(verdict_.wrong, "no line of the job: " + line);
  }

  void partition(std::uint64_t partition, std::uint64_t end) {
    std::vector<std::uint64_t> found;
    if (const auto known = ledger_.sequences_.find(partition); known != ledger_.sequences_.end())
      found = known->second;
    std::ranges::sort(found);
    verdict_.events += end;
    std::uint64_t next = 0;
    for (const std::uint64_t sequence : found) {
      if (sequence < next) {
        blame(verdict_.duplicated, event_name(partition, sequence) + " is there again");
        continue;
      }
      if (sequence >= end) {
        blame(verdict_.wrong, event_name(partition, sequence) + " is behind its end");
        continue;
      }
      missing(partition, next, sequence);
      next = sequence + 1;
    }
    missing(partition, next, end);
  }

  void key(std::uint64_t key, std::vector<Line> lines) {
    std::ranges::stable_sort(lines, {}, &Line::count);
    std::map<std::uint64_t, std::uint64_t> next_by_partition;
    std::uint64_t count = 0;
    std::uint64_t hash = 0;
    for (const Line& line : lines) {
      const std::uint64_t event =
          event_hash(ledger_.seed_, static_cast<std::uint32_t>(line.partition), line.sequence);
      hash = ++count == 1 ? event : chained(hash, event);
      const std::string name = event_name(line.partition, line.sequence);
      std::uint64_t& next = next_by_partition[line.partition];
      if (key != event_key(event, ledger_.keys_)) blame(verdict_.wrong, name + " has a wrong key");
      else if (line.count != count || line.hash != hash)
        blame(verdict_.wrong, name + " is number " + std::to_string(line.count) + " of key " +
                                  std::to_string(key) + ", not " + std::to_string(count) +
                                  " with the hash of those before");
      else if (line.sequence < next) blame(verdict_.wrong, name + " came behind a later one");
      next = line.sequence + 1;
      count = line.count;  // one complaint a gap
      hash = line.hash;
    }
  }

  void has_no_end(std::uint64_t partition) {
    blame(verdict_.lost, "partition " + std::to_string(partition) + " has no end");
  }
  void has_several_ends(std::uint64_t partition) {
    blame(verdict_.duplicated, "partition " + std::to_string(partition) + " ends several times");
  }
  [[nodiscard]] const Verdict& verdict() const { return verdict_; }

private:
  void missing(std::uint64_t partition, std::uint64_t first, std::uint64_t behind) {
    for (; first < behind; ++first) blame(verdict_.lost, event_name(partition, first) + " is lost");
  }
  void blame(std::uint64_t& count, std::string example) {
    ++count;
    if (verdict_.examples.size() < kMostExamples) verdict_.examples.push_back(std::move(example));
  }

  const Ledger& ledger_;
  Verdict verdict_;
};

Verdict Ledger::verdict() const {
  Check check(*this);
  for (std::uint32_t partition = 0; partition < partitions_; ++partition) {
    const auto ends = ends_.find(partition);
    if (ends == ends_.end()) {
      check.has_no_end(partition);
      continue;
    }
    for (std::size_t i = 1; i < ends->second.size(); ++i) check.has_several_ends(partition);
    check.partition(partition, ends->second.front());
  }
  for (const auto& [key, lines] : by_key_) check.key(key, lines);
  return check.verdict();
}

}  // namespace weir::drill
