// SPDX-License-Identifier: Apache-2.0
// Refused: a field that borrows its text cannot be aggregated: make it a std::string
#include <string>
#include <string_view>

#include "api/program.h"

struct Word {
  int key = 0;
#ifdef WEIR_CONTROL
  std::string text;
#else
  std::string_view text;
#endif
};

void weir::program(Environment& env) {
  env.from_collection<Word>({}).key_by(&Word::key).max(&Word::text).discard();
}
