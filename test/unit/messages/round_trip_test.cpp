// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <caf/actor_system.hpp>
#include <caf/binary_deserializer.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/message.hpp>

#include <set>
#include <string>
#include <vector>

#include "messages/message_types.h"
#include "messages/protocol.h"

namespace weir {
namespace {

/// An inspector that puts something else into every field it meets, so that a field which inspect() forgets
/// shows.
class Filler {
public:
  using result_type = void;
  static constexpr bool reads_state = false;
  static constexpr bool writes_state = true;

  template <class... Ts>
  void operator()(Ts&... fields) {
    (fill(fields), ...);
  }

private:
  template <class T>
  void fill(T& value) {
    if constexpr (std::is_same_v<T, bool>) value = true;
    else if constexpr (std::is_enum_v<T>) value = static_cast<T>(1);
    else if constexpr (std::is_arithmetic_v<T>) value = static_cast<T>(++next_);
    else inspect(*this, value);
  }
  void fill(std::string& text) { text = "text " + std::to_string(++next_); }
  template <class R, class P>
  void fill(std::chrono::duration<R, P>& length) {
    length = std::chrono::duration<R, P>(++next_);
  }
  void fill(WallTime& time) { time = WallTime(std::chrono::milliseconds(++next_)); }
  template <class T>
  void fill(std::vector<T>& values) {
    values.resize(2);
    for (T& value : values) fill(value);
  }
  template <class T, std::size_t N>
  void fill(std::array<T, N>& values) {
    for (T& value : values) fill(value);
  }
  template <class K, class V>
  void fill(std::map<K, V>& values) {
    for (int i = 0; i < 2; ++i) {
      K key{};
      fill(key);
      fill(values[key]);
    }
  }

  int next_ = 0;
};

struct Registered : caf::actor_system_config {
  Registered() {
    set("scheduler.policy", caf::atom("testing"));
    register_messages(*this);
  }
};

TEST_CASE("every message arrives as it was sent") {
  Registered config;
  caf::actor_system system(config);

  for_each_message_type([&]<class T>(const char* name) {
    CAPTURE(name);
    T sent{};
    Filler filler;
    if constexpr (!std::is_empty_v<T>) inspect(filler, sent);

    // As an element of a message of unknown type: this is how it travels, and it fails if the name is
    // unknown.
    const caf::message mail = caf::make_message(sent);
    std::vector<char> bytes;
    caf::binary_serializer out(system, bytes);
    REQUIRE(out(mail) == caf::error());
    caf::message received;
    caf::binary_deserializer in(system, bytes);
    REQUIRE(in(received) == caf::error());
    REQUIRE(received.match_elements<T>());
    CHECK(received.get_as<T>(0) == sent);
    if constexpr (!std::is_empty_v<T>) CHECK(!(sent == T{}));
  });
}

TEST_CASE("no two messages share a name on the wire") {
  std::set<std::string> names;
  std::size_t count = 0;
  for_each_message_type([&]<class T>(const char* name) {
    names.insert(name);
    ++count;
  });
  CHECK(names.size() == count);
}

/// Every element of every signature of an actor's interface, replies included.
template <class Visit, class... In, class... Out>
void visit_signature(Visit& visit,
                     caf::typed_mpi<caf::detail::type_list<In...>, caf::output_tuple<Out...>>*) {
  (visit.template operator()<In>(), ...);
  (visit.template operator()<Out>(), ...);
}
template <class Visit, class... Signatures>
void visit_interface(Visit& visit, caf::typed_actor<Signatures...>*) {
  (visit_signature(visit, static_cast<Signatures*>(nullptr)), ...);
}

TEST_CASE("whatever stands in the protocol is registered") {
  Registered config;
  caf::actor_system system(config);
  auto is_registered = [&]<class T>() {
    if constexpr (std::is_same_v<T, void>) return;
    else {
      CAPTURE(typeid(T).name());
      CHECK(system.types().portable_name(0, &typeid(T)) != system.types().default_type_name());
    }
  };
  visit_interface(is_registered, static_cast<TaskManagerActor*>(nullptr));
  visit_interface(is_registered, static_cast<JobClientActor*>(nullptr));
  visit_interface(is_registered, static_cast<JobManagerActor*>(nullptr));
  visit_interface(is_registered, static_cast<InstanceManagerActor*>(nullptr));
  visit_interface(is_registered, static_cast<ArchivistActor*>(nullptr));
}

}  // namespace
}  // namespace weir
