// SPDX-License-Identifier: Apache-2.0
// Calls a fuzz target with inputs made out of its seeds and a number, for a second:
//
//   seeded_NAME [FIRST_NUMBER]
//
// When the target dies, the last line on standard error is the number: start there to see it again.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "test/fuzz/target.h"

namespace {

std::atomic<std::uint64_t> number = 1;

/// Prints the number with nothing but what a signal handler may call, and lets the signal do its work.
void tell_number(int signal) {
  char digits[32] = "number 00000000000000000000\n";
  std::uint64_t rest = number;
  for (int i = 26; rest != 0; rest /= 10) digits[i--] = static_cast<char>('0' + rest % 10);
  (void)!::write(STDERR_FILENO, digits, 28);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void change(std::string& input, std::mt19937_64& random) {
  const auto at = [&] { return random() % (input.size() + 1); };
  switch (random() % 6) {
    case 0: input.resize(at()); break;
    case 1: input.insert(at(), random() % 9 + 1, static_cast<char>(random() % 10)); break;
    case 2: input.insert(at(), input.substr(at(), random() % 20)); break;
    case 3: input.erase(at(), random() % 9 + 1); break;
    default:
      if (!input.empty())
        input[random() % input.size()] = static_cast<char>(random() % 2 == 0 ? random() : random() % 10);
      break;
  }
}

std::string make_input(const std::vector<std::string>& seeds, std::uint64_t number) {
  std::mt19937_64 random(number);
  std::string input = seeds[random() % seeds.size()];
  if (random() % 4 == 0) {
    input.resize(random() % 100);
    for (char& c : input) c = static_cast<char>(random());
  }
  for (auto changes = random() % 8; changes > 0; --changes) change(input, random);
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, tell_number);
  if (argc > 1) number = std::strtoull(argv[1], nullptr, 10);
  const auto seeds = weir::fuzz::seeds();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  const std::uint64_t first = number;
  for (; std::chrono::steady_clock::now() < end; ++number) {
    const std::string input = make_input(seeds, number);
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  std::printf("%llu inputs\n", static_cast<unsigned long long>(number.load() - first));
}
