"""Report files: written whole or not at all."""

import contextlib
import errno
import os
import stat
import uuid
from typing import Union

from tools.testing.errors import WrongUse


class ReportError(WrongUse):
    """A report cannot be written or read; the message says what to do next."""


def check_writable(path: str) -> None:
    """Raise ReportError if no report can be written to ``path``.

    To be asked before a run: it creates an empty file beside it, and removes that.
    """
    if os.path.isdir(path):
        raise ReportError(f"cannot write {path}: it is a folder; name a file in it")
    if _is_special(path):
        if not os.access(path, os.W_OK):
            raise _not_written(path, OSError(errno.EACCES, os.strerror(errno.EACCES)))
        return
    target = os.path.realpath(path)
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise ReportError(
            f"cannot write {path}: there is no folder {folder}; make it, or name "
            "a file elsewhere"
        )
    temporary = _temporary(target)
    try:
        with open(temporary, "xb"):
            pass
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        _remove(temporary)


def write_atomically(path: str, content: Union[str, bytes]) -> None:
    """Write a file whole, or leave what is there as it is.  Text becomes UTF-8.

    A symbolic link stays one.  What is no regular file, such as ``/dev/stdout``,
    cannot be replaced, and is written to.  Raises ReportError.
    """
    data = _encode(content)
    try:
        if _is_special(path):
            with open(path, "wb") as file:
                file.write(data)
        else:
            _replace(os.path.realpath(path), data)
    except OSError as error:
        raise _not_written(path, error) from error


def _replace(target: str, data: bytes) -> None:
    temporary = _temporary(target)
    try:
        with open(temporary, "xb") as file:
            file.write(data)
        os.replace(temporary, target)
    finally:
        _remove(temporary)


def append(path: str, content: Union[str, bytes]) -> None:
    """Write at the end of a file, all of it or nothing.  Raises ReportError."""
    data = _encode(content)
    try:
        with open(path, "ab", buffering=0) as file:
            end = file.seek(0, os.SEEK_END)
            try:
                while data:
                    data = data[file.write(data) :]
            except OSError:
                with contextlib.suppress(OSError):  # a device has no end
                    file.truncate(end)
                raise
    except OSError as error:
        raise _not_written(path, error) from error


def _is_special(path: str) -> bool:
    """Whether there is something else than a regular file, such as a device."""
    try:
        return not stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return False


def _temporary(target: str) -> str:
    # Not made of the file's own name, which may be as long as a name can be.
    name = f".report-{uuid.uuid4().hex}.tmp"
    return os.path.join(os.path.dirname(target), name)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.remove(path)


def _encode(content: Union[str, bytes]) -> bytes:
    # What tests say may hold lone surrogates.
    if isinstance(content, str):
        return content.encode("utf-8", "backslashreplace")
    return content


def _not_written(path: str, error: OSError) -> ReportError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "make room there, or name" if full else "name"
    return ReportError(
        f"cannot write {path}: {error.strerror or error}; {hint} a file elsewhere"
    )
