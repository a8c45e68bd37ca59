"""How the goldens of torch.save are declared, written and read.

A ``Case`` is one object; ``add_cases`` gives a test class a test for each.  A file is
loaded in each way that this torch knows: as a whole, with ``weights_only``, and with
its storages mapped into memory.
"""

import inspect
import pickle
import warnings
from dataclasses import dataclass
from typing import Any, Callable, Dict, Optional, Tuple

import torch

from common_compat import load_golden, reader_has
from common_expected import save_expected
from common_utils import GoldenTestCase, golden
from serialization_describe import described_file

KIND = "saved.pt"
KINDS = (KIND, "expected.npz")
# The first release that writes each container.  The zip of 1.4 is another, see
# test_load_options.py; until 1.6 it was an option.
CONTAINERS = {"legacy": "1.0.0", "zip": "1.5.0"}
SINCE_WEIGHTS_ONLY = "1.13.0"
SINCE_MMAP = "2.1.0"
# The first readers whose weights_only allows these, too.
SAFE_FLOATS = "2.0.0"
SAFE_QUANTIZED = SAFE_BITS = SAFE_ATTRIBUTES = SAFE_DEVICES = SAFE_COUNTERS = "2.4.0"
SAFE_BYTES = "2.5.0"
SAFE_SETS = SAFE_COMPLEX = SAFE_OLD_SIZES = "2.6.0"
# What a weights_only load of 1.13 to now begins to say of what it does not allow.
REFUSAL = "Weights only load failed"


@dataclass(frozen=True)
class Case:
    """An object to be saved, and how it is to be loaded.

    ``make()`` gives the object; ``expect()`` what is loaded, where that is not what
    was saved; ``change(loaded)`` changes it, to show which parts share their storage.
    ``since`` is the first release that can write it, ``zip_since`` and
    ``legacy_since`` the first that can in that container, None if none can.

    With weights_only it loads since the reader ``safe``, None for never.  What is not
    allowed is refused, and the refusal names one of ``refused``.
    """

    doc: str
    make: Callable[[], Any]
    since: str = "1.0.0"
    until: Optional[str] = None
    zip_since: Optional[str] = CONTAINERS["zip"]
    legacy_since: Optional[str] = CONTAINERS["legacy"]
    expect: Optional[Callable[[], Any]] = None
    change: Optional[Callable[[Any], Any]] = None
    safe: Optional[str] = SINCE_WEIGHTS_ONLY
    refused: Tuple[str, ...] = ()
    mapped: bool = True

    def containers(self) -> Dict[str, str]:
        """Container to the first release that can write the object in it."""
        found = {}
        for name, own in (("legacy", self.legacy_since), ("zip", self.zip_since)):
            if own:
                found[name] = max(own, self.since, key=release_key)
        return found


def release_key(release):
    """What orders releases."""
    return tuple(int(part) for part in release.split("."))


def save_as(container: str, value: Any, path: Any, **options: Any) -> None:
    """``torch.save`` with a container, whatever the running torch's default is."""
    if "_use_new_zipfile_serialization" in inspect.signature(torch.save).parameters:
        options["_use_new_zipfile_serialization"] = container == "zip"
    with warnings.catch_warnings():
        # Of hooks, say, that a file does not keep.
        warnings.simplefilter("ignore")
        torch.save(value, path, **options)


def load_weights_only(path: str) -> Any:
    """``torch.load`` that runs nothing of the file's."""
    return torch.load(path, weights_only=True)


def load_mapped(path: str) -> Any:
    """``torch.load`` that leaves the elements in the file."""
    return load_golden(path, mmap=True)


class FileTestCase(GoldenTestCase):
    """Base class: writes and reads files of torch.save."""

    def setUp(self):
        super().setUp()
        # About storages with a type: the older files hold them.
        warnings.filterwarnings("ignore", "TypedStorage is deprecated")
        warnings.filterwarnings("ignore", "Sparse .* tensor support is in beta")
        warnings.filterwarnings("ignore", "The PyTorch API of nested tensors")

    def check_case(self, case: Case) -> None:
        """Check the object of a case in each container that its test declares."""
        for container in self.golden_spec().subnames:
            self.check_container(case, container)

    def check_container(self, case: Case, container: Optional[str]) -> None:
        """Check the object of a case in one container, None being the default one."""

        def write(files):
            value = case.make()
            if container:
                save_as(container, value, files[KIND])
            else:
                save_by_default(value, files[KIND])
            value = case.expect() if case.expect else value
            save_expected(files["expected.npz"], observe(case, value))

        for name, load in self.loads(case, container).items():
            with self.subTest(load=name):
                self.check_golden(write, {KIND: self.reader(case, load)}, container)
        if not reader_has(SINCE_WEIGHTS_ONLY):
            return
        with self.subTest(load="weights_only"):
            if case.safe and reader_has(case.safe):
                read = self.reader(case, load_weights_only)
            else:

                def read(files):
                    self.check_refused(files[KIND], case.refused)

            self.check_golden(write, {KIND: read}, container)

    def loads(self, case, container):
        """The ways to load the whole of an object that this torch knows."""
        ways = {"all": load_golden}
        if case.mapped and container == "zip" and reader_has(SINCE_MMAP):
            ways["mmap"] = load_mapped
        return ways

    def reader(self, case, load):
        """A read of a golden that compares all parts."""

        def read(files):
            found = observe(case, load(files[KIND]))
            self.check_expected(files["expected.npz"], found)

        return read

    def check_refused(self, path: str, names: Tuple[str, ...]) -> None:
        """Check that a weights_only load refuses the file, and names what."""
        with self.assertRaises(pickle.UnpicklingError) as raised:
            load_weights_only(path)
        message = str(raised.exception)
        self.assertEqual(message[: len(REFUSAL)], REFUSAL)
        if not any(name in message for name in names):
            self.fail(f"none of {names} in: {message}")


def observe(case: Case, value: Any) -> Dict[str, Any]:
    """What is compared of an object."""
    parts = {"value": described_file(value)}
    if case.change:
        case.change(value)
        parts["changed"] = described_file(value)
    return parts


def save_by_default(value: Any, path: Any) -> None:
    """``torch.save`` with the container that the running torch prefers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.save(value, path)


def add_cases(test_class: type, cases: Dict[str, Case], containers=True) -> None:
    """Give a test class a test ``test_<name>`` for each case of a table.

    Its goldens are one in each container, or, without ``containers``, one in that
    which the writer prefers.
    """
    for name, case in cases.items():
        setattr(test_class, f"test_{name}", _make_test(name, case, containers))


def _make_test(name, case, containers):
    def test(self):
        self.check_case(case)

    test.__name__ = f"test_{name}"
    test.__doc__ = case.doc
    subnames = case.containers() if containers else None
    since = min(subnames.values(), key=release_key) if subnames else case.since
    return golden(since=since, until=case.until, kinds=KINDS, subnames=subnames)(test)
