"""Torch releases as the suite names and orders them (Python 3.7, no torch).

A release is named by its version, ``1.13.1``.  Only the three numbers order
it: a local build or nightly such as ``2.16.0a0+git1234`` counts as 2.16.0.
"""

import functools
import re
from dataclasses import dataclass
from typing import Optional, Tuple

_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def parse_release(version: str) -> Tuple[int, int, int]:
    """The three numbers of a version: ``"2.13.0+cpu"`` gives ``(2, 13, 0)``.

    A missing third number is 0.  Raises ValueError for other text.
    """
    # The class of torch.__version__ in 1.10 is a text without a hash.
    return _parse(str(version))


@functools.lru_cache(maxsize=None)
def _parse(version: str) -> Tuple[int, int, int]:
    match = _VERSION.match(version)
    if match is None:
        raise ValueError(f"not a torch version: {version!r} (expected e.g. 1.13.1)")
    return int(match.group(1)), int(match.group(2)), int(match.group(3) or 0)


def is_release(name: str) -> bool:
    """Whether ``name`` begins as the version of a release does."""
    return _VERSION.match(name) is not None


@dataclass(frozen=True)
class ReleaseRange:
    """Releases from ``since`` to ``until``, both included; None is open."""

    since: Optional[str] = None
    until: Optional[str] = None

    @classmethod
    def parse(cls, text: str) -> "ReleaseRange":
        """Read ``1.3.1..1.5.1``, ``2.0.1..``, ``..1.5.1``, ``1.4.0`` or ``*``.

        Raises ValueError for anything else.
        """
        text = text.strip()
        if text == "*":
            return cls()
        first, dots, last = text.partition("..")
        since, until = first.strip(), (last if dots else first).strip()
        if not (since or until):
            raise ValueError(
                f"not a range of releases: {text!r} (expected A..B, A.., ..B, A or *)"
            )
        for bound in (since, until):
            if bound:
                parse_release(bound)
        return cls(since or None, until or None)

    def __contains__(self, version: str) -> bool:
        release = parse_release(version)
        if self.since is not None and release < parse_release(self.since):
            return False
        return self.until is None or release <= parse_release(self.until)

    def __str__(self) -> str:
        if self.since is None and self.until is None:
            return "*"
        if self.since == self.until:
            return str(self.since)
        return f"{self.since or ''}..{self.until or ''}"
