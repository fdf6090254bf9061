// SPDX-License-Identifier: Apache-2.0
// The whole control plane on one page: who understands what. The only file of this room that knows CAF.
//
// A message that only a leader may send or handle begins with the LeaderSessionId under which it was sent:
// the fence is in the type. `(self)` marks what an actor tells itself, `(own)` what its own process tells it;
// these need no fence.
#pragma once

#include <caf/actor_system_config.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "messages/archive.h"
#include "messages/checkpoint.h"
#include "messages/coordination.h"
#include "messages/job.h"
#include "messages/leadership.h"
#include "messages/worker.h"

namespace weir {

/// What the JobManager may ask of a TaskManager.
using TaskManagerGateway = caf::typed_actor<
    // Run this task; a refusal names the slot or the memory that is missing.
    caf::replies_to<LeaderSessionId, SubmitTask>::with<Outcome>,
    // End this attempt; its end comes as an update.
    caf::reacts_to<LeaderSessionId, CancelTask>,
    // Have its source end as if it had read everything.
    caf::reacts_to<LeaderSessionId, StopTask>,
    // Where something is that it reads and that had no place when it was submitted.
    caf::reacts_to<LeaderSessionId, UpdatePartitionInfo>,
    // All others are open, too: this attempt may begin.
    caf::reacts_to<LeaderSessionId, BeginTask>,
    // Begin a checkpoint at this attempt; its state, or why there is none, comes to the JobManager.
    caf::reacts_to<LeaderSessionId, TriggerCheckpoint>,
    // A checkpoint is complete, or never will be.
    caf::reacts_to<LeaderSessionId, NotifyCheckpointComplete>,
    caf::reacts_to<LeaderSessionId, NotifyCheckpointAborted>,
    // Drop what this attempt wrote.
    caf::reacts_to<LeaderSessionId, ReleasePartitions>,
    // You are not registered (any more): end your tasks and register anew.
    caf::reacts_to<LeaderSessionId, Disconnect>>;

/// What the JobManager tells a client about the job that it listens to.
using JobClientGateway = caf::typed_actor<
    // The job took a step.
    caf::reacts_to<LeaderSessionId, JobStatusChanged>,
    // A task of the job took a step.
    caf::reacts_to<LeaderSessionId, ExecutionStateChanged>,
    // The job is over; nothing follows.
    caf::reacts_to<LeaderSessionId, JobResult>>;

/// Who hears of TaskManagers that come and go.
using InstanceListener = caf::typed_actor<
    // Its slots may be used from now on.
    caf::reacts_to<LeaderSessionId, TaskManagerJoined, TaskManagerGateway>,
    // Whatever ran there is gone.
    caf::reacts_to<LeaderSessionId, TaskManagerLost>>;

/// Knows which TaskManagers are registered and alive.
using InstanceManagerActor = caf::typed_actor<
    // Registrations are taken under this session from now on.
    caf::reacts_to<GrantLeadership>,
    // Everyone is dismissed; nobody is taken.
    caf::reacts_to<RevokeLeadership>,
    // A TaskManager asks to join. Answered, never dropped: refusals are replies.
    caf::replies_to<LeaderSessionId, RegisterTaskManager, TaskManagerGateway>::with<RegistrationReply>,
    // A TaskManager lives; the answer tells it that the leader does.
    caf::replies_to<LeaderSessionId, Heartbeat>::with<HeartbeatReply>,
    // A TaskManager leaves of its own will.
    caf::reacts_to<LeaderSessionId, Disconnect>,
    // Who is there?
    caf::replies_to<RequestInstances>::with<InstanceList>,
    // (self) Drives the deadlines of heartbeats.
    caf::reacts_to<Tick>>;

/// Remembers jobs that ended.
using ArchivistActor = caf::typed_actor<
    // This one ended.
    caf::reacts_to<ArchiveJob>,
    // What became of this job?
    caf::replies_to<RequestJobDetails>::with<JobDetailsReply>,
    // How did this job end, in one word?
    caf::replies_to<RequestJobStatus>::with<JobStatusReply>,
    // Which jobs ended, and how many ever did?
    caf::replies_to<RequestArchive>::with<ArchiveOverview>>;

/// Keeps what a job goes on from, on the disk. May block: one a job, with a thread of its own if it has
/// files.
using CheckpointKeeperActor = caf::typed_actor<
    // (own) What is there to go on from? Asked once, first.
    caf::reacts_to<RecoverCheckpoints>,
    // (own) Are the files of this one there?
    caf::reacts_to<CheckFiles>,
    // (own) A number for the next checkpoint.
    caf::reacts_to<NextCheckpointId>,
    // (own) Make this checkpoint one that survives us.
    caf::reacts_to<WriteCheckpoint>,
    // (own) This one is no longer needed; or never became one.
    caf::reacts_to<RemoveCheckpoint>, caf::reacts_to<DiscardCheckpoint>,
    // (own) Nobody writes any more for checkpoints that are not complete.
    caf::reacts_to<SweepCheckpoints>,
    // (own) Nothing follows.
    caf::reacts_to<CloseKeeper>>;

/// Takes the checkpoints of one job, from its start to its end. What it orders of tasks it sends to them;
/// what they answer comes through the JobManager, which knows who leads.
using CheckpointCoordinatorActor = caf::typed_actor<
    // (own) The job is about to start: with what state?
    caf::reacts_to<RequestRestore>,
    // (own) All tasks were deployed; this is how to reach them, in the order of the plan.
    caf::reacts_to<StartCheckpointRound, std::vector<TaskManagerGateway>>,
    // (own) A task of the round runs, or has ended well.
    caf::reacts_to<TaskIsRunning>, caf::reacts_to<TaskHasFinished>,
    // (own) The job runs no longer; it is over.
    caf::reacts_to<EndCheckpointRound>, caf::reacts_to<CloseCheckpoints>,
    // (own) A task handed in its state for a checkpoint, or will not.
    caf::reacts_to<AcknowledgeCheckpoint>, caf::reacts_to<DeclineCheckpoint>,
    // (own) Someone wants a savepoint; answered when it is complete or has failed.
    caf::replies_to<TriggerSavepoint>::with<SavepointReply>,
    // (own) What the keeper says.
    caf::reacts_to<RecoveredCheckpoints>, caf::reacts_to<FilesChecked>, caf::reacts_to<CheckpointIdReply>,
    caf::reacts_to<CheckpointWritten>,
    // (self) Drives the deadlines of checkpoints.
    caf::reacts_to<Tick>>;

/// Keeps jobs beyond the life of their JobManager. May block.
using JobKeeperActor = caf::typed_actor<
    // (own) This job was accepted.
    caf::replies_to<KeepJob>::with<Outcome>,
    // (own) This job is over.
    caf::replies_to<ForgetJob>::with<Outcome>,
    // (own) These attempts of it are about to be deployed.
    caf::replies_to<KeepRound>::with<Outcome>,
    // (own) Which jobs are not over?
    caf::replies_to<RecoverJobs>::with<RecoveredJobs>,
    // (own) Delete this savepoint.
    caf::replies_to<DisposeSavepoint>::with<Outcome>>;

/// Leads the cluster: takes jobs, places their tasks, follows them to the end.
using JobManagerActor = InstanceListener::extend<
    // You lead from now on.
    caf::reacts_to<GrantLeadership>,
    // You lead no longer: suspend all jobs, dismiss all TaskManagers.
    caf::reacts_to<RevokeLeadership>,
    // (own) Tell me when you lead and take work, and under which session.
    caf::replies_to<AwaitLeadership>::with<LeaderSessionId>,
    // A client submits a job and says how much it wants to hear.
    caf::replies_to<LeaderSessionId, SubmitJob, JobClientGateway>::with<Outcome>,
    // A client wants to hear of a job that is here already; if it is over, its result follows at once.
    caf::replies_to<LeaderSessionId, AttachToJob, JobClientGateway>::with<Outcome>,
    // Someone wants a job to end; accepted means that cancelling began.
    caf::replies_to<LeaderSessionId, CancelJob>::with<Outcome>,
    // Someone wants a job to finish with what it has read; accepted means that its sources were asked to end.
    caf::replies_to<LeaderSessionId, StopJob>::with<Outcome>,
    // Someone wants a savepoint of a job; answered when it is complete or has failed.
    caf::replies_to<LeaderSessionId, TriggerSavepoint>::with<SavepointReply>,
    // Someone wants a savepoint deleted.
    caf::replies_to<LeaderSessionId, DisposeSavepoint>::with<Outcome>,
    // A TaskManager asks to join; handed on to the InstanceManager.
    caf::replies_to<LeaderSessionId, RegisterTaskManager, TaskManagerGateway>::with<RegistrationReply>,
    // A TaskManager lives; handed on to the InstanceManager.
    caf::replies_to<LeaderSessionId, Heartbeat>::with<HeartbeatReply>,
    // A TaskManager leaves; handed on to the InstanceManager.
    caf::reacts_to<LeaderSessionId, Disconnect>,
    // A task took a step; the reply says whether anybody waits for it.
    caf::replies_to<LeaderSessionId, UpdateTaskExecutionState>::with<UpdateTaskReply>,
    // There is something to read in a partition: schedule its consumers, or tell them where it is.
    caf::reacts_to<LeaderSessionId, ScheduleOrUpdateConsumers>,
    // A source wants the next part of its input.
    caf::replies_to<LeaderSessionId, RequestNextInputSplit>::with<NextInputSplit>,
    // A task handed in its state for a checkpoint, or will not.
    caf::reacts_to<LeaderSessionId, AcknowledgeCheckpoint>,
    caf::reacts_to<LeaderSessionId, DeclineCheckpoint>,
    // (own) What a job's tasks start with.
    caf::reacts_to<LeaderSessionId, RestoredState>,
    // (own) Too many checkpoints of a job failed.
    caf::reacts_to<LeaderSessionId, FailJob>,
    // Questions, answered by whoever leads or not, from what is known here.
    caf::replies_to<RequestJobStatus>::with<JobStatusReply>,
    caf::replies_to<RequestJobDetails>::with<JobDetailsReply>, caf::replies_to<ListJobs>::with<JobList>,
    caf::replies_to<RequestClusterOverview>::with<ClusterOverview>,
    caf::replies_to<RequestInstances>::with<InstanceList>,
    // Where to put a program's library, and by which secret.
    caf::replies_to<RequestClusterAccess>::with<ClusterAccess>,
    // (self) The client knows that its job was accepted: start it.
    caf::reacts_to<LeaderSessionId, StartJob>,
    // (self) The delay before a restart is over.
    caf::reacts_to<LeaderSessionId, RestartJob>,
    // (self) A job has waited long enough for slots.
    caf::reacts_to<LeaderSessionId, SlotsOverdue>,
    // (self) The tasks of a job that was left running were waited for long enough.
    caf::reacts_to<LeaderSessionId, AdoptionOverdue>,
    // (self) What a job starts with may be readable by now.
    caf::reacts_to<LeaderSessionId, AskForState>>;

/// Wants to speak to whoever leads.
using LeaderFollower = caf::typed_actor<
    // (own) There is a leader.
    caf::reacts_to<NewLeader, JobManagerActor>,
    // (own) It is gone; another may be found in time.
    caf::reacts_to<LeaderLost>>;

/// Finds whoever leads, again and again, for all followers of its process. It follows, too: a follower that
/// hears nothing more from the leader tells it that the leader is lost.
using LeaderFinderActor = LeaderFollower::extend<
    // (own) The retrieval says where the leader is.
    caf::reacts_to<LeaderAt>,
    // (own) Tell this one of every leader from now on.
    caf::reacts_to<FollowLeader, LeaderFollower>,
    // (own) Who leads?
    caf::replies_to<RequestLeader>::with<NewLeader, JobManagerActor>,
    // (self) Time to look again.
    caf::reacts_to<Tick>>;

/// Runs tasks in its process. Registers where the leader is; ends all tasks when it is gone.
using TaskManagerActor = TaskManagerGateway::extend_with<LeaderFollower>::extend<
    // (own) A task took a step.
    caf::reacts_to<TaskExecutionState>,
    // (own) A task's source wants the next part of its input; the answer goes to the task.
    caf::reacts_to<RequestNextInputSplit>,
    // (own) There is something to read in a task's partition; handed on to the leader.
    caf::reacts_to<ScheduleOrUpdateConsumers>,
    // (own) A task handed in its state for a checkpoint, or will not; handed on to the leader.
    caf::reacts_to<AcknowledgeCheckpoint>, caf::reacts_to<DeclineCheckpoint>,
    // (own) Tell me when you are registered, and as which instance.
    caf::replies_to<AwaitRegistration>::with<InstanceId>,
    // (self) Drives the deadlines of registration and heartbeats.
    caf::reacts_to<Tick>>;

/// Submits one job to the leader and sees it through; attaches to the next one if that was done already.
using JobClientActor = JobClientGateway::extend_with<LeaderFollower>::extend<
    // (self) Drives the deadline of a client without a leader.
    caf::reacts_to<Tick>>;

/// Tells CAF the name of every type above that travels. The names are the wire's: a type that is not told
/// arrives as an empty message. Appended to, never changed.
void register_messages(caf::actor_system_config& config);

}  // namespace weir
