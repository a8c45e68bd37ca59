"""Where units are read: in threads that drive processes here, or on a Dask cluster."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from tools.matrix.errors import MatrixError


@contextmanager
def open_executor(scheduler: str | None, jobs: int) -> Iterator[Executor]:
    """An executor; ``scheduler`` is the address of a Dask cluster, or None.

    Raises MatrixError where there is no such cluster.
    """
    if scheduler is None:
        with ThreadPoolExecutor(jobs) as executor:
            yield executor
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise MatrixError(
            "--scheduler needs Dask: python -m pip install -e '.[cluster]'"
        ) from error
    try:
        client = Client(scheduler, timeout="10s")
    except (OSError, ValueError) as error:
        raise MatrixError(
            f"--scheduler {scheduler}: {error}; start one with: dask scheduler"
        ) from error
    with client, client.get_executor(pure=False) as executor:
        yield executor
