"""Ways to make, save and load programs, as far as a release has them (torch 1.0)."""

import io
import pathlib

import torch
from torch import nn

from common_compat import import_first
from common_values import copied, with_numbers
from export_compat import (
    export,
    exported,
    load_program,
    save_program,
    without_traces,
)


class Inner(nn.Module):
    """Takes an argument by name, and gives a dict."""

    def __init__(self):
        super().__init__()
        self.linear = with_numbers(nn.Linear(2, 2))
        self.register_buffer("shift", torch.tensor(1.0))

    def forward(self, x, *, scale):
        return {"y": self.linear(x) * scale, "z": self.shift + x}


class Outer(nn.Module):
    """Calls a module twice."""

    def __init__(self):
        super().__init__()
        self.inner = Inner()

    def forward(self, x, y):
        first = self.inner(x, scale=y)
        return self.inner(first["y"], scale=2)["y"] + first["z"]


def for_training(module, example):
    """A program with the operators that training has, as quantization wants it."""
    if hasattr(export, "export_for_training"):
        return export.export_for_training(module, example.args)
    return exported(module, example)


def unflattened(program):
    """The program as modules again."""
    if hasattr(export, "unflatten"):
        return export.unflatten(program)
    return import_first("torch.export.unflatten").unflatten(program)


def describe_unflattened(program, calls):
    """The modules of the unflattened program, and what it gives."""
    module = unflattened(program)
    names = sorted(name for name, _ in module.named_modules() if "@" not in name)
    results = [module(*call.copy().args, **call.copy().kwargs) for call in calls]
    state = {name: value.detach() for name, value in module.state_dict().items()}
    return names, sorted(state), [copied(result) for result in results]


def load_buffer(path):
    """``load`` of the file's content, from a BytesIO."""
    with open(path, "rb") as file:
        return load_program(io.BytesIO(file.read()))


def load_open_file(path):
    """``load`` of an open file."""
    with open(path, "rb") as file:
        return load_program(file)


def load_path(path):
    """``load`` of a pathlib.Path."""
    return load_program(pathlib.Path(path))


def load_again(path):
    """What is loaded, saved and loaded once more by the running torch."""
    buffer = io.BytesIO()
    save_program(load_program(path), buffer)
    buffer.seek(0)
    return load_program(buffer)


LOADS = {
    "path": load_path,
    "buffer": load_buffer,
    "file": load_open_file,
    "again": load_again,
}


def load_extra_files(path, *names):
    """The texts that were saved beside the program."""
    found = {name: "" for name in names}
    load_program(path, extra_files=found)
    return found


def save_two(programs, path):
    """An archive with several programs."""
    archive = import_first("torch.export.pt2_archive._package")
    programs = {name: without_traces(program) for name, program in programs.items()}
    archive.package_pt2(path, exported_programs=programs)


def load_one_of_two(path, name):
    """A program of an archive with several."""
    archive = import_first("torch.export.pt2_archive._package")
    return archive.load_pt2(path).exported_programs[name]
