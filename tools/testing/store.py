"""A small database in the user's cache folder that never gets in the way.

It makes a run better, and never worse: where it cannot be used, there is one text
that says why, and the run goes on as with an empty one.

A connection is opened for each use and closed after it.  So nothing is locked
while tests run, and no worker that is forked inherits one.
"""

import os
from contextlib import closing, suppress
from typing import Any, Callable, Optional, Sequence, TypeVar

try:
    import sqlite3
except ImportError:  # Python can be built without it.
    sqlite3 = None

FOLDER_VARIABLE = "TORCH_TEST_CACHE"
FOLDER = "torch-test"  # in the user's cache folder, where the variable is not set
SET_ASIDE = ".old"  # is added to the name of a file that cannot be used
LOCK_SECONDS = 0.5  # to wait for another run; after that this one goes without

_T = TypeVar("_T")


class Damaged(ValueError):
    """The file holds something that nobody wrote there."""


class Store:
    """The SQLite file ``name``; ``schema`` is the statements that make its tables.

    A file that is damaged, or of another ``version`` of the schema, is renamed and
    begun anew.  ``problem`` is a text for the user once something went wrong.
    """

    def __init__(self, name: str, version: int, schema: Sequence[str]):
        self.path = ""
        self.problem: Optional[str] = None
        self._version = version
        self._schema = schema
        self._usable = True
        try:
            self.path = os.path.join(_folder(), name)
        except ValueError as error:
            self._give_up(f"no {name} is kept: {error}")
        if sqlite3 is None:
            self._give_up(
                f"no {name} is kept: this Python was built without sqlite3; use one "
                "that has it"
            )

    def use(self, work: Callable[[Any], _T], otherwise: _T) -> _T:
        """What ``work`` returns, called with a connection; never raises.

        A transaction that ``work`` begins is committed.  After a problem it is
        rolled back, and this and all later calls return ``otherwise``.  Where
        ``work`` raises Damaged, it is called once more with an empty database.
        """
        if not self._usable:
            return otherwise
        try:
            try:
                return self._attempt(work)
            except (sqlite3.DatabaseError, ValueError) as error:
                if not _is_damage(error):
                    raise
                self._set_aside(error)
                return self._attempt(work)
        except (sqlite3.Error, OSError, ValueError) as error:
            self._give_up(
                f"{self.path} is not used: {error}; if no other run is using it, "
                f"remove it, or set {FOLDER_VARIABLE} to a folder that can be written"
            )
            return otherwise

    def _attempt(self, work: Callable[[Any], _T]) -> _T:
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=LOCK_SECONDS, isolation_level=None
        )
        # The second context commits, or rolls back.
        with closing(connection), connection:
            # Nothing waits for the disk.  A power failure may damage the file.
            connection.execute("PRAGMA synchronous = OFF")
            connection.text_factory = bytes.decode  # raises UnicodeDecodeError
            if _schema_version(connection) != self._version:
                self._create(connection)
            return work(connection)

    def _create(self, connection) -> None:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            # Another run may have done it meanwhile.
            if _schema_version(connection) == self._version:
                return
            if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                raise Damaged("another version of the driver made it")
            for statement in self._schema:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {self._version}")

    def _set_aside(self, error: Exception) -> None:
        aside = self.path + SET_ASIDE
        # The journal belongs to the file.  Another run may have renamed them.
        for suffix in "-journal", "":
            with suppress(FileNotFoundError):
                os.replace(self.path + suffix, aside + suffix)
        self.problem = (
            f"{self.path} begins anew: {error}; the file of before is now {aside}, "
            "which may be removed"
        )

    def _give_up(self, problem: str) -> None:
        self._usable = False
        self.problem = self.problem or problem


def _is_damage(error: Exception) -> bool:
    # Locks, a full disk and the like have subclasses of DatabaseError.
    return type(error) in (Damaged, UnicodeDecodeError, sqlite3.DatabaseError)


def _schema_version(connection) -> int:
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _folder() -> str:
    """Where to keep it; ValueError where there is no such place."""
    folder = os.environ.get(FOLDER_VARIABLE)
    if not folder:
        caches = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(caches):  # XDG says to ignore such a value.
            caches = os.path.join("~", ".cache")
        folder = os.path.join(caches, FOLDER)
    folder = os.path.expanduser(folder)
    if folder.startswith("~"):
        raise ValueError(f"there is no home folder; set {FOLDER_VARIABLE} to a folder")
    return os.path.abspath(folder)
