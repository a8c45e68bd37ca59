# Owner(s): ["oncall: jit"]

"""Models saved before an operator changed still compute what they computed then.

The fixtures in ``test/jit/fixtures`` were saved by the last release before each
change; fixtures_srcs/fixtures_src.py has their modules.
"""

import io
import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

from common_archive import rewrite_records  # noqa: E402
from common_compat import reader_has  # noqa: E402
from common_expected import save_expected  # noqa: E402
from common_utils import GoldenTestCase, golden, raise_on_run_directly  # noqa: E402
from operator_fixtures import (  # noqa: E402
    KINDS,
    LITE,
    LITE_NOTE,
    LITE_WRITERS,
    MODULES,
    OPERATORS,
    VECTORIZED,
    WRITERS,
    base_operator,
    fixture,
    is_without_version,
    mobile,
    reads_past_the_stack,
    results_of,
)
from generate_models import save_model  # noqa: E402


def load_lite(path):
    """The lite interpreter's model in a file, read from a buffer."""
    with open(path, "rb") as file:
        return mobile._load_for_lite_interpreter(io.BytesIO(file.read()))


class TestSaveLoadForOpVersion(GoldenTestCase):
    """Each fixture through each loader."""

    golden_folder = "fixtures"

    def check_results(self, name, loaded, tolerance=VECTORIZED):
        """Run a fixture's model, and compare with what its writer recorded."""
        expected = fixture(name, "expected.npz")
        exact = base_operator(OPERATORS[name]) in ("full", "random")
        found = results_of(loaded, name)
        self.check_expected(expected, found, None if exact else tolerance)

    @golden(since="1.5.0", kinds=KINDS, subnames=WRITERS, pinned=True)
    def test_fixtures(self):
        """A fixture has its old meaning under both loaders.

        Or the lite interpreter refuses it: since 1.12 what has no bytecode version.
        """
        for name, module in MODULES.items():

            def write(files, name=name, module=module):
                scripted = torch.jit.script(module)
                save_model(scripted, files["ptl"])
                save_expected(files["expected.npz"], results_of(scripted, name))

            def read(files, name=name):
                self.check_results(name, torch.jit.load(files["ptl"]))

            def read_lite(files, name=name):
                if is_without_version(name) and reader_has("1.12.0"):
                    with self.assertRaisesRegex(RuntimeError, r"version is 3\b"):
                        load_lite(files["ptl"])
                elif reads_past_the_stack(name):
                    self.fail("not run: the upgrader would read past the stack")
                else:
                    self.check_results(name, load_lite(files["ptl"]))

            with self.subTest(loader="jit"):
                self.check_golden(write, {"ptl": read}, name)
            if mobile is not None:
                with self.subTest(loader="lite"):
                    self.check_golden(write, {"ptl": read_lite}, name)

    @golden(
        since="1.7.0",
        kinds=("ptl",),
        subnames=LITE_WRITERS,
        notes={name: LITE_NOTE for name in LITE_WRITERS},
        pinned=True,
    )
    def test_lite_twins(self):
        """Bytecode in a file from before the change has the old meaning, too."""
        for twin in LITE_WRITERS:
            name = twin[: -len(LITE)]

            def write(files, name=name):
                save_model(torch.jit.script(MODULES[name]), files["ptl"])
                rewrite_records(files["ptl"], {"version": b"3\n"})

            def read(files, name=name):
                self.check_results(name, load_lite(files["ptl"]))

            self.check_golden(write, {"ptl": read}, twin)

    def test_saved_again(self):
        """What today's torch saves of a loaded fixture has the old meaning still."""
        for name in MODULES:
            with self.subTest(subname=name):
                if not reader_has(WRITERS[name]):
                    continue
                buffer = io.BytesIO()
                torch.jit.save(torch.jit.load(fixture(name)), buffer)
                buffer.seek(0)

                self.check_results(name, torch.jit.load(buffer))

    def test_saved_today(self):
        """What is saved today has today's meaning under both loaders."""
        if mobile is None:
            self.skipTest(f"torch {torch.__version__} lacks torch.jit.mobile")
        ran = set()
        for name, module in MODULES.items():
            try:
                scripted = torch.jit.script(module)
            except RuntimeError:
                continue  # its operator has no such form any more, or not yet
            with self.subTest(subname=name):
                content = scripted._save_to_buffer_for_lite_interpreter()
                expected = results_or_refusal(scripted, name)
                loaders = [torch.jit.load]
                if mobile is not None:
                    loaders.append(mobile._load_for_lite_interpreter)
                for load in loaders:
                    found = results_or_refusal(load(io.BytesIO(content)), name)
                    self.assertEqual(expected, found)
                ran.add(base_operator(OPERATORS[name]))
        self.assertLessEqual({"div", "full", "gelu", "random"}, ran)


def results_or_refusal(loaded, name):
    """The results, or None: some inputs fit the old meaning of an operator only."""
    try:
        return results_of(loaded, name)
    except RuntimeError:
        return None


if __name__ == "__main__":
    raise_on_run_directly("test/test_jit.py")
