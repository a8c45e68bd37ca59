"""Installing one release with uv, step by step, into a folder of its own."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from common_releases import parse_release

from tools.golden.errors import GoldenToolError
from tools.golden.interpreters import find_interpreter
from tools.golden.pylock import Wheel, read_wheels
from tools.golden.releases import TABLE_NAME, Release

#: One step; a slow network must be able to bring some GB in this time.
STEP_SECONDS = 3600

# Measured from torch 1.3 to 2.15: an environment takes 1.4 to 2.2 times the
# bytes of its wheels, old and small ones the most.  This bounds them all.
DISK_PER_WHEEL_BYTE = 1.8
DISK_BESIDE_WHEELS = 500_000_000

CHECK = "import torch; print(torch.__version__)"


@dataclass(frozen=True)
class Wheels:
    """The wheel of torch itself, and all wheels, that one included."""

    torch: Wheel
    all: tuple[Wheel, ...]

    @property
    def disk(self) -> int:
        """How many bytes of disk an environment of them takes at most."""
        size = sum(wheel.size for wheel in self.all)
        return int(size * DISK_PER_WHEEL_BYTE) + DISK_BESIDE_WHEELS


@dataclass(frozen=True)
class Installer:
    """Makes the environment of ``release`` in ``folder``, which exists.

    The folder also holds uv's cache, since only a cache on the same disk can be
    hard-linked instead of copied; the caller deletes it.  Each step raises
    GoldenToolError.  Descriptor ``lock`` is kept open by what the steps start.
    """

    release: Release
    folder: Path
    uv: Path
    lock: int

    @property
    def environment(self) -> Path:
        """The environment's own folder, which can be moved."""
        return self.folder / "environment"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.environment / "bin" / "python"

    def create(self) -> None:
        """Step 1: an environment with the release's Python and nothing else."""
        python = self.release.python
        interpreter = find_interpreter(python, self.uv) or python
        self._run_uv(
            ["venv", "--relocatable", "--python", interpreter, self.environment],
            f"no Python {python}",
            f"install it, for example with: pyenv install {python}",
        )

    def resolve(self) -> Wheels:
        """Step 2: choose the wheels that step 3 installs."""
        requirements = self.folder / "requirements.in"
        requirements.write_text("\n".join(self.release.requirements) + "\n")
        self._run_uv(
            ["pip", "compile", "--python", self.python, "--format", "pylock.toml"]
            + [requirements, "-o", self._lock_file],
            f"cannot resolve {', '.join(self.release.requirements)}",
            f"check the network and the row in {TABLE_NAME}",
        )
        wheels = read_wheels(self._lock_file.read_text())
        for wheel in wheels:
            if wheel.name.startswith("torch-"):
                return Wheels(wheel, wheels)
        raise self._error(
            "uv found no wheel of it", "check the index that uv is set to"
        )

    def install(self) -> None:
        """Step 3: download and install the wheels."""
        self._run_uv(
            ["pip", "install", "--python", self.python, "--link-mode", "hardlink"]
            + ["-r", self._lock_file],
            "cannot install its wheels",
            "check the network and the disk, then run it again",
        )

    def check(self) -> None:
        """Step 4: see that the environment imports the torch it was made for."""
        done = self._run([self.python, "-I", "-c", CHECK])
        if done.returncode != 0:
            what = f"it does not import ({_last_line(done.stderr)})"
        elif not _is_version(done.stdout.strip(), self.release.version):
            what = f"it says that it is torch {done.stdout.strip()!r}"
        else:
            return
        raise self._error(what, f"check the row in {TABLE_NAME}")

    @property
    def _lock_file(self) -> Path:
        return self.folder / "pylock.toml"

    def _run_uv(self, arguments: list, what: str, advice: str) -> None:
        cache = ["--quiet", "--cache-dir", self.folder / "uv-cache"]
        done = self._run([self.uv, *arguments, *cache])
        if done.returncode != 0:
            raise self._error(f"{what} (uv: {_uv_reason(done.stderr)})", advice)

    def _run(self, command: list) -> subprocess.CompletedProcess:
        try:
            return subprocess.run(
                command,
                # Not in the user's folder, whose uv settings are not meant.
                cwd=self.folder,
                env={**os.environ, "NO_COLOR": "1", "UV_NO_WRAP": "1"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=STEP_SECONDS,
                pass_fds=[self.lock],
            )
        except OSError as error:
            why = f"cannot run {command[0]} ({error.strerror})"
            raise self._error(why, "check that it is a program") from error
        except subprocess.TimeoutExpired as error:
            why = f"{command[0]} did not end in {STEP_SECONDS} s"
            raise self._error(why, "check the network") from error

    def _error(self, what: str, advice: str) -> GoldenToolError:
        return GoldenToolError(
            f"cannot make the environment of torch {self.release.version}: "
            f"{what}; {advice}"
        )


def _is_version(text: str, version: str) -> bool:
    # Only the numbers count: torch 2.15.0 of the registry says 2.15.0+cu130.
    try:
        return parse_release(text) == parse_release(version)
    except ValueError:
        return False


def _uv_reason(stderr: str) -> str:
    """The innermost cause; it stands last, before a blank line and any hints."""
    causes = stderr.strip().partition("\n\n")[0]
    reason = _last_line(causes).lstrip("×╰─▶ ")
    for label in ("error:", "cause:", "Caused by:"):
        reason = reason.removeprefix(label).strip()
    return reason.rstrip(".")


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1].strip() if lines else "no message"
