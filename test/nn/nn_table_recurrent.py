"""Rows of recurrent networks and transformers (Python 3.7, torch 1.0)."""

import torch

from common_values import numbers
from nn_rows import ROUNDED_OFTEN, Case, Row

SEQUENCE, BATCHED = numbers(3, 1, 2) / 4, numbers(1, 3, 2) / 4
# Of a target of two steps, and a memory of three.
MEMORY = (numbers(2, 1, 2) / 4, numbers(3, 1, 2) / 2)
SMALL = dict(d_model=2, nhead=1, dim_feedforward=2, dropout=0.0)


def recurrent(name, *cases):
    """A recurrent network with the cases that all have."""
    options = dict(num_layers=2, bidirectional=True, batch_first=True)
    common = (
        Case(args=(2, 2)),
        Case("deep", (2, 1), options, inputs=(BATCHED,)),
        *cases,
    )
    return Row(name, common, inputs=(SEQUENCE,), tolerance=ROUNDED_OFTEN,
               run=in_evaluation, gradients=True)  # fmt: skip


def in_evaluation(module, *inputs):
    """The result in both modes, but for dropout between layers."""
    return module.eval()(*inputs) if module.dropout else module(*inputs)


def cell(name, *cases):
    """A cell, with and without biases."""
    common = (Case(args=(2, 2)), Case("unbiased", (2, 2, False)), *cases)
    return Row(name, common, inputs=(SEQUENCE[0],), tolerance=ROUNDED_OFTEN,
               gradients=True)  # fmt: skip


def layer(kind, **options):
    """A layer of a transformer, as small as can be."""
    return getattr(torch.nn, f"Transformer{kind}Layer")(**{**SMALL, **options})


def stack(kind, norm=False, **options):
    """What makes a stack of one layer, with a norm at its end."""

    def make(make):
        end = torch.nn.LayerNorm(2) if norm else None
        return make(layer(kind), 1, end, **options)

    return make


def transformer_layer(kind, inputs):
    """One layer of an encoder or decoder."""
    cases = (
        Case(options=SMALL),
        Case("gelu", (), dict(SMALL, activation="gelu"), since="1.3.0"),
        Case("norm_first", (), dict(SMALL, norm_first=True, batch_first=True),
             since="1.10.0", inputs=tuple(x.transpose(0, 1) for x in inputs)),
        Case("function", (), dict(SMALL, activation=torch.tanh), since="1.10.0"),
        Case("unbiased", (), dict(SMALL, bias=False), since="2.1.0"),
    )  # fmt: skip
    return Row(f"Transformer{kind}Layer", cases, since="1.2.0", inputs=inputs,
               tolerance=ROUNDED_OFTEN, gradients=True, modes=True)  # fmt: skip


RECURRENT = (
    recurrent("RNN", Case("relu", (2, 1), dict(nonlinearity="relu", bias=False))),
    recurrent("GRU", Case("unbiased", (2, 1), dict(bias=False))),
    recurrent("LSTM",
              Case("unbiased", (2, 1), dict(bias=False)),
              Case("dropout", (2, 1), dict(num_layers=2, dropout=0.5), training=False),
              Case("double", (2, 1), prepare=torch.nn.Module.double,
                   inputs=(SEQUENCE.double(),)),
              Case("projected", (2, 2), dict(proj_size=1), since="1.8.0")),
    # The base of the three is public, and does not run of itself.
    Row("RNNBase", (Case(args=("LSTM", 2, 2)),), run=None),
    cell("RNNCell", Case("relu", (2, 2, True, "relu"))),
    cell("GRUCell"),
    cell("LSTMCell"),
    Row("RNNCellBase", (Case(args=(2, 2, True, 3)),), run=None),
    transformer_layer("Encoder", MEMORY[:1]),
    transformer_layer("Decoder", MEMORY),
    Row("TransformerEncoder",
        (Case(make=stack("Encoder", norm=True)),
         Case("unnested", make=stack("Encoder", enable_nested_tensor=False),
              since="1.12.0")),
        since="1.2.0", inputs=MEMORY[:1], tolerance=ROUNDED_OFTEN, modes=True,
        gradients=True),
    Row("TransformerDecoder",
        (Case(make=stack("Decoder", norm=True)),),
        since="1.2.0", inputs=MEMORY, tolerance=ROUNDED_OFTEN, modes=True,
        gradients=True),
    Row("Transformer",
        (Case(options=dict(SMALL, num_encoder_layers=1, num_decoder_layers=1)),),
        since="1.2.0", inputs=MEMORY[::-1], tolerance=ROUNDED_OFTEN, modes=True,
        gradients=True),
)  # fmt: skip
