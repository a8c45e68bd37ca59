"""Files of pickles, among which are those that a release could not pickle."""

import io
import pickle
from typing import Any

import torch

from common_compat import load_golden

_REFUSED = b"This release refuses to pickle it. "


def save(value: Any, path: str) -> None:
    """``torch.save``; where it refuses the value, its error is what is kept.

    To a buffer: a file's name would be in each record of it.
    """
    buffer = io.BytesIO()
    try:
        torch.save(value, buffer)
        content = buffer.getvalue()
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        content = _REFUSED + f"{type(error).__name__}: {error}".encode()
    with open(path, "wb") as file:
        file.write(content)


def load(path: str, weights_only: bool = False) -> Any:
    """``torch.load``; raises PicklingError with what was kept where saving failed."""
    with open(path, "rb") as file:
        content = file.read()
    if content.startswith(_REFUSED):
        raise pickle.PicklingError(content.decode())
    if weights_only:
        return torch.load(io.BytesIO(content), weights_only=True)
    return load_golden(io.BytesIO(content))
