#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a cluster of real processes costs to start and to use. Prints one table.

usage: cluster_bench.py BUILD_DIR [REPETITIONS]
"""

import os
import re
import select
import statistics
import subprocess
import sys
import tempfile
import time

BUILD = os.path.abspath(sys.argv[1])
REPETITIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 20


def start(folder, name, *arguments):
    log = open(os.path.join(folder, "log"), "a")
    return subprocess.Popen([os.path.join(BUILD, "bin", name), *arguments], stdout=subprocess.PIPE,
                            stderr=log, text=True, env=os.environ | {"TMPDIR": folder})


def resident_mb(process):
    with open(f"/proc/{process.pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read())[1]) * 1024 / 1e6


class Cluster:
    """A JobManager and two TaskManagers, ready."""

    def __init__(self, folder):
        begin = time.monotonic()
        self.job_manager = start(folder, "weir-jobmanager", "--port", "0")
        self.address = re.search(r"rpc=(\S+)", self.job_manager.stdout.readline())[1]
        self.task_managers = [start(folder, "weir-taskmanager", "--jobmanager", self.address, "--slots", "2")
                              for _ in range(2)]
        for process in self.task_managers:
            assert "ready" in process.stdout.readline()
        self.start_ms = (time.monotonic() - begin) * 1000

    def end(self):
        for process in [*self.task_managers, self.job_manager]:
            process.terminate()
        for process in [*self.task_managers, self.job_manager]:
            process.communicate(timeout=30)


def first_record_ms(cluster):
    """From `weir run` until a sink has written; loading, upload and deployment included."""
    begin = time.monotonic()
    run = subprocess.Popen([os.path.join(BUILD, "bin/weir"), "run", "-q", "-m", cluster.address,
                            os.path.join(BUILD, "examples/libnumbers.so"), "--count", "1"],
                           stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    streams = [process.stdout for process in cluster.task_managers]
    ready = select.select(streams, [], [], 30)[0]
    line = ready[0].readline()
    elapsed = (time.monotonic() - begin) * 1000
    assert line == "(0,0)\n", line
    run.communicate(timeout=30)
    return elapsed


def main():
    starts, firsts, idle = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(REPETITIONS):
            cluster = Cluster(folder)
            starts.append(cluster.start_ms)
            idle.append(resident_mb(cluster.job_manager) + resident_mb(cluster.task_managers[0]))
            firsts.append(first_record_ms(cluster))
            cluster.end()
    rows = [("name", "median", "most", "unit", "wanted"),
            ("JobManager and 2 TaskManagers ready", starts, "ms", 150),
            ("weir run to the first record", firsts, "ms", 100),
            ("idle JobManager and TaskManager, resident", idle, "MB", 60)]
    print("{:<44}{:>8}{:>8}  {:<4}  {:>6}".format(*rows[0]))
    for name, figures, unit, wanted in rows[1:]:
        print(f"{name:<44}{statistics.median(figures):>8.1f}{max(figures):>8.1f}  {unit:<4}  {wanted:>6}")


if __name__ == "__main__":
    main()
