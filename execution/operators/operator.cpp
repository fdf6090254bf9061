// SPDX-License-Identifier: Apache-2.0
#include "execution/operators/operator.h"

#include <exception>

namespace weir {

void rethrow_attributed(const std::string& operator_name) {
  try {
    throw;
  } catch (const OperatorFailure&) {
    throw;
  } catch (const TaskCancelled&) {
    throw;
  } catch (const std::exception& error) {
    throw OperatorFailure(operator_name, error.what());
  } catch (...) {
    throw OperatorFailure(operator_name, "something was thrown that is no std::exception");
  }
}

}  // namespace weir
