"""Save a model for each operator that is about to change, before it changes.

    python test/jit/fixtures_srcs/generate_models.py

saves each module of ``ALL_MODULES`` that has no file yet, as a model for the lite
interpreter, with the torch of the ``python`` that runs it; from any working
directory.  Run it with a torch that lacks the change: once the operator has its new
meaning, a model of the old one can no longer be made.

What cannot be saved is reported and the rest goes on; the exit code is then 1.
"""

import io
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any, Set

import torch

_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [_here, os.path.dirname(os.path.dirname(_here))]

from common_archive import load_pickle, read_record  # noqa: E402
from common_compat import (  # noqa: E402
    ignore_announced_deprecations,
    import_first,
)
from common_formats import VERSION_RECORDS  # noqa: E402
from common_golden import WRITING_PREFIX  # noqa: E402
from common_releases import parse_release  # noqa: E402
from fixtures_src import (  # noqa: E402
    TestVersionedDivOutV3,
    TestVersionedDivScalarInplaceV3,
    TestVersionedDivScalarV3,
    TestVersionedDivTensorExampleV7,
    TestVersionedDivTensorInplaceV3,
    TestVersionedFullOutV4,
    TestVersionedFullV4,
    TestVersionedGeluOutV9,
    TestVersionedGeluV9,
    TestVersionedLinspaceOutV7,
    TestVersionedLinspaceV7,
    TestVersionedLogspaceOutV8,
    TestVersionedLogspaceV8,
    TestVersionedRandomFuncV10,
    TestVersionedRandomOutV10,
    TestVersionedRandomV10,
)

logger = logging.getLogger(__name__)
mobile = import_first("torch.jit.mobile")

# Each module and the operator that its model must contain.
ALL_MODULES = {
    TestVersionedDivTensorExampleV7(): "aten::div.Tensor",
    TestVersionedLinspaceV7(): "aten::linspace",
    TestVersionedLinspaceOutV7(): "aten::linspace.out",
    TestVersionedLogspaceV8(): "aten::logspace",
    TestVersionedLogspaceOutV8(): "aten::logspace.out",
    TestVersionedGeluV9(): "aten::gelu",
    TestVersionedGeluOutV9(): "aten::gelu.out",
    TestVersionedRandomV10(): "aten::random_.from",
    TestVersionedRandomFuncV10(): "aten::random.from",
    TestVersionedRandomOutV10(): "aten::random.from_out",
    TestVersionedDivScalarV3(): "aten::div.Scalar",
    TestVersionedDivOutV3(): "aten::div.out",
    TestVersionedDivTensorInplaceV3(): "aten::div_.Tensor",
    TestVersionedDivScalarInplaceV3(): "aten::div_.Scalar",
    TestVersionedFullV4(): "aten::full",
    TestVersionedFullOutV4(): "aten::full.out",
}


class CannotGenerate(Exception):
    """A model that cannot be made; the message says why."""


def get_fixtures_path() -> Path:
    """The folder of the models."""
    return Path(_here).parent / "fixtures"


def get_all_models(directory: Path) -> Set[str]:
    """The names, without their ending, of the models in a folder."""
    return {path.stem for path in Path(directory).glob("*.ptl")}


def model_exist(file_name: str, all_models: Set[str]) -> bool:
    """Whether a model of this name is among those that are there."""
    return file_name in all_models


def model_name(module: torch.nn.Module) -> str:
    """The name of a module's model: its class in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(module).__name__).lower()


def get_operator_list(script_module: Any) -> Set[str]:
    """The operators of a scripted module, as the lite interpreter has them."""
    buffer = io.BytesIO(script_module._save_to_buffer_for_lite_interpreter())
    if hasattr(mobile, "_export_operator_list"):
        loaded = mobile._load_for_lite_interpreter(buffer)
        return set(mobile._export_operator_list(loaded))
    return operators_in(buffer)


def operators_in(file: Any) -> Set[str]:
    """The operators that the bytecode of a model, path or buffer, names.

    For releases before 1.8, which do not tell.
    """
    bytecode, _ = load_pickle(read_record(file, "bytecode.pkl"))
    functions = (dict(part[1]) for part in bytecode if isinstance(part, tuple))
    return {
        f"{name}.{overload}" if overload else name
        for function in functions
        for name, overload, *_ in function["operators"]
    }


def get_output_model_version(script_module: Any) -> int:
    """The file version of what a scripted module is saved as.

    Raises KeyError where the archive has no such record.
    """
    buffer = io.BytesIO(script_module._save_to_buffer_for_lite_interpreter())
    return file_version(buffer)


def file_version(file: Any) -> int:
    """The file version of an archive, path or buffer, wherever its record lies."""
    *others, last = VERSION_RECORDS
    for record in others:
        try:
            return int(read_record(file, record))
        except KeyError:
            continue
    return int(read_record(file, last))


def current_operator_version() -> int:
    """The newest operator version of this torch.

    Releases before 1.11 do not tell; theirs is the newest file version that they
    write: 2 until 1.5, 5 from 1.6 on.
    """
    if hasattr(torch._C, "_get_max_operator_version"):
        return torch._C._get_max_operator_version()
    return 2 if parse_release(torch.__version__) < (1, 6, 0) else 5


def save_model(script_module: Any, path: str) -> None:
    """Save a scripted module for the lite interpreter, whole or not at all."""
    folder, name = os.path.split(os.path.abspath(path))
    # Always the same name, so that the next run takes the place of one that was killed.
    temporary = os.path.join(folder, f"{WRITING_PREFIX}{name}.tmp")
    try:
        script_module._save_for_lite_interpreter(temporary)
        os.replace(temporary, path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def generate_model(module: torch.nn.Module, operator: str, path: Path) -> None:
    """Save the model of one module.

    Raises CannotGenerate where it would not be a model of the operator's old meaning,
    or cannot be made with this torch; OSError where it cannot be written.
    """
    try:
        script_module = torch.jit.script(module)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise CannotGenerate(
            f"torch {torch.__version__} cannot script it: {reason}"
        ) from error
    version, current = (
        get_output_model_version(script_module),
        current_operator_version(),
    )
    if version > current + 1:
        raise CannotGenerate(
            f"its file version {version} is above the current operator version "
            f"{current} + 1: run this with a torch that lacks the change"
        )
    operators = get_operator_list(script_module)
    if operator not in operators:
        raise CannotGenerate(
            f"its operators {sorted(operators)} do not include {operator}"
        )
    save_model(script_module, str(path))


def generate_models(directory: Path) -> int:
    """Save what is missing in a folder; returns the number of errors it reported."""
    directory, errors = Path(directory), 0
    all_models = get_all_models(directory)
    for module, operator in ALL_MODULES.items():
        if not isinstance(module, torch.nn.Module):
            logger.error("%r is not a torch.nn.Module, skipped", module)
            errors += 1
            continue
        file_name = model_name(module)
        if model_exist(file_name, all_models):
            logger.info("%s exists, skipped", file_name)
            continue
        path = directory / f"{file_name}.ptl"
        try:
            generate_model(module, operator, path)
        except CannotGenerate as error:
            logger.error("%s: %s", file_name, error)
            errors += 1
        except (OSError, RuntimeError) as error:
            # Torch tells of a file that it cannot write with a RuntimeError.
            logger.error("%s: cannot be written in %s: %s", path.name, directory, error)
            errors += 1
        else:
            logger.info("%s saved", path)
    return errors


def main() -> int:
    """Save what is missing in the folder of fixtures; returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    ignore_announced_deprecations()
    return 1 if generate_models(get_fixtures_path()) else 0


if __name__ == "__main__":
    sys.exit(main())
