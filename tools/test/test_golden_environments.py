"""Tests of the cache of environments, with a uv that installs nothing."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from unittest import mock

from tools import ROOT
from tools.golden.environments import (
    EnvironmentCache,
    default_folder,
    local_environment,
)
from tools.golden.errors import GoldenToolError
from tools.golden.locks import exclusive_lock
from tools.golden.releases import LOCAL, Release

GB = 10**9
NEW = Release("2.15.0", "3.11", ())
OLD = Release("1.3.1", "3.7", ("numpy<2",))
OLDER = Release("1.0.1", "3.7", ("numpy<2",))

#: What each step of the fake uv does, in the folder where it is run.
STEPS = {
    "find": "echo /any/python",
    "venv": """
        mkdir -p environment/bin
        printf '#!/bin/sh\\nsed -n s/torch==//p requirements.in\\n' > fake-python
        chmod +x fake-python
        cp fake-python environment/bin/python""",
    "compile": """
        torch=$(sed -n s/torch==//p requirements.in)
        for wheel in numpy-1:6 torch-$torch:7; do
            sha256=$(printf %064d ${wheel#*:})
            echo "wheels = [{ url = \\"any://x/${wheel%:*}-cp3.whl\\"," \\
                 "size = 1000, hashes = { sha256 = \\"$sha256\\" } }]"
        done > pylock.toml""",
    "install": "",
}


def write_uv(folder: Path, **steps: str) -> Path:
    """A fake uv that logs its steps to ``uv.log``; ``steps`` replace STEPS."""
    script = {name: textwrap.dedent(text) for name, text in {**STEPS, **steps}.items()}
    uv = folder / "uv"
    uv.write_text(f"""#!/bin/sh
echo "$1 $2" >> {folder}/uv.log
case "$1 $2" in
"python find") {script["find"]};;
"venv "*) {script["venv"]};;
"pip compile") {script["compile"]};;
"pip install") {script["install"]};;
*) echo "error: what is $1?" >&2; exit 2;;
esac
""")
    uv.chmod(0o755)
    return uv


class CacheTestCase(unittest.TestCase):
    """A temporary folder for the cache, one for the fake uv, and no pyenv."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.tools = Path(temporary.name)
        self.folder = self.tools / "cache"
        self.uv = write_uv(self.tools)
        # Half a minute at most, so that no test that fails leaves it behind.
        self.until_go = (
            "for i in $(seq 3000); do "
            f"if [ -e {self.tools}/go ]; then break; fi; sleep 0.01; done"
        )
        self.notes: list[str] = []
        patched = mock.patch.dict(os.environ, {"PYENV_ROOT": temporary.name})
        patched.start()
        self.addCleanup(patched.stop)

    def cache(self, cap_gb: float = 20) -> EnvironmentCache:
        return EnvironmentCache(
            self.folder, int(cap_gb * GB), uv=self.uv, note=self.notes.append
        )

    def installs(self) -> int:
        log = self.tools / "uv.log"
        return log.read_text().count("pip install") if log.exists() else 0

    def folders(self) -> list[str]:
        return sorted(os.listdir(self.folder))

    def error_of(self, release: Release, cap_gb: float = 20) -> str:
        """The message of the error, which leaves nothing behind."""
        with self.assertRaises(GoldenToolError) as caught:
            self.cache(cap_gb).get(release)
        self.assertEqual(["locks"], self.folders())
        message = str(caught.exception)
        self.assertNotIn("\n", message)
        self.assertIn(f"torch {release.version}", message)
        return message


class TestMaking(CacheTestCase):
    """An environment is made once, and what does not count is made again."""

    def test_made_once_and_then_reused(self) -> None:
        """The second time the environment is there, for any process."""
        self.assertFalse(self.cache().find(OLD))

        made = self.cache().get(OLD)
        found = self.cache().get(OLD)

        self.assertEqual(made, found)
        self.assertEqual(1, self.installs())
        self.assertTrue(self.cache().find(OLD))
        self.assertEqual(["locks", "torch-1.3.1-py3.7"], self.folders())
        self.assertEqual("1.3.1", made.release)
        self.assertEqual("torch-1.3.1-cp3.whl", made.wheel)
        self.assertEqual(f"{7:064d}", made.wheel_sha256)
        self.assertTrue(made.python.exists())
        self.assertGreater(self.cache().find(OLD).record.size, 0)

    def test_other_requirements_are_another_environment(self) -> None:
        """An environment whose requirements the table has changed does not count."""
        self.cache().get(OLD)
        changed = replace(OLD, pins=("numpy<1.20",))
        self.assertFalse(self.cache().find(changed))

        self.cache().get(changed)

        self.assertTrue(self.cache().find(changed))
        self.assertFalse(self.cache().find(OLD))

    def test_environment_without_its_interpreter_does_not_count(self) -> None:
        """An environment whose Python was removed is made again."""
        python = self.cache().get(OLD).python
        python.unlink()
        python.symlink_to(self.tools / "removed")
        self.assertFalse(self.cache().find(OLD))

        self.cache().get(OLD)

        self.assertEqual(2, self.installs())

    def test_two_at_the_same_time_make_it_once(self) -> None:
        """The second waits, says so, and takes what the first has made."""
        write_uv(self.tools, install=self.until_go)
        with ThreadPoolExecutor() as pool:
            made = [pool.submit(self.cache().get, NEW) for _ in range(2)]
            wait_for(lambda: any("waiting" in note for note in self.notes))
            (self.tools / "go").touch()

        self.assertEqual(made[0].result(), made[1].result())
        self.assertEqual(1, self.installs())
        self.assertTrue(self.cache().find(NEW))

    def test_cached_one_does_not_wait_for_another_that_is_made(self) -> None:
        """What is there is handed out while another process installs."""
        self.cache().get(OLD)
        cache = EnvironmentCache(self.folder, uv=self.uv, note=self.fail)

        with exclusive_lock(self.folder / "locks" / "making", on_wait=self.fail):
            self.assertEqual("1.3.1", cache.get(OLD).release)

    def test_interruption_leaves_nothing(self) -> None:
        """Ctrl-C in the middle removes what was begun."""
        cache = EnvironmentCache(
            self.folder, uv=self.uv, note=mock.Mock(side_effect=KeyboardInterrupt)
        )

        with self.assertRaises(KeyboardInterrupt):
            cache.get(NEW)

        self.assertEqual(["locks"], self.folders())

    def test_killed_process_leaves_nothing_that_counts(self) -> None:
        """After SIGKILL its installer is waited for and its folder removed."""
        write_uv(self.tools, install=self.until_go)
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, str(self.folder), str(self.uv)], cwd=ROOT
        )
        wait_for(lambda: self.installs() == 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.assertFalse(self.cache().find(NEW))
        self.assertEqual([".partial-torch-2.15.0-py3.11", "locks"], self.folders())
        (self.folder / self.folders()[0] / "left over").touch()

        with ThreadPoolExecutor() as pool:
            other = pool.submit(self.cache().get, OLD)
            wait_for(lambda: any("waiting" in note for note in self.notes))
            (self.tools / "go").touch()

        self.assertEqual("1.3.1", other.result().release)
        self.assertFalse(self.cache().find(NEW))
        self.assertEqual(["locks", "torch-1.3.1-py3.7"], self.folders())


KILLED = """
import sys
from pathlib import Path
from tools.golden.environments import EnvironmentCache
from tools.golden.releases import Release
cache = EnvironmentCache(Path(sys.argv[1]), uv=Path(sys.argv[2]), note=lambda text: 0)
cache.get(Release("2.15.0", "3.11", ()))
"""


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Wait until the condition holds; TimeoutError where it never does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError("the condition never held")
        time.sleep(0.005)


class TestRoom(CacheTestCase):
    """The cap on the cache and the free disk; an environment has 6 GB here."""

    def setUp(self) -> None:
        super().setUp()
        patched = mock.patch("tools.golden.environments.disk_use", return_value=6 * GB)
        patched.start()
        self.addCleanup(patched.stop)

    def make_in_order(self, *releases: Release) -> None:
        for age, release in enumerate(reversed(releases), start=1):
            self.cache().get(release)
            record = self.cache().find(release).folder / "environment.json"
            os.utime(record, times=(-age, -age))

    def test_least_recently_used_goes_first(self) -> None:
        """Room is made by removing only what was not used for longest."""
        self.make_in_order(OLDER, OLD)
        self.cache().get(OLDER)

        self.cache(cap_gb=12.4).get(NEW)

        self.assertFalse(self.cache().find(OLD))
        self.assertTrue(self.cache().find(OLDER))
        self.assertTrue(self.cache().find(NEW))
        self.assertIn("removing torch 1.3.1 (6.0 GB) to make room", self.notes)

    def test_nothing_is_removed_that_has_room(self) -> None:
        """Under the cap all environments stay."""
        self.make_in_order(OLDER, OLD)

        self.cache(cap_gb=12.6).get(NEW)

        self.assertEqual(3, len(self.cache().cached()))

    def test_environment_in_use_stays(self) -> None:
        """What is in use is not removed, though it was used least recently."""
        self.make_in_order(OLDER, OLD)

        with self.cache().use(OLDER):
            os.utime(self.cache().find(OLDER).folder / "environment.json", (-9, -9))
            self.cache(cap_gb=12.4).get(NEW)

        self.assertTrue(self.cache().find(OLDER))
        self.assertFalse(self.cache().find(OLD))

    def test_too_much_in_use_is_an_error(self) -> None:
        """An error says so where nothing may be removed."""
        with self.cache().use(OLD):
            with self.assertRaisesRegex(GoldenToolError, "environments in use leave"):
                self.cache(cap_gb=6.4).get(NEW)

            self.assertTrue(self.cache().find(OLD))

    def test_larger_than_the_cap_is_an_error(self) -> None:
        """What can never fit is refused, and nothing is removed for it."""
        message = self.error_of(NEW, cap_gb=0.4)

        self.assertIn("needs 0.5 GB", message)
        self.assertIn("cap of 0.4 GB", message)
        self.assertIn("set TORCH_GOLDEN_CACHE_CAP", message)
        self.assertEqual(0, self.installs())

    def test_too_little_disk_is_an_error_before_anything_is_done(self) -> None:
        """The error names release, need, what is free, folder and way out."""
        with mock.patch("shutil.disk_usage", return_value=mock.Mock(free=GB // 10)):
            message = self.error_of(NEW)

        self.assertIn("torch 2.15.0 needs 0.5 GB", message)
        self.assertIn("0.1 GB free", message)
        self.assertIn(str(self.folder), message)
        self.assertIn("set TORCH_GOLDEN_CACHE to a folder on another disk", message)
        self.assertEqual(0, self.installs())

    def test_little_disk_is_made_from_cached_environments(self) -> None:
        """Cached environments give way to a full disk as they do to the cap."""
        self.make_in_order(OLD)

        def disk_usage(folder: Path) -> mock.Mock:
            return mock.Mock(free=0 if self.cache().find(OLD) else 6 * GB)

        with mock.patch("shutil.disk_usage", disk_usage):
            self.cache().get(NEW)

        self.assertFalse(self.cache().find(OLD))


class TestFailures(CacheTestCase):
    """Each failure is one line that says what to do, and leaves nothing."""

    def test_no_network(self) -> None:
        """The innermost of uv's causes is told, and that it may be the network."""
        error = (
            "error: Failed to fetch\\n  cause: connect\\n  cause: Refused.\\n\\nhint: x"
        )
        write_uv(self.tools, compile=f"printf '{error}' >&2; exit 2")

        message = self.error_of(NEW)

        self.assertIn("cannot resolve torch==2.15.0, numpy", message)
        self.assertIn("(uv: Refused); check the network", message)

    def test_missing_interpreter(self) -> None:
        """The error names the Python that is missing and how to install it."""
        write_uv(self.tools, venv="echo 'error: No interpreter found' >&2; exit 2")

        message = self.error_of(NEW)

        self.assertIn("no Python 3.11 (uv: No interpreter found)", message)
        self.assertIn("pyenv install 3.11", message)

    def test_installer_dies_halfway(self) -> None:
        """An installer that is killed has installed nothing."""
        write_uv(self.tools, install="touch environment/half; kill -9 $$")

        message = self.error_of(NEW)

        self.assertIn("cannot install its wheels (uv: no message)", message)
        self.assertFalse(self.cache().find(NEW))

    def test_torch_does_not_import(self) -> None:
        """An environment is tried once before it counts."""
        python = "printf '#!/bin/sh\\necho ImportError: libx >&2; exit 1' "
        write_uv(self.tools, install=f"{python} > environment/bin/python")

        self.assertIn("does not import (ImportError: libx)", self.error_of(NEW))

    def test_torch_is_another_one(self) -> None:
        """An environment with another torch than the one asked for is refused."""
        python = "printf '#!/bin/sh\\necho 2.14.1+cpu' "
        write_uv(self.tools, install=f"{python} > environment/bin/python")

        self.assertIn("says that it is torch '2.14.1+cpu'", self.error_of(NEW))

    def test_no_wheel_of_torch(self) -> None:
        """A lock without a wheel of torch cannot tell what was installed."""
        write_uv(self.tools, compile="touch pylock.toml")

        self.assertIn("no wheel", self.error_of(NEW))

    def test_uv_cannot_be_run(self) -> None:
        """A uv that is none is named."""
        self.uv = self.tools / "nothing"

        self.assertIn(f"cannot run {self.uv} (No such file", self.error_of(NEW))

    def test_folder_cannot_be_written(self) -> None:
        """A cache folder that cannot be made is named, with the way out."""
        self.folder.touch()

        with self.assertRaisesRegex(GoldenToolError, "set TORCH_GOLDEN_CACHE to"):
            self.cache().get(NEW)


class TestSettings(unittest.TestCase):
    """Where the folder comes from, and the environment that is none of it."""

    def test_folder_comes_from_the_users_settings(self) -> None:
        """TORCH_GOLDEN_CACHE counts before the user's cache folder."""
        with mock.patch.dict(os.environ, {"XDG_CACHE_HOME": "/caches"}):
            os.environ.pop("TORCH_GOLDEN_CACHE", None)
            self.assertEqual(Path("/caches/torch-golden"), default_folder())
            os.environ["TORCH_GOLDEN_CACHE"] = "/disk"
            self.assertEqual(Path("/disk"), default_folder())

    def test_local_is_the_running_interpreter(self) -> None:
        """The running interpreter is an environment if it has a torch."""
        with mock.patch("importlib.util.find_spec", return_value=mock.Mock()):
            environment = local_environment()
        self.assertEqual(LOCAL, environment.release)
        self.assertEqual(Path(sys.executable), environment.python)
        self.assertIsNone(environment.wheel)

        with mock.patch("importlib.util.find_spec", return_value=None):
            with self.assertRaisesRegex(GoldenToolError, "has no torch: install"):
                local_environment()


if __name__ == "__main__":
    unittest.main()
