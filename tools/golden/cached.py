"""What the cache writes down about each of its environments.

The file ``environment.json`` in an environment is what makes it count.  Its
time of modification is when the environment was last used.
"""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.golden.releases import Release

RECORD = "environment.json"


@dataclass(frozen=True)
class Record:
    """What an environment was made from; ``size`` is its bytes on disk."""

    release: str
    python: str
    requirements: tuple[str, ...]
    wheel: str
    wheel_sha256: str
    size: int


@dataclass(frozen=True)
class CachedEnvironment:
    """An environment of the cache, last used so many seconds after the epoch."""

    folder: Path
    record: Record
    last_used: float

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.folder / "bin" / "python"

    def mark_used(self) -> None:
        """Let now be the time of its last use."""
        os.utime(self.folder / RECORD)

    def is_of(self, release: Release) -> bool:
        """Whether it is what the table now asks for, and still has its Python."""
        wanted = (release.version, release.python, release.requirements)
        made = (self.record.release, self.record.python, self.record.requirements)
        # The interpreter is a link to one outside, which may have been removed.
        return made == wanted and self.python.exists()


def save_record(folder: Path, record: Record) -> None:
    """Write the record of the environment in ``folder``."""
    text = json.dumps(asdict(record), indent=2) + "\n"
    (folder / RECORD).write_text(text, encoding="utf-8")


def load_environment(folder: Path) -> CachedEnvironment | None:
    """The environment in ``folder``; None where there is none that counts."""
    file = folder / RECORD
    try:
        fields = json.loads(file.read_text(encoding="utf-8"))
        fields["requirements"] = tuple(fields["requirements"])
        return CachedEnvironment(folder, Record(**fields), file.stat().st_mtime)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def disk_use(folder: Path) -> int:
    """How many bytes of disk the folder takes; a hard link counts once."""
    blocks = {}
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            status = os.lstat(os.path.join(parent, name))
            blocks[status.st_dev, status.st_ino] = status.st_blocks
    return 512 * sum(blocks.values())
