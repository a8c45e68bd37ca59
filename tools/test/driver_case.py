"""Base class of the driver's tests: small suites in a temporary tree.

A stand-in for torch keeps it fast; what the driver needs of the real one is that
it has a version and can be imported.
"""

import os
import subprocess
import sys
import tempfile
import textwrap
import unittest
from typing import Dict, List

import psutil

from tools import ROOT
from tools.testing import records
from tools.testing.execution import run_file
from tools.testing.plan import Plan

LIMIT_SECONDS = 30  # for a run of the driver; none comes near it
PREAMBLE = """
    import ctypes, os, subprocess, sys, time, unittest
    from unittest import TestCase
"""
LEDGER_HEADER = "test,writers,readers,message,cause,reference\n"
FILE = "test/test_suite.py"


class DriverCase(unittest.TestCase):
    """A temporary tree with a stand-in for torch 2.5.0, and the driver on it."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = os.path.realpath(folder.name)
        self.env = {
            "PYTHONPATH": os.path.join(self.root, "lib"),
            "TORCH_TEST_CACHE": os.path.join(self.root, "cache"),
        }
        self.script = [os.path.join(ROOT, "run_test.py")]
        self.torch('__version__ = "2.5.0"')

    def torch(self, text: str) -> None:
        """Make ``text`` the torch of the tree."""
        self.write("lib/torch/__init__.py", text)

    def write(self, name: str, text: str) -> str:
        """Write a file of the tree; its path."""
        path = os.path.join(self.root, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(textwrap.dedent(text))
        return path

    def read(self, name: str) -> str:
        """What a file of the tree holds."""
        with open(os.path.join(self.root, name), encoding="utf-8") as file:
            return file.read()

    def suite(self, text: str, name: str = FILE) -> None:
        """Write a test file, with the usual imports before ``text``."""
        self.write(name, textwrap.dedent(PREAMBLE) + textwrap.dedent(text))

    def command(self, *arguments: str) -> List[str]:
        """The command line of a run."""
        return [sys.executable, *self.script, "--root", self.root, *arguments]

    def drive(self, *arguments: str) -> subprocess.CompletedProcess:
        """Run the driver on the tree."""
        return subprocess.run(
            self.command(*arguments),
            env={**os.environ, **self.env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            timeout=LIMIT_SECONDS,
        )

    def run_tests(self, *tests: str, **options) -> List[records.Outcome]:
        """The outcomes of some tests of the suite."""
        return list(run_file(FILE, tests, self.plan(**options)))

    def plan(self, **options) -> Plan:
        """A plan for the tree."""
        options = {"env": self.env, "timeout": LIMIT_SECONDS, **options}
        return Plan(root=self.root, **options)

    def states(self, *tests: str, **options) -> Dict[str, str]:
        """Name with parameters to state, each name once."""
        outcomes = self.run_tests(*tests, **options)
        found = {outcome.name: outcome.state for outcome in outcomes}
        self.assertEqual(len(outcomes), len(found), outcomes)
        return found


def is_alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
