# SPDX-License-Identifier: Apache-2.0
"""The command line as a person or a script meets it. Usage: cli_test.py BIN_DIR EXAMPLES_DIR"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import unittest

BIN, EXAMPLES = "", ""
TEXT = "one fish two fish\nred fish blue fish\n"


def weir(*words, program="weir"):
    return subprocess.run([os.path.join(BIN, program), *words], capture_output=True, text=True, timeout=60)


def example(name):
    return os.path.join(EXAMPLES, f"lib{name}.so")


class Cli(unittest.TestCase):
    def setUp(self):
        self.input = tempfile.NamedTemporaryFile("w", suffix=".txt")
        self.input.write(TEXT)
        self.input.flush()
        self.addCleanup(self.input.close)

    def assert_one_line_error(self, done, *parts):
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)

    def test_a_job_runs_and_says_so(self):
        done = weir("run", "--local", "-p", "2", example("word_count"), "--input", self.input.name,
                    "--emit", "final")
        self.assertEqual(done.returncode, 0, done)
        job = re.search(r"^Job has been submitted with JobID ([0-9a-f]{32})$", done.stdout, re.M).group(1)
        self.assertIn("(fish,4)", done.stdout)
        end = done.stdout[done.stdout.index("Program execution finished"):].splitlines()
        self.assertEqual(end[1], f"Job with JobID {job} has finished.")
        self.assertRegex(end[2], r"^Job Runtime: \d+ ms$")
        self.assertRegex(done.stderr, r"(?m)^\d\d/\d\d/\d{4} \d\d:\d\d:\d\d  .* \(1/2\) switched to RUNNING$")

    def test_what_is_no_savepoint_is_one_line(self):
        with tempfile.TemporaryDirectory() as empty:
            self.assert_one_line_error(weir("state", "ls", empty), empty, "is no checkpoint or savepoint")
            self.assert_one_line_error(weir("state", "diff", empty, empty), "is no checkpoint or savepoint")
        self.assert_one_line_error(weir("state"), "weir state ls PATH")
        self.assertIn("get PATH OPERATOR STATE KEY", weir("help", "state").stdout)

    def test_quiet_is_quiet(self):
        done = weir("run", "--local", "-q", example("word_count"), "--input", self.input.name)
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_where_nobody_listens_one_line_says_how_to_get_a_cluster(self):
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))
            port = nobody.getsockname()[1]
            there = ["-m", f"127.0.0.1:{port}"]
            for words in (["run", *there, example("word_count"), "--input", self.input.name],
                          ["run", "-d", "-D", f"jobmanager.rpc.port={port}", example("numbers")],
                          ["list", *there], ["status", *there, "ab"], ["cancel", *there, "ab"]):
                self.assert_one_line_error(weir(*words), str(port), "scripts/cluster up", "-m", "--local")

    def test_a_result_can_be_json(self):
        done = weir("run", "--local", "-q", "--output", "json", example("word_count"),
                    "--input", self.input.name, "--output", "/dev/null")
        result = json.loads(done.stdout)
        self.assertEqual((done.returncode, result["state"]), (0, "FINISHED"))
        self.assertRegex(result["jid"], "^[0-9a-f]{32}$")

    def test_the_plan_is_json_between_dashed_lines(self):
        done = weir("info", "-p", "3", example("word_count"), "--input", self.input.name)
        lines = done.stdout.splitlines()
        self.assertIn(" Execution Plan ", lines[0])
        self.assertEqual(lines[-1], "-" * len(lines[0]))
        nodes = json.loads("\n".join(lines[1:-1]))["nodes"]
        self.assertEqual(nodes[0]["parallelism"], 3)
        self.assertEqual(nodes[0]["pact"], "Data Source")

    def test_mistakes_get_one_line_with_the_nearest_word(self):
        self.assert_one_line_error(weir("rum"), "did you mean 'run'?")
        self.assert_one_line_error(weir("run", "--paralelism", "2", "x.so"), "did you mean '--parallelism'?")
        self.assert_one_line_error(weir("run", "-p", "none", "x.so"), "--parallelism")
        self.assert_one_line_error(weir("run"), "PROGRAM.so")
        self.assert_one_line_error(weir(), "--help")
        self.assert_one_line_error(weir("help", "inof"), "did you mean 'info'?")
        self.assert_one_line_error(weir("run", "--local", "-d", example("numbers")), "--local")
        self.assert_one_line_error(weir("run", "--slots", "2", example("numbers")), "--slots", "--local")
        self.assert_one_line_error(weir("run", "-Dparallelism.defualt=2", "x.so"), "parallelism.default")
        self.assert_one_line_error(weir("list", "--output", "jsn"), "did you mean 'json'?")
        self.assert_one_line_error(weir("cancel"), "JOB")
        self.assert_one_line_error(weir("stop"), "weir stop [OPTIONS] JOB")

    def test_a_program_that_is_missing_or_none_gets_one_line(self):
        self.assert_one_line_error(weir("run", "--local", "/nonexistent/x.so"), "/nonexistent/x.so")
        self.assert_one_line_error(weir("info", self.input.name), self.input.name)

    def test_what_fails_at_run_time_is_named(self):
        done = weir("run", "--local", "-q", example("word_count"), "--input", "/nonexistent/words")
        self.assert_one_line_error(done, "/nonexistent/words", "(1/1)", "failed")

    def test_too_few_slots_are_counted(self):
        done = weir("run", "--local", "-q", "-p", "4", "--slots", "2", example("word_count"),
                    "--input", self.input.name)
        self.assert_one_line_error(done, "needs 4 slots but has 2")

    def test_help_and_version(self):
        for words in ([], ["run"], ["info"]):
            done = weir("help", *words)
            self.assertEqual(done.returncode, 0)
            self.assertIn("Usage", done.stdout)
        self.assertEqual(weir("run", "--help").stdout, weir("help", "run").stdout)
        for program in ("weir", "weir-jobmanager", "weir-taskmanager"):
            self.assertRegex(weir("--version", program=program).stdout, rf"^{program} \d+\.\d+\.\d+\n$")
            self.assertEqual(weir("--help", program=program).returncode, 0)

    def test_interrupting_cancels_the_job(self):
        words = ["run", "--local", "-q", example("numbers"), "--count", str(10**15)]
        with subprocess.Popen([os.path.join(BIN, "weir"), *words],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as running:
            self.assertIn("Job has been submitted", running.stdout.readline())
            running.send_signal(signal.SIGINT)
            _, errors = running.communicate(timeout=60)
        self.assertEqual(running.returncode, 1, errors)
        self.assertIn("was cancelled", errors)


if __name__ == "__main__":
    BIN, EXAMPLES = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
