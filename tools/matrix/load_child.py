"""Loads one file with the torch of the interpreter that runs this; prints JSON.

A script, not a module: it runs in a process of its own, under any release (Python 3.7,
torch 1.0), and imports nothing of this project.

    python load_child.py KIND FILE OUTPUT [INPUT.npy ...]

KIND is a key of ``LOADERS``.  With inputs what was loaded is called with them, and the
results go into OUTPUT, an ``.npz``.  The last line of the standard output is an object
with ``torch`` and either ``loaded`` (a text) or ``error``.
"""

import inspect
import json
import sys


def load_pickle(torch, path):
    """What torch.save wrote."""
    options = {"map_location": "cpu"}
    if "weights_only" in inspect.signature(torch.load).parameters:
        options["weights_only"] = False
    return torch.load(path, **options)


def load_script(torch, path):
    """A TorchScript archive."""
    return torch.jit.load(path, map_location="cpu")


def load_mobile(torch, path):
    """A model for the lite interpreter."""
    from torch.jit.mobile import _load_for_lite_interpreter

    return _load_for_lite_interpreter(path)


def load_exported(torch, path):
    """An exported program."""
    import torch.export

    program = torch.export.load(path)
    return program.module() if hasattr(program, "module") else program


def load_package(torch, path):
    """All that a package says it holds, without the pickles in it."""
    from torch.package import PackageImporter

    importer = PackageImporter(path)
    return importer.file_structure() if hasattr(importer, "file_structure") else "ok"


LOADERS = {
    "pickle": load_pickle,
    "script": load_script,
    "mobile": load_mobile,
    "exported": load_exported,
    "package": load_package,
}


def described(value):
    """What was loaded, in one short line."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return "tensor of {} {}".format(value.dtype, list(value.shape))
    if isinstance(value, dict):
        return "{} of {} items".format(type(value).__name__, len(value))
    if isinstance(value, (list, tuple)):
        return "{} of {} items".format(type(value).__name__, len(value))
    return type(value).__name__


def tensors_in(torch, value):
    """The tensors of a result, in order."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for item in value for tensor in tensors_in(torch, item)]
    return []


def as_array(tensor):
    """The elements of a tensor of any dtype, as float64 or complex."""
    if getattr(tensor, "is_quantized", False):
        tensor = tensor.dequantize()
    if str(tensor.dtype).startswith("torch.complex"):
        return getattr(tensor, "resolve_conj", lambda: tensor)().numpy()
    return tensor.double().numpy()


def run(torch, loaded, output, inputs):
    """Call what was loaded, and keep the tensors of the result."""
    import numpy as np

    arguments = [torch.from_numpy(np.load(path, allow_pickle=False)) for path in inputs]
    if hasattr(loaded, "eval") and not hasattr(loaded, "graph_signature"):
        loaded.eval()
    with torch.no_grad():
        results = tensors_in(torch, loaded(*arguments))
    np.savez(output, *[as_array(result.detach().cpu()) for result in results])
    return "{} tensors computed".format(len(results))


def main(kind, path, output, *inputs):
    """Load the file and tell."""
    import torch

    told = {"torch": str(torch.__version__)}
    try:
        loaded = LOADERS[kind](torch, path)
        told["loaded"] = described(loaded)
        if inputs:
            told["loaded"] += ", " + run(torch, loaded, output, inputs)
    except BaseException as error:  # noqa: B036 - whatever it is, it is the answer
        told.pop("loaded", None)
        told["error"] = "{}: {}".format(type(error).__name__, error)
    sys.stdout.flush()
    print("\n" + json.dumps(told), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
