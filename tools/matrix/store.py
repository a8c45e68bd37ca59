"""The matrix's SQLite file: which cells are known, and from what they were made.

A *reading* is what one reader made of one target; its digest tells whether it still
holds.  Cells belong to readings.  All text is kept once, in the table ``texts``.
"""

import json
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from common_releases import parse_release

from tools.matrix.cells import Cell, Reader
from tools.matrix.errors import MatrixError

SCHEMA_VERSION = 1
LOCK_SECONDS = 20.0
_APPLICATION = 0x6D747278  # "mtrx": tells the file from other SQLite files
# In an order in which each can be filled.
TABLES = ("texts", "readers", "readings", "cells")
_SCHEMA = (
    "CREATE TABLE texts (id INTEGER PRIMARY KEY, text TEXT UNIQUE NOT NULL)",
    "CREATE TABLE readers (name TEXT PRIMARY KEY, environment TEXT NOT NULL,"
    " facts TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE readings (id INTEGER PRIMARY KEY, reader TEXT NOT NULL,"
    " file INTEGER NOT NULL, test INTEGER NOT NULL, writer TEXT NOT NULL,"
    " digest TEXT NOT NULL, UNIQUE (reader, file, test, writer))",
    "CREATE TABLE cells (reading INTEGER NOT NULL REFERENCES readings"
    " ON DELETE CASCADE, parameters INTEGER NOT NULL, state INTEGER NOT NULL,"
    " message INTEGER NOT NULL, PRIMARY KEY (reading, parameters)) WITHOUT ROWID",
)
# Copies what is attached as ``other``, where texts and readings have other numbers.
_TAKE = (
    "INSERT OR IGNORE INTO main.texts (text) SELECT text FROM other.texts",
    "CREATE TEMP TABLE same_text (theirs INTEGER PRIMARY KEY, ours INTEGER NOT NULL)",
    "INSERT INTO same_text SELECT o.id, m.id"
    " FROM other.texts o JOIN main.texts m USING (text)",
    "CREATE TEMP TABLE same_reading (theirs INTEGER PRIMARY KEY, reader TEXT NOT NULL,"
    " file INTEGER NOT NULL, test INTEGER NOT NULL, writer TEXT NOT NULL)",
    "INSERT INTO same_reading SELECT r.id, r.reader, f.ours, t.ours, r.writer"
    " FROM other.readings r JOIN same_text f ON f.theirs = r.file"
    " JOIN same_text t ON t.theirs = r.test",
    "DELETE FROM main.readings WHERE id IN (SELECT m.id FROM same_reading"
    " JOIN main.readings m USING (reader, file, test, writer))",
    "INSERT INTO main.readings (reader, file, test, writer, digest)"
    " SELECT s.reader, s.file, s.test, s.writer, r.digest"
    " FROM same_reading s JOIN other.readings r ON r.id = s.theirs",
    "INSERT INTO main.cells SELECT m.id, p.ours, s.ours, e.ours FROM other.cells c"
    " JOIN same_reading r ON r.theirs = c.reading"
    " JOIN main.readings m USING (reader, file, test, writer)"
    " JOIN same_text p ON p.theirs = c.parameters"
    " JOIN same_text s ON s.theirs = c.state"
    " JOIN same_text e ON e.theirs = c.message",
    "DROP TABLE same_text",
    "DROP TABLE same_reading",
)

ReadingKey = tuple[str, str, str]  # file, test, writer


class MatrixStore:
    """The cells in one file; a context manager.

    Raises MatrixError, with the file and what to do, for whatever goes wrong with it.
    Each ``save`` is one transaction: an interruption loses nothing that was saved.
    """

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create and not path.exists():
            raise MatrixError(
                f"{path}: there is no such matrix; python -m tools.matrix run makes it"
            )
        self._texts: dict[str, int] = {}
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=LOCK_SECONDS, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def __enter__(self) -> "MatrixStore":
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _prepare(self) -> None:
        self._db.execute("PRAGMA foreign_keys = ON")
        version, application = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("user_version", "application_id")
        )
        if (version, application) == (SCHEMA_VERSION, _APPLICATION):
            return
        if application == _APPLICATION and version > SCHEMA_VERSION:
            raise MatrixError(
                f"{self.path}: its schema is {version}, newer than {SCHEMA_VERSION}; "
                "use the version of this project that wrote it, or another file"
            )
        if self._db.execute("SELECT 1 FROM sqlite_master").fetchone():
            raise MatrixError(
                f"{self.path}: a database, and no matrix; name another file"
            )
        with self._transaction():
            for statement in _SCHEMA:
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._db.execute(f"PRAGMA application_id = {_APPLICATION}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Say of SQLite's errors what the user can do."""
        try:
            yield
        except sqlite3.OperationalError as error:
            remedy = "look at its folder's rights and the disk"
            if "locked" in str(error):
                remedy = "another run uses it; wait, or name another file"
            elif "full" in str(error):
                remedy = "free some disk and run again: what was saved is kept"
            raise MatrixError(f"{self.path}: {error}; {remedy}") from error
        except sqlite3.DatabaseError as error:
            raise MatrixError(
                f"{self.path}: {error}; it is truncated or no matrix: restore it, or "
                "remove it and run again"
            ) from error
        except OSError as error:
            raise MatrixError(f"{self.path}: {error.strerror or error}") from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            # They may have been numbered in what was rolled back.
            self._texts.clear()
            raise
        self._db.execute("COMMIT")

    def digests(self, reader: Reader) -> dict[ReadingKey, str]:
        """What is known of a reader in just this environment, by target."""
        with self._told():
            row = self._db.execute(
                "SELECT environment FROM readers WHERE name = ?", (reader.name,)
            ).fetchone()
            if row is None or row[0] != reader.environment:
                return {}
            rows = self._db.execute(
                "SELECT f.text, t.text, r.writer, r.digest FROM readings r"
                " JOIN texts f ON f.id = r.file JOIN texts t ON t.id = r.test"
                " WHERE r.reader = ?",
                (reader.name,),
            )
            return {(file, test, writer): d for file, test, writer, d in rows}

    def begin(self, reader: Reader) -> None:
        """Keep what a reader is; what it read in another environment is dropped."""
        with self._told(), self._transaction():
            row = self._db.execute(
                "SELECT environment FROM readers WHERE name = ?", (reader.name,)
            ).fetchone()
            if row is not None and row[0] != reader.environment:
                self._db.execute(
                    "DELETE FROM readings WHERE reader = ?", (reader.name,)
                )
            self._db.execute(
                "INSERT OR REPLACE INTO readers VALUES (?, ?, ?)",
                (reader.name, reader.environment, json.dumps(reader.facts)),
            )

    def save(
        self, reader: str, digests: dict[ReadingKey, str], cells: Iterable[Cell]
    ) -> None:
        """Replace the readings of some targets, with all of their cells."""
        with self._told(), self._transaction():
            numbers = {
                key: self._new_reading(reader, key, digest)
                for key, digest in digests.items()
            }
            self._db.executemany(
                "INSERT OR REPLACE INTO cells VALUES (?, ?, ?, ?)",
                [
                    (
                        numbers[cell.file, cell.test, cell.writer],
                        self._text(json.dumps(cell.parameters)),
                        self._text(cell.state),
                        self._text(cell.message),
                    )
                    for cell in cells
                ],
            )

    def _new_reading(self, reader: str, key: ReadingKey, digest: str) -> int:
        file, test, writer = key
        row = (reader, self._text(file), self._text(test), writer)
        self._db.execute(
            "DELETE FROM readings WHERE reader = ? AND file = ? AND test = ?"
            " AND writer = ?",
            row,
        )
        cursor = self._db.execute(
            "INSERT INTO readings (reader, file, test, writer, digest)"
            " VALUES (?, ?, ?, ?, ?)",
            (*row, digest),
        )
        return int(cursor.lastrowid or 0)

    def _text(self, text: str) -> int:
        if text not in self._texts:
            self._db.execute("INSERT OR IGNORE INTO texts (text) VALUES (?)", (text,))
            query = "SELECT id FROM texts WHERE text = ?"
            self._texts[text] = self._db.execute(query, (text,)).fetchone()[0]
        return self._texts[text]

    def forget_all_but(self, keys: Iterable[ReadingKey]) -> int:
        """Drop the readings of targets that are no more; how many these were.

        Those that are about no single writer stay with their test.
        """
        kept = set(keys)
        kept |= {(file, test, "") for file, test, _ in kept}
        with self._told(), self._transaction():
            rows = self._db.execute(
                "SELECT r.id, f.text, t.text, r.writer FROM readings r"
                " JOIN texts f ON f.id = r.file JOIN texts t ON t.id = r.test"
            )
            gone = [(row[0],) for row in rows if tuple(row[1:]) not in kept]
            self._db.executemany("DELETE FROM readings WHERE id = ?", gone)
        return len(gone)

    def take(self, path: Path) -> None:
        """Copy all readers of another store into this one, with their readings."""
        with MatrixStore(path, create=False) as other:
            readers = other.readers()
        for reader in readers:
            self.begin(reader)
        with self._told():
            self._db.execute("ATTACH ? AS other", (str(path),))
            try:
                with self._transaction():
                    for statement in _TAKE:
                        self._db.execute(statement)
            finally:
                self._db.execute("DETACH other")

    def columns(self) -> Iterator[tuple[str, str, list[int | str]]]:
        """Table, column and its values, for all that is here, in the order of keys."""
        for table in TABLES:
            with self._told():
                info = self._db.execute(f"PRAGMA table_info({table})").fetchall()
                names = [row[1] for row in info]
                for name in names:
                    rows = self._db.execute(
                        f"SELECT {name} FROM {table} ORDER BY {', '.join(names[:2])}"
                    )
                    yield table, name, [value for (value,) in rows]

    def fill(self, table: str, columns: dict[str, list[int | str]]) -> None:
        """Give an empty table these columns, as ``columns()`` had them."""
        names, places = ", ".join(columns), ", ".join("?" * len(columns))
        with self._told(), self._transaction():
            self._db.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({places})",
                zip(*columns.values(), strict=True),
            )

    def readers(self) -> tuple[Reader, ...]:
        """The readers, oldest first."""
        with self._told():
            rows = self._db.execute("SELECT * FROM readers").fetchall()
        found = [Reader(name, env, json.loads(facts)) for name, env, facts in rows]
        return tuple(sorted(found, key=lambda r: parse_release(r.facts["torch"])))

    def cells(self, reader: str | None = None) -> Iterator[Cell]:
        """All cells, or those of one reader."""
        condition = "" if reader is None else " WHERE r.reader = ?"
        with self._told():
            # Millions of cells have thousands of texts: these are made once.
            texts = dict(self._db.execute("SELECT id, text FROM texts"))
            parameters: dict[int, tuple[tuple[str, str], ...]] = {}
            rows = self._db.execute(
                "SELECT r.reader, r.writer, r.file, r.test, c.parameters, c.state,"
                " c.message FROM cells c JOIN readings r ON r.id = c.reading"
                + condition,
                () if reader is None else (reader,),
            )
            for name, writer, file, test, number, state, message in rows:
                if number not in parameters:
                    parameters[number] = _pairs(texts[number])
                yield Cell(
                    sys.intern(name),
                    sys.intern(writer),
                    texts[file],
                    texts[test],
                    parameters[number],
                    texts[state],
                    texts[message],
                )


def _pairs(parameters: str) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in json.loads(parameters))
