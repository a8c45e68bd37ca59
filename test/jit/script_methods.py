"""The modules of test_torch_script.py that are scripted as before release 1.2.

Runs on Python 3.7 with torch 1.0.
"""

from typing import Dict, List, Tuple

import torch
from torch import Tensor

from common_values import numbers, with_numbers


class Methods(torch.jit.ScriptModule):
    """How modules were scripted before 1.2: each method by a decorator."""

    __constants__ = ["times"]

    def __init__(self):
        super().__init__()
        self.times = 2
        self.weight = torch.nn.Parameter(torch.tensor([0.5, -1.0, 2.0]))

    @torch.jit.script_method
    def scaled(self, x):
        return x * self.weight

    @torch.jit.script_method
    def forward(self, x):
        for _ in range(self.times):
            x = self.scaled(x)
        if bool(x.sum() > 0):
            x = x + 1
        return x


class MethodsOfLayers(torch.jit.ScriptModule):
    """A loop over a ModuleList in __constants__, which was unrolled."""

    __constants__ = ["layers"]

    def __init__(self):
        super().__init__()
        layers = [torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2)]
        self.layers = with_numbers(torch.nn.ModuleList(layers))
        self.register_buffer("shift", torch.tensor([1.0, -2.0]))

    @torch.jit.script_method
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x + self.shift


class MethodsOfAttributes(torch.jit.ScriptModule):
    """Attributes that are no tensors, declared by torch.jit.Attribute."""

    def __init__(self):
        super().__init__()
        attribute = torch.jit.Attribute
        self.table = attribute({"\u00e4": [1, 2]}, Dict[str, List[int]])
        self.pair = attribute((2, 0.5), Tuple[int, float])
        self.count = attribute(3, int)
        self.text = attribute("a\nb\0c", str)
        self.tensors = attribute([numbers(2), numbers(1)], List[Tensor])

    @torch.jit.script_method
    def forward(self, x):
        x = x + self.count + self.pair[1]
        return x + self.tensors[0], self.table, self.pair, self.text, self.tensors
