# SPDX-License-Identifier: Apache-2.0
"""weir drill as its users run it.

Usage: drill_test.py BIN_DIR short|broken|all
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

BIN = ""
SLACK = "20"  # other tests run beside us: that all is right counts here, how long it takes elsewhere


def drill(*words, patience):
    with tempfile.TemporaryDirectory() as folder:
        command = [os.path.join(BIN, "weir"), "drill", *words, "--slack", SLACK, "--report", folder]
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience)
        path = os.path.join(folder, "report.json")
        report = json.load(open(path)) if os.path.exists(path) else None
    return done, report


class Short(unittest.TestCase):
    def test_leaders_and_workers_may_die(self):
        done, report = drill("run", "leader-kill", "taskmanager-kill", patience=200)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(report["verdict"], "valid")
        self.assertGreater(report["events"], 1000)
        self.assertEqual((report["lost"], report["duplicated"], report["wrong"]), (0, 0, 0))
        for name in ("leader-kill", "taskmanager-kill"):
            self.assertEqual(report["faults"][name], {"injected": 1, "survived": 1, "skipped": 0})
            self.assertGreater(report["recovery_ms"][name]["output"]["max"], 0)
        self.assertGreaterEqual(report["leaders-elected"], 3)
        self.assertIn("verdict: valid", done.stdout)
        self.assertIn(report["replay"], done.stdout)

    def test_list_names_what_can_be_run(self):
        done = subprocess.run([os.path.join(BIN, "weir"), "drill", "list"], capture_output=True, text=True,
                              timeout=60)
        self.assertEqual(done.returncode, 0)
        for name in ("leader-kill", "quorum-lost-60s", "cut-taskmanagers", "pair"):
            self.assertIn(f"  {name} ", done.stdout)

    def test_an_unknown_drill_is_refused(self):
        done, report = drill("run", "leader-kil", patience=60)
        self.assertEqual((done.returncode, report), (1, None))
        self.assertIn("did you mean 'leader-kill'?", done.stderr)


class Broken(unittest.TestCase):
    """A job that is wrong on purpose is found out: each within some tries, for what is wrong must show."""

    def find_out(self, part, scenario="task-throws"):
        for seed in range(1, 9):
            done, report = drill("run", scenario, "--break", part, "--seed", str(seed), patience=200)
            if report and report["lost"] + report["duplicated"] + report["wrong"] > 0:
                self.assertNotEqual(done.returncode, 0)
                self.assertEqual(report["verdict"], "invalid")
                print(f"{part} was found out with seed {seed}")
                return
        self.fail(f"{part} is broken, and no drill shows it")

    def test_without_alignment(self):
        self.find_out("alignment")

    def test_commits_too_early(self):
        self.find_out("commit-order")

    def test_commits_forgotten(self):
        self.find_out("restore")

    def test_commits_of_whom_was_told_to_end(self):
        self.find_out("fence")


class All(unittest.TestCase):
    def test_every_row(self):
        done, report = drill("run", "all", patience=1700)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(report["verdict"], "valid")


if __name__ == "__main__":
    BIN = sys.argv[1]
    suite = {"short": Short, "broken": Broken, "all": All}[sys.argv[2]]
    tests = unittest.defaultTestLoader.loadTestsFromTestCase(suite)
    sys.exit(not unittest.TextTestRunner(verbosity=2).run(tests).wasSuccessful())
