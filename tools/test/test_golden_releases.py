"""Tests of the table of releases, of the search for interpreters, of the command."""

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from common_releases import parse_release

from tools.golden.__main__ import main
from tools.golden.errors import GoldenToolError
from tools.golden.interpreters import find_interpreter
from tools.golden.pylock import Wheel, read_wheels
from tools.golden.releases import Release, find_release, load_releases

HEADER = "release,python,pins\n"


class TestTable(unittest.TestCase):
    """The table that is shipped, and tables that are malformed."""

    def test_has_every_minor_release_in_order(self) -> None:
        """The table goes from 1.0 to 2.15 with no minor release left out."""
        minors = [parse_release(r.version)[:2] for r in load_releases()]

        expected = [(1, n) for n in range(14)] + [(2, n) for n in range(16)]
        self.assertEqual(expected, minors)
        self.assertEqual(30, len(minors))

    def test_pins_what_old_releases_cannot_use(self) -> None:
        """Pins are numpy below 2 before 2.3, and setuptools for pkg_resources."""
        pins = {r.version: r.pins for r in load_releases()}

        old_numpy = [v for v in pins if {"numpy<2", "numpy<1.24"} & set(pins[v])]
        older_numpy = [v for v in pins if "numpy<1.24" in pins[v]]
        old_setuptools = [v for v in pins if "setuptools<81" in pins[v]]
        self.assertEqual([v for v in pins if parse_release(v) < (2, 3)], old_numpy)
        # Their test helpers use numpy.bool.
        self.assertEqual(["1.6.0", "1.7.1"], older_numpy)
        self.assertEqual(
            ["1.10.2", "2.1.2", "2.2.2", "2.3.1", "2.4.1", "2.5.1"], old_setuptools
        )

    def test_release_knows_its_python_and_requirements(self) -> None:
        """A release is found by its version, with all that it needs."""
        release = find_release("1.10.2")

        self.assertEqual(
            Release("1.10.2", "3.9", ("numpy<2", "setuptools<81")), release
        )
        self.assertEqual("torch==1.10.2", release.requirements[0])
        self.assertLess(set(release.pins), set(release.requirements))

    def test_unknown_release_names_the_table_and_close_ones(self) -> None:
        """An unknown release is an error that says where to add it."""
        with self.assertRaises(GoldenToolError) as caught:
            find_release("1.99.0")
        self.assertEqual(
            "unknown release 1.99.0: the table tools/golden/releases.csv has "
            "1.0.1 to 2.15.0; add a row there for another",
            str(caught.exception),
        )

        with self.assertRaisesRegex(GoldenToolError, r"among them 1\.13\.1;"):
            find_release("1.13.0")

    def test_malformed_table_names_file_and_line(self) -> None:
        """Each fault of a table is a ValueError with file, line and reason."""
        good = "1.0.1,3.7,numpy<2\n"
        faults = {
            "version,python,pins\n": "line 1: the columns are not",
            "": "line 1: the columns are not",
            HEADER: "line 2: no release at all",
            HEADER + good + "1.1.0,3.7\n": "line 3: 2 fields where 3",
            HEADER + "1.0,3.7,\n": "line 2: not a torch release: '1.0'",
            HEADER + "1.0.1,three,\n": "line 2: not a Python version: 'three'",
            HEADER + good + good: "line 3: 1.0.1 does not come after 1.0.1",
            HEADER + "1.10.2,3.9,\n1.9.1,3.9,\n": "line 3: 1.9.1 does not come after",
        }
        with tempfile.TemporaryDirectory() as folder:
            table = Path(folder) / "table.csv"
            for text, reason in faults.items():
                with self.subTest(reason=reason):
                    table.write_text(text)
                    with self.assertRaises(ValueError) as caught:
                        load_releases(table)
                    self.assertIn(f"{table}, {reason}", str(caught.exception))


class TestWheels(unittest.TestCase):
    """What is read from uv's lock file."""

    def test_wheels_are_read_and_source_archives_are_not(self) -> None:
        """A wheel's name, sha256 and size are read from each way to write it."""
        text = f"""
[[packages]]
name = "numpy"
sdist = {{ url = "any://x/numpy-1.zip", size = 9, hashes = {{ sha256 = "{"0" * 64}" }} }}
wheels = [{{ url = "any://x/y/numpy-1-cp37.whl", upload-time = 2021-06-22T18:00:00Z, size = 15, hashes = {{ sha256 = "{"a" * 64}" }} }}]

[[packages]]
name = "torch"
wheels = [
    {{ path = "torch-2.0.0%2Bcpu-cp311.whl", hashes = {{ sha256 = "{"b" * 64}" }} }},
]
"""  # noqa: E501 - lines as uv writes them
        expected = (
            Wheel("numpy-1-cp37.whl", "a" * 64, 15),
            Wheel("torch-2.0.0+cpu-cp311.whl", "b" * 64, 0),
        )
        self.assertEqual(expected, read_wheels(text))


class TestInterpreters(unittest.TestCase):
    """Where interpreters are looked for."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        places = {"PYENV_ROOT": folder.name, "PATH": folder.name}
        patched = mock.patch.dict(os.environ, places)
        patched.start()
        self.addCleanup(patched.stop)

    def write_program(self, name: str, script: str) -> Path:
        program = self.folder / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        return program

    def test_newest_patch_release_of_pyenv_comes_first(self) -> None:
        """Of pyenv's interpreters the newest is taken, by number, not by text."""
        uv = self.write_program("uv", "echo /from/uv")
        for patch in ("3.7.9", "3.7.16", "3.71.99"):
            self.write_program(f"versions/{patch}/bin/python3.7", "")
        (self.folder / "versions/3.7.17").mkdir()

        found = find_interpreter("3.7", uv)

        self.assertEqual(self.folder / "versions/3.7.16/bin/python3.7", found)

    def test_uv_is_asked_without_letting_it_download(self) -> None:
        """Where pyenv has none, uv's answer is taken, and uv downloads nothing."""
        script = f'echo "$@" > {self.folder}/asked; echo /from/uv'
        uv = self.write_program("uv", script)

        self.assertEqual(Path("/from/uv"), find_interpreter("3.7", uv))
        asked = (self.folder / "asked").read_text().split()
        self.assertIn("--no-python-downloads", asked)

    def test_path_is_the_last_resort_and_must_run(self) -> None:
        """An interpreter on PATH counts if it runs: a shim of pyenv may not."""
        uv = self.write_program("uv", "exit 2")

        self.assertIsNone(find_interpreter("3.7", uv))
        shim = self.write_program("python3.7", "exit 127")
        self.assertIsNone(find_interpreter("3.7", uv))
        self.write_program("python3.7", "echo 3.7.16")
        self.assertEqual(shim, find_interpreter("3.7", uv))


class TestCommand(unittest.TestCase):
    """What the user sees of ``python -m tools.golden``."""

    def run_command(self, *arguments: str, **variables: str) -> tuple[int, str, str]:
        output, errors = io.StringIO(), io.StringIO()
        with (
            mock.patch.dict(os.environ, variables),
            mock.patch(
                "tools.golden.list_releases.find_interpreter",
                lambda python: None if python == "3.8" else Path("python"),
            ),
            contextlib.redirect_stdout(output),
            contextlib.redirect_stderr(errors),
        ):
            try:
                code = main(arguments)
            except SystemExit as error:
                code = error.code
        return code, output.getvalue(), errors.getvalue()

    def test_releases_lists_the_table(self) -> None:
        """A line a release says whether Python and environment are there."""
        with tempfile.TemporaryDirectory() as folder:
            code, output, errors = self.run_command(
                "releases", TORCH_GOLDEN_CACHE=folder, TORCH_GOLDEN_CACHE_CAP="7"
            )

        lines = output.splitlines()
        self.assertEqual((0, ""), (code, errors))
        self.assertRegex(lines[1], r"^1\.0\.1 +3\.7 +- +python$")
        self.assertRegex(lines[5], r"^1\.4\.0 +3\.8 +- +not found")
        self.assertRegex(lines[30], r"^2\.15\.0 +3\.11 ")
        self.assertEqual(f"0.0 GB of 7.0 GB used in {folder}", lines[-1])

    def test_error_is_one_line_and_exit_code_2(self) -> None:
        """An error for the user comes without a traceback."""
        code, output, errors = self.run_command(
            "releases", TORCH_GOLDEN_CACHE_CAP="much"
        )

        self.assertEqual((2, ""), (code, output))
        self.assertRegex(errors, r"^error: TORCH_GOLDEN_CACHE_CAP is 'much': .*\n$")

    def test_wrong_use_exits_with_2(self) -> None:
        """No command and an unknown one are wrong use."""
        self.assertEqual(2, self.run_command()[0])
        self.assertEqual(2, self.run_command("relaeses")[0])


if __name__ == "__main__":
    unittest.main()
