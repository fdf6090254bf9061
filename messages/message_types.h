// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "messages/archive.h"
#include "messages/checkpoint.h"
#include "messages/coordination.h"
#include "messages/job.h"
#include "messages/leadership.h"
#include "messages/worker.h"

namespace weir {

// Parts of the list below.
template <class Visit>
void for_each_worker_message_type(Visit&& visit) {
  // worker.h
  visit.template operator()<RegisterTaskManager>("weir.RegisterTaskManager");
  visit.template operator()<RegistrationReply>("weir.RegistrationReply");
  visit.template operator()<Heartbeat>("weir.Heartbeat");
  visit.template operator()<Disconnect>("weir.Disconnect");
  visit.template operator()<TaskManagerJoined>("weir.TaskManagerJoined");
  visit.template operator()<TaskManagerLost>("weir.TaskManagerLost");
  visit.template operator()<RequestInstances>("weir.RequestInstances");
  visit.template operator()<InstanceList>("weir.InstanceList");
  visit.template operator()<SubmitTask>("weir.SubmitTask");
  visit.template operator()<CancelTask>("weir.CancelTask");
  visit.template operator()<ReleasePartitions>("weir.ReleasePartitions");
  visit.template operator()<UpdateTaskExecutionState>("weir.UpdateTaskExecutionState");
  visit.template operator()<UpdateTaskReply>("weir.UpdateTaskReply");
  visit.template operator()<TaskExecutionState>("weir.TaskExecutionState");
  visit.template operator()<AwaitRegistration>("weir.AwaitRegistration");
  visit.template operator()<Tick>("weir.Tick");
  visit.template operator()<ClusterAccess>("weir.ClusterAccess");
  visit.template operator()<RequestClusterAccess>("weir.RequestClusterAccess");
  visit.template operator()<HeartbeatReply>("weir.HeartbeatReply");
}
template <class Visit>
void for_each_checkpoint_message_type(Visit&& visit) {
  // checkpoint.h
  visit.template operator()<TriggerCheckpoint>("weir.TriggerCheckpoint");
  visit.template operator()<NotifyCheckpointComplete>("weir.NotifyCheckpointComplete");
  visit.template operator()<NotifyCheckpointAborted>("weir.NotifyCheckpointAborted");
  visit.template operator()<AcknowledgeCheckpoint>("weir.AcknowledgeCheckpoint");
  visit.template operator()<DeclineCheckpoint>("weir.DeclineCheckpoint");
  visit.template operator()<TriggerSavepoint>("weir.TriggerSavepoint");
  visit.template operator()<SavepointReply>("weir.SavepointReply");
  visit.template operator()<DisposeSavepoint>("weir.DisposeSavepoint");
}

template <class Visit>
void for_each_coordination_message_type(Visit&& visit) {
  // coordination.h
  visit.template operator()<RequestRestore>("weir.RequestRestore");
  visit.template operator()<RestoredState>("weir.RestoredState");
  visit.template operator()<StartCheckpointRound>("weir.StartCheckpointRound");
  visit.template operator()<TaskIsRunning>("weir.TaskIsRunning");
  visit.template operator()<TaskHasFinished>("weir.TaskHasFinished");
  visit.template operator()<EndCheckpointRound>("weir.EndCheckpointRound");
  visit.template operator()<CloseCheckpoints>("weir.CloseCheckpoints");
  visit.template operator()<FailJob>("weir.FailJob");
  visit.template operator()<RecoverCheckpoints>("weir.RecoverCheckpoints");
  visit.template operator()<RecoveredCheckpoints>("weir.RecoveredCheckpoints");
  visit.template operator()<NextCheckpointId>("weir.NextCheckpointId");
  visit.template operator()<CheckpointIdReply>("weir.CheckpointIdReply");
  visit.template operator()<WriteCheckpoint>("weir.WriteCheckpoint");
  visit.template operator()<CheckpointWritten>("weir.CheckpointWritten");
  visit.template operator()<RemoveCheckpoint>("weir.RemoveCheckpoint");
  visit.template operator()<DiscardCheckpoint>("weir.DiscardCheckpoint");
  visit.template operator()<CloseKeeper>("weir.CloseKeeper");
  visit.template operator()<KeepJob>("weir.KeepJob");
  visit.template operator()<ForgetJob>("weir.ForgetJob");
  visit.template operator()<RecoverJobs>("weir.RecoverJobs");
  visit.template operator()<RecoveredJobs>("weir.RecoveredJobs");
  visit.template operator()<AwaitLeadership>("weir.AwaitLeadership");
}

/// Calls `visit.template operator()<T>(name)` for every struct that travels between actors, with its name on
/// the wire. The one list: registration and the round-trip test read it. Appended to, never changed.
template <class Visit>
void for_each_message_type(Visit&& visit) {
  visit.template operator()<LeaderSessionId>("weir.LeaderSessionId");
  visit.template operator()<InstanceId>("weir.InstanceId");
  visit.template operator()<Outcome>("weir.Outcome");
  // job.h
  visit.template operator()<SubmitJob>("weir.SubmitJob");
  visit.template operator()<AttachToJob>("weir.AttachToJob");
  visit.template operator()<CancelJob>("weir.CancelJob");
  visit.template operator()<RequestJobStatus>("weir.RequestJobStatus");
  visit.template operator()<JobStatusReply>("weir.JobStatusReply");
  visit.template operator()<ListJobs>("weir.ListJobs");
  visit.template operator()<JobList>("weir.JobList");
  visit.template operator()<RequestClusterOverview>("weir.RequestClusterOverview");
  visit.template operator()<ClusterOverview>("weir.ClusterOverview");
  visit.template operator()<JobStatusChanged>("weir.JobStatusChanged");
  visit.template operator()<ExecutionStateChanged>("weir.ExecutionStateChanged");
  visit.template operator()<JobResult>("weir.JobResult");
  visit.template operator()<StartJob>("weir.StartJob");
  visit.template operator()<RestartJob>("weir.RestartJob");
  for_each_worker_message_type(visit);
  // leadership.h
  visit.template operator()<GrantLeadership>("weir.GrantLeadership");
  visit.template operator()<RevokeLeadership>("weir.RevokeLeadership");
  visit.template operator()<NewLeader>("weir.NewLeader");
  visit.template operator()<LeaderLost>("weir.LeaderLost");
  visit.template operator()<LeaderAt>("weir.LeaderAt");
  visit.template operator()<RequestLeader>("weir.RequestLeader");
  visit.template operator()<FollowLeader>("weir.FollowLeader");
  // archive.h
  visit.template operator()<RequestJobDetails>("weir.RequestJobDetails");
  visit.template operator()<JobDetailsReply>("weir.JobDetailsReply");
  visit.template operator()<ArchiveJob>("weir.ArchiveJob");
  visit.template operator()<RequestArchive>("weir.RequestArchive");
  visit.template operator()<ArchiveOverview>("weir.ArchiveOverview");
  // since then
  visit.template operator()<SlotsOverdue>("weir.SlotsOverdue");
  visit.template operator()<StopJob>("weir.StopJob");
  visit.template operator()<StopTask>("weir.StopTask");
  visit.template operator()<RequestNextInputSplit>("weir.RequestNextInputSplit");
  visit.template operator()<NextInputSplit>("weir.NextInputSplit");
  for_each_checkpoint_message_type(visit);
  visit.template operator()<ScheduleOrUpdateConsumers>("weir.ScheduleOrUpdateConsumers");
  visit.template operator()<UpdatePartitionInfo>("weir.UpdatePartitionInfo");
  for_each_coordination_message_type(visit);
  visit.template operator()<KeepRound>("weir.KeepRound");
  visit.template operator()<AdoptionOverdue>("weir.AdoptionOverdue");
  visit.template operator()<AskForState>("weir.AskForState");
  visit.template operator()<SweepCheckpoints>("weir.SweepCheckpoints");
  visit.template operator()<BeginTask>("weir.BeginTask");
  visit.template operator()<CheckFiles>("weir.CheckFiles");
  visit.template operator()<FilesChecked>("weir.FilesChecked");
}

}  // namespace weir
