// SPDX-License-Identifier: Apache-2.0
// Calls a fuzz target with each input of its corpus, then for a second with inputs made out of those, its
// seeds and a number:
//
//   seeded_NAME CORPUS_DIRECTORY [FIRST_NUMBER]
//
// When the target dies, the last line on standard error is the file or the number: start there to see it
// again.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "test/fuzz/target.h"

namespace {

std::atomic<std::uint64_t> number = 1;
std::atomic<const char*> file = nullptr;  // null: the input was made of the number

/// Prints which input it was with nothing but what a signal handler may call, and lets the signal do its
/// work.
void tell_input(int signal) {
  if (const char* name = file) {
    (void)!::write(STDERR_FILENO, "file ", 5);
    (void)!::write(STDERR_FILENO, name, std::strlen(name));
    (void)!::write(STDERR_FILENO, "\n", 1);
    std::signal(signal, SIG_DFL);
    std::raise(signal);
  }
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

void try_one(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

/// Tries the files of a directory, which need not be there, and returns what is in them.
std::vector<std::string> try_corpus(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code missing;
  for (const auto& entry : std::filesystem::directory_iterator(directory, missing))
    names.push_back(entry.path().string());
  std::sort(names.begin(), names.end());
  std::vector<std::string> inputs;
  for (const std::string& name : names) {
    std::ifstream in(name, std::ios::binary);
    inputs.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
    file = name.c_str();
    try_one(inputs.back());
  }
  file = nullptr;
  return inputs;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("seeded_NAME CORPUS_DIRECTORY [FIRST_NUMBER]\n", stderr);
    return 2;
  }
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) std::signal(signal, tell_input);
  if (argc > 2) number = std::strtoull(argv[2], nullptr, 10);
  const auto corpus = try_corpus(argv[1]);
  auto seeds = weir::fuzz::seeds();
  seeds.insert(seeds.end(), corpus.begin(), corpus.end());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(1);
  const std::uint64_t first = number;
  for (; std::chrono::steady_clock::now() < end; ++number) try_one(make_input(seeds, number));
  std::printf("%zu inputs of the corpus, %llu more\n", corpus.size(),
              static_cast<unsigned long long>(number.load() - first));
}
