"""Finding the Python interpreters that are installed on this machine."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tools.golden.errors import GoldenToolError

#: An interpreter or uv answers such a question at once, or is broken.
ANSWER_SECONDS = 60


def find_uv() -> Path:
    """The uv that is installed, from its package or on PATH.

    Raises GoldenToolError where there is none.
    """
    try:
        from uv import find_uv_bin

        return Path(find_uv_bin())
    except (ImportError, FileNotFoundError):
        on_path = shutil.which("uv")
    if on_path is None:
        raise GoldenToolError("uv is not installed: run pip install -e '.[tools]'")
    return Path(on_path)


def find_interpreter(python: str, uv: Path | None = None) -> Path | None:
    """An installed interpreter of the version ``python``, for example ``3.7``.

    Looks among pyenv's versions (even those that pyenv has not switched on),
    then asks ``uv`` (default: the installed one), then PATH.  None is not the
    last word for making an environment: uv can download some versions.
    """
    return _of_pyenv(python) or _of_uv(python, uv or find_uv()) or _on_path(python)


def _of_pyenv(python: str) -> Path | None:
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    patches = {}
    for folder in root.glob(f"versions/{python}.*"):
        # Other names than 3.7.16 are pre-releases and free-threaded builds.
        patch = re.fullmatch(rf"{re.escape(python)}\.(\d+)", folder.name)
        interpreter = folder / "bin" / f"python{python}"
        if patch and os.access(interpreter, os.X_OK):
            patches[int(patch.group(1))] = interpreter
    return patches[max(patches)] if patches else None


def _of_uv(python: str, uv: Path) -> Path | None:
    find = [uv, "python", "find", "--no-project", "--system", "--no-python-downloads"]
    answer = _ask([*find, python])
    return Path(answer) if answer else None


def _on_path(python: str) -> Path | None:
    found = shutil.which(f"python{python}")
    # pyenv's shims are found, but only run versions that are switched on.
    if found and _ask([found, "-c", "import sys; print(sys.version)"]):
        return Path(found)
    return None


def _ask(command: list) -> str:
    """What the command prints; empty where it fails or cannot be run."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=ANSWER_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
