"""Whatever tests say: the report files are valid, and JSON gives it back."""

import os
import tempfile
import unittest
from dataclasses import replace

from lxml import etree

from tools.test.report_samples import INFO, JUNIT_SCHEMA
from tools.testing import records
from tools.testing.github import annotations, step_summary
from tools.testing.jsonlines import read_json, write_json
from tools.testing.junit import write_junit

try:
    from hypothesis import given, settings
    from hypothesis import strategies as st
except ImportError as error:
    raise unittest.SkipTest("needs hypothesis; pip install it") from error

# Lone surrogates are what undecodable bytes become; a pair of two would be one
# character once it went through JSON.
letters = st.characters(exclude_categories=["Cs"])
texts = st.lists(
    letters | st.sampled_from("\udc80\udcff\x00\x1b\r%|`"), max_size=20
).map("".join)
seconds = st.floats(0, 1e6)
identities = st.lists(texts, max_size=3).map(tuple)
outcomes = st.builds(
    records.Outcome,
    file=texts.filter(str.split),  # nothing but blanks is no name, says the schema
    test=texts,
    state=st.sampled_from(list(records.SENTENCES)),
    parameters=st.dictionaries(texts, texts, max_size=2),
    message=texts,
    traceback=texts,
    seconds=seconds,
    row=st.none() | st.integers(1, 9),
    output=texts,
    verdict=st.sampled_from(["", *records.VERDICTS]),
)
infos = st.builds(
    records.RunInfo,
    torch=st.builds(
        records.TorchInfo, texts, st.none() | texts, texts, texts, error=texts
    ),
    root=texts,
    command=identities,
    started=st.just(INFO.started),
    seed=st.integers(),
    shard=st.none() | st.tuples(st.integers(1, 9), st.integers(1, 9)),
    selected=identities,
)
results = st.builds(
    records.RunResult,
    info=infos,
    outcomes=st.lists(outcomes, max_size=3).map(tuple),
    seconds=seconds,
    exit_code=st.integers(0, 255),
    interrupted=st.booleans(),
    not_run=identities,
)


class TestAnyText(unittest.TestCase):
    """Every report of every run."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "report")

    @settings(deadline=None)
    @given(results)
    def test_json(self, result: records.RunResult) -> None:
        """JSON gives back what was written."""
        write_json(result, self.path)

        self.assertEqual(result, read_json(self.path))

    @settings(deadline=None)
    @given(results)
    def test_xml(self, result: records.RunResult) -> None:
        """XML is valid, and has a case for each outcome and each that did not run."""
        result = replace(result, not_run=tuple(f"f{i}" for i in result.not_run))

        write_junit(result, self.path)

        tree = etree.parse(self.path)
        etree.XMLSchema(etree.parse(JUNIT_SCHEMA)).assertValid(tree)
        cases = tree.findall("testsuite/testcase")
        self.assertEqual(len(result.outcomes) + len(result.not_run), len(cases))

    @settings(deadline=None)
    @given(results)
    def test_github(self, result: records.RunResult) -> None:
        """Commands are one line each, and the summary can be encoded."""
        commands = annotations(result)

        step_summary(result).encode("utf-8")
        for command in commands:
            command.encode("utf-8")
            self.assertRegex(command, r"\A::error [^\r\n]*\Z")


if __name__ == "__main__":
    unittest.main()
