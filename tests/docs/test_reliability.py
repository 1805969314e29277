# SPDX-License-Identifier: MIT
"""docs/reliability.md says what its tables say, and the tests that it calls upon exist."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from pages import SOURCE

MAKE = SOURCE / "docs" / "reliability" / "make.py"


def output(*command: object) -> str:
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                            check=True)
    return result.stdout


class Reliability(unittest.TestCase):
    def test_page_is_current(self) -> None:
        result = subprocess.run([sys.executable, "-B", MAKE, "--check"], capture_output=True,
                                text=True, check=False)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_tests_exist(self) -> None:
        named = set(output(sys.executable, "-B", MAKE, "tests").split())
        # Asked in the build itself, ctest would empty the log of the tests that are running.
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "CTestTestfile.cmake").write_text(
                f'subdirs("{os.environ["ASL_BUILD"]}")\n', encoding="utf-8")
            listed = json.loads(output("ctest", "--test-dir", folder, "--show-only=json-v1"))
        self.assertGreater(len(named), 20)
        self.assertEqual(named - {test["name"] for test in listed["tests"]}, set())


if __name__ == "__main__":
    unittest.main()
