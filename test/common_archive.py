"""TorchScript archives read and edited without loading them (Python 3.7, no torch).

The pickles in an archive are read by an unpickler that knows no class: every
global becomes a ``Stub``, so nothing in the file runs.  ``dump_pickle`` writes what
``load_pickle`` read, edited or not, in the way TorchScript's own pickler does.
"""

import copyreg
import io
import os
import pickle
import zipfile
from typing import Any, Dict, List, Optional, Tuple


class Stub:
    """Stands for an object of a class, or the result of a function.

    ``module`` and ``name`` are what the pickle names, ``arguments`` what it was
    called with (None where it was made without a call), ``state`` what was set.
    """

    module = ""
    name = ""
    arguments: Any = None
    state: Any = None

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __reduce_ex__(self, protocol: Any) -> Tuple:
        if self.arguments is None:
            return copyreg.__newobj__, (type(self),), self.state
        return type(self), self.arguments


def call(module: str, name: str, *arguments: Any) -> Stub:
    """A stub for the result of a function, for ``dump_pickle`` to write."""
    return type(name, (Stub,), {"module": module, "name": name})(*arguments)


class PersistentId(tuple):
    """A reference to a storage, which lies beside the pickle."""


class _StubUnpickler(pickle.Unpickler):
    def __init__(self, file: Any) -> None:
        super().__init__(file)
        self.made: List[Stub] = []
        self.classes: Dict[Tuple[str, str], type] = {}

    def find_class(self, module: str, name: str) -> Any:
        made = self.made

        def record(cls: type, *arguments: Any) -> Any:
            stub = Stub.__new__(cls)
            made.append(stub)
            return stub

        content = {"module": module, "name": name, "__new__": record}
        return self.classes.setdefault((module, name), type(name, (Stub,), content))

    def persistent_load(self, pid: Any) -> Any:
        return PersistentId(pid)


# The pure Python pickler: the other one looks every class up before naming it.
class _StubPickler(pickle._Pickler):
    def persistent_id(self, value: Any) -> Any:
        return tuple(value) if isinstance(value, PersistentId) else None

    def save_global(self, value: Any, name: Any = None) -> None:
        self.write(f"c{value.module}\n{value.name}\n".encode())
        self.memoize(value)

    def save_type(self, value: Any) -> None:
        self.save_global(value)

    def _batch_appends(self, items: Any, *_: Any) -> None:
        # TorchScript's unpickler was long without the opcodes for a single item.
        self._save_marked(items, pickle.APPENDS)

    def _batch_setitems(self, items: Any, *_: Any) -> None:
        self._save_marked([part for item in items for part in item], pickle.SETITEMS)

    def _save_marked(self, values: Any, opcode: bytes) -> None:
        self.write(pickle.MARK)
        for value in values:
            self.save(value)
        self.write(opcode)

    dispatch = {**pickle._Pickler.dispatch, type: save_type}


def load_pickle(data: bytes) -> Tuple[Any, List[Stub]]:
    """What a pickle holds, and every stub that was made for it, in order."""
    unpickler = _StubUnpickler(io.BytesIO(data))
    return unpickler.load(), unpickler.made


def dump_pickle(value: Any) -> bytes:
    """The pickle (protocol 2, as in TorchScript) of what ``load_pickle`` gave."""
    file = io.BytesIO()
    _StubPickler(file, protocol=2).dump(value)
    return file.getvalue()


def read_record(path: str, name: str) -> bytes:
    """The record ``name`` of an archive, whatever its top folder is called.

    Raises KeyError where the archive does not hold it.
    """
    with zipfile.ZipFile(path) as archive:
        for entry in archive.namelist():
            if entry.partition("/")[2] == name:
                return archive.read(entry)
    raise KeyError(f"{path}: no record {name}")


def rewrite_records(path: str, changes: Dict[str, Optional[bytes]]) -> None:
    """Put new content in the place of some records of an archive; None removes one."""
    temporary = f"{path}.writing"
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(temporary, "w") as new:
        for entry in old.infolist():
            data = changes.get(entry.filename.partition("/")[2], old.read(entry))
            if data is not None:
                new.writestr(entry, data)
    os.replace(temporary, path)
