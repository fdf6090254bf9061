// SPDX-License-Identifier: Apache-2.0
// Refused: Account
#include "api/program.h"

class Account {
#ifdef WEIR_CONTROL
public:
#endif
  int balance_ = 0;
};

void weir::program(Environment& env) { env.from_collection<Account>({}).discard(); }
