// SPDX-License-Identifier: Apache-2.0
// Lines "department,name,salary" in; for each department its highest and its total salary out, and each line
// that is none; with --strict such a line fails the job. Every way to spread records is on the path of some
// of them: none may be lost or doubled by it.
#include <charconv>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "api/program.h"
#include "test/golden/programs/middle.h"

namespace {

struct Employee {
  std::string department;
  std::string name;
  std::int64_t salary = 0;
};

std::optional<Employee> parse(std::string_view line) {
  const auto first = line.find(',');
  const auto second = first == std::string_view::npos ? first : line.find(',', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  Employee employee{std::string(line.substr(0, first)),
                    std::string(line.substr(first + 1, second - first - 1)), 0};
  const std::string_view salary = line.substr(second + 1);
  const auto [end, error] = std::from_chars(salary.data(), salary.data() + salary.size(), employee.salary);
  if (error != std::errc{} || end != salary.data() + salary.size()) return std::nullopt;
  return employee;
}

const Employee& better_paid(const Employee& a, const Employee& b) {
  if (a.salary != b.salary) return a.salary > b.salary ? a : b;
  return a.name < b.name ? a : b;
}

}  // namespace

void weir::program(Environment& env) {
  golden::let_take_checkpoints(env);
  // What has state has a name: how operators are chained, and so who they are without one, depends on the
  // parallelism.
  auto lines = env.read_text(env.params().require("input")).uid("lines").filter(golden::Middle(env.params()));
  auto employees = lines.rebalance().flat_map(
      [is_strict = env.params().has("strict")](const std::string& line, Out<Employee>& out) {
        const auto employee = parse(line);
        if (employee) out(*employee);
        else if (is_strict) throw std::invalid_argument("no employee: " + line);
      });
  auto highest =
      employees.shuffle()
          .map([](const Employee& employee) { return employee; })
          .key_by(&Employee::department)
          .reduce([](const Employee& a, const Employee& b) { return better_paid(a, b); }, Emit::Final)
          .uid("highest")
          .map([](const Employee& e) {
            return e.department + ": most, " + e.name + " " + std::to_string(e.salary);
          });
  auto totals =
      employees
          .partition_custom(
              [](const std::string& name, std::uint32_t channels) { return name.size() % channels; },
              &Employee::name)
          .map([](const Employee& employee) { return employee; })
          .rescale()
          .key_by([](const Employee& employee) { return std::string_view(employee.department); })
          .sum(&Employee::salary, Emit::Final)
          .uid("totals")
          .map([](const Employee& e) { return e.department + ": all, " + std::to_string(e.salary); });
  auto wrong = lines.global().filter([](const std::string& line) { return !parse(line); }).parallelism(1).map(
      [](const std::string& line) { return "no employee: " + line; });
  highest.union_with(totals, wrong).write_files(env.params().require("output")).uid("files");
  env.job_name("Salaries");
}
