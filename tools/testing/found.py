"""What there is to run, what is known of it, and what is not there any more."""

import os
import posixpath
from dataclasses import dataclass
from typing import Dict, Iterable, List, Sequence, Tuple

from common_ledger import LEDGER_PATH, KnownBreak

from tools.testing.discovery import folder_of_tests
from tools.testing.display import plural
from tools.testing.history import History
from tools.testing.ledger import stale_rows
from tools.testing.options import Options
from tools.testing.records import MISSING, ListedTest, Listing, Outcome
from tools.testing.selection import Selection, without_twins


@dataclass(frozen=True)
class Found:
    """What a look at the tree and an import of its test files told."""

    files: Tuple[str, ...]  # all of the tree
    imported: Tuple[str, ...]
    fingerprint: str  # of the tree, before that
    listing: Listing
    selection: Selection
    rows: Tuple[KnownBreak, ...]

    @property
    def listed(self) -> Dict[str, List[str]]:
        """The tests (``Class.test``) of each file that was imported to its end."""
        broken = {problem.file for problem in self.listing.problems}
        listed: Dict[str, List[str]] = {
            file: [] for file in self.imported if file not in broken
        }
        for test in self.listing.tests:
            listed.setdefault(test.file, []).append(test.name)
        return listed

    @property
    def empty(self) -> List[str]:
        """The files that were imported to their end and have no tests."""
        return [file for file, names in self.listed.items() if not names]

    def stale_rows(
        self,
        options: Options,
        finished: Iterable[ListedTest],
        outcomes: Sequence[Outcome],
    ) -> List[Outcome]:
        """A failure for each row of the ledger that describes nothing that happened.

        ``finished`` are the tests that ran to their end.
        """
        complete = (
            self.imported == self.files
            and not self.listing.problems
            and options.writers == "*"
            and not options.quick
        )
        folder = os.path.relpath(folder_of_tests(options.root), options.root)
        ledger = posixpath.join(folder, os.path.basename(LEDGER_PATH))
        return stale_rows(
            self.rows,
            without_twins(self.listing.tests) if complete else None,
            finished,
            outcomes,
            self.listing.torch.version,
            posixpath.normpath(ledger),
        )

    def missing_tests(self, history: History) -> List[Outcome]:
        """A failure for each file that has fewer tests than before, although
        nothing changed."""
        missing = history.missing_tests(self.listed, self.fingerprint)
        return [
            Outcome(file, "", MISSING, message=_message(names, history))
            for file, names in missing.items()
        ]


def _message(names: Sequence[str], history: History) -> str:
    return (
        f"{plural(len(names), 'test')} of before, such as {names[0]}, cannot be found "
        "any more, though no file below the test folder changed; is a variable of the "
        f"environment set otherwise? If it shall be so, remove {history.path}"
    )
