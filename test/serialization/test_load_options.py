# Owner(s): ["module: serialization"]

"""Ways to load a file that earlier releases wrote, and pickles of each protocol."""

import collections
import gzip
import io
import os
import pathlib
import pickle
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
    SINCE_MMAP,
    SINCE_WEIGHTS_ONLY,
    FileTestCase,
    load_weights_only,
    save_as,
)
from serialization_describe import described_file  # noqa: E402


def checkpoint():
    """What is saved: a view, integers, and no tensors."""
    x = numbers(2, 3)
    return collections.OrderedDict(
        [("weight", x.t()), ("row", x[1]), ("steps", torch.tensor(7)), ("note", "a")]
    )


class OnlyReads:
    """A file that has the methods which torch.load asks for, and no more."""

    def __init__(self, data):
        buffer = io.BytesIO(data)
        for name in ("read", "readline", "readinto", "seek", "tell"):
            setattr(self, name, getattr(buffer, name))


def load_from_file(path):
    """Load an open file."""
    with open(path, "rb") as file:
        return load_golden(file)


def load_from_memory(path):
    """Load from memory."""
    return load_golden(io.BytesIO(pathlib.Path(path).read_bytes()))


def load_from_wrapper(path):
    """Load from an object that is no file."""
    return load_golden(OnlyReads(pathlib.Path(path).read_bytes()))


def load_from_gzip(path):
    """Load from a compressed file."""
    compressed = gzip.compress(pathlib.Path(path).read_bytes())
    with gzip.open(io.BytesIO(compressed)) as file:
        return load_golden(file)


SOURCES = {
    "path": load_golden,
    "pathlib": lambda path: load_golden(pathlib.Path(path)),
    "file": load_from_file,
    "memory": load_from_memory,
    "wrapper": load_from_wrapper,
    "gzip": load_from_gzip,
}


def mapped_to(location):
    """A load with ``map_location``."""
    return lambda path: load_golden(path, map_location=location)


LOCATIONS = {
    "string": mapped_to("cpu"),
    "device": mapped_to(torch.device("cpu")),
    "dict": mapped_to({"cpu": "cpu"}),
    "dict of others": mapped_to({"cuda:0": "cpu"}),
    "function": mapped_to(lambda storage, location: storage),
    "function of no opinion": mapped_to(lambda storage, location: None),
}


class TestLoading(FileTestCase):
    """Where a file comes from, and where its tensors go."""

    def check_loads(self, loads, value=checkpoint, **options):
        """Check each of ``loads`` for the files of both containers."""

        def write(files, container):
            made = value()
            save_as(container, made, files[KIND], **options)
            save_expected(files["expected.npz"], described_file(made))

        for container in CONTAINERS:
            for name, load in loads.items():

                def read(files, load=load):
                    found = described_file(load(files[KIND]))
                    self.check_expected(files["expected.npz"], found)

                with self.subTest(load=name):
                    self.check_golden(
                        lambda files, container=container: write(files, container),
                        {KIND: read},
                        container,
                    )

    @golden(since="1.0.0", kinds=KINDS, subnames=CONTAINERS)
    def test_sources(self):
        """A file is loaded by its name, as a file object, and from memory."""
        self.check_loads(SOURCES)

    @golden(since="1.0.0", kinds=KINDS, subnames=CONTAINERS)
    def test_map_location(self):
        """Tensors go where the argument says, given in each of its forms."""
        self.check_loads(LOCATIONS)

    @golden(since="1.0.0", kinds=(KIND, "expected.npz"))
    def test_two_in_one_file(self):
        """Objects that were saved one after the other into a legacy file."""

        def write(files):
            with open(files[KIND], "wb") as file:
                save_as("legacy", checkpoint(), file)
                save_as("legacy", [numbers(2)], file)
            made = [checkpoint(), [numbers(2)]]
            save_expected(files["expected.npz"], [described_file(x) for x in made])

        def read(files):
            with open(files[KIND], "rb") as file:
                found = [described_file(load_golden(file)) for _ in range(2)]
            self.check_expected(files["expected.npz"], found)

        self.check_golden(write, {KIND: read})

    @golden(since="1.0.0", kinds=(KIND, "expected.npz"))
    def test_mmap_of_legacy(self):
        """Mapping a legacy file into memory is refused."""

        def write(files):
            save_as("legacy", checkpoint(), files[KIND])
            save_expected(files["expected.npz"], described_file(checkpoint()))

        def read(files):
            if not reader_has(SINCE_MMAP):
                found = described_file(load_golden(files[KIND]))
                self.check_expected(files["expected.npz"], found)
                return
            with self.assertRaisesRegex(RuntimeError, "mmap can only be used with"):
                load_golden(files[KIND], mmap=True)

        self.check_golden(write, {KIND: read})


class TestZipOfRelease14(FileTestCase):
    """The zip container as 1.4 alone wrote it, when it was asked to."""

    @golden(since="1.4.0", until="1.4.0", kinds=KINDS)
    def test_tensors(self):
        """A dict of tensors."""

        def write(files):
            save_as("zip", checkpoint(), files[KIND])
            save_expected(files["expected.npz"], described_file(checkpoint()))

        def read(files):
            found = described_file(load_golden(files[KIND]))
            self.check_expected(files["expected.npz"], found)

        self.check_golden(write, {KIND: read})

    @golden(since="1.4.0", until="1.4.0", kinds=KINDS)
    def test_no_tensors(self):
        """A list of numbers."""
        value = [1, 2.5, "x"]

        def write(files):
            save_as("zip", value, files[KIND])
            save_expected(files["expected.npz"], described_file(value))

        def read(files):
            found = described_file(load_golden(files[KIND]))
            self.check_expected(files["expected.npz"], found)

        self.check_golden(write, {KIND: read})


def protocol_subnames(first):
    """Subname to its first release, for each protocol and container.

    Protocol 5 came with Python 3.8, which our releases have since 1.4.
    """
    return {
        f"{container}_{protocol}": "1.4.0"
        if protocol == 5 and container == "legacy"
        else since
        for container, since in CONTAINERS.items()
        for protocol in range(first, 6)
    }


class TestProtocols(FileTestCase):
    """Pickles of each protocol that the writer's and the reader's Python have."""

    def check_protocols(self, value, loads_of):
        """Check the object in each container and protocol of the test."""
        for subname in self.golden_spec().subnames:
            container, _, digit = subname.partition("_")
            protocol = int(digit)
            if protocol > pickle.HIGHEST_PROTOCOL:
                with self.subTest(subname=subname):
                    self.skipTest(f"this Python lacks pickle protocol {protocol}")
                continue

            def write(files, container=container, protocol=protocol):
                made = value()
                save_as(container, made, files[KIND], pickle_protocol=protocol)
                save_expected(files["expected.npz"], described_file(made))

            for name, read in loads_of(protocol).items():
                with self.subTest(load=name):
                    self.check_golden(write, {KIND: read}, subname)

    def read_with(self, load):
        """A read of a golden."""

        def read(files):
            found = described_file(load(files[KIND]))
            self.check_expected(files["expected.npz"], found)

        return read

    def refuse(self, files):
        """A read that must be refused."""
        self.check_refused(files[KIND], ("Unsupported operand",))

    def ways(self, protocol):
        """How a file of this protocol is read."""
        reads = {"all": self.read_with(load_golden)}
        if reader_has(SINCE_WEIGHTS_ONLY):
            # Its own unpickler knows protocol 2, and what is written like it.
            loads = self.read_with(load_weights_only)
            reads["weights_only"] = loads if protocol in (2, 3) else self.refuse
        return reads

    @golden(since="1.0.0", kinds=KINDS, subnames=protocol_subnames(1))
    def test_tensors(self):
        """A dict of tensors; protocol 0 has no references to them."""
        self.check_protocols(checkpoint, self.ways)

    @golden(since="1.0.0", kinds=KINDS, subnames=protocol_subnames(0))
    def test_values(self):
        """Values without a tensor."""
        value = {"a": [1, 2, None, True, 2**40], "b": ("text", "\u00e9")}
        self.check_protocols(lambda: value, self.ways)


if __name__ == "__main__":
    run_tests()
