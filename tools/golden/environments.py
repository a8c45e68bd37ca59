"""Environments of torch releases, in a cache folder with a cap on its size.

The folder comes from TORCH_GOLDEN_CACHE, the cap (in GB) from
TORCH_GOLDEN_CACHE_CAP.  An environment is made in a folder whose name begins
with ``.partial-`` and then renamed, so one that was interrupted never counts.
"""

import importlib.util
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from tools.golden.cached import (
    CachedEnvironment,
    Record,
    disk_use,
    load_environment,
    save_record,
)
from tools.golden.errors import GoldenToolError
from tools.golden.installer import Installer
from tools.golden.interpreters import find_uv
from tools.golden.locks import exclusive_lock, exclusive_lock_if_free, shared_lock
from tools.golden.releases import LOCAL, Release

FOLDER_VARIABLE = "TORCH_GOLDEN_CACHE"
CAP_VARIABLE = "TORCH_GOLDEN_CACHE_CAP"
DEFAULT_CAP_GB = 14
GB = 10**9

PARTIAL = ".partial-"


@dataclass(frozen=True)
class Environment:
    """An interpreter with a torch; ``wheel`` (file name) is None for ``local``."""

    release: str
    python: Path
    wheel: str | None
    wheel_sha256: str | None


def local_environment() -> Environment:
    """The running interpreter; GoldenToolError where it has no torch."""
    if importlib.util.find_spec("torch") is None:
        raise GoldenToolError(
            f"{sys.executable} has no torch: install the one to test, "
            "or run this with the Python that has it"
        )
    return Environment(LOCAL, Path(sys.executable), None, None)


def default_folder() -> Path:
    """TORCH_GOLDEN_CACHE, or ``torch-golden`` in the user's cache folder."""
    if os.environ.get(FOLDER_VARIABLE):
        return Path(os.environ[FOLDER_VARIABLE])
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "torch-golden"


def default_cap() -> int:
    """The cap in bytes; GoldenToolError for one that is not a number of GB."""
    text = os.environ.get(CAP_VARIABLE) or str(DEFAULT_CAP_GB)
    try:
        return int(float(text) * GB)
    except (ValueError, OverflowError) as error:
        raise GoldenToolError(
            f"{CAP_VARIABLE} is {text!r}: set it to a number of GB, for example 20"
        ) from error


def format_size(size: int) -> str:
    """Bytes as people read them: ``5.5 GB``."""
    return f"{size / GB:.1f} GB"


def print_note(text: str) -> None:
    """Tell the user what takes long, beside the output of the command."""
    print(text, file=sys.stderr, flush=True)


class EnvironmentCache:
    """The environments in ``folder``, which take ``cap_bytes`` together at most.

    Processes may share a folder.  ``uv`` is the program that installs (default:
    the one of this Python); ``note`` is called with a line for the user before
    what takes long.
    """

    def __init__(
        self,
        folder: Path | None = None,
        cap_bytes: int | None = None,
        *,
        uv: Path | None = None,
        note: Callable[[str], None] = print_note,
    ) -> None:
        self.folder = (folder or default_folder()).expanduser().absolute()
        self.cap_bytes = default_cap() if cap_bytes is None else cap_bytes
        self._uv = uv and uv.absolute()
        self._note = note

    @contextmanager
    def use(self, release: Release) -> Iterator[Environment]:
        """The release's environment, made if needed and kept while in use.

        Raises GoldenToolError where it cannot be made.  Meanwhile no process
        removes it to make room for another.
        """
        with ExitStack() as held:
            try:
                self._locks.mkdir(parents=True, exist_ok=True)
                held.enter_context(shared_lock(self._in_use(release)))
                cached = self.find(release) or self._make_alone(release)
                cached.mark_used()
            except OSError as error:
                raise GoldenToolError(
                    f"cannot use {self.folder} for torch {release.version}: {error}; "
                    f"set {FOLDER_VARIABLE} to a folder on a disk that you can write"
                ) from error
            record = cached.record
            yield Environment(
                record.release, cached.python, record.wheel, record.wheel_sha256
            )

    def get(self, release: Release) -> Environment:
        """Like ``use``, but the next environment that is made may replace it."""
        with self.use(release) as environment:
            return environment

    def find(self, release: Release) -> CachedEnvironment | None:
        """The release's environment; None where it would have to be made."""
        cached = load_environment(self._folder_of(release))
        return cached if cached and cached.is_of(release) else None

    def cached(self) -> tuple[CachedEnvironment, ...]:
        """All environments in the folder, the least recently used one first."""
        folders = self.folder.glob("torch-*")
        found = [cached for cached in map(load_environment, folders) if cached]
        return tuple(sorted(found, key=attrgetter("last_used")))

    @property
    def _locks(self) -> Path:
        return self.folder / "locks"

    def _folder_of(self, release: Release) -> Path:
        return self.folder / f"torch-{release.version}-py{release.python}"

    def _in_use(self, release: Release) -> Path:
        return self._locks / self._folder_of(release).name

    def _make_alone(self, release: Release) -> CachedEnvironment:
        """Make it while no other process changes the folder."""

        def note_wait() -> None:
            self._note(f"waiting for another process that installs in {self.folder}")

        with exclusive_lock(self._locks / "making", note_wait) as lock:
            self._remove_leftovers()
            # Another process may just have made it.
            return self.find(release) or self._make(release, lock)

    def _make(self, release: Release, lock: int) -> CachedEnvironment:
        target = self._folder_of(release)
        if target.exists():  # Made from other requirements than the table has now.
            self._remove(target)
        partial = self.folder / (PARTIAL + target.name)
        partial.mkdir()
        try:
            installer = Installer(release, partial, self._uv or find_uv(), lock)
            record = self._install(installer)
            save_record(installer.environment, record)
            installer.environment.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
        return CachedEnvironment(target, record, time.time())

    def _install(self, installer: Installer) -> Record:
        release = installer.release
        installer.create()
        wheels = installer.resolve()
        need = wheels.disk
        self._make_room(release, need)
        self._note(
            f"installing torch {release.version} for Python {release.python} "
            f"(at most {format_size(need)}) in {self.folder}"
        )
        installer.install()
        installer.check()
        return Record(
            release.version,
            release.python,
            release.requirements,
            wheels.torch.name,
            wheels.torch.sha256,
            disk_use(installer.environment),
        )

    def _make_room(self, release: Release, need: int) -> None:
        """Remove what was not used for longest until ``need`` bytes fit."""
        what = f"torch {release.version} needs {format_size(need)} in {self.folder}"
        if need > self.cap_bytes:
            raise GoldenToolError(
                f"{what}, more than its cap of {format_size(self.cap_bytes)}; "
                f"set {CAP_VARIABLE} to more GB"
            )
        cached = self.cached()
        free = shutil.disk_usage(self.folder).free
        if need > free + sum(entry.record.size for entry in cached):
            raise GoldenToolError(
                f"{what}, and its disk has {format_size(free)} free; free some, "
                f"or set {FOLDER_VARIABLE} to a folder on another disk"
            )
        for entry in cached:
            if self._lacking(need) <= 0:
                return
            self._remove_if_unused(entry)
        if self._lacking(need) > 0:
            raise GoldenToolError(
                f"{what}, and the environments in use leave too little; wait for "
                f"the runs that use them, or set {CAP_VARIABLE} to more GB"
            )

    def _lacking(self, need: int) -> int:
        """How many bytes are missing, under the cap or on the disk."""
        total = sum(entry.record.size for entry in self.cached())
        free = shutil.disk_usage(self.folder).free
        return max(total + need - self.cap_bytes, need - free)

    def _remove_if_unused(self, entry: CachedEnvironment) -> None:
        with exclusive_lock_if_free(self._locks / entry.folder.name) as is_free:
            if is_free:
                self._note(
                    f"removing torch {entry.record.release} "
                    f"({format_size(entry.record.size)}) to make room"
                )
                self._remove(entry.folder)

    def _remove(self, folder: Path) -> None:
        # Renamed first, so that a half-removed environment does not count.
        doomed = folder.rename(folder.with_name(PARTIAL + folder.name))
        shutil.rmtree(doomed)

    def _remove_leftovers(self) -> None:
        """Remove what a process left that was killed; needs the lock."""
        for partial in self.folder.glob(f"{PARTIAL}torch-*"):
            shutil.rmtree(partial)
