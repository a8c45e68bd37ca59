"""The command ``merge``: one matrix of several, each with readers of its own."""

import argparse
from contextlib import ExitStack
from pathlib import Path

from tools.matrix.errors import MatrixError
from tools.matrix.options import add_store_option
from tools.matrix.pack import unpacked
from tools.matrix.store import MatrixStore

HELP = "join matrices that read with different readers, as the jobs of a CI do"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``merge``."""
    parser.description = HELP
    parser.add_argument(
        "parts", metavar="PART", nargs="+", help="an SQLite file of run, or one of pack"
    )
    add_store_option(parser)


def run(args: argparse.Namespace) -> int:
    """Copy the readers of the parts into the store; always 0."""
    with ExitStack() as stack:
        files = {part: stack.enter_context(unpacked(Path(part))) for part in args.parts}
        _check_readers(files)
        with MatrixStore(Path(args.store)) as store:
            for file in files.values():
                store.take(file)
            names = [reader.name for reader in store.readers()]
    print(f"{args.store}: {len(names)} readers, {', '.join(names)}")
    return 0


def _check_readers(files: dict[str, Path]) -> None:
    from_part: dict[str, str] = {}
    for part, file in files.items():
        with MatrixStore(file, create=False) as opened:
            for reader in opened.readers():
                other = from_part.setdefault(reader.name, part)
                if other != part:
                    raise MatrixError(
                        f"{part}: has the reader {reader.name}, as {other} does; leave "
                        "one of them out"
                    )
