"""What earlier runs tell: how long tests take, which failed, which there were."""

import os
import time
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Tuple

from common_releases import parse_release

from tools.testing.fingerprint import digest, is_watched
from tools.testing.records import MISSING, STALE_ROW, Outcome, TorchInfo, is_failure
from tools.testing.store import Damaged, Store

FILE_NAME = "history.sqlite"
KEEP_SECONDS = 90 * 24 * 3600  # of what is not seen again

SCHEMA_VERSION = 1
# Each table has a value for a test, which is named file::Class.test: its seconds;
# nothing; a digest of all that it is made from.
TABLES = {"durations": float, "failures": type(None), "listings": str}
SCHEMA = tuple(
    f"CREATE TABLE {table} (root TEXT, release TEXT, test TEXT, value, "
    "seen INTEGER, PRIMARY KEY (root, release, test)) WITHOUT ROWID"
    for table in TABLES
)


class History:
    """The history of one tree under one release of torch.

    Builds of a release share it: a build of your own has a new version with each
    commit.  No method raises.  Where the file cannot be used, the history is empty
    and ``problem`` says why.
    """

    def __init__(self, root: str, torch: TorchInfo):
        self._store = Store(FILE_NAME, SCHEMA_VERSION, SCHEMA)
        self._key = (os.path.realpath(root), _release(torch.version))
        self._torch = torch

    @property
    def path(self) -> str:
        """The file; empty where there is no place for one."""
        return self._store.path

    @property
    def problem(self) -> Optional[str]:
        """What the user should know, once something went wrong."""
        return self._store.problem

    def durations(self) -> Dict[str, float]:
        """Seconds that tests take, by ``file::Class.test``: half the last run, half
        what was known before."""
        return self._store.use(lambda db: self._select(db, "durations"), {})

    def last_failed(self) -> Tuple[str, ...]:
        """What failed when it last ran, sorted; it may be gone since.

        ``file::Class.test``; ``file::Class`` where a fixture of the class failed;
        ``file`` where its import failed, or a fixture of the module.
        """
        failed = self._store.use(lambda db: self._select(db, "failures"), {})
        return tuple(sorted(failed))

    def missing_tests(
        self, listed: Mapping[str, Sequence[str]], fingerprint: str
    ) -> Dict[str, Tuple[str, ...]]:
        """Tests (``Class.test``) by file that were listed before and are not now,
        although nothing changed: the tree, the torch and the Python are the same.

        ``listed`` has each file that was imported to its end, also one without
        tests; the others are not judged.  ``fingerprint`` is that of before the
        import.  Tests stay missing until something changes: a run does not become
        green by being repeated.
        """
        unchanged = self._unchanged(fingerprint)
        before = self._store.use(lambda db: self._select(db, "listings"), {})
        missing: Dict[str, List[str]] = {}
        for identity in sorted(before):
            file, _, name = identity.partition("::")
            if before[identity] == unchanged and name not in listed.get(file, (name,)):
                # Of other files the fingerprint does not know.
                if is_watched(file):
                    missing.setdefault(file, []).append(name)
        return {file: tuple(names) for file, names in missing.items()}

    def record_listing(
        self, listed: Mapping[str, Sequence[str]], fingerprint: str
    ) -> None:
        """Remember which tests there are.

        The arguments are those of ``missing_tests``; either may be called first.
        """
        unchanged = self._unchanged(fingerprint)
        rows = {
            f"{file}::{name}": unchanged
            for file, names in listed.items()
            for name in names
        }

        def update(db):
            db.execute("BEGIN IMMEDIATE")
            new = rows.items() - self._select(db, "listings").items()
            self._replace(db, "listings", dict(new))

        self._store.use(update, None)

    def record_outcomes(
        self, outcomes: Iterable[Outcome], partial: bool = False, sharded: bool = False
    ) -> None:
        """Remember the outcomes of tests that ran to their end.

        Tests without an outcome keep what is known of them.  After a ``partial``
        run, which left out sub-tests (--writer, --quick), failures are added and
        nothing else changes: what passed may fail elsewhere.  A ``sharded`` run
        changes no durations: its other shards must find the same ones.
        """
        seconds, ran, failed = _sums(outcomes)

        def update(db):
            db.execute("BEGIN IMMEDIATE")
            if not partial:
                self._delete(db, "failures", ran)
            self._replace(db, "failures", dict.fromkeys(failed))
            if not (partial or sharded):
                known = self._select(db, "durations")
                smooth = {t: (known.get(t, s) + s) / 2 for t, s in seconds.items()}
                self._replace(db, "durations", smooth)
            for table in TABLES:
                oldest = time.time() - KEEP_SECONDS
                db.execute(f"DELETE FROM {table} WHERE seen < ?", (oldest,))

        self._store.use(update, None)

    def _unchanged(self, fingerprint: str) -> str:
        torch = self._torch
        return digest(
            (fingerprint, torch.version, torch.git_version, torch.folder, torch.python)
        )

    def _select(self, db, table: str) -> dict:
        query = f"SELECT test, value FROM {table} WHERE root = ? AND release = ?"
        values = dict(db.execute(query, self._key))
        for test, value in values.items():
            if not (isinstance(test, str) and isinstance(value, TABLES[table])):
                raise Damaged(f"{table} holds {value!r} of {test!r}")
        return values

    def _replace(self, db, table: str, values: Mapping[str, object]) -> None:
        seen = int(time.time())
        db.executemany(
            f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?)",
            [(*self._key, test, value, seen) for test, value in values.items()],
        )

    def _delete(self, db, table: str, tests: Iterable[str]) -> None:
        db.executemany(
            f"DELETE FROM {table} WHERE root = ? AND release = ? AND test = ?",
            [(*self._key, test) for test in tests],
        )


def _release(version: str) -> str:
    try:
        return ".".join(str(number) for number in parse_release(version))
    except ValueError:
        return version


def _sums(outcomes: Iterable[Outcome]) -> Tuple[Dict[str, float], Set[str], Set[str]]:
    """The seconds of each test; the places that ran; those of them that failed."""
    seconds: Dict[str, float] = {}
    ran: Set[str] = set()
    failed: Set[str] = set()
    for outcome in outcomes:
        if outcome.state in (STALE_ROW, MISSING):
            continue  # They are about no test that ran.
        places = _places(outcome)
        ran.update(places)
        if is_failure(outcome.state):
            failed.add(places[0])
        if outcome.seconds > 0 and places[0] == f"{outcome.file}::{outcome.test}":
            seconds[places[0]] = seconds.get(places[0], 0.0) + outcome.seconds
    return seconds, ran, failed


def _places(outcome: Outcome) -> Tuple[str, ...]:
    """What the outcome is about, as -i takes it: first the test, class or file that
    it tells of, then those around, which were imported and set up for it."""
    file, test, identity = outcome.file, outcome.test, outcome.identity
    if test and identity == f"{file}::{test}":
        return identity, f"{file}::{test.rpartition('.')[0]}", file
    return tuple(dict.fromkeys((identity, file)))
