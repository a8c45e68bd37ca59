"""What ``check`` reports."""

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Problem:
    """A place that breaks a rule; ``path`` is relative to the tree, with slashes."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"
