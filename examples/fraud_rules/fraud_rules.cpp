// SPDX-License-Identifier: Apache-2.0
// Holds what accounts spend in a minute against rules that come and go while the job runs. A rule that is new
// is held against the last hour, too.
//
//   weir run --local -p 2 libfraud_rules.so --payments PATH --rules PATH [--output PATH|-]
//            [--disorder-ms N] [--look-back-ms N]
//
// Payments are lines "ACCOUNT,MILLIS,CENTS". Rules are "NAME,CENTS,PAYMENTS", the least of both that raises
// an alarm, and "NAME" alone ends one. Out come "NAME: ACCOUNT paid CENTS by PAYMENTS until MILLIS".
#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "api/program.h"
#include "examples/fields.h"

namespace {

struct Payment {
  std::string account;
  std::int64_t at = 0;
  std::int64_t cents = 0;
  std::int64_t payments = 1;  // put together
};

Payment parse_payment(const std::string& line) {
  std::string_view rest = line;
  Payment payment;
  payment.account = fields::next(rest, ',');
  payment.at = fields::number<std::int64_t>(fields::next(rest, ','));
  payment.cents = fields::number<std::int64_t>(rest);
  return payment;
}

struct Rule {
  std::string name;
  bool is_over = false;
  std::int64_t least_cents = 0;
  std::int64_t least_payments = 0;
};

Rule parse_rule(const std::string& line) {
  std::string_view rest = line;
  Rule rule;
  rule.name = fields::next(rest, ',');
  rule.is_over = rest.empty();
  if (rule.is_over) return rule;
  rule.least_cents = fields::number<std::int64_t>(fields::next(rest, ','));
  rule.least_payments = fields::number<std::int64_t>(rest);
  return rule;
}

constexpr weir::MapStateTag<std::string, Rule> kRules{"rules"};

/// Which of the two streams is read first is nobody's promise, so both look at what the other one brought:
/// each pair of a minute and a rule is judged once.
class Judge {
  inline static const auto kMinutes = weir::split_list<Payment>("minutes");

public:
  explicit Judge(std::chrono::milliseconds look_back) : look_back_(look_back.count()) {}

  void open(weir::RuntimeContext& context) {
    kept_ = &context.state(kMinutes);
    minutes_.assign(kept_->get().begin(), kept_->get().end());
  }
  void snapshot(weir::CheckpointId) { kept_->assign({minutes_.begin(), minutes_.end()}); }

  void first(const Payment& minute, const weir::BroadcastContext& context, weir::Out<std::string>& out) {
    for (const auto& [name, rule] : context.broadcast(kRules).get()) judge(minute, rule, out);
    minutes_.push_back(minute);
    while (minutes_.front().at < minute.at - look_back_) minutes_.pop_front();
  }

  void second(const Rule& rule, weir::BroadcastContext& context, weir::Out<std::string>& out) {
    if (rule.is_over) return context.broadcast(kRules).remove(rule.name);
    context.broadcast(kRules).put(rule.name, rule);
    for (const Payment& minute : minutes_) judge(minute, rule, out);
  }

private:
  static void judge(const Payment& minute, const Rule& rule, weir::Out<std::string>& out) {
    if (minute.cents < rule.least_cents || minute.payments < rule.least_payments) return;
    out(rule.name + ": " + minute.account + " paid " + std::to_string(minute.cents) + " by " +
        std::to_string(minute.payments) + " until " + std::to_string(minute.at));
  }

  std::int64_t look_back_;
  std::deque<Payment> minutes_;  // what this subtask has seen, as it came
  weir::OperatorListState<Payment>* kept_ = nullptr;
};

}  // namespace

void weir::program(Environment& env) {
  using namespace std::chrono_literals;
  const auto& params = env.params();
  const std::chrono::milliseconds disorder(params.get_int("disorder-ms", 10'000));
  const std::chrono::milliseconds look_back(params.get_int("look-back-ms", 3'600'000));
  const std::string output = params.get("output", "-");

  auto rules = env.read_text(params.require("rules")).map(&parse_rule);
  auto minutes = env.read_text(params.require("payments"))
                     .map(&parse_payment)
                     .assign_timestamps(&Payment::at, bounded_out_of_orderness(disorder))
                     .key_by(&Payment::account)
                     .window(TumblingEventTime(1min))
                     .reduce(
                         [](const Payment& a, const Payment& b) {
                           return Payment{a.account, 0, a.cents + b.cents, a.payments + b.payments};
                         },
                         [](const std::string&, const TimeWindow& minute, Payment all, Out<Payment>& out) {
                           all.at = minute.end;
                           out(all);
                         })
                     .uid("minutes");
  auto alarms = minutes.connect(rules.broadcast(kRules)).process(Judge(look_back)).uid("judge");
  if (output == "-") alarms.print(/*with_subtask=*/false);
  else alarms.write_text(output);
  env.job_name("Fraud Rules");
}
