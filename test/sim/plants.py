#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bugs of a control plane, and the lines of ours that would have them.

plants.py --files                    names the files
plants.py SOURCE_ROOT OUTPUT_ROOT    writes a copy of each, and the list of all bugs

In a copy, each line that is named here asks first whether its bug is planted (planted.h). Only the simulation
is made of these copies; without a planted bug they do what the files do. A line that is no longer what it was
is copied as it is, and the test that plants all bugs says so.
"""

import pathlib
import sys

# (name, file, the line's expression, what it would be). A statement ends in ';'.
PLANTS = [
    # Who leads, and who is obeyed.
    ("whoever led once is obeyed", "actors/system/fence.h",
     "!session.is_none() && session == session_", "!session.is_none()"),
    ("a term that was revoked is begun again", "actors/job_manager/tenure.h",
     "revoked_.contains(term)", "false"),
    ("who reads its jobs leads, though it was revoked meanwhile", "actors/job_manager/tenure.h",
     "term == granted_", "true"),
    ("who hears nothing of ZooKeeper leads on", "ha/election.h",
     "timeout_ * percent / 100", "timeout_ * (percent == kFencePercent ? 100'000 : percent) / 100"),
    ("a leader does not look whose the node is", "ha/election.cpp",
     "view.leader_owner == session_ && session_of_term(view.epoch_created, view.epoch) == term_", "true"),
    ("a term has the number of the one before", "ha/election.cpp",
     "term_ = session_of_term(bid_on_.epoch_created, bid_on_.epoch + 1);",
     "term_ = session_of_term(bid_on_.epoch_created, bid_on_.epoch);"),
    ("a leader whose address was not written does not write it again", "ha/election.cpp",
     "outcome == ZkOutcome::Done ? Publication::Done : Publication::Wanted", "Publication::Done"),
    ("who lost its session goes on in the next one", "ha/election.cpp",
     "!is_connected_ || session.id != session_", "false"),
    ("a leader that was lost is not looked for again", "actors/system/leader_search.cpp",
     "out_.lost(reason);\n  begin(now);", "out_.lost(reason);"),
    # What is written, and what is not known.
    ("a leader's writes are not fenced", "ha/zk_term.cpp",
     "ZkOp::check(paths().epoch(), epoch_of(options_.session))",
     "ZkOp::check(paths().epoch(), ZkOp::kAnyVersion)"),
    ("what is not known is taken for failed", "ha/zk_term.cpp",
     "outcome == ZkOutcome::Unknown || outcome == ZkOutcome::NoNode", "outcome == ZkOutcome::NoNode"),
    ("the file of a job goes whose pointer may be there", "ha/zk_stores.cpp",
     "!written && written.error().code != ErrorCode::NotLeader", "!written"),
    ("an end is not recorded with the job's removal", "ha/zk_stores.cpp",
     "announced == announced_.end()", "true"),
    ("files go whose checkpoint's pointer is still there", "ha/checkpoint_keeper.cpp",
     "removed && checkpoint.root == root_", "checkpoint.root == root_"),
    # Checkpoints.
    ("a checkpoint is complete with its first answer", "checkpoint/coordinator/checkpoint_coordinator.cpp",
     "!pending->second.is_complete() || pending->second.is_being_written()",
     "pending->second.is_being_written()"),
    ("a later checkpoint is overtaken by an earlier one", "checkpoint/coordinator/checkpoint_coordinator.cpp",
     "if (is_overtaken(pending)) return;", ";"),
    ("sinks commit before the checkpoint is written", "checkpoint/coordinator/checkpoint_coordinator.cpp",
     "out_.write(pending->second.content(), pending->second.may_be_restored());",
     "for (const auto task : round_->live_tasks()) out_.notify_complete(task, pending->first);\n"
     "    out_.write(pending->second.content(), pending->second.may_be_restored());"),
    ("files go that a deposed leader may have named", "checkpoint/coordinator/checkpoint_coordinator.cpp",
     "cause.code != ErrorCode::NotLeader", "true"),
    ("a restart does not wait for what is being written", "checkpoint/coordinator/checkpoint_coordinator.cpp",
     "!is_restore_wanted_ || !pending_.empty()", "!is_restore_wanted_"),
    ("a checkpoint that has to wait for room is forgotten",
     "checkpoint/coordinator/checkpoint_coordinator.cpp",
     "is_queued_ = true;", ";"),
    ("who leads no longer deletes what its jobs go on from", "checkpoint/coordinator/retention.cpp",
     "*end_ == JobEnd::Suspended", "false"),
    ("one state of a task is taken for another's", "checkpoint/coordinator/pending_checkpoint.cpp",
     "known->second.subtasks[awaited->second.position.subtask] = state;",
     "known->second.subtasks[0] = state;"),
    ("a job starts from nothing while its checkpoints are read",
     "actors/checkpoint_coordinator/coordinated_job.cpp",
     "reply.tasks = std::move(dealt->tasks);", "reply.tasks = {};"),
    ("a checkpoint is taken before operators say what they say at the end", "checkpoint/barrier_aligner.cpp",
     "ended_[channel] = true;",
     "ended_[channel] = true;\n"
     "  if (std::ranges::find(ended_, false) == ended_.end() && trigger_ && trigger_->checkpoint > last_)\n"
     "    return complete_trigger();"),
    ("a last checkpoint that failed is not tried again", "checkpoint/coordinator/checkpoint_coordinator.cpp",
     "std::min(*next_trigger_, now.time + pause)", "next_trigger_"),
    # Jobs, tasks and slots.
    ("an end is told before it is on record", "actors/job_manager/last_words.h",
     "if (ending == held_.end()) return word();", "return word();"),
    ("who leads no longer says how a job ended", "actors/job_manager/last_words.h",
     "!recorded.accepted && recorded.refusal.code == ErrorCode::NotLeader", "false"),
    ("an end that could not be recorded is taken for recorded", "ha/zk_stores.cpp",
     "if (Status removed = term_.apply(changes); !removed) return removed;", "(void)term_.apply(changes);"),
    ("the slots of a TaskManager that is lost are used", "actors/job_manager/job_manager.cpp",
     "scheduler_.remove_task_manager(task_manager);", ";"),
    ("nobody hears of a TaskManager that is lost", "actors/instance_manager/instance_manager.cpp",
     "out_.lost({.task_manager = task_manager, .reason = reason});", ";"),
    ("a task is not cancelled", "actors/job_manager/running_job.cpp",
     "out_.cancel_task(effect.slot.task_manager, effect.attempt);", ";"),
    ("a slot is not given back", "graph/execution_graph_tasks.cpp",
     "effects_.push_back(effects::ReleaseSlot{slot});", ";"),
    ("a client submits again what it should attach to", "actors/client/job_submission.cpp",
     "if (was_sent_) out_.attach({.job = graph_.id, .listening = options_.listening});\n"
     "  else submit();",
     "submit();"),
    ("a client takes the word of who does not lead", "actors/client/job_submission.cpp",
     "!reply.accepted && reply.refusal.code == ErrorCode::NotLeader", "false"),
]


def planted(text, number, old, new):
    """`text` with the bug in it, or None."""
    if text.count(old) != 1:
        return None
    if old.endswith(";"):
        return text.replace(old, f"{{ if (WEIR_PLANTED({number})) {{ {new} }} else {{ {old} }} }}")
    return text.replace(old, f"(WEIR_PLANTED({number}) ? ({new}) : ({old}))")


def write_if_new(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != content:
        path.write_text(content)


def main():
    if sys.argv[1:] == ["--files"]:
        return print(";".join(dict.fromkeys(file for _, file, _, _ in PLANTS)))
    source, output = (pathlib.Path(argument) for argument in sys.argv[1:3])
    texts, there = {}, []
    for number, (_, file, old, new) in enumerate(PLANTS, 1):
        text = texts.get(file) or (source / file).read_text()
        changed = planted(text, number, old, new)
        there.append(changed is not None)
        texts[file] = changed or text
    for file, text in texts.items():
        first, rest = text.split("#include", 1)
        write_if_new(output / file, f'{first}#include "test/sim/planted.h"\n#include{rest}')
    rows = "".join(f'{{{number}, "{name}", {str(is_there).lower()}}},\n'
                   for number, ((name, *_), is_there) in enumerate(zip(PLANTS, there), 1))
    write_if_new(output / "test/sim/plants.inc", rows)


if __name__ == "__main__":
    main()
