"""A small suite and a checkout, for the tests of ``export``."""

import tempfile
import unittest
from pathlib import Path

from common_golden import Golden, load_provenance, record_file, save_provenance
from common_releases import ReleaseRange

from tools.golden.declared import DeclaredGolden
from tools.test.checkout_case import make_checkout
from tools.test.upstream_trees import write_tree
from tools.upstream.checkout import open_checkout
from tools.upstream.content import Chosen, content_of
from tools.upstream.export import export
from tools.upstream.needs import Tree

HEADING = "test,writers,readers,message,cause,reference"
A_ROW = "TestA.test_one(file=x.pt),1.0.0,*,Error,cause,reference"
B_ROW = "TestB.*,1.0.0,*,Error,cause,reference"
SOURCES = {
    "test/common_ledger.py": 'LEDGER = "known_breaks.csv"\n',
    "test/common_unused.py": "",
    "test/known_breaks.csv": f"{HEADING}\n# A comment.\n{B_ROW}\n{A_ROW}\n",
    "test/jit/helper.py": """
        import common_ledger, operator, sources

        PINNED = "fixtures"
        OTHERS = "serialized"
        RELEASE = "1.1.0"
        """,
    "test/jit/fixtures_srcs/sources.py": "",
    # The standard library has one, and comes first.
    "test/jit/operator.py": "",
    "test/jit/test_a.py": """
        import helper
        from torch.testing._internal.common_utils import TestCase

        FOLDER = "fixtures_srcs"


        class TestA(TestCase):
            def test_one(self):
                self.assertTrue(helper)
        """,
    "test/jit/test_b.py": """
        import common_ledger
        from torch.testing._internal.common_utils import TestCase


        class TestB(TestCase):
            def test_one(self):
                self.assertTrue(common_ledger)
        """,
    "test/nn/test_c.py": "",
}
FILE_A, FILE_B = "test/jit/test_a.py", "test/jit/test_b.py"
RUN = {"torch_version": "1.0.0"}


def golden(file: str, name: str) -> DeclaredGolden:
    """A golden of one file, of all releases."""
    every = ReleaseRange("1.0.0")
    return DeclaredGolden(file, name, name, "jit/serialized", ("x.pt",), every, False)


def write_golden(root: Path, folder: str, name: str, content: bytes) -> None:
    """Add a golden and its provenance to a folder."""
    place = root / folder
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{name}.x.pt"
    path.write_bytes(content)
    record = Golden(0, 1, {"x.pt": record_file(str(path))})
    provenance = load_provenance(str(place))
    save_provenance(str(place), provenance.with_golden(name, RUN, record))


class ExportCase(unittest.TestCase):
    """A small suite with goldens of four releases in two formats, and a checkout."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.suite = Path(folder.name, "suite")
        self.root = make_checkout(Path(folder.name).resolve() / "checkout")
        write_tree(self.suite, SOURCES)
        write_golden(self.suite, "test/jit/fixtures", "one_v1", b"{}")
        for release, content in {
            "1.0.0": b"{}",
            "1.1.0": b"{} ",
            "2.0.0": b"\x80\x02.",
            "3.0.0": b"\x80\x04.",
        }.items():
            for name in ("TestA.test_one", "TestB.test_one"):
                write_golden(
                    self.suite, f"test/jit/serialized/{release}", name, content
                )

    def export(
        self, *files: str, writers: str = "", dry_run: bool = False
    ) -> dict[str, str]:
        """Export these files; path to what became of it."""
        goldens = (golden(FILE_A, "TestA.test_one"), golden(FILE_B, "TestB.test_one"))
        tests = {FILE_A: "TestA.test_one", FILE_B: "TestB.test_one"}
        chosen = Chosen(files, frozenset(map(tests.__getitem__, files)), goldens)
        checkout = open_checkout(self.root)
        asked = ReleaseRange.parse(writers) if writers else None
        content = content_of(Tree(self.suite), chosen, checkout, asked)
        return export(checkout, content, dry_run)

    def names(self, release: str) -> set[str]:
        """The goldens that the checkout has of a release."""
        folder = self.root / "test/jit/serialized" / release
        return set(load_provenance(str(folder)).goldens)
