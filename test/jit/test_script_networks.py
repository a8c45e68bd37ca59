# Owner(s): ["oncall: jit"]

"""Networks of torch.nn that earlier releases scripted and saved.

The language itself is the matter of test_torch_script.py.
"""

import os
import sys

import torch

# Make the helper files in test/ and beside this one importable.
_here = os.path.dirname(os.path.abspath(__file__))
sys.path += [os.path.dirname(_here), _here]

import script_networks as networks  # noqa: E402
from common_utils import raise_on_run_directly  # noqa: E402
from common_values import numbers, with_numbers  # noqa: E402
from script_test_case import (  # noqa: E402
    FLOAT_KERNELS,
    ROUNDS,
    ScriptTestCase,
    script_golden,
)


class TestScriptNetworks(ScriptTestCase):
    """Networks of torch.nn, whose Python code an archive holds."""

    @script_golden(since="1.0.1")
    def test_old_style(self):
        """A network whose methods were scripted by decorators, in training mode."""
        self.check_changes(
            lambda: with_numbers(networks.Convolution()),
            *[(numbers(2, 1, 4, 4),)] * ROUNDS,
            tolerance=FLOAT_KERNELS,
        )

    @script_golden()
    def test_convolutions(self):
        """Convolutions with groups, steps, gaps and borders, in each dimension."""
        self.check_script(networks.convolutions, networks.DIMENSIONS)

    @script_golden()
    def test_transposed_convolutions(self):
        """Transposed convolutions, in each dimension."""
        self.check_script(networks.transposed_convolutions, networks.DIMENSIONS)

    @script_golden(since="1.5.0")
    def test_padding_modes(self):
        """Convolutions whose border goes round, is mirrored or repeated."""
        self.check_script(networks.padded_convolutions, (numbers(1, 2, 4, 3),))

    @script_golden(since="1.9.0")
    def test_same_padding(self):
        """Convolutions that work out their padding."""
        self.check_script(networks.same_convolutions, (numbers(1, 2, 4, 3),))

    @script_golden()
    def test_norms_in_training(self):
        """Normalisation by the batch, which changes the running statistics."""
        self.check_changes(
            lambda: networks.norms(momentum=None),
            *[networks.DIMENSIONS] * ROUNDS,
            tolerance=FLOAT_KERNELS,
        )

    @script_golden()
    def test_norms_in_eval(self):
        """Normalisation by running statistics, which stay as they are."""
        self.check_changes(
            lambda: networks.norms().eval(),
            *[networks.DIMENSIONS] * ROUNDS,
            tolerance=FLOAT_KERNELS,
        )

    @script_golden()
    def test_instance_norms(self):
        """Normalisation of each channel, with and without running statistics."""
        self.check_changes(
            networks.instance_norms,
            *[networks.DIMENSIONS] * ROUNDS,
            tolerance=FLOAT_KERNELS,
        )

    @script_golden()
    def test_other_norms(self):
        """Normalisation by layer, group and neighbourhood."""
        self.check_script(
            networks.other_norms, (numbers(1, 4, 3, 3),), tolerance=FLOAT_KERNELS
        )

    @script_golden()
    def test_pooling(self):
        """Maxima and means of windows, in each dimension."""
        self.check_script(
            networks.poolings, networks.DIMENSIONS, tolerance=FLOAT_KERNELS
        )

    @script_golden()
    def test_unpooling(self):
        """Pooling that tells places, and its opposite."""
        self.check_script(networks.Unpooling, (numbers(1, 2, 4, 4),))

    @script_golden()
    def test_embeddings(self):
        """Rows of a table, and bags of them."""
        indices, offsets = torch.tensor([[1, 4], [0, 2]]), torch.tensor([0, 3])
        self.check_script(
            lambda: with_numbers(networks.Embeddings()),
            (indices, offsets),
            tolerance=FLOAT_KERNELS,
        )

    @script_golden()
    def test_linear(self):
        """Linear layers of one and of two inputs."""
        self.check_script(
            lambda: with_numbers(networks.Bilinear()),
            (numbers(4, 3), numbers(4, 2)),
        )

    @script_golden()
    def test_recurrent(self):
        """An LSTM and a GRU with their states."""
        self.check_script(
            lambda: with_numbers(networks.Recurrent()),
            (numbers(3, 2, 3),),
            tolerance=FLOAT_KERNELS,
        )

    @script_golden(since="1.11.0")
    def test_simple_recurrent(self):
        """A simple recurrent network with its state."""
        self.check_script(
            lambda: with_numbers(networks.Simple()),
            (numbers(3, 2, 3),),
        )

    @script_golden()
    def test_cells(self):
        """One step of each kind of recurrent network."""
        self.check_script(
            lambda: with_numbers(networks.Cells()),
            (numbers(2, 3), numbers(2, 2)),
            tolerance=FLOAT_KERNELS,
        )

    def check_packed_sequences(self):
        """Check an LSTM over sequences of different lengths."""
        self.check_script(
            lambda: with_numbers(networks.Packed()),
            (numbers(4, 3, 3), torch.tensor([4, 2, 1])),
            tolerance=FLOAT_KERNELS,
        )

    @script_golden(until="1.11.0")
    def test_packed_sequences(self):
        """Sequences of different lengths, until 1.12 can compile no LSTM for them."""
        self.check_packed_sequences()

    @script_golden(since="1.13.0")
    def test_newer_packed_sequences(self):
        """The same since 1.13, which can again."""
        self.check_packed_sequences()

    @script_golden(since="1.4.0")
    def test_attention(self):
        """Attention of two heads, and its weights."""
        mask = torch.tensor([[False, False, True], [False, False, False]])
        self.check_script(
            lambda: with_numbers(networks.Attention()),
            (numbers(3, 2, 4), mask),
            tolerance=FLOAT_KERNELS,
        )

    @script_golden(since="1.5.0")
    def test_encoder_layer(self):
        """A layer of a transformer in training mode."""
        self.check_script(
            networks.encoder_layer, (numbers(3, 2, 4),), tolerance=FLOAT_KERNELS
        )

    @script_golden(since="1.5.0")
    def test_encoder_layer_in_eval(self):
        """The same in eval mode and without gradients, for which 1.12 has a kernel."""
        self.check_script(
            lambda: networks.encoder_layer().eval().requires_grad_(False),
            (numbers(3, 2, 4),),
            tolerance=FLOAT_KERNELS,
        )

    @script_golden()
    def test_residual(self):
        """A block with a shortcut around its convolutions."""
        self.check_changes(
            lambda: with_numbers(networks.Residual()),
            *[(numbers(1, 2, 3, 3),)] * ROUNDS,
            tolerance=FLOAT_KERNELS,
        )

    @script_golden()
    def test_upsampling(self):
        """Pictures made larger."""
        self.check_script(
            networks.Upsampling, (numbers(1, 4, 2, 3),), tolerance=FLOAT_KERNELS
        )

    @script_golden()
    def test_losses(self):
        """Losses, and the gradients of their parameters."""
        x, y = numbers(4, 3) / 4, numbers(4, 3).flip(0) / 2 + 0.25
        self.check_script(
            networks.Losses,
            (x, y, torch.tensor([2, 0, 1, 1])),
            tolerance=FLOAT_KERNELS,
        )

    @script_golden()
    def test_activations(self):
        """Functions of each element and of each row."""
        self.check_script(
            networks.activations, (numbers(1, 2, 2, 3),), tolerance=FLOAT_KERNELS
        )

    @script_golden(since="1.12.0")
    def test_newer_activations(self):
        """Functions of each element that came later."""
        self.check_script(
            networks.newer_activations, (numbers(2, 4),), tolerance=FLOAT_KERNELS
        )

    @script_golden()
    def test_autoencoder(self):
        """A coder and a decoder that share their weight, and a loss."""
        self.check_script(
            lambda: with_numbers(networks.Autoencoder()), (numbers(4, 4),)
        )


if __name__ == "__main__":
    raise_on_run_directly("test/test_jit.py")
