// SPDX-License-Identifier: Apache-2.0
// Puts clicks together to visits: a visit ends when its user has not clicked for a while. Lines are
// "USER,MILLIS,PAGE"; out come "USER FROM-UNTIL CLICKS first PAGE last PAGE".
//
//   weir run --local -p 2 libsession_clicks.so --input PATH [--output PATH|-] [--gap-ms N] [--disorder-ms N]
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "api/program.h"
#include "examples/fields.h"

namespace {

struct Click {
  std::string user;
  std::int64_t at = 0;
  std::string page;
};

Click parse(const std::string& line) {
  std::string_view rest = line;
  Click click;
  click.user = fields::next(rest, ',');
  click.at = fields::number<std::int64_t>(fields::next(rest, ','));
  click.page = rest;
  return click;
}

/// What is kept of a visit. Two visits become one when a click comes late that belongs to both.
struct Visit {
  struct Accumulator {
    std::int64_t clicks = 0;
    Click first;
    Click last;
  };

  void add(Accumulator& visit, const Click& click) const {
    if (visit.clicks == 0 || click.at < visit.first.at) visit.first = click;
    if (visit.clicks == 0 || click.at >= visit.last.at) visit.last = click;
    ++visit.clicks;
  }
  void merge(Accumulator& into, const Accumulator& from) const {
    if (from.first.at < into.first.at) into.first = from.first;
    if (from.last.at >= into.last.at) into.last = from.last;
    into.clicks += from.clicks;
  }
  const Accumulator& result(const Accumulator& visit) const { return visit; }
};

void tell(const std::string& user, const weir::TimeWindow&, const Visit::Accumulator& visit,
          weir::Out<std::string>& out) {
  out(user + " " + std::to_string(visit.first.at) + "-" + std::to_string(visit.last.at) + " " +
      std::to_string(visit.clicks) + " first " + visit.first.page + " last " + visit.last.page);
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  const std::chrono::milliseconds gap(params.get_int("gap-ms", 30 * 60 * 1000));
  const std::chrono::milliseconds disorder(params.get_int("disorder-ms", 60'000));
  const std::string output = params.get("output", "-");

  auto visits = env.read_text(params.require("input"))
                    .map(&parse)
                    .assign_timestamps(&Click::at, bounded_out_of_orderness(disorder))
                    .key_by(&Click::user)
                    .window(EventTimeSessions(gap))
                    .aggregate(Visit{}, &tell)
                    .uid("visits");
  if (output == "-") visits.print(/*with_subtask=*/false);
  else visits.write_text(output);
  env.job_name("Session Clicks");
}
