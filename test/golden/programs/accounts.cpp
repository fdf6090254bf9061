// SPDX-License-Identifier: Apache-2.0
// Lines "USER,MILLIS,CENTS" in, and out come, in part files, the words of four operators that each keep
// another kind of state until the input has ended: a union list and a broadcast map, windows, timers, two
// inputs. Time stands still until then, so that a checkpoint in the middle has something of each.
#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "api/joins.h"
#include "api/program.h"
#include "examples/fields.h"
#include "test/golden/programs/middle.h"

namespace {

using namespace weir;

struct Payment {
  std::string user;
  std::int64_t at = 0;
  std::int64_t cents = 0;
};

Payment parse(const std::string& line) {
  std::string_view rest = line;
  Payment payment;
  payment.user = fields::next(rest, ',');
  payment.at = fields::number<std::int64_t>(fields::next(rest, ','));
  payment.cents = fields::number<std::int64_t>(rest);
  return payment;
}

/// Lets the first payment of each user through. A subtask knows the users of all subtasks as they were at the
/// checkpoint, so that it does not matter whose of them come to it now.
struct First {
  inline static const auto kUsers = union_list<std::string>("users");
  OperatorListState<std::string>* kept = nullptr;
  std::set<std::string> users;

  auto states() const { return std::tuple(kUsers); }
  void open(RuntimeContext& context) {
    kept = &context.state(kUsers);
    users.insert(kept->get().begin(), kept->get().end());
  }
  void snapshot(CheckpointId) { kept->assign({users.begin(), users.end()}); }
  bool operator()(const Payment& payment) { return users.insert(payment.user).second; }
};

/// Knows what the bank is called only from its first start on.
struct Welcome {
  inline static const auto kNames = broadcast_map<std::string, std::string>("names");
  BroadcastState<std::string, std::string>* names = nullptr;

  auto states() const { return std::tuple(kNames); }
  void open(RuntimeContext& context) {
    names = &context.state(kNames);
    if (!context.is_restored()) names->put("bank", "Golden Bank");
  }
  std::string operator()(const Payment& payment) const {
    const std::string* const bank = names->find("bank");
    return payment.user + " is new at " + (bank == nullptr ? "nobody's" : *bank);
  }
};

/// Tells of each user when his last payment was a minute ago.
class Silence {
public:
  void open(OperatorContext& context) {
    last_ = context.keyed_state().state(value_state<std::int64_t>("last"));
  }
  void process(const Payment& payment, KeyedContext<std::string>& context, Out<std::string>&) {
    const std::int64_t* const last = last_.get();
    if (last != nullptr && *last >= payment.at) return;
    if (last != nullptr) context.timers().remove_event_time(*last + kMinute);
    last_.set(payment.at);
    context.timers().add_event_time(payment.at + kMinute);
  }
  void on_timer(std::int64_t, TimerContext<std::string>& context, Out<std::string>& out) {
    out(context.key() + " is silent since " + std::to_string(*last_.get()));
  }

private:
  static constexpr std::int64_t kMinute = 60'000;
  ValueState<std::int64_t> last_;
};

std::int64_t sum_of(const std::vector<Payment>& payments) {
  std::int64_t sum = 0;
  for (const Payment& each : payments) sum += each.cents;
  return sum;
}

}  // namespace

void weir::program(Environment& env) {
  const auto& params = env.params();
  golden::let_take_checkpoints(env);
  auto payments = env.read_text(params.require("input"))
                      .uid("lines")
                      .filter(golden::Middle(params))
                      .map(&parse)
                      .assign_timestamps(&Payment::at, bounded_out_of_orderness(1h));
  auto firsts = payments.key_by(&Payment::user).filter(First{}).uid("first").map(Welcome{}).uid("welcome");
  auto minutes = payments.key_by(&Payment::user)
                     .window(TumblingEventTime(1min))
                     .sum(&Payment::cents)
                     .uid("minutes")
                     .map([](const Payment& sum) {
                       return sum.user + " " + std::to_string(sum.cents) + " in a minute";
                     });
  auto silent = payments.key_by(&Payment::user).process(Silence{}).uid("silence");
  auto balances = join(payments.filter([](const Payment& p) { return p.cents >= 0; }),
                       payments.filter([](const Payment& p) { return p.cents < 0; }))
                      .where(&Payment::user)
                      .equal_to(&Payment::user)
                      .window(TumblingEventTime(1h))
                      .co_group([](const std::vector<Payment>& in, const std::vector<Payment>& out,
                                   Out<std::string>& say) {
                        const std::string& user = in.empty() ? out.front().user : in.front().user;
                        say(user + " in " + std::to_string(sum_of(in)) + " out " +
                            std::to_string(sum_of(out)));
                      })
                      .uid("balances");
  firsts.union_with(minutes, silent, balances).write_files(params.require("output")).uid("files");
}
