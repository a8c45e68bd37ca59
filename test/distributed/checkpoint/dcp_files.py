"""Checkpoints as folders, and as the files of a golden.

A checkpoint has files such as ``.metadata`` and ``__0_0.distcp``.  As kinds of a golden
they are called ``metadata`` and ``0_0.distcp``.  Runs on Python 3.7 without torch.
"""

import contextlib
import os
import shutil
import tempfile


@contextlib.contextmanager
def empty_folder():
    """A folder for a checkpoint, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dcp-") as folder:
        yield folder


def own_name(kind):
    """How the checkpoint itself calls the file that is ``kind`` of a golden."""
    return f".{kind}" if kind == "metadata" else f"__{kind}"


def checkpoint_kinds(files):
    """Those kinds of a golden that are files of its checkpoint."""
    return [kind for kind in files if kind == "metadata" or kind.endswith(".distcp")]


def store(folder, files, kinds=None):
    """Move the files of the checkpoint in ``folder`` to where the golden has them.

    Raises AssertionError if it has other files than these.
    """
    names = {own_name(kind): kind for kind in kinds or checkpoint_kinds(files)}
    if set(os.listdir(folder)) != set(names):
        raise AssertionError(f"wrote {sorted(os.listdir(folder))}, not {sorted(names)}")
    for name, kind in names.items():
        shutil.move(os.path.join(folder, name), files[kind])


@contextlib.contextmanager
def as_folder(files, kinds=None):
    """A folder with the checkpoint of a golden, under the names of its own.

    To ask ``files`` for a path checks the hash of what lies there.
    """
    with empty_folder() as folder:
        for kind in kinds or checkpoint_kinds(files):
            shutil.copyfile(files[kind], os.path.join(folder, own_name(kind)))
        yield folder
