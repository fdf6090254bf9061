// SPDX-License-Identifier: Apache-2.0
#include <cctype>
#include <map>
#include <utility>
#include <vector>

#include "base/thread.h"
#include "memory/memory_segment.h"
#include "test/bench/limits/limits.h"
#include "test/bench/limits/segment_queue.h"
#include "test/bench/limits/text_blocks.h"
#include "test/bench/limits/word_table.h"

namespace weir::limits {

namespace {

using Length = std::uint32_t;
using Count = std::int64_t;

constexpr std::size_t kSegmentsPerSource = 16;
constexpr std::size_t kWorthWaking = 4;  // segments
constexpr std::size_t kShortBytes = 32;
static_assert(kShortBytes <= kSegmentSlackBytes);

/// Adds up what arrives in its queue.
struct Counter {
  SegmentQueue full{kWorthWaking};
  WordTable table;
  std::uint64_t words = 0;
};

using Counters = std::vector<std::unique_ptr<Counter>>;

/// Writes words to one counter.
///
///     u32 length | bytes | i64 count
class WordWriter {
public:
  WordWriter(SegmentStock& stock, SegmentQueue& to) : stock_(stock), to_(to) { renew(); }

  void write(std::string_view word) {
    if (at_ + sizeof(Length) + word.size() + sizeof(Count) > end_) [[unlikely]]
      pass_on(word);
    const auto length = static_cast<Length>(word.size());
    std::memcpy(at_, &length, sizeof length);
    at_ += sizeof length;
    // Most words are short, and 32 bytes of known number are copied in a third of the time.
    if (length <= kShortBytes) [[likely]]
      std::memcpy(at_, word.data(), kShortBytes);
    else std::memcpy(at_, word.data(), length);
    at_ += length;
    constexpr Count kOne = 1;
    std::memcpy(at_, &kOne, sizeof kOne);
    at_ += sizeof kOne;
  }

  void finish(std::size_t writers) {
    push();
    to_.finish(writers);
  }

private:
  void pass_on(std::string_view word) {
    WEIR_CHECK(sizeof(Length) + word.size() + sizeof(Count) <= kDefaultSegmentBytes, "a word without end");
    push();
    renew();
  }

  void push() {
    segment_->used = static_cast<std::uint32_t>(at_ - segment_->begin());
    to_.push(segment_);
  }

  void renew() {
    segment_ = stock_.get();
    at_ = segment_->begin();
    end_ = segment_->end();
  }

  SegmentStock& stock_;
  SegmentQueue& to_;
  Segment* segment_ = nullptr;
  std::byte* at_ = nullptr;
  std::byte* end_ = nullptr;
};

void count_segment(const Segment& segment, Counter& counter) {
  const std::byte* at = segment.begin();
  const std::byte* const end = at + segment.used;
  std::uint64_t words = 0;
  while (at < end) {
    Length length;
    std::memcpy(&length, at, sizeof length);
    at += sizeof length;
    const std::string_view word(static_cast<const char*>(static_cast<const void*>(at)), length);
    at += length;
    Count count;
    std::memcpy(&count, at, sizeof count);
    at += sizeof count;
    counter.table.add(word, count);
    ++words;
  }
  counter.words += words;
}

void run_counter(Counter& counter) {
  std::vector<Segment*> segments;
  while (counter.full.take_all(segments)) {
    for (Segment* const segment : segments) {
      count_segment(*segment, counter);
      segment->home->give_back(segment);
    }
  }
}

WordCounts total_of(const Counters& counters) {
  WordCounts total;
  for (const auto& counter : counters) {
    total.words += counter->words;
    total.distinct_words += counter->table.counts().size();
    for (const auto& [word, count] : counter->table.counts()) total.digest += digest_of(word, count);
  }
  return total;
}

/// Reads a part of the file and sends each word to its counter.
template <std::size_t kCounters, std::size_t... kIndex>
void run_source(const TextFile& file, std::uint64_t begin, std::uint64_t end, Counters& counters,
                std::size_t sources, std::index_sequence<kIndex...>) {
  SegmentStock stock(kSegmentsPerSource);
  WordWriter writers[] = {WordWriter(stock, counters[kIndex]->full)...};
  for_each_word(file, begin, end, [&](std::string_view word) {
    // The map takes its position from the hash's own bits: after one more multiplication these are others.
    constexpr std::uint64_t kOtherBits = 0x9E3779B97F4A7C15u;
    if constexpr (kCounters == 1) writers[0].write(word);
    else writers[(hash_of(word) * kOtherBits >> 32) * kCounters >> 32].write(word);
  });
  for (auto& writer : writers) writer.finish(sources);
  stock.await_all();
}

template <std::size_t kSources, std::size_t kCounters>
WordCounts count_words(const std::string& path) {
  const TextFile file(path);
  Counters counters;
  for (std::size_t i = 0; i < kCounters; ++i) counters.push_back(std::make_unique<Counter>());
  std::vector<Thread> threads;
  for (auto& counter : counters) threads.emplace_back("counter", [&] { run_counter(*counter); });
  std::uint64_t begin = 0;
  for (std::size_t source = 1; source <= kSources; ++source) {
    const auto end = source == kSources ? file.bytes() : file.line_behind(file.bytes() / kSources * source);
    threads.emplace_back("source", [&file, begin, end, &counters] {
      run_source<kCounters>(file, begin, end, counters, kSources, std::make_index_sequence<kCounters>());
    });
    begin = end;
  }
  threads.clear();  // joins
  return total_of(counters);
}

}  // namespace

std::uint64_t digest_of(std::string_view word, std::int64_t count) {
  std::uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a: needs no bytes behind the word
  for (const char c : word) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  return folded_multiply(hash, static_cast<std::uint64_t>(count) * kSalt[0]);
}

WordCounts word_count_pipeline(const std::string& path) { return count_words<1, 1>(path); }

WordCounts word_count_exchange(const std::string& path) { return count_words<2, 2>(path); }

WordCounts word_count_plain(const std::string& path) {
  const TextFile file(path);
  std::string text(file.bytes(), ' ');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const auto got = file.read(filled, text.data() + filled, text.size() - filled);
    WEIR_CHECK(got > 0, "the file became shorter");
    filled += got;
  }
  std::map<std::string, Count> counts;
  std::string word;
  WordCounts total;
  const auto end_word = [&] {
    if (word.empty()) return;
    ++counts[word];
    ++total.words;
    word.clear();
  };
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
      word += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    } else {
      end_word();
    }
  }
  end_word();
  total.distinct_words = counts.size();
  for (const auto& [key, count] : counts) total.digest += digest_of(key, count);
  return total;
}

}  // namespace weir::limits
