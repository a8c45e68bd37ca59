"""What goldens of TorchScript hold, and how they are written and checked."""

import functools
import io

import torch

from common_compat import reader_has
from common_expected import Tolerance, find_differences, save_expected
from common_releases import ReleaseRange
from common_utils import GoldenTestCase, golden
from common_values import copied, plain

KIND = "script.pt"
# Calls of forward that have to raise an error, and of which the text is compared.
RAISES, MESSAGE = "raises", "message"
# What all later files tell and all later releases load: of modules whether they train,
# and the order of parameters.
TELLS = {"modes": "1.3.0", "order": "1.4.0"}

FLOAT_KERNELS = Tolerance(
    atol=1e-5,
    rtol=1e-5,
    reason="exp, tanh, roots and quotients in float32 are vectorised by CPU and "
    "release, and sums of their results depend on the order: the last bits differ",
)
# A module is optimised after its first runs, and one that changes changes again.
ROUNDS = 3


def script_golden(since="1.2.0", until=None):
    """Declare a golden of a TorchScript archive; modules are scripted since 1.2."""
    return golden(since=since, until=until, kinds=(KIND, "expected.npz"))


def from_buffer(path):
    """The module of a file that is read before it is loaded."""
    with open(path, "rb") as file:
        return torch.jit.load(io.BytesIO(file.read()))


def resaved(path):
    """The module of a file after the running torch saved it anew."""
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.load(path), buffer)
    buffer.seek(0)
    return torch.jit.load(buffer)


def mapped(path):
    """The module of a file whose tensors are all sent to one device."""
    return torch.jit.load(path, map_location=torch.device("cpu"))


LOADERS = {
    "path": torch.jit.load,
    "buffer": from_buffer,
    "map_location": mapped,
    "resaved": resaved,
}


class ScriptTestCase(GoldenTestCase):
    """Base class: ``check_script`` writes a TorchScript archive and reads it."""

    def check_script(self, make, *calls, tolerance=None):
        """Check what ``make()`` computes in ``calls``, and its state, once loaded.

        ``make`` gives a module, or a function or module already scripted or traced.
        A call is a tuple of arguments, or a name of a method and such a tuple, or
        ``RAISES`` or ``MESSAGE`` and such a tuple.  All calls are made in turn; of
        what is loaded from a path once more, after TorchScript has profiled them.
        """
        calls = [one if _names_method(one) else ("forward", one) for one in calls]

        def run(module):
            return [call(module, method, arguments) for method, arguments in calls]

        def write(files):
            made = scripted(make())
            torch.jit.save(made, files[KIND])
            # Before it runs, which may change them.
            expected = describe(made)
            expected["run"] = run(made)
            expected["again"] = run(made)
            save_expected(files["expected.npz"], expected)

        def read(files, loader):
            loaded = LOADERS[loader](files[KIND])
            described = describe(loaded)
            # First, so that a known difference of the state hides none of these.
            found = {"run": run(loaded)}
            if loader == "path":
                found["again"] = run(loaded)
            found["state"] = described["state"]
            for part, since in TELLS.items():
                if reader_has(since) and self.writer in ReleaseRange(since):
                    found[part] = described[part]
            differences = [
                difference
                for part, value in found.items()
                for difference in find_differences(
                    files["expected.npz"],
                    value,
                    tolerance if part in ("run", "again") else None,
                    part,
                )
            ]
            if differences:
                self.fail("\n".join(differences))

        for loader in LOADERS:
            with self.subTest(loader=loader):
                reads = {KIND: functools.partial(read, loader=loader)}
                self.check_golden(write, reads)

    def check_observed(self, make, observe, tolerance=None):
        """Check what ``observe`` finds in the module that ``make()`` gives."""
        # Once: some of what makes a module cannot be done twice.
        made = scripted(make()) if self.writing else None
        for loader, load in LOADERS.items():
            with self.subTest(loader=loader):
                self.check_saved(KIND, made, torch.jit.save, load, observe, tolerance)

    def check_changes(self, make, *calls, tolerance=None):
        """Check the results of calls of forward, and the state before and after."""

        def observe(module):
            state = copied(state_of(module))
            results = [call(module, "forward", one) for one in calls]
            return {"results": results, "state": state, "changed": state_of(module)}

        self.check_observed(make, observe, tolerance)

    def check_results(self, make, *calls, tolerance=None):
        """Check results and names, where the state is packed, or constants."""
        calls = [one if isinstance(one[0], str) else ("forward", one) for one in calls]

        def observe(module):
            results = [call(module, *one) for one in calls]
            return {"results": results, "modules": sorted(dict(module.named_modules()))}

        self.check_observed(make, observe, tolerance)


def _names_method(one):
    return len(one) == 2 and isinstance(one[0], str) and isinstance(one[1], tuple)


def scripted(made):
    """What was made, in TorchScript."""
    if isinstance(made, torch.jit.ScriptModule) or is_function(made):
        return made
    return torch.jit.script(made)


def is_function(scripted):
    """Whether this is a function of TorchScript, not a module."""
    return not isinstance(scripted, torch.nn.Module)


def describe(scripted):
    """The state of a module, whether its parts train, and the order of parameters."""
    # A function is saved as a module without state.
    module = torch.nn.Module() if is_function(scripted) else scripted
    # A frozen module has no modes.
    modes = {
        name: getattr(each, "training", None)
        for name, each in sorted(module.named_modules())
    }
    order = [
        [name for name, _ in module.named_parameters()],
        [name for name, _ in module.named_buffers()],
    ]
    return {"state": copied(state_of(module)), "modes": modes, "order": order}


def state_of(module):
    """By name the parameters and buffers of a module, and what is said of them."""
    tensors = all_tensors(module)
    places = [tensor.data_ptr() for tensor in tensors.values()]
    return {
        "tensors": tensors,
        "requires_grad": [tensor.requires_grad for tensor in tensors.values()],
        "strides": [tensor.stride() for tensor in tensors.values()],
        # For each the first that lies at the same place.
        "shared": [places.index(place) for place in places],
    }


def all_tensors(module):
    """Parameters and buffers, sorted by name; one that has two names comes twice."""
    tensors = dict(module.state_dict(keep_vars=True))
    tensors.update(module.named_buffers())
    return {name: tensors[name] for name in sorted(tensors)}


def call(scripted, method, arguments):
    """Of one call the results, the arguments after it, and the gradients."""
    arguments = copied(arguments)
    if method in (RAISES, MESSAGE):
        message = _raised(scripted, arguments)
        told = message if method == MESSAGE else RAISES
        return {"raised": told, "arguments": plain(arguments)}
    function = scripted if method == "forward" else getattr(scripted, method)
    result = function(*arguments)
    return {
        # Copied, since later calls may change what a module returned of its state.
        "result": plain(copied(result)),
        "arguments": plain(arguments),
        "gradients": _gradients(scripted, arguments, result),
    }


def _raised(scripted, arguments):
    """The last line of the error that is raised, which is its message since 1.5."""
    try:
        scripted(*arguments)
    except (RuntimeError, torch.jit.Error) as error:
        return str(error).strip().splitlines()[-1]
    raise AssertionError(f"nothing was raised for {arguments}")


def _gradients(scripted, arguments, result):
    """By parameter and by argument, gradients of the sum of all that has one."""
    differentiable = [t for t in tensors_in(result) if t.requires_grad]
    if not differentiable:
        return {}
    sources = {} if is_function(scripted) else all_tensors(scripted)
    for i, tensor in enumerate(tensors_in(arguments)):
        if tensor.is_leaf:
            sources[f"argument {i}"] = tensor
    for tensor in sources.values():
        tensor.grad = None
    sum(tensor.sum() for tensor in differentiable).backward()
    return {
        name: tensor.grad.clone()
        for name, tensor in sources.items()
        if tensor.grad is not None
    }


def tensors_in(value):
    """The tensors in a value of lists, tuples and dicts."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        return [tensor for entry in value for tensor in tensors_in(entry)]
    return []
