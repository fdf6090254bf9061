// SPDX-License-Identifier: Apache-2.0
#include "messages/protocol.h"

#include "messages/message_types.h"

namespace weir {

void register_messages(caf::actor_system_config& config) {
  for_each_message_type([&]<class T>(const char* name) { config.add_message_type<T>(name); });
  config.add_message_type<TaskManagerGateway>("weir.TaskManagerGateway")
      .add_message_type<JobClientGateway>("weir.JobClientGateway")
      .add_message_type<JobManagerActor>("weir.JobManagerActor");
}

}  // namespace weir
