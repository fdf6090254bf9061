// SPDX-License-Identifier: Apache-2.0
// Ranks pages by who links to them, in a loop: a page hands what it gets on to those that it links to, and
// they to theirs, until what is left is too small to matter.
//
//   weir run --local libpage_rank.so --input PATH [--output PATH|-] [--damping PERCENT] [--digits N]
//
// The input has a line a page: its name, and the names of the pages that it links to. The output has a line a
// page: its name and its rank; the ranks' mean is 1 if each page links to some page.
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

#include "api/program.h"

namespace {

/// Some rank on its way to a page; the first of a page brings the page's links along.
struct Share {
  std::string page;
  double rank = 0;
  std::vector<std::string> links = {};
};

Share page_of(const std::string& line, double damping) {
  std::istringstream words(line);
  Share page{.page = {}, .rank = 1 - damping};
  words >> page.page;
  for (std::string link; words >> link;) page.links.push_back(link);
  return page;
}

/// Deals out what a page gets. What comes before the page's line, and what is not worth a record, it keeps.
class HandOn {
public:
  HandOn(double damping, double epsilon) : damping_(damping), epsilon_(epsilon) {}

  auto states() const { return std::make_tuple(kLinks, kOwed); }
  void open(weir::RuntimeContext& context) {
    links_ = context.state(kLinks);
    owed_ = context.state(kOwed);
  }

  void operator()(const Share& share, weir::Out<Share>& out) {
    if (!share.links.empty()) links_.set(share.links);
    const double owed = owed_.value_or(0) + share.rank * damping_;
    const std::vector<std::string>* const links = links_.get();
    const bool is_due = links != nullptr && owed / static_cast<double>(links->size()) > epsilon_;
    owed_.set(is_due ? 0 : owed);
    if (!is_due) return;
    const std::vector<std::string> targets = *links;
    for (const std::string& link : targets) out({link, owed / static_cast<double>(targets.size())});
  }

private:
  static inline const auto kLinks = weir::value_state<std::vector<std::string>>("links");
  static inline const auto kOwed = weir::value_state<double>("owed");

  double damping_;
  double epsilon_;
  weir::ValueState<std::vector<std::string>> links_;
  weir::ValueState<double> owed_;
};

std::string told(const Share& total, std::int64_t digits) {
  char rank[64];
  std::snprintf(rank, sizeof rank, "%.*f", static_cast<int>(digits), total.rank);
  return total.page + " " + rank;
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const auto percent = params.get_int("damping", 85);
  const auto digits = params.get_int("digits", 4);
  if (percent < 1 || percent > 99 || digits < 0 || digits > 9)
    throw ProgramError("--damping lies between 1 and 99, and --digits between 0 and 9");
  const double damping = static_cast<double>(percent) / 100;
  const double epsilon = std::pow(10, -static_cast<double>(digits + 3));

  auto shares = env.read_text(params.require("input"))
                    .filter([](const std::string& line) { return !line.empty(); })
                    .map([damping](const std::string& line) { return page_of(line, damping); })
                    .iterate();
  shares.name("Shares").uid("shares");
  shares.close_with(
      shares.key_by(&Share::page).flat_map(HandOn(damping, epsilon)).name("Hand On").uid("hand-on"));

  auto ranks = shares.key_by(&Share::page).sum(&Share::rank, Emit::Final).uid("ranks").map(
      [digits](const Share& total) { return told(total, digits); });
  const std::string output = params.get("output", "-");
  if (output == "-") ranks.print(/*with_subtask=*/false);
  else ranks.write_text(output);
  env.job_name("Page Rank");
}
