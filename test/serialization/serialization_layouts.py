"""Tables of tensors that are not strided: sparse and nested ones."""

import torch

from common_values import numbers
from serialization_cases import Case


def _coo(*shape, indices=((0, 1, 0), (2, 0, 2)), values=None, **options):
    values = numbers(len(indices[0])) if values is None else values
    shape = shape or (2, 3)
    return torch.sparse_coo_tensor(torch.tensor(indices), values, shape, **options)


def _sparse_matrix():
    return torch.tensor([[0.0, 2, 0, 0], [1, 0, 0, -3]])


def _blocks():
    return torch.tensor([[1.0, 2, 0, 0], [3, 4, 0, 0], [0, 0, 5, 6], [0, 0, 0, 7]])


def _csr():
    return torch.sparse_csr_tensor(
        torch.tensor([0, 1, 3]),
        torch.tensor([1, 0, 3]),
        torch.tensor([2.0, 1, -3]),
        (2, 4),
    )


def _csr_of_int32():
    matrix = _csr()
    rows, columns = matrix.crow_indices().int(), matrix.col_indices().int()
    return torch.sparse_csr_tensor(rows, columns, matrix.values().double(), (2, 4))


def _shared_values():
    values = numbers(2)
    return [values, _coo(2, 2, indices=((0, 1), (1, 0)), values=values)]


def _state_with_sparse():
    return {"weight": _coo(), "bias": numbers(2), "weight again": _coo()}


def _batch_of_csr():
    return torch.stack([_sparse_matrix(), _sparse_matrix() * 2]).to_sparse_csr()


def _with_dense_dimension():
    matrix = _csr()
    values = numbers(3, 2)
    return torch.sparse_csr_tensor(
        matrix.crow_indices(), matrix.col_indices(), values, (2, 4, 2)
    )


_SINCE_COO = "1.4.0"
_SINCE_CSR = "1.11.0"
_SINCE_OTHERS = "2.0.0"

SPARSE = {
    "coo": Case("Coordinates of elements, one twice.", _coo, since=_SINCE_COO),
    "coo_coalesced": Case(
        "That each coordinate is there once is remembered.",
        lambda: _coo().coalesce(),
        since=_SINCE_COO,
    ),
    "coo_hybrid": Case(
        "Coordinates of vectors.",
        lambda: _coo(2, 3, 2, values=numbers(3, 2)),
        since=_SINCE_COO,
    ),
    "coo_without_elements": Case(
        "No coordinates.",
        lambda: _coo(2, 3, indices=((), ()), values=torch.empty(0)),
        since=_SINCE_COO,
    ),
    "coo_of_integers": Case(
        "Coordinates of integers.",
        lambda: _coo(values=torch.tensor([1, -2, 3])),
        since=_SINCE_COO,
    ),
    "coo_shared_values": Case(
        "Values that another tensor has, too.", _shared_values, since=_SINCE_COO
    ),
    "coo_in_a_state": Case(
        "Sparse tensors among others.", _state_with_sparse, since=_SINCE_COO
    ),
    "coo_requires_grad": Case(
        "A sparse tensor that requires a gradient.",
        lambda: _coo().requires_grad_(),
        since=_SINCE_COO,
    ),
    "csr": Case("Compressed rows.", _csr, since=_SINCE_CSR),
    "csr_of_int32": Case(
        "Compressed rows with short indices.", _csr_of_int32, since=_SINCE_CSR
    ),
    "csr_without_elements": Case(
        "Compressed rows that are empty.",
        lambda: torch.zeros(2, 4).to_sparse_csr(),
        since="1.13.0",
    ),
    "csr_batch": Case("A batch of matrices.", _batch_of_csr, since=_SINCE_OTHERS),
    "csr_hybrid": Case(
        "Compressed rows of vectors.", _with_dense_dimension, since=_SINCE_OTHERS
    ),
    "csr_requires_grad": Case(
        "Compressed rows that require a gradient.",
        lambda: _csr().requires_grad_(),
        since=_SINCE_CSR,
    ),
    "csc": Case(
        "Compressed columns.",
        lambda: _sparse_matrix().to_sparse_csc(),
        since=_SINCE_OTHERS,
    ),
    "bsr": Case(
        "Compressed rows of blocks.",
        lambda: _blocks().to_sparse_bsr((2, 2)),
        since=_SINCE_OTHERS,
    ),
    "bsc": Case(
        "Compressed columns of blocks.",
        lambda: _blocks().to_sparse_bsc((2, 2)),
        since=_SINCE_OTHERS,
    ),
}


def _nested(layout=torch.strided, **options):
    parts = [numbers(2, 2), numbers(1, 2) + 8]
    return torch.nested.nested_tensor(parts, layout=layout, **options)


def _nested_of_nothing():
    return torch.nested.nested_tensor([])


def _jagged_with_lengths():
    starts, lengths = torch.tensor([0, 3]), torch.tensor([2, 1])
    return torch.nested.narrow(numbers(2, 4), 1, starts, lengths, layout=torch.jagged)


def _jagged_twice():
    x = _nested(torch.jagged)
    return [x, x * 2, x]


_SINCE_NESTED = "2.2.0"
# Releases write these into a legacy container, too, and none reads them back: the sizes
# are used before they are read, so that chance decides what is loaded, if anything.
_NO_LEGACY = {"since": _SINCE_NESTED, "legacy_since": None}
_JAGGED = {"since": "2.6.0"}
NESTED = {
    "nested": Case("Tensors of several sizes in one.", _nested, **_NO_LEGACY),
    "nested_of_nothing": Case(
        "No tensors in one.", _nested_of_nothing, since=_SINCE_NESTED
    ),
    "nested_requires_grad": Case(
        "Nested tensors that require a gradient.",
        lambda: _nested(requires_grad=True),
        **_NO_LEGACY,
    ),
    "jagged": Case(
        "Rows of several lengths.", lambda: _nested(torch.jagged), **_JAGGED
    ),
    "jagged_with_lengths": Case(
        "Rows that are parts of longer ones.", _jagged_with_lengths, **_JAGGED
    ),
    "jagged_twice": Case(
        "Rows with offsets that others have, too.", _jagged_twice, **_JAGGED
    ),
    "jagged_requires_grad": Case(
        "Rows of several lengths that require a gradient.",
        lambda: _nested(torch.jagged, requires_grad=True),
        **_JAGGED,
    ),
}
