"""What the files of an export hold: tests, helpers, goldens, provenance, ledger."""

import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from common_golden import (
    PROVENANCE_NAME,
    Provenance,
    checked_file,
    load_provenance,
    release_folders,
    save_provenance,
)
from common_ledger import LEDGER_PATH, load_ledger
from common_releases import ReleaseRange

from tools.golden.declared import DeclaredGolden
from tools.upstream.aggregator import with_classes
from tools.upstream.checkout import Checkout
from tools.upstream.classes import test_classes
from tools.upstream.errors import UpstreamError
from tools.upstream.layout import aggregated
from tools.upstream.ledger import check_survived, merged_ledger
from tools.upstream.needs import TEST, Tree
from tools.upstream.sources import read_source
from tools.upstream.writers import chosen_writers, written

LEDGER = f"{TEST}/{os.path.basename(LEDGER_PATH)}"


@dataclass(frozen=True)
class Chosen:
    """What to export: test files, and their tests (``Class.test``).

    ``goldens`` are those of the whole suite.
    """

    files: tuple[str, ...]
    tests: frozenset[str]
    goldens: tuple[DeclaredGolden, ...]


@dataclass(frozen=True)
class Content:
    """What files are to hold, by their paths in the checkout.

    ``extended`` are those that keep what they hold there, and get something more.
    """

    files: dict[str, bytes]
    extended: frozenset[str]


def content_of(
    tree: Tree, chosen: Chosen, checkout: Checkout, writers: ReleaseRange | None
) -> Content:
    """All that the chosen tests need in the checkout, with what is there already.

    ``writers`` are those whose goldens to take, see ``chosen_writers``.  Raises
    GoldenError for a golden that is missing or altered, UpstreamError for a test that
    only our driver survives, and for a checkout without a file to be extended.
    """
    needs = [tree.needs(file) for file in chosen.files]
    own = set().union(*(each.modules | each.data for each in needs)) - {LEDGER}
    files = {path: (tree.root / path).read_bytes() for path in sorted(own)}
    folders = _golden_folders(tree.root, chosen, checkout, writers)
    # Tests read those of each other.
    for folder in set().union(*(each.pinned for each in needs)):
        folders[folder] = set(load_provenance(str(tree.root / folder)).goldens)
    extended = {}
    for folder, names in sorted(folders.items()):
        files.update(_golden_files(tree.root, folder, names))
        path = f"{folder}/{PROVENANCE_NAME}"
        extended[path] = _provenance(tree.root, folder, names, checkout)
    if any(LEDGER in each.data for each in needs):
        extended[LEDGER] = _ledger(tree.root, chosen, checkout)
    extended.update(_aggregators(tree, chosen.files, checkout))
    return Content({**files, **extended}, frozenset(extended))


def _golden_folders(
    root: Path, chosen: Chosen, checkout: Checkout, writers: ReleaseRange | None
) -> dict[str, set[str]]:
    """Release folders, and the names of the goldens that they are to have.

    A release that has a folder needs the goldens of all tests there: those of these
    tests from releases of earlier exports, and those of tests of earlier exports.
    """
    found: dict[str, set[str]] = {}
    unpinned = [golden for golden in chosen.goldens if not golden.pinned]
    for place in {g.folder for g in unpinned if g.file in chosen.files}:
        there = release_folders(str(checkout.root / TEST / place))
        known = {n for each in there.values() for n in load_provenance(each).goldens}
        declared = [golden for golden in unpinned if golden.folder == place]
        taken = chosen_writers(declared, root / TEST, writers, checkout.version)
        for golden in declared:
            if golden.file in chosen.files or golden.name in known:
                for writer in written(golden, root / TEST):
                    if writer in taken or writer in there:
                        folder = f"{TEST}/{place}/{writer}"
                        found.setdefault(folder, set()).add(golden.name)
    return found


def _golden_files(
    root: Path, folder: str, names: Iterable[str]
) -> Iterator[tuple[str, bytes]]:
    place = str(root / folder)
    provenance = load_provenance(place)
    for name in sorted(names):
        for kind in provenance.goldens[name].files:
            path = Path(checked_file(place, provenance, name, kind))
            yield f"{folder}/{path.name}", path.read_bytes()


def _provenance(
    root: Path, folder: str, names: Iterable[str], checkout: Checkout
) -> bytes:
    """The checkout's provenance of a folder, with that of the goldens ``names``."""
    own = load_provenance(str(root / folder))
    there = load_provenance(str(checkout.root / folder))
    merged: Provenance = replace(there, release=own.release)
    for name in sorted(names):
        golden = own.goldens[name]
        merged = merged.with_golden(name, own.runs[golden.run], golden)
    with tempfile.TemporaryDirectory() as temporary:
        save_provenance(temporary, merged)
        return Path(temporary, PROVENANCE_NAME).read_bytes()


def _ledger(root: Path, chosen: Chosen, checkout: Checkout) -> bytes:
    check_survived(load_ledger(str(root / LEDGER)), chosen.tests, checkout.version)
    own = (root / LEDGER).read_text(encoding="utf-8")
    there = checkout.read(LEDGER)
    text = there.decode("utf-8") if there is not None else None
    return merged_ledger(own, text, chosen.tests).encode("utf-8")


def _aggregators(
    tree: Tree, paths: Sequence[str], checkout: Checkout
) -> dict[str, bytes]:
    """The texts of the files of the checkout that collect tests, with these."""
    texts: dict[str, str] = {}
    for path in paths:
        row = aggregated(path)
        if row is None:
            continue
        if checkout.read(row.aggregator) is None:
            raise UpstreamError(
                f"{checkout.root / row.aggregator}: missing, and without it PyTorch "
                f"does not run the tests of {PurePosixPath(path).parent}; restore it"
            )
        text = texts.get(row.aggregator)
        source = read_source(checkout.root, row.aggregator, text)
        classes = [c.name for c in test_classes(tree, path) if c.has_tests]
        texts[row.aggregator] = with_classes(source, path, classes)
    return {path: text.encode("utf-8") for path, text in texts.items()}
