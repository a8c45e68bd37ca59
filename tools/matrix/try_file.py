"""The command ``try``: which releases read a file of the user's.

Loading runs code that the file brings.  So it happens in a process of its own, after
the user said yes.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from common_formats import UNKNOWN, format_version

from tools.golden.errors import GoldenToolError
from tools.matrix.errors import MatrixError
from tools.matrix.readers import choose_readers, environment_of
from tools.testing.records import TorchInfo

HELP = "say which releases read a file of yours, and what the others say"
EXIT_FINE, EXIT_UNREAD = 0, 1
CHILD = Path(__file__).with_name("load_child.py")
TIMEOUT_SECONDS = 300
WARNING = (
    "Loading {file} runs whatever code it brings, under your account. Go on? [y/N] "
)


@dataclass(frozen=True)
class Attempt:
    """What one reader made of the file: ``loaded``, or ``error``."""

    reader: str
    loaded: str = ""
    error: str = ""
    results: tuple[np.ndarray, ...] = ()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``try``."""
    parser.description = HELP
    parser.add_argument("file", metavar="FILE", help="what torch wrote")
    parser.add_argument(
        "--readers", metavar="RANGE", help="releases, as for run (default: all)"
    )
    parser.add_argument(
        "--input",
        metavar="FILE.npy",
        action="append",
        default=[],
        help="call what was loaded with this array, and compare the results; may be "
        "repeated, in the order of the arguments",
    )
    parser.add_argument(
        "--yes", action="store_true", help="run the file's code without asking"
    )


def run(args: argparse.Namespace) -> int:
    """Try the file with each reader; 1 if one fails."""
    path = Path(args.file).absolute()
    for each in (path, *map(Path, args.input)):
        if not each.is_file():
            raise MatrixError(f"{each}: no such file")
    kind = kind_of(path)
    print(f"{args.file}: {format_version(str(path))}, loaded as {kind}")
    if not (args.yes or _agrees(args.file)):
        raise MatrixError("not loaded; --yes goes on without asking")
    readers = choose_readers(args.readers, TorchInfo(version="local"))
    attempts = []
    for reader in readers:
        attempts.append(attempt(reader.name, kind, path, args.input))
        print(_line(attempts[-1], attempts[0]), flush=True)
    read = sum(not each.error for each in attempts)
    print(f"{read} of {len(attempts)} readers read it")
    return EXIT_FINE if read == len(attempts) else EXIT_UNREAD


def _agrees(file: str) -> bool:
    if not sys.stdin.isatty():
        return False
    return input(WARNING.format(file=file)).strip().lower() in ("y", "yes")


def kind_of(path: Path) -> str:
    """How to load the file, told from its bytes.  Raises MatrixError."""
    version = format_version(str(path))
    if version == UNKNOWN or version in ("npz", "json"):
        raise MatrixError(f"{path}: {version} format, not one that torch loads")
    if version.startswith("flatbuffer") or "bytecode" in version:
        return "mobile"
    if "archive_version" in version or "schema" in version:
        return "exported"
    if version.startswith("zip"):
        return _kind_of_zip(path)
    return "pickle"


def _kind_of_zip(path: Path) -> str:
    with zipfile.ZipFile(path) as archive:
        inner = {name.partition("/")[2] for name in archive.namelist()}
    if any(name.startswith(".data/extern_modules") for name in inner):
        return "package"
    is_script = "constants.pkl" in inner or "model.json" in inner
    return "script" if is_script else "pickle"


def attempt(reader: str, kind: str, path: Path, inputs: list[str]) -> Attempt:
    """Load the file under one reader, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="torch-try-") as folder:
        output = Path(folder, "results.npz")
        inputs = [str(Path(each).absolute()) for each in inputs]
        try:
            with environment_of(reader) as environment:
                # -I: the user's folder is not the place to import from.
                command = [str(environment.python), "-I", str(CHILD), kind, str(path)]
                process = subprocess.run(
                    [*command, str(output), *inputs],
                    cwd=folder,
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    timeout=TIMEOUT_SECONDS,
                )
        except GoldenToolError as error:
            return Attempt(reader, error=f"not tried: {error}")
        except subprocess.TimeoutExpired:
            return Attempt(reader, error=f"no end within {TIMEOUT_SECONDS} s")
        return _told(reader, process, output)


def _told(reader: str, process: subprocess.CompletedProcess, output: Path) -> Attempt:
    try:
        told = json.loads(process.stdout.splitlines()[-1])
        if set(told) not in ({"torch", "loaded"}, {"torch", "error"}):
            raise ValueError
    except (IndexError, ValueError, TypeError):
        printed = process.stderr.decode(errors="replace").strip().splitlines()
        # C++ says after this what ended it; below it is the stack.
        said = [line for line in printed if "what():" in line] or printed[-1:]
        how = "".join(f": {line.strip()}" for line in said[:1])
        return Attempt(reader, error=f"ended with {process.returncode}{how}")
    if "error" in told:
        return Attempt(reader, error=" ".join(str(told["error"]).split()))
    results: tuple[np.ndarray, ...] = ()
    if output.exists():
        with np.load(output, allow_pickle=False) as stored:
            results = tuple(stored[name] for name in stored.files)
    return Attempt(reader, loaded=str(told["loaded"]), results=results)


def _line(attempt: Attempt, first: Attempt) -> str:
    name = attempt.reader.ljust(8)
    if attempt.error:
        return f"{name} no   {attempt.error[:200]}"
    return f"{name} yes  {attempt.loaded}{_compared(attempt, first)}"


def _compared(attempt: Attempt, first: Attempt) -> str:
    """How the results differ from those of the first reader."""
    if attempt is first or first.error or not first.results:
        return ""
    if [r.shape for r in attempt.results] != [r.shape for r in first.results]:
        return f"; shapes differ from those of {first.reader}"
    pairs = zip(attempt.results, first.results, strict=True)
    most = max((_distance(one, other) for one, other in pairs), default=0.0)
    if most == 0:
        return f"; the same results as {first.reader}"
    return f"; results differ from those of {first.reader} by up to {most:g}"


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of two elements; infinite where only one is a NaN."""
    alike = (one == other) | (np.isnan(one) & np.isnan(other))
    differences = np.where(alike, 0.0, np.abs(one - other))
    return float(np.nan_to_num(differences, nan=np.inf).max(initial=0.0))
