"""The driver's JUnit XML."""

import unittest
from dataclasses import replace

from lxml import etree

from tools.test.report_samples import (
    FILE,
    HOSTILE,
    INFO,
    JUNIT_SCHEMA,
    ReportCase,
    outcome,
    run_of,
)
from tools.testing import records
from tools.testing.junit import TEXT_LIMIT, write_junit


class TestJUnit(ReportCase):
    """``--save-xml`` writes JUnit XML."""

    def suites(self, result: records.RunResult) -> etree._Element:
        """Write the report, hold it against the schema; its root."""
        write_junit(result, self.path)
        tree = etree.parse(self.path)
        etree.XMLSchema(etree.parse(JUNIT_SCHEMA)).assertValid(tree)
        return tree.getroot()

    def test_every_state(self) -> None:
        """Each state is a case that passes, fails, errs or is skipped."""
        outcomes = [outcome(f"TestA.test_{s}", s) for s in records.SENTENCES]

        (suite,) = self.suites(run_of(*outcomes))

        found = {}
        for case, each in zip(suite.iter("testcase"), outcomes, strict=True):
            found.setdefault(case[0].tag if len(case) else "", []).append(each.state)
            self.assertEqual([each.state] * len(case), [e.get("type") for e in case])
        self.assertEqual(
            {
                "": [records.PASSED],
                "failure": [
                    records.FAILED,
                    records.UNEXPECTED_PASS,
                    records.CHANGED,
                    records.STALE_ROW,
                    records.MISSING,
                ],
                "skipped": [records.SKIPPED, records.KNOWN_BREAK, records.UNPROMISED],
                "error": [
                    records.ERROR,
                    records.CRASHED,
                    records.TIMED_OUT,
                    records.OUT_OF_MEMORY,
                    records.NO_END,
                ],
            },
            found,
        )
        counts = [suite.get(k) for k in ("tests", "failures", "errors", "skipped")]
        self.assertEqual(["14", "5", "5", "3"], counts)

    def test_names(self) -> None:
        """A case is named by class and test; what is neither keeps its name."""
        (suite,) = self.suites(
            run_of(
                outcome("A.test_x", "passed", parameters={"writer": "1.3.1", "n": "0"}),
                outcome("Outer.Inner.test_y", "passed"),
                outcome("tearDownClass (Outer.Inner)", "error"),
                outcome("", "error"),
            )
        )

        module = "test.quantization.bc.test_a"
        self.assertEqual(
            [
                (f"{module}.A", "test_x (writer=1.3.1, n=0)"),
                (f"{module}.Outer.Inner", "test_y"),
                (module, "tearDownClass (Outer.Inner)"),
                (module, FILE),
            ],
            [(e.get("classname"), e.get("name")) for e in suite.iter("testcase")],
        )

    def test_suites(self) -> None:
        """A file is a suite, with its own counts and time in seconds; in order."""
        suites = self.suites(
            run_of(
                outcome("A.test_a", "passed", seconds=1.25),
                outcome("B.test_b", "failed", file="test/jit/test_b.py", seconds=0.5),
                outcome("B.test_c", "passed", file="test/jit/test_b.py", seconds=2),
            )
        )

        names = "id", "name", "package", "tests", "failures", "time", "timestamp"
        self.assertEqual(
            [
                ["0", "test/jit/test_b.py", "test.jit", "2", "1", "2.500"],
                ["1", FILE, "test.quantization.bc", "1", "0", "1.250"],
            ],
            [[suite.get(name) for name in names[:-1]] for suite in suites],
        )
        self.assertEqual("2026-01-02T03:04:05", suites[0].get("timestamp"))
        self.assertEqual("1.250", suites[1].find("testcase").get("time"))

    def test_properties(self) -> None:
        """A suite says which torch, Python, seed and shard the run had."""
        info = replace(INFO, shard=(2, 3))

        (suite,) = self.suites(run_of(outcome("A.a", "passed"), info=info))

        self.assertEqual(
            {
                "torch": "2.13.0",
                "torch_git": "abcdef0123456789",
                "python": "3.11.7",
                "seed": "7",
                "shard": "2/3",
                "interrupted": "false",
                "exit_code": "1",
            },
            {each.get("name"): each.get("value") for each in suite.find("properties")},
        )

    def test_failure_text(self) -> None:
        """A failure holds message, traceback, output and what a second run told."""
        failed = outcome(
            "A.a",
            "failed",
            message="m",
            traceback="tb\n",
            output="o\n",
            verdict="flaky",
        )

        (suite,) = self.suites(run_of(failed))

        failure = suite.find("testcase/failure")
        self.assertEqual("m", failure.get("message"))
        again = f"run again: flaky: {records.VERDICTS[records.FLAKY]}"
        self.assertEqual(f"tb\n\noutput:\no\n\n{again}", failure.text)

    def test_skipped_messages(self) -> None:
        """A known break is skipped with its state, a skip with its reason."""
        (suite,) = self.suites(
            run_of(
                outcome("A.a", "known break", message="RuntimeError: x"),
                outcome("A.b", "skipped", message="no fbgemm"),
            )
        )

        self.assertEqual(
            ["known break: RuntimeError: x", "no fbgemm"],
            [each.get("message") for each in suite.iter("skipped")],
        )

    def test_interrupted(self) -> None:
        """What did not run is skipped, and the run is marked."""
        result = run_of(interrupted=True, not_run=(f"{FILE}::A.test_z",))

        (suite,) = self.suites(result)

        case = suite.find("testcase")
        self.assertEqual("test_z", case.get("name"))
        self.assertEqual("did not run", case.find("skipped").get("message"))
        (mark,) = suite.xpath("properties/property[@name='interrupted']")
        self.assertEqual("true", mark.get("value"))

    def test_nothing_ran(self) -> None:
        """A run without outcomes has a valid report, too."""
        self.assertEqual(0, len(self.suites(run_of())))

    def test_hostile_text(self) -> None:
        """What XML forbids is spelled out, wherever it stands; the rest stays."""
        torch = replace(INFO.torch, version=HOSTILE, git_version=None)
        hostile = outcome(
            HOSTILE, "error", file=HOSTILE, parameters={HOSTILE: HOSTILE},
            message=HOSTILE, traceback=HOSTILE, output=HOSTILE, verdict=HOSTILE,
        )  # fmt: skip

        suites = self.suites(
            run_of(hostile, info=replace(INFO, torch=torch), not_run=(HOSTILE,))
        )

        text = suites.find("testsuite/testcase/error").text
        self.assertTrue(text.startswith("\\x00\\x1b[31m\\r\n\x85\u2028\\udc80\\uffff"))
        self.assertIn("]]>&amp;<b>\"'%0A", text)

    def test_huge_text(self) -> None:
        """A text is cut where readers would give up, and says how much is gone."""
        message = "<\x00" * 1_000_000

        (suite,) = self.suites(run_of(outcome("A.a", "failed", message=message)))

        told = suite.find("testcase/failure").get("message")
        self.assertIn(f"({2_000_000 - TEXT_LIMIT} characters left out)", told)
        self.assertTrue(told.startswith("<\\x00") and told.endswith("<\\x00"))


if __name__ == "__main__":
    unittest.main()
