// SPDX-License-Identifier: Apache-2.0
// What the shops of each city have earned, and the cities in that order: two files are joined, grouped and
// sorted, each as a whole. Lines are "SHOP,CENTS" of sales, and "SHOP,CITY" of shops; out come
// "RANK CITY CENTS". Shops that sold nothing count for nothing, and sales of a shop that is not in the list
// are of the city "elsewhere".
//
//   weir run --local -p 2 libshop_revenue.so --sales PATH --shops PATH [--output PATH|-] [--best N]
#include <cstdint>
#include <string>
#include <string_view>

#include "api/data_set.h"
#include "api/data_set_joins.h"
#include "api/program.h"
#include "examples/fields.h"

namespace {

struct Sale {
  std::string shop;
  std::int64_t cents = 0;
};
struct Shop {
  std::string id;
  std::string city;
};
struct Revenue {
  std::string city;
  std::int64_t cents = 0;
};

Sale parse_sale(const std::string& line) {
  std::string_view rest = line;
  std::string shop(fields::next(rest, ','));
  return {std::move(shop), fields::number<std::int64_t>(rest)};
}
Shop parse_shop(const std::string& line) {
  std::string_view rest = line;
  std::string id(fields::next(rest, ','));
  return {std::move(id), std::string(rest)};
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::string output = params.get("output", "-");
  const auto best = static_cast<std::uint64_t>(params.get_int("best", 10));

  auto sales = env.read_text(params.require("sales")).map(&parse_sale).bounded();
  auto shops = env.read_text(params.require("shops")).map(&parse_shop).bounded();

  auto ranked = sales.left_outer_join(shops)
                    .where(&Sale::shop)
                    .equal_to(&Shop::id)
                    .with([](const Sale* sale, const Shop* shop) {
                      return Revenue{shop == nullptr ? "elsewhere" : shop->city, sale->cents};
                    })
                    .group_by(&Revenue::city)
                    .sum(&Revenue::cents)
                    .sort(sort_key(&Revenue::cents, SortOrder::Descending).then(&Revenue::city))
                    .first_n(best)
                    .map([rank = 0](const Revenue& revenue) mutable {
                      return std::to_string(++rank) + " " + revenue.city + " " +
                             std::to_string(revenue.cents);
                    });
  ranked.parallelism(1);
  auto sink = output == "-" ? ranked.print(false) : ranked.write_text(output);
  sink.parallelism(1);
  env.job_name("Shop Revenue");
}
