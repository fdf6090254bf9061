// SPDX-License-Identifier: Apache-2.0
#include "memory/schema.h"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "memory/field_names.h"
#include "memory/schema_reader.h"
#include "test/support/random_value.h"

using namespace weir;

namespace app {
template <class T>
struct Box {
  T content;
  std::optional<std::string> label;
};
struct Cents {
  std::int64_t value = 0;
};
}  // namespace app

template <>
struct weir::Serializer<app::Cents> : Serializer<std::int64_t> {
  static std::size_t bound(const app::Cents&) { return 8; }
  static std::byte* write(const app::Cents& c, std::byte* at) { return store_raw(at, c.value); }
  static const std::byte* read(app::Cents& c, const std::byte* at, const std::byte* end) {
    return Serializer<std::int64_t>::read(c.value, at, end);
  }
  static void describe(std::string& schema) { schema += "Cents"; }
};

namespace {

enum class Colour : std::uint8_t { Red, Green };

struct Item {
  std::string name;
  std::int32_t count = 0;
  bool operator==(const Item&) const = default;
};
struct Order {
  std::int32_t id = 0;
  std::vector<Item> items;
  std::map<std::string, float> weights;
  bool paid = false;
};

/// The program's next version.
namespace next {
struct Item {
  std::int64_t count = 0;  // wider, and in another place
  std::string name;
  Colour colour = Colour::Green;  // new
};
struct Order {
  std::map<std::string, double> weights;
  std::vector<Item> items;
  std::int64_t id = -1;
  std::string note = "none";
};
}  // namespace next

template <class T>
std::vector<std::byte> bytes_of(const T& value) {
  std::vector<std::byte> bytes(Serializer<T>::bound(value) + kSegmentSlackBytes);
  bytes.resize(static_cast<std::size_t>(Serializer<T>::write(value, bytes.data()) - bytes.data()));
  return bytes;
}

template <class To, class From>
To read_as(const From& value) {
  const auto reader = SchemaReader<To>::make(schema_of<From>());
  REQUIRE(reader);
  const auto bytes = bytes_of(value);
  To read{};
  REQUIRE(reader->read(read, bytes.data(), bytes.data() + bytes.size()) == bytes.data() + bytes.size());
  return read;
}

template <class T>
std::string json_of(const T& value) {
  const auto schema = Schema::parse(schema_of<T>());
  REQUIRE(schema);
  const auto bytes = bytes_of(value);
  const std::byte* const end = bytes.data() + bytes.size();
  std::string json;
  CHECK(skip_value(*schema, bytes.data(), end) == end);
  CHECK(print_value(*schema, bytes.data(), end, json) == end);
  return json;
}

std::string refusal(std::string_view from, std::string_view to) {
  const auto fits = compatible(from, to);
  return fits ? "" : fits.error().what;
}

}  // namespace

TEST_CASE("a struct's schema names it and its fields") {
  struct Local {
    bool is_here = true;
    std::array<Colour, 2> colours{};
  };
  struct Nothing {};
  CHECK(schema_of<Item>() == "struct Item{name:string,count:i32}");
  CHECK(schema_of<next::Item>() == "struct Item{count:i64,name:string,colour:u8}");
  CHECK(schema_of<Local>() == "struct Local{is_here:bool,colours:array2{u8}}");
  CHECK(schema_of<Nothing>() == "struct Nothing{}");
  CHECK(schema_of<app::Box<app::Cents>>() == "struct Box{content:Cents,label:optional{string}}");
  CHECK(schema_of<app::Box<app::Box<std::vector<int>>>>() ==
        "struct Box{content:struct Box{content:vector{i32},label:optional{string}},label:optional{string}}");
  CHECK(field_name<Order, 2>() == "weights");
  CHECK(type_name<app::Box<int>>() == "Box");
}

TEST_CASE("a schema is understood as it was told, and nothing else is") {
  const std::string text = schema_of<std::tuple<Order, std::pair<bool, double>, std::array<app::Cents, 3>>>();
  const auto schema = Schema::parse(text);
  REQUIRE(schema);
  CHECK(schema->text == text);
  CHECK(schema->kind == Schema::Kind::Tuple);
  CHECK(schema->parts[0].names == std::vector<std::string>{"id", "items", "weights", "paid"});
  CHECK(schema->parts[2].size == 3);
  CHECK(schema->parts[2].parts[0].kind == Schema::Kind::Opaque);

  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "optional{";
  for (const std::string& wrong :
       {std::string(), std::string("i32,"), std::string("struct A"), std::string("struct A{a}"),
        std::string("struct {a:i8}"), std::string("pair{i8}"), std::string("vector{}"),
        std::string("map{i8}"), std::string("array0{i8}"), std::string("array{i8}"), std::string("vector{i8"),
        deep}) {
    CAPTURE(wrong.substr(0, 40));
    CHECK_FALSE(Schema::parse(wrong));
  }
}

TEST_CASE("fields are found by name: they may come, go, move and become wider") {
  const Order order{.id = 7, .items = {{"pen", 3}, {"ink", -1}}, .weights = {{"pen", 0.5f}}, .paid = true};
  const auto read = read_as<next::Order>(order);
  CHECK(read.id == 7);
  CHECK(read.note == "none");
  CHECK(read.weights == std::map<std::string, double>{{"pen", 0.5}});
  REQUIRE(read.items.size() == 2);
  CHECK(read.items[0].name == "pen");
  CHECK(read.items[1].count == -1);
  CHECK(read.items[1].colour == Colour::Green);

  using Pairs = std::optional<std::pair<std::uint16_t, std::array<std::int8_t, 2>>>;
  using WidePairs = std::optional<std::pair<std::int32_t, std::array<std::int64_t, 2>>>;
  CHECK(read_as<WidePairs>(Pairs{{65535, {-1, 1}}}) == WidePairs{{65535, {-1, 1}}});
  CHECK(read_as<WidePairs>(Pairs{}) == WidePairs{});
}

namespace {

// Versions of one struct, each for one change.
namespace kept {
struct Part {
  std::int32_t number = 1;
  std::string text = "one";
};
struct Whole {
  Part part;
  std::vector<Part> list;
  std::map<std::string, Part> by_name;
  std::optional<Part> perhaps;
};
}  // namespace kept

template <class Part_>
struct Whole {
  Part_ part;
  std::vector<Part_> list;
  std::map<std::string, Part_> by_name;
  std::optional<Part_> perhaps;
};

struct Added {
  std::int32_t number = 0;
  std::string text;
  double fresh = 2.5;
  bool operator==(const Added&) const = default;
};
struct Lost {
  std::string text;
  bool operator==(const Lost&) const = default;
};
struct Reordered {
  std::string text;
  std::int32_t number = 0;
  bool operator==(const Reordered&) const = default;
};
/// What is called otherwise is another field: the old one is gone, the new one as it begins.
struct Renamed {
  std::int32_t amount = -1;
  std::string text;
  bool operator==(const Renamed&) const = default;
};
struct Widened {
  std::int64_t number = 0;
  std::string text;
  bool operator==(const Widened&) const = default;
};

template <class Part>
void check_everywhere(const Part& expected) {
  const auto read = read_as<Whole<Part>>(kept::Whole{.part = {7, "seven"},
                                                     .list = {{7, "seven"}, {7, "seven"}},
                                                     .by_name = {{"x", {7, "seven"}}},
                                                     .perhaps = kept::Part{7, "seven"}});
  CHECK(read.part == expected);
  CHECK(read.list == std::vector{expected, expected});
  CHECK(read.by_name == std::map<std::string, Part>{{"x", expected}});
  CHECK(read.perhaps == expected);
}

}  // namespace

TEST_CASE("each change of a struct's fields is understood, however deep the struct lies") {
  SUBCASE("added") { check_everywhere(Added{7, "seven", 2.5}); }
  SUBCASE("lost") { check_everywhere(Lost{"seven"}); }
  SUBCASE("reordered") { check_everywhere(Reordered{"seven", 7}); }
  SUBCASE("renamed") { check_everywhere(Renamed{-1, "seven"}); }
  SUBCASE("wider") { check_everywhere(Widened{7, "seven"}); }
}

TEST_CASE("each change of a type is refused, however deep it lies") {
  const auto whole_of = [](const std::string& part) {
    return "struct Whole{part:" + part + ",list:vector{" + part + "},by_name:map{pair{string," + part + "}}}";
  };
  const auto part_of = [](const std::string& number) { return "struct Part{number:" + number + "}"; };
  for (const char* const other : {"i16", "u32", "f32", "f64", "string", "bool", "vector{i32}", "Cents"}) {
    CAPTURE(other);
    CHECK(refusal(whole_of(part_of("i32")), whole_of(part_of(other))) ==
          std::string("field \"part.number\" was i32 and is ") + other);
    CHECK(refusal("vector{" + part_of("i32") + "}", "vector{" + part_of(other) + "}") ==
          std::string("field \"number\" was i32 and is ") + other);
  }
}

TEST_CASE("half a value of another version is none") {
  const auto bytes = bytes_of(Order{.id = 7, .items = {{"pen", 3}}, .weights = {{"pen", 0.5f}}});
  const auto reader = SchemaReader<next::Order>::make(schema_of<Order>());
  REQUIRE(reader);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::vector<std::byte> exact(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    next::Order order{};
    CHECK(reader->read(order, exact.data(), exact.data() + size) == nullptr);
  }
}

TEST_CASE("what cannot be read is refused with field, old and new type") {
  CHECK(refusal("i32", "i64") == "");
  CHECK(refusal("u32", "i64") == "");
  CHECK(refusal("f32", "f64") == "");
  CHECK(refusal("i64", "i32") == "it was i64 and is i32");
  CHECK(refusal("i32", "u64") == "it was i32 and is u64");
  CHECK(refusal("u64", "i64") == "it was u64 and is i64");
  CHECK(refusal("i32", "f64") == "it was i32 and is f64");
  CHECK(refusal("bool", "u8") == "it was bool and is u8");
  CHECK(refusal("Cents", "i64") == "it was Cents and is i64");
  CHECK(refusal("Cents", "Euros") == "it was Cents and is Euros");
  CHECK(refusal("array2{i8}", "array3{i8}") == "it was array2{i8} and is array3{i8}");
  CHECK(refusal("vector{i8}", "set{i8}") == "it was vector{i8} and is set{i8}");
  CHECK(refusal("struct A{a:i64,b:vector{struct B{x:string}}}", "struct A{b:vector{struct B{x:i64}}}") ==
        "field \"b.x\" was string and is i64");
  CHECK(refusal("struct A{old:Cents,b:i8}", "struct A{b:i8}") ==
        "field \"old\" is gone, and its Cents cannot be skipped: keep the field");
  CHECK(refusal("struct A{b:i8}", "struct Renamed{b:i8,money:Cents}") == "");
  CHECK(refusal("vector{", "i8") == "\"vector{\" is no schema");
}

TEST_CASE("keys are alike if their bytes are, whatever they are called") {
  CHECK(same_bytes("struct A{x:i32,y:string}", "struct B{a:i32,b:string}"));
  CHECK_FALSE(same_bytes("struct A{x:i32}", "struct A{x:i64}"));
  CHECK_FALSE(same_bytes("pair{i8,i8}", "struct A{a:i8,b:i8}"));
}

TEST_CASE("values are printed as JSON without their types") {
  CHECK(json_of(Order{.id = -7, .items = {{"a \"pen\"\n", 3}}, .weights = {{"pen", 0.5f}}, .paid = true}) ==
        R"({"id":-7,"items":[{"name":"a \"pen\"\u000a","count":3}],"weights":{"pen":0.5},"paid":true})");
  CHECK(json_of(std::tuple<std::uint8_t, std::int8_t, double>{200, -3, 1e300}) == "[200,-3,1e+300]");
  CHECK(json_of(std::map<int, std::optional<bool>>{{1, true}, {2, {}}}) == "[[1,true],[2,null]]");
  CHECK(json_of(std::numeric_limits<double>::infinity()) == "\"Infinity\"");
  CHECK(json_of(std::array<std::uint64_t, 2>{0, UINT64_MAX}) == "[0,18446744073709551615]");
  std::string json;
  const std::byte some{};
  CHECK(print_value(*Schema::parse("Cents"), &some, &some + 1, json) == nullptr);
}

TEST_CASE("whatever a value is, its schema finds its end") {
  const auto seed = std::random_device{}();
  CAPTURE(seed);
  testing::Random random(seed);
  const auto schema = Schema::parse(schema_of<Order>());
  for (int i = 0; i < 300; ++i) {
    const auto bytes = bytes_of(testing::random_value<Order>(random));
    REQUIRE(skip_value(*schema, bytes.data(), bytes.data() + bytes.size()) == bytes.data() + bytes.size());
  }
}
