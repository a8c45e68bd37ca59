"""A tree laid out as a PyTorch checkout, for the tests of ``tools.upstream``."""

import os
import subprocess
import textwrap
from pathlib import Path

# What a PyTorch checkout has that matters here, in our words.
FILES = {
    "version.txt": "2.15.0a0\n",
    "pytest.ini": """
        [pytest]
        addopts = --strict-markers --capture=sys -p no:cacheprovider
        """,
    "torch/csrc/README.md": "C++ sources.\n",
    "torch/testing/_internal/common_utils.py": "# The helpers of all tests.\n",
    "test/run_test.py": "# Runs everything.\n",
    "test/conftest.py": "# Settings of pytest.\n",
    "test/test_jit.py": """
        # Owner(s): ["oncall: jit"]

        from jit.test_hooks import TestHooks  # noqa: F401
        from jit.test_save_load import TestSaveLoad  # noqa: F401

        from torch.testing._internal.common_utils import TestCase, run_tests


        class TestScript(TestCase):
            def test_nothing(self):
                self.assertTrue(TestHooks)


        if __name__ == "__main__":
            run_tests()
        """,
    "test/jit/__init__.py": "",
    "test/jit/test_hooks.py": """
        from torch.testing._internal.common_utils import TestCase


        class TestHooks(TestCase):
            def test_nothing(self):
                self.assertTrue(self)
        """,
    "test/jit/test_save_load.py": "# What shall be replaced.\n",
    "test/test_package.py": """
        from torch.testing._internal.common_utils import run_tests

        if __name__ == "__main__":
            run_tests()
        """,
    "test/package/__init__.py": "",
    "test/package/common.py": "# What shall be replaced.\n",
    "test/test_quantization.py": """
        from torch.testing._internal.common_utils import run_tests

        try:
            from quantization.core.test_ops import TestOps  # noqa: F401
        except ImportError:
            pass

        if __name__ == "__main__":
            run_tests()
        """,
    "test/quantization/__init__.py": "",
    "test/quantization/bc/__init__.py": "",
    "test/quantization/serialized/TestSerialization.test_linear.input.pt": "published",
}


def make_checkout(root: Path) -> Path:
    """Make ``root`` a committed checkout of that sort; ``root``."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    git(root, "init", "--quiet")
    commit(root)
    return root


def commit(root: Path) -> None:
    """Commit all that is in the checkout."""
    git(root, "add", "--all")
    identity = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    git(root, *identity, "commit", "--quiet", "--no-verify", "--message", "files")


def git(root: Path, *arguments: str) -> str:
    """What git prints."""
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def snapshot(root: Path) -> dict[str, tuple[int, bytes]]:
    """Path to mode and content of all files of the checkout, and of its folders."""
    found = {}
    for folder, names, files in os.walk(root):
        if ".git" in names:
            names.remove(".git")
        for name in (*names, *files):
            path = Path(folder, name)
            content = path.read_bytes() if path.is_file() else b""
            found[path.relative_to(root).as_posix()] = (path.stat().st_mode, content)
    return found
