// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "memory/field_names.h"
#include "memory/schema.h"
#include "memory/serializers_std.h"

namespace weir {

namespace detail {

/// How values of one schema are read as a type. Made once, for many values.
struct ReadPlan {
  bool is_same = false;        // as Serializer reads it
  Schema from;
  std::vector<ReadPlan> parts;  // of what `from` has
  std::vector<int> fields;      // of a struct: which of the type's fields a part is; -1: none any more
};

template <class T>
inline constexpr bool is_optional_type = false;
template <class T>
inline constexpr bool is_optional_type<std::optional<T>> = true;
/// A struct that is written field by field, not by a Serializer of its own.
template <class T>
concept FieldwiseStruct = PlainAggregate<T> && requires { Serializer<T>::kBitwise; };
template <class T>
concept TupleLike = requires { std::tuple_size<T>::value; } && !is_std_array<T>;

template <class T>
ReadPlan plan_for(const Schema& from);

template <class T, std::size_t... i>
std::vector<std::string_view> field_names_of(std::index_sequence<i...>) {
  return {field_name<T, i>()...};
}

template <class T, std::size_t... i>
void plan_fields(ReadPlan& plan, std::index_sequence<i...> all) {
  const auto names = field_names_of<T>(all);
  for (std::size_t part = 0; part < plan.from.parts.size(); ++part) {
    const auto found = std::ranges::find(names, std::string_view(plan.from.names[part]));
    const int field = found == names.end() ? -1 : static_cast<int>(found - names.begin());
    plan.fields.push_back(field);
    plan.parts.emplace_back();
    (void)((field == static_cast<int>(i) &&
            (plan.parts.back() =
                 plan_for<std::remove_cv_t<boost::pfr::tuple_element_t<i, T>>>(plan.from.parts[part]),
             true)) ||
           ...);
    plan.parts.back().from = plan.from.parts[part];
  }
}

/// `from` is compatible() with T.
template <class T>
ReadPlan plan_for(const Schema& from) {
  ReadPlan plan{from.text == schema_of<T>(), from, {}, {}};
  if (plan.is_same) return plan;
  if constexpr (FieldwiseStruct<T>) {
    plan_fields<T>(plan, std::make_index_sequence<boost::pfr::tuple_size_v<T>>{});
  } else if constexpr (is_optional_type<T> || is_std_array<T>) {
    plan.parts.push_back(plan_for<typename T::value_type>(from.parts[0]));
  } else if constexpr (Container<T>) {
    plan.parts.push_back(plan_for<typename ElementOf<typename T::value_type>::type>(from.parts[0]));
  } else if constexpr (TupleLike<T>) {
    [&]<std::size_t... i>(std::index_sequence<i...>) {
      (plan.parts.push_back(plan_for<std::tuple_element_t<i, T>>(from.parts[i])), ...);
    }(std::make_index_sequence<std::tuple_size_v<T>>{});
  }
  return plan;
}

/// A number that was narrower.
template <class T>
const std::byte* read_narrow(T& value, const Schema& from, const std::byte* at, const std::byte* end) {
  if (static_cast<std::size_t>(end - at) < from.size) return nullptr;
  const auto take = [&]<class Old>(Old) { value = static_cast<T>(load_raw<Old>(at)); };
  if (from.kind == Schema::Kind::Float) from.size == 4 ? take(float{}) : take(double{});
  else if (from.kind == Schema::Kind::Signed) {
    if (from.size == 1) take(std::int8_t{});
    else if (from.size == 2) take(std::int16_t{});
    else if (from.size == 4) take(std::int32_t{});
    else take(std::int64_t{});
  } else if (from.size == 1) take(std::uint8_t{});
  else if (from.size == 2) take(std::uint16_t{});
  else if (from.size == 4) take(std::uint32_t{});
  else take(std::uint64_t{});
  return at + from.size;
}

template <class T>
const std::byte* read_planned(T& value, const ReadPlan& plan, const std::byte* at, const std::byte* end);

template <class T>
const std::byte* read_fields(T& value, const ReadPlan& plan, const std::byte* at, const std::byte* end) {
  if (plan.parts.empty()) return at < end ? at + 1 : nullptr;  // a struct of nothing takes a byte
  for (std::size_t part = 0; part < plan.parts.size() && at != nullptr; ++part) {
    const int field = plan.fields[part];
    if (field < 0) {
      at = skip_value(plan.parts[part].from, at, end);
      continue;
    }
    int index = 0;
    boost::pfr::for_each_field(value, [&](auto& target) {
      if (index++ == field) at = read_planned(target, plan.parts[part], at, end);
    });
  }
  return at;
}

template <class C>
const std::byte* read_elements(C& c, const ReadPlan& plan, const std::byte* at, const std::byte* end) {
  std::uint64_t count = 0;
  at = read_varint(count, at, end);
  if (at == nullptr || count > static_cast<std::uint64_t>(end - at)) return nullptr;
  c.clear();
  for (; count > 0 && at != nullptr; --count) {
    typename ElementOf<typename C::value_type>::type element{};
    at = read_planned(element, plan.parts[0], at, end);
    if (at != nullptr) c.insert(c.end(), std::move(element));
  }
  return at;
}

template <class T>
const std::byte* read_planned(T& value, const ReadPlan& plan, const std::byte* at, const std::byte* end) {
  if (plan.is_same) return Serializer<T>::read(value, at, end);
  if constexpr (Number<T> || std::is_enum_v<T>) {
    return read_narrow(value, plan.from, at, end);
  } else if constexpr (FieldwiseStruct<T>) {
    return read_fields(value, plan, at, end);
  } else if constexpr (is_optional_type<T>) {
    value.reset();
    if (at == end) return nullptr;
    return *at++ == std::byte{0} ? at : read_planned(value.emplace(), plan.parts[0], at, end);
  } else if constexpr (is_std_array<T>) {
    for (auto& element : value) at = at == nullptr ? at : read_planned(element, plan.parts[0], at, end);
    return at;
  } else if constexpr (Container<T>) {
    return read_elements(value, plan, at, end);
  } else if constexpr (TupleLike<T>) {
    std::size_t part = 0;
    std::apply(
        [&](auto&... each) {
          ((at = at == nullptr ? at : read_planned(each, plan.parts[part], at, end), ++part), ...);
        },
        value);
    return at;
  } else {
    return nullptr;  // opaque types that differ are not compatible()
  }
}

}  // namespace detail

/// Reads values of T that were perhaps written by a program in which T looked otherwise: fields that are new
/// keep the value they have in a T{}.
template <Serializable T>
class SchemaReader {
public:
  /// Errors: not compatible(), or no schema.
  [[nodiscard]] static Result<SchemaReader> make(std::string_view from) {
    const std::string to = schema_of<T>();
    if (auto fits = compatible(from, to); !fits) return fits.error();
    if (from == to) return SchemaReader({true, {}, {}, {}});
    const auto schema = Schema::parse(from);
    return schema ? Result(SchemaReader(detail::plan_for<T>(*schema))) : schema.error();
  }

  /// As Serializer<T>::read, into a T{}.
  const std::byte* read(T& value, const std::byte* at, const std::byte* end) const {
    if (plan_.is_same) [[likely]] return Serializer<T>::read(value, at, end);
    return detail::read_planned(value, plan_, at, end);
  }

private:
  explicit SchemaReader(detail::ReadPlan plan) : plan_(std::move(plan)) {}

  detail::ReadPlan plan_;
};

}  // namespace weir
