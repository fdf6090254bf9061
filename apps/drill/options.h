// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/command_line.h"

namespace weir::drill {

/// Of `weir drill`; they may stand before or behind its words.
inline constexpr OptionSpec kOptions[] = {
    {"seed", "S", "Of random choices and of the job's events (default: any; it is printed)."},
    {"times", "N", "Run each scenario so often, each time with the next seed (default 1)."},
    {"minutes", "M", "Of random: go on for so long (default 1)."},
    {"report", "DIR", "Write report.txt, report.json and the logs and history of each drill there."},
    {"taskmanagers", "N", "TaskManagers of a drill's cluster, two slots each (default 3)."},
    {"slack", "FACTOR", "Allow so many times the bounds: for machines with other work (default 1)."},
    {"cluster", "DIR", "Break the cluster that scripts/cluster keeps in DIR, by what only needs signals."},
    {"pids", "FILE", "The same for processes in FILE, as NAME PID ADDRESS; say -m or --zookeeper, too."},
    {"jobmanager,m", "HOST:PORT", "Of the cluster of --pids, if it has one JobManager."},
    {"zookeeper", "HOSTS", "Of the cluster of --pids, if it has several JobManagers."},
    {"cluster-id", "ID", "Which of the clusters there (default 'default')."},
    {"hold", "SECONDS", "Freeze for so long: beyond the time-outs of a cluster of your own."},
    {"break", "PART", "Run a job that is wrong on purpose (alignment, commit-order, restore or fence), to "
                      "see that it is found out."},
    {"help,h", "", "Print this."},
};

}  // namespace weir::drill
