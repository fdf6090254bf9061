# SPDX-License-Identifier: Apache-2.0
"""What docs/deploy promises, as far as it can be checked without root and without a network.

Usage: deploy_test.py BIN_DIR DEPLOY_DIR
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest

try:
    import yaml
except ImportError:
    yaml = None

BIN, DEPLOY = "", ""
UNITS = ("weir-jobmanager.service", "weir-taskmanager@.service")
INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "EXPOSE", "CMD"}


def content_of(name):
    with open(os.path.join(DEPLOY, name)) as file:
        return file.read()


def run(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


class Deploy(unittest.TestCase):
    def assert_understood(self, command):
        """The program knows every option of the command: it prints its help instead of a complaint."""
        program, *arguments = command
        done = run(os.path.join(BIN, os.path.basename(program)), *arguments, "--help")
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)

    def test_the_configuration_is_understood(self):
        done = run(os.path.join(BIN, "weir"), "list", "--config", os.path.join(DEPLOY, "weir.yaml"),
                   "-D", "jobmanager.rpc.port=1")
        self.assertIn("nobody listens", done.stderr)

    def test_units_start_our_programs_with_options_that_they_know(self):
        for name in UNITS:
            unit = content_of(name)
            self.assert_understood(shlex.split(re.search(r"^ExecStart=(.+)$", unit, re.M)[1]))
            self.assertRegex(unit, r"(?m)^User=weir$")
            self.assertRegex(unit, r"(?m)^RestartPreventExitStatus=2 3$")

    @unittest.skipUnless(shutil.which("systemd-analyze"), "no systemd-analyze here")
    def test_systemd_understands_the_units(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in UNITS:
                with open(os.path.join(folder, name), "w") as file:
                    file.write(content_of(name).replace("/usr/local/bin", BIN))
            files = [os.path.join(folder, name.replace("@", "@1")) for name in UNITS]
            os.symlink(os.path.join(folder, UNITS[1]), files[1])
            done = run("systemd-analyze", "verify", "--man=no", *files)
            complaints = [line for line in done.stderr.splitlines() if "weir" in line]
            self.assertEqual(complaints, [])

    def test_the_image_is_built_in_stages_and_not_run_by_root(self):
        text = content_of("Dockerfile").replace("\\\n", " ")
        lines = [line.split(None, 1) for line in text.splitlines() if line and not line.startswith("#")]
        self.assertLessEqual({line[0] for line in lines}, INSTRUCTIONS)
        bases = [words[1] for words in lines if words[0] == "FROM"]
        self.assertGreaterEqual(len(bases), 2)
        self.assertTrue(all(base.startswith("debian:12") for base in bases), bases)
        users = [words[1] for words in lines if words[0] == "USER"]
        self.assertEqual(users[-1:], ["weir"])
        self.assertEqual(lines[-1][0], "CMD")
        for source in re.findall(r"^COPY (docs/\S+)", text, re.M):
            self.assertTrue(os.path.exists(os.path.join(DEPLOY, "../..", source)), source)

    @unittest.skipUnless(yaml, "no PyYAML here")
    def test_the_services_are_our_programs_in_a_network_of_their_own(self):
        compose = yaml.safe_load(content_of("compose.yaml"))
        self.assertEqual(set(compose["services"]), {"jobmanager", "taskmanager"})
        for service in compose["services"].values():
            self.assertNotIn("ports", service)
            self.assertEqual(service["networks"], ["weir"])
            command = service["command"]
            if command[:2] == ["sh", "-c"]:
                command = shlex.split(command[2].replace("$$(hostname -i)", "10.0.0.1"))[1:]
            self.assert_understood(command)


if __name__ == "__main__":
    BIN, DEPLOY = sys.argv[1:3]
    unittest.main(argv=sys.argv[:1])
