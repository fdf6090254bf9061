# SPDX-License-Identifier: Apache-2.0
"""The programs of a cluster as an operator meets them: lines, exit codes, scripts/cluster.

Usage: nodes_test.py BUILD_DIR SOURCE_DIR
"""

import os
import pty
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

BUILD, SOURCE = "", ""
READY_JM = r"weir-jobmanager ready: rpc=(127\.0\.0\.1:\d+) blob=(127\.0\.0\.1:\d+) pid=(\d+)\n"
READY_TM = (r"weir-taskmanager ready: id=[0-9a-f]{32} data=127\.0\.0\.1:\d+ slots=(\d+) "
            r"jobmanager=(127\.0\.0\.1:\d+) pid=(\d+)\n")


def program(name):
    return os.path.join(BUILD, "bin", name)


def run(name, *arguments):
    return subprocess.run([program(name), *arguments], capture_output=True, text=True, timeout=60)


class Terminal:
    """A program on a terminal of its own, as a person would sit at it."""

    def __init__(self, *command):
        self.shown = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execv(command[0], command)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.descriptor)

    def press(self, keys):
        os.write(self.descriptor, keys.encode())

    def read_until(self, pattern, patience=20):
        """The match, which nothing before has shown; what was shown so far does not count again."""
        deadline = time.monotonic() + patience
        while not (found := re.search(pattern, self.shown)):
            ready = select.select([self.descriptor], [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise AssertionError(f"no /{pattern}/ in {self.shown!r}")
            self.shown += os.read(self.descriptor, 65536).decode()
        self.shown = self.shown[found.end():]
        return found


class Nodes(unittest.TestCase):
    def start(self, name, *arguments):
        process = subprocess.Popen([program(name), *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def start_job_manager(self):
        """The process, and its address."""
        process = self.start("weir-jobmanager", "--port", "0")
        ready = re.fullmatch(READY_JM, process.stdout.readline())
        self.assertEqual(int(ready[3]), process.pid)
        return process, ready[1]

    def assert_refused(self, done, code, *parts):
        self.assertEqual((done.returncode, done.stdout), (code, ""), done)
        lines = [line for line in done.stderr.splitlines() if not re.match(r"\d{4}-\d\d-\d\d ", line)]
        self.assertEqual(len(lines), 1, done.stderr)
        for part in parts:
            self.assertIn(part, lines[0])

    def test_both_tell_when_they_are_ready_and_end_with_0_when_told(self):
        job_manager, address = self.start_job_manager()
        task_manager = self.start("weir-taskmanager", "--jobmanager", address, "--slots", "3")
        ready = re.fullmatch(READY_TM, task_manager.stdout.readline())
        self.assertEqual((ready[1], ready[2], int(ready[3])), ("3", address, task_manager.pid))
        for process, how in ((task_manager, signal.SIGTERM), (job_manager, signal.SIGINT)):
            process.send_signal(how)
            self.assertEqual(process.wait(timeout=20), 0)

    def test_with_certificates_a_job_runs_and_who_has_none_is_not_let_in(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([os.path.join(SOURCE, "scripts/certificates"), folder], check=True,
                           capture_output=True, timeout=60)
            keys = {"certificate": "node.pem", "key": "node.key", "ca": "ca.pem"}
            tls = [word for key, name in keys.items()
                   for word in ("-D", f"security.ssl.{key}={os.path.join(folder, name)}")]
            job_manager = self.start("weir-jobmanager", "--port", "0", *tls)
            address = re.fullmatch(READY_JM, job_manager.stdout.readline())[1]
            task_manager = self.start("weir-taskmanager", "--jobmanager", address, "--slots", "2", *tls)
            self.assertRegex(task_manager.stdout.readline(), READY_TM)
            numbers = os.path.join(BUILD, "examples/libnumbers.so")
            done = run("weir", "run", "-q", "-m", address, *tls, "-p", "2", numbers, "--count", "10")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            stranger = run("weir", "list", "-m", address)
            self.assertEqual((stranger.returncode, stranger.stdout), (1, ""))

    def test_on_a_terminal_a_line_tells_how_a_job_goes(self):
        _, address = self.start_job_manager()
        task_manager = self.start("weir-taskmanager", "--jobmanager", address)
        self.assertRegex(task_manager.stdout.readline(), READY_TM)
        with Terminal(program("weir"), "run", "-m", address,
                      os.path.join(BUILD, "examples/libnumbers.so"), "--count", str(10**15)) as terminal:
            first = terminal.read_until(r"\| 2 RUNNING \| in [0-9.]+ [kMG], out ([0-9.]+ [kMG]) records")[1]
            terminal.read_until(r"2 RUNNING .* out (?!%s)[0-9.]+ [kMG] records \| [1-9][0-9.]* [kM]/s" %
                                re.escape(first))
            terminal.press("\x03")
            terminal.read_until("was cancelled")

    def test_who_does_not_answer_is_waited_for_as_long_as_was_said(self):
        job_manager = self.start("weir-jobmanager", "--port", "0", "-D", "akka.ask.timeout=300 ms",
                                 "-D", "heartbeat.timeout=1 min")
        address = re.fullmatch(READY_JM, job_manager.stdout.readline())[1]
        heartbeats = ("-m", address, "-D", "heartbeat.timeout=1 min")
        task_manager = self.start("weir-taskmanager", *heartbeats)
        self.assertRegex(task_manager.stdout.readline(), READY_TM)
        task_manager.send_signal(signal.SIGSTOP)
        numbers = os.path.join(BUILD, "examples/libnumbers.so")
        done = run("weir", "run", *heartbeats, numbers, "--count", "10")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("SubmitTask: no answer within 300 ms", done.stdout + done.stderr)
        job_manager.send_signal(signal.SIGSTOP)
        began = time.monotonic()
        done = run("weir", "list", *heartbeats, "-D", "akka.client.timeout=1 s")
        self.assert_refused(done, 1, "no answer from " + address)
        self.assertLess(time.monotonic() - began, 8)

    def test_a_taskmanager_waits_for_a_jobmanager_that_comes_later(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = str(nobody.getsockname()[1])
        task_manager = self.start("weir-taskmanager", "--jobmanager", f"127.0.0.1:{port}")
        job_manager = self.start("weir-jobmanager", "--port", port)
        self.assertRegex(job_manager.stdout.readline(), READY_JM)
        self.assertRegex(task_manager.stdout.readline(), READY_TM)

    def test_a_jobmanager_that_begins_anew_finds_its_taskmanagers_again(self):
        job_manager, address = self.start_job_manager()
        task_manager = self.start("weir-taskmanager", "--jobmanager", address)
        self.assertRegex(task_manager.stdout.readline(), READY_TM)
        job_manager.kill()
        job_manager.wait()
        again = self.start("weir-jobmanager", "--port", address.split(":")[1])
        self.assertRegex(again.stdout.readline(), READY_JM)
        for line in again.stderr:
            if "Registered TaskManager" in line:
                break
        self.assertIsNone(task_manager.poll())

    def test_a_port_that_is_taken_ends_with_1_and_is_named(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            self.assert_refused(run("weir-jobmanager", "-D", "env.log.level=OFF", "--port", port), 1, port)
            self.assert_refused(run("weir-taskmanager", "-D", "env.log.level=OFF", "--data-port", port), 1,
                                port)

    def test_a_wrong_configuration_ends_with_2(self):
        for name, arguments, part in (
                ("weir-jobmanager", ["--prot", "1"], "did you mean '--port'?"),
                ("weir-jobmanager", ["--port", "70000"], "port"),
                ("weir-jobmanager", ["--port", "x"], "--port"),
                ("weir-jobmanager", ["extra"], "extra"),
                ("weir-jobmanager", ["-D", "heartbeat.intervall=1 s"], "did you mean 'heartbeat.interval'?"),
                ("weir-jobmanager", ["-D", "heartbeat.interval=10 s"], "heartbeat"),
                ("weir-jobmanager", ["-D", "restart-strategy=sometimes"], "restart-strategy"),
                ("weir-jobmanager", ["-D", "env.log.level=LOUD"], "env.log.level"),
                ("weir-jobmanager", ["--config", "/nonexistent.yaml"], "/nonexistent.yaml"),
                ("weir-taskmanager", ["--slots", "0"], "slot"),
                ("weir-taskmanager", ["--slots", "many"], "--slots"),
                ("weir-taskmanager", ["--jobmanager", "nowhere"], "--jobmanager")):
            with self.subTest(arguments=arguments):
                self.assert_refused(run(name, *arguments), 2, part)

    def test_listening_to_the_network_unprotected_is_refused_with_3(self):
        for name in ("weir-jobmanager", "weir-taskmanager"):
            self.assert_refused(run(name, "--host", "0.0.0.0", "-D", "env.log.level=OFF"), 3,
                                "--insecure-network")


class Script(unittest.TestCase):
    """scripts/cluster; its processes outlive it, so each test ends what it began."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.addCleanup(self.cluster, "down")

    def cluster(self, verb, *arguments):
        return subprocess.run([os.path.join(SOURCE, "scripts/cluster"), verb, "--dir", self.folder,
                               "--build", BUILD, *arguments], capture_output=True, text=True, timeout=100)

    def up(self, *arguments):
        done = self.cluster("up", "--port", "0", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)

    def processes(self):
        names = [name for name in os.listdir(self.folder) if name.endswith(".pid")]
        pids = {}
        for name in names:
            with open(os.path.join(self.folder, name)) as file:
                pids[name[:-4]] = int(file.read().split()[0])
        return pids

    def kill_all(self):
        """Returns when they are gone."""
        waiting = [os.pidfd_open(pid) for pid in self.processes().values()]
        for pid in self.processes().values():
            os.kill(pid, signal.SIGKILL)
        for descriptor in waiting:
            self.assertTrue(select.select([descriptor], [], [], 20)[0])
            os.close(descriptor)

    def test_up_status_and_down(self):
        self.up("--taskmanagers", "2", "--slots", "3")
        self.assertEqual(set(self.processes()), {"jobmanager-1", "taskmanager-1", "taskmanager-2"})
        status = self.cluster("status")
        self.assertEqual(status.returncode, 0, status.stderr)
        self.assertRegex(status.stdout, r"(?m)^taskmanager-2 +\d+ +alive +127\.0\.0\.1:\d+$")
        self.assertIn("6 of 6 free", status.stdout)
        again = self.cluster("up")
        self.assertEqual(again.returncode, 1)
        self.assertIn("up already", again.stderr)
        self.assertEqual(self.cluster("down").returncode, 0)
        left = [name for name in os.listdir(self.folder) if not name.endswith((".log", ".out"))]
        self.assertEqual(left, ["lock"])
        self.assertEqual(self.cluster("status").returncode, 1)
        self.assertEqual(self.cluster("down").returncode, 0)

    def test_a_cluster_that_was_killed_comes_up_again_at_the_same_port(self):
        self.up("--taskmanagers", "1")
        with open(os.path.join(self.folder, "address")) as file:
            port = file.read().strip().split(":")[1]
        before = self.processes()
        self.kill_all()
        self.assertEqual(self.cluster("status").returncode, 1)
        done = self.cluster("up", "--port", port, "--taskmanagers", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(set(before.values()) & set(self.processes().values()))
        self.assertEqual(self.cluster("status").returncode, 0)

    def test_what_does_not_start_is_said_in_its_own_words(self):
        done = self.cluster("up", "-D", "jobmanager.rpc.addres=x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("did you mean 'jobmanager.rpc.address'?", done.stderr.splitlines()[0])
        self.assertEqual(self.processes(), {})
        for arguments in (["--jobmanagers", "2"], ["--slots", "none"], ["--sltos", "2"], ["--slots"]):
            self.assertEqual(self.cluster("up", *arguments).returncode, 1)


if __name__ == "__main__":
    BUILD, SOURCE = (os.path.abspath(path) for path in sys.argv[1:3])
    unittest.main(argv=sys.argv[:1])
