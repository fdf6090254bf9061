// SPDX-License-Identifier: Apache-2.0
// A configuration file is taken over or refused with a sentence, and what was taken over can be asked for.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "base/result.h"
#include "test/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t bytes) {
  const std::string_view text(static_cast<const char*>(static_cast<const void*>(data)), bytes);
  weir::Config config(weir::options::all());
  const auto status = config.read(text, "fuzz");
  WEIR_CHECK(status || !status.error().what.empty(), "a refusal has a reason");
  (void)config.get(weir::options::kTaskSlots);
  (void)config.get(weir::options::kSegmentSize);
  (void)config.get(weir::options::kAskTimeout);
  (void)config.lines();
  return 0;
}

std::vector<std::string> weir::fuzz::seeds() {
  return {"# comment\ntaskmanager.numberOfTaskSlots: 4\nakka.ask.timeout: 10 s\n",
          "taskmanager.memory.segment-size:  64kb  # both\r\n\nenv.log.level:\n", "parallelism.default 1"};
}
