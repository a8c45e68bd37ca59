"""The command line of the driver, in process: nothing is run."""

import contextlib
import dataclasses
import io
import os
import re
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from tools import ROOT
from tools.testing import exit_codes
from tools.testing.options import (
    FORK,
    SPAWN,
    TEST,
    Options,
    parse_options,
)

TERMINAL_LINES, TERMINAL_COLUMNS = 24, 80


class OptionsTestCase(unittest.TestCase):
    """Base class: the test runs in a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name).resolve()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)

    def parse(self, *arguments: str, **env: str) -> Options:
        return parse_options(arguments, env)

    def refused(self, *arguments: str, **env: str) -> str:
        """What a command line that is wrong makes the driver say, on one line."""
        message = self.exits(exit_codes.WRONG_USE, *arguments, **env)
        self.assertRegex(message, r"\Aerror: .* \(see run_test.py --help\)\n\Z")
        return message

    def exits(self, code: int, *arguments: str, **env: str) -> str:
        """What is said on standard error by a command line that ends with ``code``."""
        output, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
            with self.assertRaises(SystemExit) as caught:
                self.parse(*arguments, **env)
        self.assertEqual((code, ""), (caught.exception.code, output.getvalue()))
        return errors.getvalue()


class TestParsing(OptionsTestCase):
    """What each option becomes."""

    def test_defaults(self) -> None:
        """Without arguments the options are those of the dataclass."""
        self.assertEqual(Options(), self.parse())

    def test_each_option(self) -> None:
        """Every field can be set from the command line, and by no other option."""
        path = str(self.folder / "out")
        for arguments, field, value in (
            ("-i a B.c -i d", "include", ("a", "B.c", "d")),
            ("--include a", "include", ("a",)),
            ("-x a -x B.c d", "exclude", ("a", "B.c", "d")),
            ("--exclude a", "exclude", ("a",)),
            ("-k a -k *b", "patterns", ("a", "*b")),
            ("--last-failed", "last_failed", True),
            ("--writer ..1.8.1", "writers", "..1.8.1"),
            ("--quick", "quick", True),
            ("--shard 2 3", "shard", (2, 3)),
            (f"--root {self.folder}", "root", str(self.folder)),
            ("-j 3", "jobs", 3),
            ("--jobs 1", "jobs", 1),
            ("--timeout 0.5", "timeout", 0.5),
            ("--memory-limit 2G", "memory_limit", 2 << 30),
            ("--isolate test", "isolate", TEST),
            ("--start-method spawn", "start_method", SPAWN),
            ("--start-method fork", "start_method", FORK),
            ("--fail-fast", "fail_fast", True),
            ("--reruns 0", "reruns", 0),
            ("--seed 7", "seed", 7),
            ("--dry-run", "dry_run", True),
            ("--list", "list_only", True),
            ("-v", "verbosity", 1),
            ("--verbose", "verbosity", 1),
            ("-q", "verbosity", -1),
            ("--quiet", "verbosity", -1),
            ("--showlocals", "show_locals", True),
            ("--slowest 5", "slowest", 5),
            ("--save-xml out", "xml", path),
            ("--json out", "json", path),
            ("--failed-to out", "failed_to", path),
        ):
            with self.subTest(arguments):
                expected = dataclasses.replace(Options(), **{field: value})

                self.assertEqual(expected, self.parse(*arguments.split()))

    def test_keep_going(self) -> None:
        """The default may be said, in PyTorch's words, too."""
        for option in "--keep-going", "--continue-through-error":
            with self.subTest(option):
                self.assertEqual(Options(), self.parse(option))

    def test_memory_sizes(self) -> None:
        """A size has a unit of 1024, or is in bytes if it can be meant so."""
        for text, size in {
            "500M": 500 << 20,
            "1.5g": 3 << 29,
            "2048K": 2 << 20,
            "500MB": 500 << 20,
            "2147483648": 2 << 30,
        }.items():
            with self.subTest(text):
                self.assertEqual(size, self.parse("--memory-limit", text).memory_limit)

    def test_help(self) -> None:
        """--help fits two screens of a terminal, and names every option."""
        columns = mock.patch.dict(os.environ, COLUMNS=str(TERMINAL_COLUMNS))
        output = io.StringIO()

        with columns, contextlib.redirect_stdout(output):
            with self.assertRaises(SystemExit) as caught:
                self.parse("--help")

        lines = output.getvalue().splitlines()
        self.assertEqual(0, caught.exception.code)
        self.assertLessEqual(len(lines), 2 * TERMINAL_LINES)
        self.assertLessEqual(max(map(len, lines)), TERMINAL_COLUMNS)
        for option in (
            "-i -x -k --last-failed --writer --quick --shard --root -j --timeout "
            "--memory-limit --isolate --start-method --fail-fast --keep-going --reruns "
            "--seed --dry-run --list -v -q --showlocals --slowest --save-xml --json "
            "--failed-to"
        ).split():
            with self.subTest(option):
                own = re.compile(rf"  {option}\b")
                self.assertEqual(1, sum(own.match(line) is not None for line in lines))


class TestWrongUse(OptionsTestCase):
    """What is refused: one line that names the option, and exit code 2."""

    def test_values(self) -> None:
        """A value that an option cannot take is named."""
        for arguments, message in {
            "--shard 0 3": "argument --shard: not a whole number from 1: 0",
            "--shard 4 3": "argument --shard: no shard 4 of 3",
            "--shard 1": "argument --shard: expected 2 arguments",
            "--shard 1/3 3": "not a whole number from 1: 1/3",
            "-j 0": "argument -j/--jobs: not a whole number from 1: 0",
            "-j many": "not a whole number from 1: many",
            "--reruns -1": "argument --reruns: ",
            "--seed -1": "argument --seed: ",
            "--slowest -1": "argument --slowest: ",
            "--timeout 0": "argument --timeout: not a number of seconds above 0: 0",
            "--timeout inf": "not a number of seconds above 0: inf",
            "--memory-limit 0": "argument --memory-limit: not a size such as 500M or",
            "--memory-limit 500": "not a size such as 500M or 2G: 500",
            "--memory-limit 5T": "not a size such as 500M or 2G: 5T",
            "--memory-limit M": "not a size such as 500M or 2G: M",
            "--isolate file": "argument --isolate: invalid choice: 'file'",
            "--start-method forkserver": "argument --start-method: invalid choice:",
            "--writer new": "argument --writer: not a torch version: 'new'",
            "--root no/such": "argument --root: no such folder: no/such",
            "--json=": "argument --json: no file named",
            "test_linear": "unrecognized arguments: test_linear",
            "-i": "argument -i/--include: expected at least one argument",
        }.items():
            with self.subTest(arguments):
                self.assertIn(message, self.refused(*arguments.split()))

    def test_contradictions(self) -> None:
        """Options that contradict each other are refused, and both are named."""
        for arguments in (
            ("-v", "-q"),
            ("--fail-fast", "--keep-going"),
            ("--dry-run", "--list"),
            ("--save-xml", "a", "--json", "./a"),
            ("--json", "a", "--failed-to", "a"),
        ):
            with self.subTest(arguments):
                message = self.refused(*arguments)

                for option in filter(lambda each: each.startswith("-"), arguments):
                    self.assertIn(option, message)


class TestNamesFromFiles(OptionsTestCase):
    """-i @FILE and -x @FILE."""

    def write(self, name: str, content: str) -> None:
        (self.folder / name).write_text(content)

    def test_lines(self) -> None:
        """Each line is a name; blank lines and comments are not."""
        self.write("names", "# failed\n\na/test_b.py::TestC.test_d\n  TestE \r\n #\n")
        expected = ("first", "a/test_b.py::TestC.test_d", "TestE", "last")

        for option, field in ("-i", "include"), ("-x", "exclude"):
            with self.subTest(option):
                options = self.parse(option, "first", "@names", option, "last")

                self.assertEqual(expected, getattr(options, field))

    def test_a_file_that_cannot_be_read(self) -> None:
        """A file that is missing, or no text, is named with the option."""
        (self.folder / "binary").write_bytes(b"\xff\xfe")
        for name, reason in {
            "missing": "No such file",
            "": "No such file",
            ".": "Is a directory",
            "binary": "can't decode",
        }.items():
            for option in "-i/--include", "-x/--exclude":
                with self.subTest(name=name, option=option):
                    message = self.refused(option.partition("/")[0], f"@{name}")

                    self.assertIn(f"argument {option}: cannot read {name!r}:", message)
                    self.assertIn(reason, message)

    def test_no_names_to_include(self) -> None:
        """-i with a file without names runs nothing, not everything, and says so."""
        self.write("empty", "# nothing failed\n")

        message = self.exits(exit_codes.NOTHING_RAN, "-i", "@empty")

        self.assertEqual("error: nothing ran: no names in @empty\n", message)

    def test_no_names_beside_others(self) -> None:
        """A file without names adds none to others, and excludes nothing."""
        self.write("empty", "")

        self.assertEqual(("a",), self.parse("-i", "@empty", "a").include)
        self.assertEqual((), self.parse("-x", "@empty").exclude)


class TestEnvironment(OptionsTestCase):
    """What variables of the environment stand for."""

    SHARD = {"TEST_TOTAL_SHARDS": "4", "TEST_SHARD_INDEX": "1"}

    def test_shard(self) -> None:
        """Bazel's variables, which count from 0, stand for --shard."""
        self.assertEqual((2, 4), self.parse(**self.SHARD).shard)
        self.assertIsNone(self.parse().shard)

    def test_shard_is_overruled(self) -> None:
        """--shard goes before the variables, whatever they hold."""
        wrong = {**self.SHARD, "TEST_SHARD_INDEX": "x"}

        for env in self.SHARD, wrong:
            self.assertEqual((3, 3), self.parse("--shard", "3", "3", **env).shard)

    def test_nonsense(self) -> None:
        """Variables that name no shard are wrong use."""
        for index in "4", "-1", "x", "":
            with self.subTest(index):
                message = self.refused(TEST_TOTAL_SHARDS="4", TEST_SHARD_INDEX=index)

                self.assertIn("TEST_SHARD_INDEX", message)

    def test_xml(self) -> None:
        """XML_OUTPUT_FILE stands for --save-xml, which goes before it."""
        env = {"XML_OUTPUT_FILE": "bazel.xml"}

        self.assertEqual(str(self.folder / "bazel.xml"), self.parse(**env).xml)
        options = self.parse("--save-xml", "own.xml", **env)
        self.assertEqual(str(self.folder / "own.xml"), options.xml)
        self.assertIsNone(self.parse(XML_OUTPUT_FILE="").xml)

    def test_the_process_s_own(self) -> None:
        """Without other word the environment is that of the process."""
        with mock.patch.dict(os.environ, self.SHARD):
            self.assertEqual((2, 4), parse_options([]).shard)

    def test_folders_are_absolute(self) -> None:
        """Paths stay what they are where the folder changes afterwards."""
        os.mkdir("sub")
        options = self.parse("--root", "sub", "--json", "sub/out")

        os.chdir(ROOT)

        self.assertEqual(str(self.folder / "sub"), options.root)
        self.assertEqual(str(self.folder / "sub" / "out"), options.json)


if __name__ == "__main__":
    unittest.main()
