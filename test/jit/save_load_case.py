"""Base of the tests of saving and loading, and where releases differ for them."""

import functools
import io
import unittest
import warnings

import psutil
import torch

from common_compat import (
    HardwareClassification,
    TestCase,
    ignore_announced_deprecations,
    import_first,
    reader_has,
)
from common_judging import LedgerMixin
from common_values import converted, plain

_jit_utils = import_first("torch.testing._internal.jit_utils")
_common_utils = import_first("torch.testing._internal.common_utils")


def needs(release, what):
    """Skip a test, or a class of tests, where torch lacks ``what``."""
    return unittest.skipUnless(reader_has(release), _lacks(release, what))


def _lacks(release, what):
    return f"torch {torch.__version__} lacks {what} (since {release})"


def needs_memory(gib):
    """Skip a test, when it is about to run, where so many GiB are not available."""

    def decorate(method):
        @functools.wraps(method)
        def test(self):
            found = psutil.virtual_memory().available / 2**30
            if found < gib:
                self.skipTest(
                    f"this needs {gib} GiB of available memory; psutil finds "
                    f"{found:.1f} GiB, {gib - found:.1f} GiB too little"
                )
            method(self)

        return test

    return decorate


def not_under_dynamo(method):
    """Skip a test under TorchDynamo, which is there since 1.13."""
    if not reader_has("1.13.0"):
        return method
    return _common_utils.skipIfTorchDynamo("too slow under TorchDynamo")(method)


class _StandIn(TestCase):
    """What the tests need of JitTestCase."""

    def tearDown(self):
        super().tearDown()
        clear_class_registry()

    def clearHooks(self):
        """Nothing: no hook looks at what is scripted."""


def _clear_class_registry():
    torch._C._jit_clear_class_registry()
    torch.jit._recursive.concrete_type_store = torch.jit._recursive.ConcreteTypeStore()


# The one place that knows that releases before 1.5 came without JitTestCase.
if _jit_utils is None:
    JitTestCase, clear_class_registry = _StandIn, _clear_class_registry
    slow = needs("1.5.0", "the mark of slow tests")
else:
    JitTestCase = _jit_utils.JitTestCase
    clear_class_registry = _jit_utils.clear_class_registry
    slow = _common_utils.slowTest


class SaveLoadTestCase(LedgerMixin, JitTestCase):
    """Base class; a subclass may say how else a scripted module becomes a buffer.

    Hooks of JitTestCase save, load and save again all that is scripted, and compare
    the code.  Its ``clear_class_registry`` frees the methods of what was scripted, so
    that this cannot run any more; what was loaded can.
    """

    hw_classification = HardwareClassification.GENERIC

    # torch 1.10 imports for it what fails beside a newer setuptools.
    _do_cuda_memory_leak_check = False

    def run(self, result=None):
        with warnings.catch_warnings():
            ignore_announced_deprecations()
            return super().run(result)

    def to_buffer(self, scripted, **options):
        """The saved module, in a buffer; here, as an archive."""
        return archive_of(scripted, **options)

    def reloaded(self, scripted, **options):
        """The module, saved and loaded."""
        return torch.jit.load(self.to_buffer(scripted), **options)

    def assertSame(self, expected, found):
        """Fail unless tensors, containers and names in two values are the same."""
        self.assertEqual(described(expected), described(found))

    def check_collision(self, make_first, make_second, join, x):
        """Two models of one qualified name keep their meaning, apart and together.

        ``join(first, second)`` is a module that calls both.
        """
        originals, names, buffers = [], [], []
        for make in (make_first, make_second):
            clear_class_registry()
            originals.append(make())
            scripted = torch.jit.script(originals[-1])
            names.append(class_name(scripted))
            buffers.append(self.to_buffer(scripted))
        clear_class_registry()
        self.assertEqual(names[0], names[1])

        loaded = [torch.jit.load(buffer) for buffer in buffers]
        for original, module in zip(originals, loaded):
            self.assertSame(original(x), module(x))
        self.assertEqual(names, [class_name(module) for module in loaded])
        self._check_joined(join(*originals)(x), join(*loaded), x)

    def _check_joined(self, expected, both, x):
        """The module of both computes what is expected, however it is saved."""
        if not reader_has("1.6.0"):
            self.skipTest(
                _lacks("1.6.0", "archives that make the names of their classes unique")
            )
        joined = torch.jit.script(both)
        self.assertSame(expected, joined(x))
        with self.subTest(names="made different by an archive"):
            archived = torch.jit.load(archive_of(joined))
            self.assertSame(expected, archived(x))
            self.assertSame(expected, self.reloaded(archived)(x))
        with self.subTest(names="one"), self.judged():
            loaded = self.reloaded(joined)
            # Objects of the wrong class may crash when they run.
            if class_name(loaded.first) == class_name(loaded.second):
                self.fail("two classes of one name were saved as one")
            self.assertSame(expected, loaded(x))


def archive_of(scripted, **options):
    """The module as ``torch.jit.save`` saves it, in a buffer."""
    buffer = io.BytesIO()
    torch.jit.save(scripted, buffer, **options)
    buffer.seek(0)
    return buffer


def class_name(scripted):
    """The qualified name under which TorchScript knows the class of a module."""
    return str(scripted._c._type())


def described(value):
    """All that counts of a value of tensors and containers, as text."""
    return repr(plain(converted(value, _describe_tensor)))


def _describe_tensor(tensor):
    values = "" if tensor.device.type == "meta" else f" {tensor.tolist()}"
    return f"{tensor.dtype} {tuple(tensor.shape)} on {tensor.device}{values}"
