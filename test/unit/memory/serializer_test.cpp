// SPDX-License-Identifier: Apache-2.0
#include "memory/serializers_std.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <variant>
#include <vector>

#include "test/support/random_value.h"

using namespace weir;
using weir::testing::Random;
using weir::testing::random_value;

namespace {

enum class Colour : std::uint8_t { Red, Green = 200 };
enum class Switch : bool { Off, On };

struct Nothing {
  bool operator==(const Nothing&) const = default;
};
struct Point {
  std::int32_t x = 0;
  std::int32_t y = 0;
  bool operator==(const Point&) const = default;
};
struct Gapped {
  char letter = 0;
  std::int64_t number = 0;
  bool operator==(const Gapped&) const = default;
};
struct Flags {
  bool is_new = false;
  bool is_last = false;
  Switch light{};
  bool operator==(const Flags&) const = default;
};
struct Person {
  std::string name;
  std::uint16_t age = 0;
  std::vector<std::string> tags;
  std::optional<double> height;
  std::map<std::string, std::int64_t> counts;
  bool operator==(const Person&) const = default;
};
struct Nested {
  Point where;
  Nothing nothing;
  Person who;
  std::array<Point, 3> path{};
  Colour colour{};
  std::pair<bool, std::string> note;
  bool operator==(const Nested&) const = default;
};

/// What the serializer of a user's own type looks like.
class Money {
public:
  Money() = default;
  explicit Money(std::int64_t cents) : cents_(cents) {}
  [[nodiscard]] std::int64_t cents() const { return cents_; }
  bool operator==(const Money&) const = default;

private:
  std::int64_t cents_ = 0;
};
struct Invoice {
  std::string to;
  std::vector<Money> items;
  bool operator==(const Invoice&) const = default;
};

class Closed {
  [[maybe_unused]] int secret_ = 0;
};

/// Memory that ends where it says, so that a sanitizer sees each byte that is read behind it.
class ExactBytes {
public:
  explicit ExactBytes(std::span<const std::byte> bytes)
      : size_(bytes.size()), data_(new std::byte[bytes.size()]) {
    if (size_ != 0) std::memcpy(data_.get(), bytes.data(), size_);
  }
  [[nodiscard]] const std::byte* begin() const { return data_.get(); }
  [[nodiscard]] const std::byte* end() const { return data_.get() + size_; }

private:
  std::size_t size_;
  std::unique_ptr<std::byte[]> data_;
};

template <class T>
std::vector<std::byte> bytes_of(const T& value) {
  const std::size_t bound = Serializer<T>::bound(value);
  std::vector<std::byte> room(bound + kSegmentSlackBytes);
  std::byte* end = Serializer<T>::write(value, room.data());
  const auto size = static_cast<std::size_t>(end - room.data());
  REQUIRE(size <= bound);
  room.resize(size);
  return room;
}

template <class T>
void check_round_trip(const T& value) {
  const auto written = bytes_of(value);
  const ExactBytes exact(written);
  T read{};
  REQUIRE(Serializer<T>::read(read, exact.begin(), exact.end()) == exact.end());
  CHECK(read == value);
}

/// The value or nothing; whatever it says, it stays within the bytes.
template <class T>
void check_reads_safely(std::span<const std::byte> bytes, bool must_fail) {
  const ExactBytes exact(bytes);
  T value{};
  const std::byte* end = Serializer<T>::read(value, exact.begin(), exact.end());
  if (must_fail) CHECK(end == nullptr);
  else if (end != nullptr) CHECK((exact.begin() <= end && end <= exact.end()));
  if constexpr (!std::same_as<T, std::string_view>) {
    if (end != nullptr) (void)bytes_of(value);  // what was read can be handed on
  }
}

std::vector<std::byte> random_bytes(Random& random, std::size_t most) {
  std::vector<std::byte> bytes(random() % (most + 1));
  // Small numbers more often than large ones: they are believable lengths.
  for (auto& byte : bytes) byte = static_cast<std::byte>(random() % 3 == 0 ? random() : random() % 9);
  return bytes;
}

}  // namespace

template <>
struct weir::Serializer<Money> {
  static std::size_t bound(const Money&) { return 8; }
  static std::byte* write(const Money& money, std::byte* at) { return store_raw(at, money.cents()); }
  static const std::byte* read(Money& money, const std::byte* at, const std::byte* end) {
    if (end - at < 8) return nullptr;
    money = Money(load_raw<std::int64_t>(at));
    return at + 8;
  }
  static void describe(std::string& schema) { schema += "Money"; }
};

// What a stream may carry, and what it may not.
static_assert(Record<int> && Record<Colour> && Record<std::string> && Record<std::string_view> &&
              Record<Nested>);
static_assert(Record<std::tuple<int, std::vector<std::map<int, std::set<std::string>>>>>);
static_assert(Record<Money> && Record<Invoice>);
static_assert(!Record<int*> && !Record<const char*> && !Record<std::nullptr_t>);
static_assert(!Record<std::unique_ptr<int>> && !Record<std::shared_ptr<int>> && !Record<std::vector<int*>>);
static_assert(!Record<Closed> && !Record<std::vector<Closed>> && !Record<std::optional<Closed>>);
static_assert(!Record<std::variant<int, char>> && !Record<std::deque<int>> && !Record<long double>);
static_assert(!Record<void>);
struct HasPointer { int number; int* pointer; };
struct HasClosed { int number; Closed closed; };
struct HasUnique { std::unique_ptr<int> owner; };
struct HasConst { const int number; };
static_assert(!Record<HasPointer> && !Record<HasClosed> && !Record<HasUnique> && !Record<HasConst>);
// Nothing of no size: a count of such elements could not be checked against the bytes at hand.
static_assert(Record<Nothing> && !Record<std::tuple<>> && !Record<std::array<int, 0>>);

TEST_CASE_TEMPLATE("a value comes back as it was, and not from fewer bytes", T, bool, char, std::int8_t,
                   std::uint16_t, std::int64_t, std::uint64_t, float, double, Colour, Switch, std::string,
                   Nothing, Point, Gapped, Flags, Person, Nested, std::pair<std::string, int>,
                   std::tuple<int, std::string, bool>, std::optional<std::string>,
                   std::optional<std::optional<int>>, std::array<std::string, 3>, std::vector<int>,
                   std::vector<bool>, std::vector<std::vector<std::string>>, std::set<std::string>,
                   std::unordered_set<int>, std::map<std::string, Point>,
                   std::unordered_map<int, std::vector<Person>>, std::vector<Nothing>) {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 50; ++round) {
    const T value = random_value<T>(random);
    check_round_trip(value);

    const auto bytes = bytes_of(value);
    const std::size_t step = bytes.size() / 64 + 1;
    for (std::size_t cut = 0; cut < bytes.size(); cut += step) {
      check_reads_safely<T>(std::span(bytes).first(cut), /*must_fail=*/true);
    }
  }
}

TEST_CASE_TEMPLATE("bytes from anywhere are a value or none, and nothing behind them is looked at", T, bool,
                   Switch, std::int64_t, std::string, std::string_view, Point, Flags, Person, Nested,
                   std::tuple<int, std::string, bool>, std::optional<std::string>, std::vector<bool>,
                   std::vector<std::vector<std::string>>, std::set<std::string>, std::map<std::string, Flags>,
                   std::unordered_map<int, std::vector<Person>>, std::vector<Nothing>, std::array<Flags, 2>) {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  Random random(seed);
  for (int round = 0; round < 2000; ++round)
    check_reads_safely<T>(random_bytes(random, 64), /*must_fail=*/false);

  if constexpr (!std::same_as<T, std::string_view>) {
    for (int round = 0; round < 500; ++round) {
      auto bytes = bytes_of(random_value<T>(random));
      for (int changes = 0; changes < 3 && !bytes.empty(); ++changes) {
        bytes[random() % bytes.size()] = static_cast<std::byte>(random());
      }
      check_reads_safely<T>(bytes, /*must_fail=*/false);
    }
  }
}

TEST_CASE("a bool that was read is true or false, whatever its byte was") {
  const std::byte bytes[] = {std::byte{2}, std::byte{0xFF}, std::byte{7}};
  Flags flags;
  REQUIRE(Serializer<Flags>::read(flags, std::begin(bytes), std::end(bytes)) == std::end(bytes));
  CHECK(flags == Flags{true, true, Switch::On});
}

TEST_CASE("a count or a length beyond the bytes at hand is refused before memory is taken for it") {
  for (const std::uint64_t claim : {std::uint64_t{4}, std::uint64_t{1} << 31, std::uint64_t{1} << 32,
                                    std::uint64_t{1} << 62, std::numeric_limits<std::uint64_t>::max()}) {
    CAPTURE(claim);
    std::vector<std::byte> bytes(kMaxVarintBytes + 3);
    bytes.resize(static_cast<std::size_t>(write_varint(bytes.data(), claim) - bytes.data()) + 3);
    check_reads_safely<std::string>(bytes, true);
    check_reads_safely<std::string_view>(bytes, true);
    check_reads_safely<std::vector<char>>(bytes, true);
    check_reads_safely<std::vector<std::string>>(bytes, true);
    check_reads_safely<std::map<char, char>>(bytes, true);
  }
}

TEST_CASE("text reads as a view of the buffer, alone and inside a record") {
  struct Word {
    std::string_view text;
    std::int64_t count;
  };
  const auto bytes = bytes_of(Word{"hello", 3});
  Word word{};
  REQUIRE(Serializer<Word>::read(word, bytes.data(), bytes.data() + bytes.size()) != nullptr);
  CHECK(word.text == "hello");
  CHECK(word.count == 3);
  CHECK(static_cast<const void*>(word.text.data()) == bytes.data() + 1);
}

TEST_CASE("owned and borrowed text are the same bytes") {
  CHECK(bytes_of(std::string("text")) == bytes_of(std::string_view("text")));
  CHECK(schema_of<std::string>() == schema_of<std::string_view>());
}

TEST_CASE("no text at all is written as an empty one") {
  CHECK(bytes_of(std::string_view()) == bytes_of(std::string()));
}

TEST_CASE("a user's own serializer serves alone and inside other types") {
  check_round_trip(Money(-5));
  check_round_trip(Invoice{"ada", {Money(1), Money(200)}});
  CHECK(schema_of<Invoice>() == "struct Invoice{to:string,items:vector{Money}}");
}

TEST_CASE("numbers without a gap travel as one block, others member by member") {
  CHECK(Serializer<Point>::kBitwise);
  CHECK(bytes_of(Point{1, 2}).size() == 8);
  CHECK_FALSE(Serializer<Gapped>::kBitwise);
  CHECK(bytes_of(Gapped{'a', 2}).size() == 9);
  CHECK_FALSE(Serializer<Flags>::kBitwise);
}

TEST_CASE("a schema names the shape and not the names") {
  CHECK(schema_of<bool>() == "bool");
  CHECK(schema_of<std::int32_t>() == "i32");
  CHECK(schema_of<std::uint8_t>() == "u8");
  CHECK(schema_of<double>() == "f64");
  CHECK(schema_of<Colour>() == "u8");
  CHECK(schema_of<Point>() == "struct Point{x:i32,y:i32}");
  CHECK(schema_of<std::tuple<int, std::string>>() == "tuple{i32,string}");
  CHECK(schema_of<std::pair<int, bool>>() == "pair{i32,bool}");
  CHECK(schema_of<std::optional<float>>() == "optional{f32}");
  CHECK(schema_of<std::array<int, 4>>() == "array4{i32}");
  CHECK(schema_of<std::map<std::string, std::vector<int>>>() == "map{pair{string,vector{i32}}}");
  CHECK(schema_of<std::unordered_set<int>>() == schema_of<std::set<int>>());
}
