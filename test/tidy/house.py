# SPDX-License-Identifier: Apache-2.0
"""The house as data: who may include whom, who may use which library, which words are not said.

docs/architecture.md explains the table. Where the work shows a better cut, change the table with the code and
say why in docs/decisions/.
"""

# Rooms with a row of their own. A file belongs to the longest prefix that fits.
# Each room may include itself and what stands here; nothing else.
_GROUND = {"base"}
_BYTES = {"memory"} | _GROUND
_GRAPH = {"graph", "checkpoint/snapshot"} | _BYTES
_DATA_PLANE = {"execution/operators", "checkpoint/state"} | _GRAPH
_THREE_TO_SIX = {
    "checkpoint/snapshot", "checkpoint/state", "checkpoint/coordinator", "checkpoint/barrier_aligner",
    "network", "network/tcp", "network/blob", "graph", "execution/operators", "execution/windows",
    "execution/task", "execution/bounded", "messages", "ha", "api", "web",
}

ARROWS = {
    "base": set(),
    "memory": {"base"},
    "network": {"memory", "base"},
    "network/tcp": {"network", "memory", "base"},
    "network/blob": {"network/tcp", "network", "memory", "base"},
    "checkpoint/snapshot": {"memory", "base"},
    "checkpoint/state": {"checkpoint/snapshot", "memory", "base"},
    "checkpoint/coordinator": {"checkpoint/snapshot", "checkpoint/state", "base"},
    "checkpoint/barrier_aligner": {"base"},
    "graph": {"checkpoint/snapshot", "memory", "base"},
    "execution/operators": {"graph", "checkpoint/state", "checkpoint/snapshot", "memory", "base"},
    "execution/windows": {
        "execution/operators", "checkpoint/state", "checkpoint/snapshot", "memory", "base",
    },
    "execution/bounded": {"execution/operators", "checkpoint/state", "memory", "base"},
    "execution/task": {
        "execution/operators", "graph", "network", "network/tcp", "memory", "base",
        "checkpoint/snapshot", "checkpoint/state", "checkpoint/coordinator", "checkpoint/barrier_aligner",
    },
    "messages": {"graph", "checkpoint/snapshot", "base"},
    "ha": {"checkpoint/coordinator", "checkpoint/snapshot", "graph", "memory", "base"},
    "api": {
        "execution/operators", "execution/windows", "execution/bounded", "graph", "memory", "base",
    },
    "web": {"messages", "base"},
    "actors": _THREE_TO_SIX | {"base"},
    # The command line prints what the words of the lower rooms mean: states of jobs, execution plans.
    # And it reads savepoints, which need no job and no program.
    "apps": {"actors", "web", "api", "messages", "graph", "checkpoint/snapshot", "base", "apps/drill"},
    # A drill starts the other programs as processes, and looks at ZooKeeper over their shoulders.
    "apps/drill": {"apps/drill/program", "ha", "base"},
    # The job that it runs is a program as any user's.
    "apps/drill/program": {"api"},
    "examples": {"api"},
    # A limit is what the machine can do, so it may not lean on what it measures.
    "test/bench/limits": {"memory", "base", "examples", "test"},
}

# Tests see everything.
FREE_ROOMS = {"test"}

# Projects of their own, as users have them: what they include and where it lies is theirs.
GUESTS = ("examples/standalone/",)

# Single headers that one more room may include: a port belongs to the lower room, its implementer sees it.
PORTS = {
    ("api", "execution/task/program.h"): "the program loader implements ProgramSource",
    ("messages", "checkpoint/coordinator/checkpoint_plan.h"):
        "what the JobManager tells the CheckpointCoordinator of its job",
    ("api", "checkpoint/snapshot/state_schema.h"): "a name of two states is refused where it is said",
    ("apps", "checkpoint/state/saved_store.h"): "weir state looks into the stores of incremental checkpoints",
    ("api", "checkpoint/state/key_hash.h"): "a key's hash is fixed where the user names the key",
    ("apps", "ha/zookeeper_options.h"): "a main reads them from the configuration",
    ("apps/drill", "apps/command_line.h"): "what a drill is told are words of a command line",
    ("apps", "ha/zk_client.h"): "a guardian ends the session of the JobManager that died under it",
}

# Third-party libraries: their headers, and the files that may include them. Tests are free.
LIBRARIES = {
    "CAF": (r"caf/", [
        "actors/*_actor.h", "actors/*_actor.cpp", "actors/system/actor_system.*",
        "actors/system/prompt_broker.*", "actors/system/remoting.*", "actors/client/job_client.*",
        "actors/local/mini_cluster.*",
        # A process of ours as one object: the header knows no actor.
        "actors/*/*_process.cpp", "actors/client/cluster_connection.cpp", "messages/protocol.*",
    ]),
    "OpenSSL": (r"openssl/", ["base/digest.cpp", "network/tcp/tls*.cpp"]),
    "spdlog": (r"(spdlog|fmt)/", ["base/log.cpp"]),
    "JSON": (r"nlohmann/", [
        "graph/execution_plan.cpp", "web/*.cpp", "apps/weir/json_output.cpp", "apps/drill/job_run.cpp",
        "apps/drill/report_json.cpp",
    ]),
    "HTTP": (r"httplib\.h", ["web/*.cpp"]),
    "ZooKeeper": (r"zookeeper/", ["ha/zk_client.cpp"]),
    "RocksDB": (r"rocksdb/", ["checkpoint/state/rocksdb_store.cpp"]),
    # Users' programs, and RocksDB, which is loaded when a job asks for it.
    "dlfcn": (r"(dlfcn|link|elf)\.h", ["api/*.cpp", "checkpoint/state/rocksdb_backend.cpp"]),
    "Boost.PFR, Boost.Unordered": (r"boost/(pfr|unordered)", ["memory/*", "checkpoint/state/*"]),
    "Boost.ProgramOptions": (r"boost/program_options", ["apps/*.cpp"]),
    "sockets": (r"(sys/socket|sys/epoll|sys/un|netinet/\w+|arpa/inet|netdb)\.h", [
        "network/tcp/*.cpp", "execution/operators/socket_text_source.cpp", "apps/drill/free_ports.cpp",
    ]),
    "poll": (r"poll\.h", [
        "network/tcp/*.cpp", "execution/operators/socket_text_source.cpp",
        "execution/task/wake_descriptor.cpp",
        # Ends and words of other processes.
        "apps/drill/process.cpp", "apps/drill/cluster.cpp", "apps/drill/output_watch.cpp",
    ]),
    "doctest": (r"doctest/", []),
    "Google Benchmark": (r"benchmark/", []),
}

# What the compiler and the kernel bring along.
SYSTEM_HEADERS = (
    r"[a-z_]+|c[a-z]+|"                                      # C++: <vector>, <cstdint>
    r"(sys|linux|bits)/\w+\.h|(fcntl|unistd|pthread|sched|signal|errno|stdlib|string|malloc|dirent)\.h|"
    r"(execinfo|ucontext|unwind)\.h|"
    r"(cxxabi|\w*intrin)\.h|sanitizer/\w+\.h"
)

# Words that are not said: (name, regex, why and what instead, {glob: why it may}).
BANNED_WORDS = [
    ("sleep", r"\b(sleep_for|sleep_until|usleep|nanosleep)\s*\(|(?<!\w)::sleep\s*\(|\bsleep\s*\(\s*\d",
     "a sleep hides a missing signal: wait on a Bell or a CondVar, or take time as an argument", {}),
    ("thread", r"\bstd::(thread|jthread|async)\b(?!::hardware_concurrency)|\bpthread_create\b",
     "threads begin in base/thread.h, named and joined: use weir::Thread",
     {"base/thread.*": "the one place"}),
    ("lock", r"\bstd::(recursive_|shared_|timed_)?mutex\b|\bstd::condition_variable(_any)?\b|\bpthread_mutex",
     "clang checks weir::Mutex and weir::CondVar of base/sync.h, it cannot check these",
     {"base/sync.h": "the one place", "test/bench/*": "a limit is written with what everybody has"}),
    ("reinterpret_cast", r"\breinterpret_cast\b",
     "bytes become values in memory/ and network/tcp only",
     {"memory/*": "values become bytes here", "network/tcp/*": "frames become bytes here",
      "api/program_loader.cpp": "dlsym() knows no types",
      "checkpoint/state/rocksdb_backend.cpp": "dlsym() knows no types", "test/*": "tests look at bytes"}),
    ("using namespace std", r"\busing\s+namespace\s+std\b(?!::(\w+::)?\w*_?literals)",
     "name what you use", {}),
    ("TODO", r"\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))",
     "a TODO names its issue, TODO(#12), or is done now", {}),
]

MAX_COLUMNS = 110
FILE_LINES = (300, 500)       # told, refused
FUNCTION_LINES = (40, 60)     # told, refused
HANDLER_LINES = 5             # of an actor: fence, one call, mail
