"""A suite in which importing torch costs more than all its tests.

No test has an optimizer, or calls gradcheck: the first one in a process imports
torch._dynamo, which takes a second, and so more than all the tests.
"""

import os
import textwrap

FILES = 40
TESTS_PER_FILE = 3

_HEADER = '''\
"""Some tests of torch."""

import copy
import io
import unittest

import torch


class TestTiny(unittest.TestCase):
    def setUp(self):
        torch.manual_seed(0)

'''
_FOOTER = """

if __name__ == "__main__":
    unittest.main()
"""
# Name, and body; {n} is a number of rows, {m} of columns.  Each takes some ms.
_CASES = (
    ("broadcast", """\
        for dtype in (torch.int16, torch.int64, torch.float32, torch.float64):
            for rows in range(1, {n}):
                column = torch.arange(rows, dtype=dtype).reshape(-1, 1)
                total = column + torch.ones({m}, dtype=dtype)
                self.assertEqual((rows, {m}), tuple(total.shape))
                self.assertEqual(rows, total[-1, -1].item())
    """),
    ("matmul", """\
        for rows in range(1, 3 * {n}):
            matrix = torch.randn(rows, {m})
            self.assertTrue(torch.equal(matrix, matrix @ torch.eye({m})))
    """),
    ("linear", """\
        for rows in range(1, {n}):
            linear = torch.nn.Linear({n}, {m})
            out = linear(torch.zeros(rows, {n}))
            self.assertTrue(torch.equal(linear.bias.expand(rows, {m}), out))
    """),
    ("save_and_load", """\
        for dtype in (torch.uint8, torch.int64, torch.float32, torch.float64):
            tensor = torch.ones({n}, {m}, dtype=dtype)
            buffer = io.BytesIO()
            torch.save({{"tensor": tensor, "size": {n}}}, buffer)
            buffer.seek(0)
            loaded = torch.load(buffer)
            self.assertEqual({n}, loaded["size"])
            self.assertTrue(torch.equal(tensor, loaded["tensor"]))
    """),
    ("state_dict", """\
        sizes = [{n} + i for i in range({m} + 1)]
        layers = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])]
        model = torch.nn.Sequential(*layers)
        other = copy.deepcopy(model)
        for parameter in other.parameters():
            torch.nn.init.zeros_(parameter)
        other.load_state_dict(model.state_dict())
        x = torch.randn(3, {n})
        self.assertTrue(torch.allclose(model(x), other(x), atol=1e-5))
    """),
    ("gradients", """\
        for rows in range(1, {n}):
            x = torch.randn(rows, {m}, requires_grad=True)
            y = torch.tanh(x)
            y.sum().backward()
            self.assertTrue(torch.allclose(1 - y * y, x.grad, atol=1e-5))
    """),
    ("softmax", """\
        for dim in (0, 1):
            for columns in range(1, {n}):
                out = torch.softmax(torch.randn({m}, columns), dim=dim)
                sums = out.sum(dim=dim)
                self.assertTrue(torch.allclose(torch.ones_like(sums), sums))
    """),
    ("sort", """\
        for size in range(1, 2 * {n}):
            values = torch.randperm(size)
            ordered, order = values.sort()
            self.assertEqual(list(range(size)), ordered.tolist())
            self.assertTrue(torch.equal(ordered, values[order]))
    """),
    ("cat_and_split", """\
        for count in range(1, {n}):
            parts = [torch.full(({m},), float(i)) for i in range(count)]
            again = torch.cat(parts).split({m})
            self.assertEqual(count, len(again))
            self.assertTrue(torch.equal(parts[-1], again[-1]))
    """),
    ("convolution", """\
        for kernel in (1, 3, 5):
            conv = torch.nn.Conv2d(3, {m}, kernel, padding=kernel // 2)
            out = conv(torch.randn(2, 3, {n}, {n}))
            self.assertEqual((2, {m}, {n}, {n}), tuple(out.shape))
            out.sum().backward()
            self.assertEqual(conv.weight.shape, conv.weight.grad.shape)
    """),
    ("batch_norm", """\
        norm = torch.nn.BatchNorm1d({m})
        for rows in range(2, {n} + 2):
            out = norm(torch.randn(rows, {m}))
            mean = out.mean(dim=0)
            self.assertTrue(torch.allclose(torch.zeros({m}), mean, atol=1e-3))
        self.assertEqual({n}, norm.num_batches_tracked.item())
    """),
    ("solve", """\
        for size in range(1, {n}):
            matrix = torch.eye(size) * 4 + torch.rand(size, size) / size
            x = torch.randn(size, {m})
            again = torch.linalg.solve(matrix, matrix @ x)
            self.assertTrue(torch.allclose(x, again, atol=1e-3))
    """),
)  # fmt: skip


def write_tiny_suite(root: str, files: int = FILES) -> None:
    """Write ``files`` test files below ``root``/test, the same text each time."""
    folder = os.path.join(root, "test")
    os.makedirs(folder)
    # With it unittest finds this folder, not the standard library's "test".
    _write(os.path.join(folder, "__init__.py"), "")
    for number in range(files):
        _write(os.path.join(folder, f"test_tiny_{number:02}.py"), file_text(number))


def file_text(number: int) -> str:
    """The text of the file of this number, from 0 on."""
    first = number * TESTS_PER_FILE
    methods = []
    for place in range(first, first + TESTS_PER_FILE):
        name, body = _CASES[place % len(_CASES)]
        body = textwrap.dedent(body).format(n=8 + number, m=4 + number % 5)
        method = f"def test_{name}(self):\n" + textwrap.indent(body, "    ")
        methods.append(textwrap.indent(method, "    "))
    return _HEADER + "\n".join(methods) + _FOOTER


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
