# Owner(s): ["module: serialization"]

"""Files from machines unlike the reader's: with a GPU, or of the other byte order.

No such machine wrote them: the releases' own code did, with the names of devices, or
the order of bytes, that it would have found there.
"""

import contextlib
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_compat import load_golden, reader_has  # noqa: E402
from common_expected import save_expected  # noqa: E402
from common_utils import golden, run_tests  # noqa: E402
from common_values import numbers  # noqa: E402
from serialization_cases import (  # noqa: E402
    CONTAINERS,
    KIND,
    KINDS,
    SINCE_WEIGHTS_ONLY,
    FileTestCase,
    save_as,
)
from serialization_describe import described_file  # noqa: E402

GPU_NOTE = (
    "written without a GPU: a tagger registered with torch.serialization's"
    " register_package named the storages' devices cuda:0, cuda:1, cuda:0 in turn"
)
BIG_NOTE = (
    "written on a little-endian machine: sys.byteorder said 'big' and each element's"
    " bytes were swapped before torch.save"
)
OLD_BIG_NOTE = (
    "written on a little-endian machine: each element's bytes were swapped before"
    " torch.save, which keeps no byte order"
)
# None is the default of the default.
ORDERS = (None, "LITTLE", "BIG", "NATIVE")
NO_GPU = "Attempting to deserialize object on"


@contextlib.contextmanager
def storages_on_gpus():
    """Let torch.save name cuda:0 and cuda:1 in turn as the devices of storages."""
    registry = torch.serialization._package_registry
    before, tags = list(registry), {}

    def tag(storage):
        return tags.setdefault(storage.data_ptr(), f"cuda:{len(tags) % 2}")

    # Before all others, which have 10 and more.
    torch.serialization.register_package(0, tag, lambda storage, location: None)
    try:
        yield
    finally:
        registry[:] = before


def on_gpus():
    """What a model on two GPUs might save."""
    x = numbers(2, 2)
    return {"weight": x, "tied": x, "bias": numbers(2), "steps": torch.tensor(3)}


class Locations:
    """A function for ``map_location`` that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, storage, location):
        self.asked.append(location)
        return storage


GPU_LOCATIONS = {
    "string": "cpu",
    "device": torch.device("cpu"),
    "dict": {"cuda:0": "cpu", "cuda:1": "cpu"},
    "function": lambda storage, location: storage,
}


class TestFilesOfGpus(FileTestCase):
    """Storages that were on a GPU, read where there is none."""

    def write(self, files, container):
        """Write a file as from a machine with GPUs."""
        made = on_gpus()
        with storages_on_gpus():
            save_as(container, made, files[KIND])
        save_expected(files["expected.npz"], described_file(made))

    def check_reads(self, reads):
        """Check each of ``reads`` for the files of both containers."""
        notes = self.golden_spec().notes
        self.assertEqual(set(notes), set(CONTAINERS))
        for container in CONTAINERS:
            for name, read in reads.items():

                def write(files, container=container):
                    self.write(files, container)

                with self.subTest(load=name):
                    self.check_golden(write, {KIND: read}, container)

    @golden(
        since="1.0.0",
        kinds=KINDS,
        subnames=CONTAINERS,
        notes=dict.fromkeys(CONTAINERS, GPU_NOTE),
    )
    def test_map_location(self):
        """With ``map_location``, in each of its forms, they are read."""

        def read_with(location, **options):
            def read(files):
                value = load_golden(files[KIND], map_location=location, **options)
                self.check_expected(files["expected.npz"], described_file(value))

            return read

        reads = {name: read_with(place) for name, place in GPU_LOCATIONS.items()}
        if reader_has(SINCE_WEIGHTS_ONLY):
            reads["weights_only"] = read_with("cpu", weights_only=True)
        self.check_reads(reads)

    @golden(
        since="1.0.0",
        kinds=KINDS,
        subnames=CONTAINERS,
        notes=dict.fromkeys(CONTAINERS, GPU_NOTE),
    )
    def test_locations(self):
        """A function as ``map_location`` is told each storage's device."""

        def read(files):
            locations = Locations()
            load_golden(files[KIND], map_location=locations)
            self.assertEqual(locations.asked, ["cuda:0", "cuda:1", "cuda:0"])

        self.check_reads({"function": read})

    @golden(
        since="1.0.0",
        kinds=KINDS,
        subnames=CONTAINERS,
        notes=dict.fromkeys(CONTAINERS, GPU_NOTE),
    )
    def test_refusal(self):
        """Without it, or where it says nothing of the device, they are refused."""
        if torch.cuda.is_available():
            self.skipTest("this torch has a GPU to read them to")

        def refuse(location):
            def read(files):
                with self.assertRaises(RuntimeError) as raised:
                    load_golden(files[KIND], map_location=location)
                message = str(raised.exception)
                self.assertEqual(message[: len(NO_GPU)], NO_GPU)

            return read

        self.check_reads(
            {"nothing": refuse(None), "dict of others": refuse({"cuda:2": "cpu"})}
        )


def swapped(tensor):
    """A tensor whose elements have the bytes of the other order."""
    array = tensor.numpy().copy()
    parts = array.view(array.real.dtype)
    parts.byteswap(inplace=True)
    return torch.from_numpy(array)


def of_many_sizes():
    """Tensors whose elements are of all sizes, and a view."""
    x = numbers(2, 3)
    return {
        "float": x.t(),
        "double": numbers(2).double() / 8,
        "half": numbers(2).half(),
        "short": torch.tensor([1, -300], dtype=torch.int16),
        "long": torch.tensor([1, 2**40]),
        "byte": torch.tensor([1, 255], dtype=torch.uint8),
        "flag": torch.tensor([True, False]),
        "complex": torch.tensor([1 - 2j, 0.5j]),
    }


@contextlib.contextmanager
def big_endian():
    """Let torch.save believe that the machine has the other byte order."""
    before = sys.byteorder
    sys.byteorder = "big"
    try:
        yield
    finally:
        sys.byteorder = before


@contextlib.contextmanager
def default_endianness(name):
    """Let torch.load believe it of files that do not say."""
    serialization = torch.serialization
    before = serialization.get_default_load_endianness()
    order = name and getattr(serialization.LoadEndianness, name)
    serialization.set_default_load_endianness(order)
    try:
        yield
    finally:
        serialization.set_default_load_endianness(before)


def all_swapped(value):
    """The tensors with the bytes of the other order, with the same strides."""
    made = {key: swapped(tensor) for key, tensor in value.items() if key != "float"}
    return dict(made, float=swapped(value["float"].t()).t())


def write_tensors(files, value):
    """Save tensors; what they are, where the order of bytes is minded, is expected."""
    save_as("zip", value, files[KIND])
    save_expected(files["expected.npz"], described_items(of_many_sizes()))


def described_items(value):
    """The description of each tensor by itself, by name."""
    return {key: described_file(value[key]) for key in sorted(value)}


class TestEndianness(FileTestCase):
    """Elements whose bytes are in the other order."""

    def check_orders(self, write, defaults, is_big):
        """Check a golden, with each of some defaults for the order of bytes."""

        def read_with(default):
            def read(files):
                with default_endianness(default):
                    value = load_golden(files[KIND])
                self.check_expected(files["expected.npz"], described_items(value))

            return read

        def read_as_own(files):
            value = load_golden(files[KIND])
            value = all_swapped(value) if is_big else value
            self.check_expected(files["expected.npz"], described_items(value))

        if reader_has("2.1.0"):
            reads = {default: read_with(default) for default in defaults}
        else:
            # Before, each file was taken for one of the reader's own kind.
            reads = {"own": read_as_own}
        for name, read in reads.items():
            with self.subTest(default=name):
                self.check_golden(write, {KIND: read})

    @golden(since="2.1.0", kinds=KINDS, notes={None: BIG_NOTE})
    def test_big_endian(self):
        """A file that says it is big-endian is read so, whatever the default is."""

        def write(files):
            with big_endian():
                write_tensors(files, all_swapped(of_many_sizes()))

        self.check_orders(write, ORDERS, is_big=True)

    @golden(since="2.1.0", kinds=KINDS)
    def test_little_endian(self):
        """A file that says it is little-endian is read so, whatever the default is."""
        self.check_orders(
            lambda files: write_tensors(files, of_many_sizes()), ORDERS, is_big=False
        )

    @golden(since="1.6.0", until="2.0.1", kinds=KINDS, notes={None: OLD_BIG_NOTE})
    def test_big_endian_unsaid(self):
        """A file from before the order was kept is read in the order of the default."""

        def write(files):
            write_tensors(files, all_swapped(of_many_sizes()))

        self.check_orders(write, ["BIG"], is_big=True)

    @golden(since="1.6.0", until="2.0.1", kinds=KINDS)
    def test_little_endian_unsaid(self):
        """The same of a little-endian file."""
        self.check_orders(
            lambda files: write_tensors(files, of_many_sizes()),
            ["LITTLE", "NATIVE", None],
            is_big=False,
        )


if __name__ == "__main__":
    run_tests()
