"""``python -m tools.testing merge``: one run out of the reports of its shards."""

import contextlib
import io
import os
import subprocess
import sys
import unittest
from dataclasses import replace

from lxml import etree

from tools import ROOT
from tools.test.report_samples import FILE, HOSTILE, INFO, ReportCase, outcome, run_of
from tools.testing import records
from tools.testing.__main__ import main
from tools.testing.jsonlines import read_json, write_json

TESTS = tuple(f"{FILE}::A.test_{letter}" for letter in "abc")
PASSED_A, PASSED_B, PASSED_C = (
    outcome(f"A.test_{letter}", records.PASSED, seconds=0.5) for letter in "abc"
)


def shard(number: int, *outcomes: records.Outcome, count: int = 2, **fields):
    """A shard of a run that selected TESTS; it went well."""
    info = replace(INFO, selected=TESTS, shard=(number, count))
    return run_of(*outcomes, **{"info": info, "exit_code": 0, **fields})


class MergeCase(ReportCase):
    """A test with reports to merge."""

    def report(self, name: str, result: records.RunResult) -> str:
        """Write a report; its path."""
        path = os.path.join(self.folder, name)
        write_json(result, path)
        return path

    def merge(self, *arguments: str) -> tuple[int, list[str], list[str]]:
        """Exit code, and the lines of standard output and standard error."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["merge", *arguments])
        return code, out.getvalue().splitlines(), err.getvalue().splitlines()


class TestMerge(MergeCase):
    """Shards that fit together."""

    def test_fine(self) -> None:
        """The outcomes of all shards are one run, and the closing line counts them."""
        first = shard(1, PASSED_A, seconds=3.0)
        early = replace(first.info, started="2026-01-01T00:00:00+00:00")
        one = self.report("1", replace(first, info=early))
        two = self.report("2", shard(2, PASSED_B, PASSED_C))

        code, out, err = self.merge(two, one, "--json", self.path)

        self.assertEqual((0, []), (code, err))
        self.assertEqual("3 passed, 0 failed, 0 skipped", out[-1])
        merged = read_json(self.path)
        self.assertEqual((PASSED_B, PASSED_C, PASSED_A), merged.outcomes)
        self.assertEqual((None, TESTS), (merged.info.shard, merged.info.selected))
        self.assertEqual(early.started, merged.info.started)
        command = ("-m", "tools.testing", "merge", two, one)
        self.assertEqual(command, merged.info.command)
        self.assertEqual((3.0, 0), (merged.seconds, merged.exit_code))

    def test_failures(self) -> None:
        """A failure is told with its name, message and file, whatever they hold."""
        failed = outcome(
            "A.test_a", "failed", parameters={"writer": "1.3.1"}, message=HOSTILE
        )
        one = self.report("1", shard(1, failed, exit_code=1))
        two = self.report("2", shard(2, PASSED_B, PASSED_C))

        code, out, err = self.merge(one, two)

        self.assertEqual((1, []), (code, err))
        (line,) = [line for line in out if "A.test_a" in line]
        self.assertIn("failed", line)
        self.assertIn("A.test_a (writer=1.3.1)", line)
        self.assertIn("\\x00\\x1b[31m", line)
        self.assertIn(FILE, out[out.index(line) + 1])
        self.assertEqual("2 passed, 1 failed, 0 skipped", out[-1])

    def test_one_report(self) -> None:
        """The report of a whole run is rendered again, as XML too."""
        whole = shard(1, PASSED_A, PASSED_B, PASSED_C)
        whole = replace(whole, info=replace(whole.info, shard=None))

        code, out, _ = self.merge(self.report("1", whole), "--save-xml", self.path)

        self.assertEqual((0, "3 passed, 0 failed, 0 skipped"), (code, out[-1]))
        self.assertEqual(3, len(etree.parse(self.path).findall("testsuite/testcase")))

    def test_lost_tests(self) -> None:
        """A selected test that no shard tells of is a failure."""
        one = self.report("1", shard(1, PASSED_A))
        two = self.report("2", shard(2, PASSED_C))

        code, out, _ = self.merge(one, two, "--json", self.path)

        self.assertEqual((1, "2 passed, 1 failed, 0 skipped"), (code, out[-1]))
        lost = read_json(self.path).outcomes[-1]
        self.assertEqual((TESTS[1], records.MISSING), (lost.identity, lost.state))

    def test_broken_file(self) -> None:
        """A file that could not be imported stands for itself, not for tests."""
        info = replace(INFO, selected=(FILE,), shard=(1, 1))
        broken = shard(1, outcome("", "error"), info=info, exit_code=1)

        code, out, _ = self.merge(self.report("1", broken))

        self.assertEqual((1, "0 passed, 1 failed, 0 skipped"), (code, out[-1]))

    def test_fixtures_of_two_shards(self) -> None:
        """What was not selected, such as a fixture, may speak in two shards."""
        fixture = outcome("tearDownModule", "error")
        one = self.report("1", shard(1, PASSED_A, fixture, exit_code=1))
        two = self.report("2", shard(2, PASSED_B, PASSED_C, fixture, exit_code=1))

        code, out, _ = self.merge(one, two)

        self.assertEqual((1, "3 passed, 2 failed, 0 skipped"), (code, out[-1]))

    def test_did_not_run(self) -> None:
        """What an interrupted shard did not run is told, and the whole is not green."""
        cut_off = shard(1, not_run=TESTS[:1], interrupted=True, exit_code=130)
        one = self.report("1", cut_off)
        two = self.report("2", shard(2, PASSED_B, PASSED_C))

        code, out, _ = self.merge(one, two, "--json", self.path)

        self.assertEqual((1, "2 passed, 0 failed, 0 skipped"), (code, out[-1]))
        self.assertIn(f"{one}: the run was interrupted", out)
        self.assertIn(f"{one}: 1 tests did not run", out)
        merged = read_json(self.path)
        self.assertEqual((True, TESTS[:1]), (merged.interrupted, merged.not_run))
        self.assertEqual(1, merged.exit_code)

    def test_exit_code_of_a_shard(self) -> None:
        """A shard that ended badly without a failure is told, and not green."""
        one = self.report("1", shard(1, PASSED_A, exit_code=2))
        two = self.report("2", shard(2, PASSED_B, PASSED_C))

        code, out, _ = self.merge(one, two)

        self.assertEqual(1, code)
        self.assertIn(f"{one}: the run ended with exit code 2", out)

    def test_empty_shard(self) -> None:
        """A shard that had nothing to run is no failure; if none had, nothing ran."""
        one = self.report("1", shard(1, PASSED_A, PASSED_B, PASSED_C))
        two = self.report("2", shard(2, exit_code=5))
        empty = shard(1, count=1, info=replace(INFO, shard=(1, 1)), exit_code=5)

        self.assertEqual(0, self.merge(one, two)[0])
        self.assertEqual(5, self.merge(self.report("3", empty))[0])

    def test_command_line(self) -> None:
        """It runs as a module of its own, in a terminal that knows only ASCII."""
        named = outcome("A.test_a", "failed", message="é")
        path = self.report("1", shard(1, named, count=1, exit_code=1))
        env = {**os.environ, "PYTHONIOENCODING": "ascii"}

        done, told = (
            subprocess.run(
                [sys.executable, "-m", "tools.testing", *arguments],
                cwd=ROOT,
                env=env,
                capture_output=True,
                text=True,
            )
            for arguments in (["merge", path], ["--help"])
        )

        self.assertEqual((1, ""), (done.returncode, done.stderr))
        self.assertIn("\\xe9", done.stdout)
        self.assertEqual(0, told.returncode)
        self.assertIn("merge", told.stdout)


class TestRefusals(MergeCase):
    """Reports that do not fit together: exit code 2, a line for each reason."""

    def assertRefused(self, expected: list[str], *arguments: str) -> None:
        """Fail unless merging ends so, and each line begins as expected."""
        code, out, err = self.merge(*arguments)

        self.assertEqual((2, []), (code, out))
        self.assertEqual(len(expected), len(err), err)
        for start, line in zip(expected, err, strict=True):
            self.assertEqual(f"error: {start}", line[: len("error: ") + len(start)])

    def test_other_run(self) -> None:
        """Another torch, seed, count of shards or selection is refused."""
        one = self.report("1", shard(1, PASSED_A))
        info = shard(2).info

        for aspect, told, other in [
            (
                "torch",
                f"2.13.0 (git abcdef0123456789) in {one}; 2.13.0 (git None) in ",
                replace(info, torch=replace(info.torch, git_version=None)),
            ),
            ("seed", f"7 in {one}; 8 in ", replace(info, seed=8)),
        ]:
            with self.subTest(aspect=aspect):
                two = self.report("2", shard(2, PASSED_B, PASSED_C, info=other))

                self.assertRefused(
                    [f"not of one run, the {aspect} differs: {told}{two}"], one, two
                )

        two = self.report("2", shard(2, PASSED_B, count=3))
        self.assertRefused(
            [f"not of one run, the number of shards differs: 2 in {one}; 3 in {two}"],
            *(one, two),
        )
        two = self.report("2", shard(2, info=replace(info, selected=TESTS[:2])))
        self.assertRefused(
            [
                f"not of one run, the selections differ: {TESTS[2]} is in one of {one} "
                f"and {two} only"
            ],
            *(one, two),
        )

    def test_whole_runs(self) -> None:
        """Two whole runs are not shards of one."""
        whole = replace(shard(1, PASSED_A), info=replace(INFO, shard=None))
        one, two = self.report("1", whole), self.report("2", whole)

        self.assertRefused(
            [f"shard 1 of 1 is there more than once: {one}, {two}; leave out"],
            *(one, two),
        )

    def test_missing_and_double_shards(self) -> None:
        """Each shard must be there, and once."""
        one = self.report("1", shard(1, PASSED_A, count=4))
        three = self.report("3", shard(3, PASSED_B, count=4))

        self.assertRefused(
            [
                f"shard 1 of 4 is there more than once: {one}, {one}; leave out",
                f"shard 2 of 4 is missing in {one}, {three}, {one}; add",
                f"shard 4 of 4 is missing in {one}, {three}, {one}; add",
            ],
            *(one, three, one),
        )

    def test_overlap(self) -> None:
        """A test in two shards is refused, whether it ended there or not."""
        one = self.report("1", shard(1, PASSED_A, PASSED_B))
        two = self.report("2", shard(2, PASSED_B, PASSED_C, not_run=TESTS[:1]))

        self.assertRefused(
            [
                f"the shards overlap, in 2 tests, such as {TESTS[0]} in {one} and "
                f"{two}; run"
            ],
            *(one, two),
        )

    def test_unreadable(self) -> None:
        """Each report that cannot be read is told, not only the first."""
        missing = os.path.join(self.folder, "missing")
        self.write(b"{}")

        self.assertRefused(
            [f"cannot read {missing}: ", f"{self.path}, line 1: "], missing, self.path
        )

    def test_unwritable(self) -> None:
        """Where nothing can be written nothing is read, and nothing is told twice."""
        for option in "--json", "--save-xml":
            self.assertRefused(
                [f"cannot write {self.folder}: it is a folder"],
                *("missing", option, self.folder),
            )


if __name__ == "__main__":
    unittest.main()
