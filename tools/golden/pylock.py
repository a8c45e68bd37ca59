"""The wheels that a ``pylock.toml`` of uv (PEP 751) names."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

# An inline table of the array ``wheels``: of the standard library's parsers
# only that of Python 3.11 reads TOML, and three values are all that is needed.
_WHEEL = re.compile(
    r'\{ *(?:url|path) = "(?:[^"]*/)?(?P<name>[^"/]+\.whl)"'
    r"(?:[^{}]*, size = (?P<size>\d+))?"
    r'[^{}]*, hashes = \{ *sha256 = "(?P<sha256>[0-9a-f]{64})"'
)


@dataclass(frozen=True)
class Wheel:
    """A wheel: file name, sha256 (hex), size in bytes (0 where not stated)."""

    name: str
    sha256: str
    size: int


def read_wheels(text: str) -> tuple[Wheel, ...]:
    """All wheels that the text of a ``pylock.toml`` names, in its order."""
    return tuple(
        Wheel(unquote(found["name"]), found["sha256"], int(found["size"] or 0))
        for found in _WHEEL.finditer(text)
    )
