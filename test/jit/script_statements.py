"""The modules of test_torch_script.py: statements, and what they do to tensors.

The tests say from which release on a module can be compiled.  Runs on Python 3.7 with
torch 1.0.
"""

from typing import Dict, List, Tuple

import torch
from torch import Tensor

from common_values import with_numbers


class Branches(torch.nn.Module):
    """if, elif, else, a condition within an expression, and early returns."""

    def forward(self, x: Tensor, n: int) -> Tensor:
        if n < 0:
            return -x
        if n == 0:
            y = x * 2
        elif 0 < n < 3:
            y = x + n
            if bool(x.sum() > 100):
                return y
        else:
            y = x - n
        return y + (1 if n > 1 else 0)


class Conditions(torch.nn.Module):
    """and, or and not, which skip what need not be known, and chains."""

    def forward(self, xs: List[int], x: Tensor) -> Tuple[bool, bool, bool, int, bool]:
        first = len(xs) > 0 and xs[0] > 1
        chained = 1 <= len(xs) < 3 != 4
        either = not first or xs[0] == 2
        chosen = 1 if first else 2 if chained else 3
        return first, chained, either, chosen, bool((x > 0).all()) and chosen != 2


class Loops(torch.nn.Module):
    """for and while, nested, with break, continue, and a return from within."""

    def forward(self, x: Tensor, n: int) -> Tuple[Tensor, int, int]:
        total, steps = 0, 0
        for i in range(1, n, 2):
            for j in range(i):
                if j == 3:
                    break
                if j % 2 == 1:
                    continue
                total += i * j
            x = x + i
        while steps < n:
            steps += 3
            if steps > 7:
                return x, total, -steps
        return x, total, steps


class Raises(torch.nn.Module):
    """Errors raised, asserted and come upon, with what was computed before."""

    def forward(self, x: Tensor, n: int) -> int:
        x.add_(1)
        if n < 0:
            raise ValueError("n is negative")
        assert n != 3, "n is three"  # noqa: S101 - TorchScript
        return [4, 5, 6][n]


class Messages(torch.nn.Module):
    """Errors that are raised and asserted, with what they say."""

    def forward(self, n: int) -> int:
        if n < 0:
            raise ValueError("n is {}".format(n))
        if n == 0:
            raise RuntimeError("n is zero")
        assert n != 3, "n is three"  # noqa: S101 - TorchScript
        return n


class Deletions(torch.nn.Module):
    """del of names, and of elements of lists and dicts."""

    def forward(self, xs: List[int], table: Dict[str, int]):
        first = xs[0]
        y = first + 1
        del first
        del xs[0]
        del xs[-1]
        del table["a"]
        return xs, table, y


class Indexing(torch.nn.Module):
    """Elements and slices of tensors and tuples, read and assigned."""

    def forward(self, x: Tensor, index: Tensor):
        y = x.clone()
        y[0] = 9
        y[1:, ::2] = x[1:, ::2] * 2
        y[..., -1] += 1
        pair = (x[0], 1, "c")
        return y, x[index], x[None, :, 1:2], x[x > 0], pair[1:], x[-1, 0], y[:, index]


class Slices(torch.nn.Module):
    """Slices with steps and from the end, and elements by mask."""

    def forward(self, xs: List[int], text: str, x: Tensor):
        ends = (xs[1:], xs[:-1], xs[-2:], xs[5:1], xs[:])
        steps = (xs[::2], xs[1::3], text[::2], text[-3:], text[-1])
        y = x.clone()
        y[x > 0] = 50
        return ends, steps, x[::2], x[-1:, 1], y


class InPlace(torch.nn.Module):
    """In-place operators, views of one tensor, and arguments that are changed."""

    def forward(self, x: Tensor):
        y = x.clone()
        row = y[0]
        row += 2
        y *= 3
        y.sub_(1).clamp_(min=-20)
        x.add_(100)
        y[1].zero_()
        n = 7
        n *= 2
        return y, row, x, n


class Assignments(torch.nn.Module):
    """Augmented assignments to elements and attributes, and several at once."""

    sizes: List[int]

    def __init__(self):
        super().__init__()
        self.count = 5
        self.total = torch.ones(2)
        self.sizes = [1, 2]

    def forward(self, xs: List[int], table: Dict[str, Tensor], x: Tensor):
        xs[0] += 10
        xs[-1] *= 2
        table["a"] += 1
        x[0] -= 4
        self.count -= 2
        self.total *= 2
        self.sizes += [self.count]
        first, (second, third) = xs[0], (xs[1], self.count)
        first, second = second, first
        return first, second, third, self.sizes, self.total.clone(), x


class Shapes(torch.nn.Module):
    """What depends on shapes, which the profiler specialises for."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(2.0))

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        if x.dim() == 2 and x.size(0) == y.size(-1):
            return (x.t() + y) * x.shape[1] * self.weight
        z = x * y + x - y * 2
        return z.reshape(-1)[: z.numel() // 2]


class Fusible(torch.nn.Module):
    """A chain of operators that fusers make one kernel of, and its gradient."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))

    def forward(self, x: Tensor, n: int) -> Tensor:
        y = x * self.weight + n
        return (y * y - x) * 0.5 + y.abs()


class Properties(torch.nn.Module):
    """What a tensor says of itself, and of whether the module trains."""

    def forward(self, x: Tensor):
        y = x.detach() if x.requires_grad else x
        told = (x.ndim, x.shape, x.dtype == torch.float32, x.is_contiguous())
        return y.T, told, self.training, x.numel(), x.is_cuda, x.size(-1)


class Forks(torch.nn.Module):
    """Computations at once, waited for; two of them in a list."""

    def forward(self, x: Tensor, n: int) -> Tensor:
        future = torch.jit._fork(self.work, x, n)
        other = self.work(x, n + 1)
        futures = [torch.jit._fork(self.work, x, 1), torch.jit._fork(self.work, x, n)]
        for one in futures:
            other = other - torch.jit._wait(one)
        return torch.jit._wait(future) * 10 + other

    def work(self, x: Tensor, n: int) -> Tensor:
        for i in range(n):
            x = x + i
        return x


class WithoutGradient(torch.nn.Module):
    """A part under no_grad, by a with statement."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor([2.0, 3.0]))

    def forward(self, x: Tensor):
        with torch.no_grad():
            y = x * self.weight
            inside = torch.is_grad_enabled()
        return y * self.weight, inside, y.requires_grad


class Autocast(torch.nn.Module):
    """A part that computes in bfloat16, by a with statement."""

    def __init__(self):
        super().__init__()
        self.linear = with_numbers(torch.nn.Linear(3, 2))

    def forward(self, x: Tensor):
        with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
            y = self.linear(x)
        return y, self.linear(x)
