// SPDX-License-Identifier: Apache-2.0
#include "ha/leader_record.h"

#include "base/sealed_file.h"
#include "memory/value_bytes.h"

namespace weir {

namespace {

constexpr SealedKind kLeader{.magic = 0x4441'454c'4957'0031, .version = 1, .name = "address of a leader"};
constexpr std::size_t kMaxAddressBytes = 300;  // a host's name has at most 253

}  // namespace

template <class F>
typename F::result_type inspect(F& f, LeaderAddress& x) {
  return f(x.address, x.session);
}

std::string encode_leader(const LeaderAddress& leader) { return seal(kLeader, to_value_bytes(leader)); }

Result<LeaderAddress> decode_leader(std::string_view bytes, const std::string& path) {
  const auto payload = unseal(kLeader, bytes, path);
  if (!payload) return payload.error();
  auto leader = from_value_bytes<LeaderAddress>(*payload);
  if (leader && leader->address.size() <= kMaxAddressBytes) return *std::move(leader);
  return Error{ErrorCode::Corrupt, path + " is no address of a leader", Blame::Environment, Retry::Later};
}

}  // namespace weir
